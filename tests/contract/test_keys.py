"""Idempotency keys at the wire: their form, whose they are, what they stand for, and how long."""

import secrets
import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from billing.models import Hold
from creative.models import Job
from imageskill.core import idempotency, secret_text
from imageskill.core.models import IdempotencyKey
from tests.cast import Answer, Member

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]

CARD = "4242424242424242"


def create(agent: Member, key: Any, header: str | None = None, **fields: Any) -> Answer:
    headers = {"idempotency-key": header} if header is not None else {}
    body = {"prompt": "A red boat", **({"idempotency_key": key} if key is not None else {}), **fields}
    return agent.post("/v1/create", body, headers=headers)


@pytest.mark.parametrize(
    "key",
    ["", "x" * 256, "a\tb", "a\nb", "schlüssel", "键", CARD, "4242 4242-4242 4242", "isk_r_x", "run-sk_live_1"],
)
def test_a_key_of_no_use_is_refused_unechoed_and_nothing_is_made(agent: Member, key: str) -> None:
    refused = create(agent, key)
    assert (refused.code, refused.status, refused.exit_code) == ("INVALID_ARGUMENTS", 400, 2)
    assert list(refused.error["recovery"]["fields"]) == ["idempotency_key"]
    assert not key or key not in str(refused.body)
    assert not Job.objects.exists()
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("key", [7, True, ["a"], {"a": 1}])
def test_a_key_is_text(agent: Member, key: object) -> None:
    assert list(create(agent, key).error["recovery"]["fields"]) == ["idempotency_key"]
    assert not Job.objects.exists()


@pytest.mark.parametrize("key", ["x", "x" * 255, "run 1: a/b?c=~", "task_7", "1234567890123"])
def test_a_key_of_printable_characters_is_taken_in_the_header_and_in_the_body(agent: Member, key: str) -> None:
    made, again = create(agent, key), create(agent, None, header=key)
    assert (made.status, again.status) == (200, 200)
    assert made.data["job_id"] == again.data["job_id"]
    assert (Job.objects.count(), Hold.objects.count()) == (1, 1)
    row = IdempotencyKey.objects.get()
    assert (row.key, row.agent_id, row.object_id) == (key, agent.agent_id, made.data["job_id"])


def test_keys_as_clients_make_them_never_look_like_secrets() -> None:
    for number in range(10_000):
        key = f"quote-{int(time.time() * 1000) + number}-{secrets.token_hex(4)}"
        assert not secret_text.is_secret(key)


def test_a_header_that_differs_from_the_body_is_refused(agent: Member) -> None:
    refused = create(agent, "run-001", header="run-002")
    assert refused.error["message"] == "idempotency_key must be the same in the header and in the body"
    assert create(agent, "run-001", header="run-001").ok
    assert Job.objects.count() == 1


def test_the_body_is_what_was_sent_whatever_the_order_of_its_fields(agent: Member) -> None:
    raw = '{"prompt": "A red boat", "output_count": 1, "idempotency_key": "run-001"}'
    other = '{ "idempotency_key":"run-001","output_count":1,"prompt":"A red boat" }'
    made, again = (agent.send("POST", "/v1/create", raw=text) for text in (raw, other))
    assert made.data["job_id"] == again.data["job_id"]
    refused = create(agent, "run-001")
    assert (refused.code, refused.status, refused.exit_code) == ("IDEMPOTENCY_CONFLICT", 409, 2)
    assert refused.error["retryable"] is False
    fresh = refused.error["recovery"]["idempotency_key"]
    assert fresh != "run-001"
    assert fresh in refused.error["recovery"]["suggested_command"]


def test_a_key_means_something_else_for_each_operation(agent: Member, settings: LazySettings) -> None:
    settings.FAKE_RAIL = True
    quote = agent.post("/v1/credit-quotes", {"credits": 10, "idempotency_key": "run-001"})
    assert quote.ok, quote.body
    assert create(agent, "run-001").ok


def test_a_refusal_stores_no_key(agent: Member) -> None:
    assert create(agent, "run-001", model="no.such").code == "MODEL_NOT_FOUND"
    assert create(agent, "run-001", max_uds=1).code == "INVALID_ARGUMENTS"
    assert not IdempotencyKey.objects.exists()
    assert create(agent, "run-001").ok


def test_a_key_lives_a_day(agent: Member) -> None:
    start = timezone.now()
    first = create(agent, "run-001").data["job_id"]
    with time_machine.travel(start + timedelta(hours=23, minutes=59)):
        assert idempotency.prune() == 0
        assert create(agent, "run-001").data["job_id"] == first
        assert create(agent, "run-001", output_count=2).code == "IDEMPOTENCY_CONFLICT"
    with time_machine.travel(start + timedelta(hours=24, minutes=1)):
        second = create(agent, "run-001", output_count=2)
        assert second.ok, second.body
        assert second.data["job_id"] != first
        assert IdempotencyKey.objects.get().object_id == second.data["job_id"]
    with time_machine.travel(start + timedelta(hours=49)):
        assert idempotency.prune() == 1
    assert not IdempotencyKey.objects.exists()
