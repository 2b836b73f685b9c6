import json
import secrets
import uuid
from typing import Any

import pytest
from django.db import connection

from creative.feedback.secrets import holds_secret
from creative.models import Feedback
from imageskill.core import ids
from tests.cast import Member
from tests.creative.evidence import assert_refused
from tests.feedback.reports import WHOLE

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl"
SECRETS = [
    "isk_r_" + "a" * 36,
    "isk_c_short",
    "sk_live_abc",
    "whsec_abc",
    "sk-proj-" + "Ab1" * 12,
    "xai-" + "Ab1" * 12,
    "ghp_" + "a" * 36,
    "AKIAIOSFODNN7EXAMPLE",
    "Bearer " + "Zx9" * 12,
    JWT,
    f"{uuid.UUID(int=7)}:{'0a' * 16}",
    "4242424242424242",
    "4242 4242 4242 4242",
    "5555-5555-5555-4444",
    "-----BEGIN RSA PRIVATE KEY-----",
]
PLACES: list[Any] = [
    lambda text: {"title": text},
    lambda text: {"body": f"I paid with {text}, then it failed."},
    lambda text: {"evidence": ["a line", f"seen: {text}."]},
    lambda text: {"surface": [text]},
    lambda text: {"dedupe_key": text},
    lambda text: {"severity": text},
    lambda text: {"notes": {"deep": [{"deeper": text}]}},
    lambda text: {text: "a name"},
    lambda text: {"notes": {text: 1}},
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_anywhere_is_refused_unstored_and_unechoed(agent: Member, secret: str) -> None:
    for place in PLACES:
        refused = agent.post("/v1/feedback", {"title": "A title", **place(secret)})
        told = assert_refused(refused, "INVALID_ARGUMENTS", 2, 400)
        assert told["reason"] == "secret_in_feedback"
        assert secret not in refused.response.content.decode()
    assert not Feedback.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM creative_feedbackevidence")
        assert cursor.fetchone()[0] == 0


def test_the_field_that_holds_it_is_named(agent: Member) -> None:
    refused = agent.post("/v1/feedback", WHOLE | {"actual": "isk_r_x"})
    assert list(refused.error["recovery"]["fields"]) == ["actual"]
    refused = agent.post("/v1/feedback", WHOLE | {"colour": "isk_r_x"})
    assert list(refused.error["recovery"]["fields"]) == ["body"]


def test_a_number_that_is_a_card_is_refused_as_a_number_too(agent: Member) -> None:
    assert agent.post("/v1/feedback", WHOLE | {"notes": 4242424242424242}).code == "INVALID_ARGUMENTS"


def test_ids_keys_and_times_of_the_house_pass() -> None:
    for prefix in sorted(ids.PREFIXES - {"image"}) * 40:
        assert not holds_secret(f"It failed: {ids.new_id(prefix)}, see trace:{ids.new_id('trace')}.")
    for number in range(2_000):
        key = f"quote-{1_700_000_000_000 + number * 77_777_777}-{secrets.token_hex(4)}"
        assert not holds_secret(f"with key {key}"), key
    for text in (
        "task_7 of desk_top",
        "use a bearer token of yours",
        "2026-11-21T12:00:00.000Z",
        json.dumps(WHOLE),
    ):
        assert not holds_secret(text)
