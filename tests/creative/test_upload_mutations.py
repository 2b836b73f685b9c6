"""Five hundred spoilt pictures through the real door: no fault of ours, and no byte of the sender's is kept."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from PIL import Image

from accounts.models import Agent
from creative.models import Asset
from tests.cast import Answer, Member
from tests.creative.pictures import (
    SECRET,
    animated,
    digest,
    encoded,
    full_of_secrets,
    opened,
    send,
)

pytestmark = pytest.mark.django_db

ROUNDS = 100
NOISE = Image.frombytes("RGB", (40, 30), random.Random(7).randbytes(3600))  # noqa: S311 - the same in every run


def seeds_of(kind: str) -> list[bytes]:
    """Return valid pictures of a kind: plain, noisy, full of metadata, animated."""
    more = [] if kind == "JPEG" else [animated(kind)]
    return [encoded(kind), encoded(kind, NOISE), full_of_secrets(kind), *more]


def flipped(dice: random.Random, data: bytes) -> bytes:
    """A few bits are others."""
    spoilt = bytearray(data)
    for _ in range(dice.randint(1, 12)):
        spoilt[dice.randrange(len(spoilt))] ^= 1 << dice.randrange(8)
    return bytes(spoilt)


def cut(dice: random.Random, data: bytes) -> bytes:
    """The end is missing."""
    return data[: dice.randrange(1, len(data))]


def holed(dice: random.Random, data: bytes) -> bytes:
    """A piece is missing, or twice there."""
    start, end = sorted(dice.sample(range(len(data)), 2))
    return data[:start] + data[end:] if dice.random() < 0.5 else data[:end] + data[start:]


def spliced(dice: random.Random, data: bytes) -> bytes:
    """One begins, another ends."""
    other = dice.choice(seeds_of(dice.choice(["PNG", "JPEG", "WEBP", "GIF", "AVIF"])))
    return data[: dice.randrange(1, len(data))] + other[dice.randrange(len(other)) :]


def numbered(dice: random.Random, data: bytes) -> bytes:
    """A length, a size or an offset in the header is another number."""
    spoilt = bytearray(data)
    place = dice.randrange(min(len(data), 80))
    value = dice.choice([0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, len(data), dice.getrandbits(32)])
    spoilt[place : place + 4] = value.to_bytes(4, dice.choice(["big", "little"]))
    return bytes(spoilt)


def hidden(dice: random.Random, data: bytes) -> bytes:
    """The secret stands somewhere inside or behind."""
    place = dice.choice([len(data), dice.randrange(12, len(data))])
    return data[:place] + SECRET * dice.randint(1, 40) + data[place:]


MUTATIONS: list[Callable[[random.Random, bytes], bytes]] = [flipped, cut, holed, spliced, numbered, hidden]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_a_spoilt_picture_is_refused_or_made_anew(agent: Member, kind: str, settings: LazySettings) -> None:
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="claimed")  # no limit of the day
    settings.TOKEN_REQUESTS_PER_MINUTE = 10_000
    root = Path(settings.STORAGES["media"]["OPTIONS"]["location"])
    dice = random.Random(f"{kind} 7")  # noqa: S311 - the same pictures in every run
    seeds, ends, sent = seeds_of(kind), Counter[int](), set[str]()
    for number in range(ROUNDS):
        data = MUTATIONS[number % len(MUTATIONS)](dice, dice.choice(seeds))
        assert data not in seeds
        sent.add(digest(data))
        answer = send(agent, data)
        ends[answer.status] += 1
        assert_sound(answer)
    assert set(ends) <= {200, 422}, ends
    assert ends[422] > 0
    stored = [path.read_bytes() for path in root.rglob("*") if path.is_file()]
    assert len(stored) == Asset.objects.values("storage_key").distinct().count()
    for data in stored:
        opened(data)
        assert SECRET not in data
        assert digest(data) not in sent


def assert_sound(answer: Answer) -> None:
    """Check that an answer is a success, or a refusal that says why."""
    if answer.ok:
        assert answer.data["asset"]["mime_type"] in ("image/png", "image/jpeg", "image/webp")
    else:
        assert answer.code == "INPUT_POLICY_DENIED", answer.body
        assert answer.error["recovery"]["reason"] in ("unknown_kind", "broken", "too_large", "too_dear")
