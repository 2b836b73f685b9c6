"""What is only known later: a commit whose answer was lost, money that does not fit, a dispute of nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.db import OperationalError, connection
from django.utils import timezone

from accounts import tokens
from accounts.models import Agent, AgentToken
from billing import ledger, reversals
from billing.models import Hold, PaymentAttempt, Receipt
from billing.rails.base import Reported
from creative import execution
from creative.models import Job
from tests.billing.books import TESTS
from tests.cast import Caller, Member, sign_up
from tests.doubles import run_never
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Checkout
from tests.payments.test_reversals import account, spend

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def receipt(checkout: Checkout, stripe: LocalStripe) -> Receipt:
    """A paid receipt of 500 credits."""
    return bought(checkout, stripe)


def bought(checkout: Checkout, stripe: LocalStripe) -> Receipt:
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    return Receipt.objects.get(agent_id=checkout.member.agent_id)


def dispute(receipt: Receipt, status: str, cents: int = 500) -> None:
    provider_id = f"dp_{receipt.pk}"
    reversals.note(Reported("dispute", provider_id, receipt.payment_intent, cents, status, "", "", timezone.now()))


def told(member: Member, receipt: Receipt) -> list[str]:
    events = member.get(f"/v1/activity/{receipt.pk}", headers={"image-skill-contract": "latest"}).data["events"]
    names = [str(event["type"]) for event in reversed(events)]
    return [
        name.removeprefix("credits.payment_backed_") for name in names if name.endswith(("disputed", "reinstated"))
    ]


def test_a_dispute_of_spent_credits_is_told_once_when_it_is_lost(checkout: Checkout, receipt: Receipt) -> None:
    spend(receipt, 500)
    for status in ("needs_response", "under_review", "under_review"):
        dispute(receipt, status)
    assert told(checkout.member, receipt) == []
    dispute(receipt, "lost")
    assert told(checkout.member, receipt) == ["disputed"]
    assert account(receipt) == (0, 0, 500)


def test_a_dispute_that_freezes_is_told_once_and_its_end_too(checkout: Checkout, receipt: Receipt) -> None:
    for status in ("needs_response", "under_review", "won"):
        dispute(receipt, status)
    assert told(checkout.member, receipt) == ["disputed", "reinstated"]


def test_a_long_row_of_partial_disputes_keeps_no_other_waiting(
    checkout: Checkout, receipt: Receipt, stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reversals, "_BATCH", 1)
    dispute(receipt, "needs_response", cents=100)
    other = bought(Checkout(sign_up("other@example.com")), stripe)
    dispute(other, "needs_response")
    lot = ledger.lots_of_receipt(other.pk)[0]
    ledger.unfreeze(lots=[lot], credits=50, reference="dp", actor=TESTS)
    for _ in range(3):
        reversals.attach_waiting()
    assert account(other) == (0, 500, 0)


def test_a_paused_agent_opens_no_payment_by_repeating_its_key(checkout: Checkout, stripe: LocalStripe) -> None:
    stripe.fail("drop", path="/v1/checkout/sessions", when="before", times=3)
    assert checkout.begin().code == "PAYMENT_PROVIDER_FAILURE"
    stripe.stop_failing()
    Agent.objects.filter(pk=checkout.member.agent_id).update(paused_at=timezone.now())
    refused = checkout.begin()
    assert (refused.code, refused.error["recovery"]["reason"]) == ("CAPABILITY_DENIED", "paused_by_owner")
    assert PaymentAttempt.objects.get().state == "created"


def test_money_that_does_not_fit_is_flagged_however_late_it_comes(checkout: Checkout, stripe: LocalStripe) -> None:
    checkout.begin()
    PaymentAttempt.objects.update(state="expired")
    stripe.pay(checkout.session_id, currency="eur")
    stripe.deliver_all()
    attempt = PaymentAttempt.objects.get()
    assert (attempt.state, attempt.flag) == ("expired", "mismatch:currency")
    assert not Receipt.objects.exists()


def test_a_job_does_not_outlive_its_token_and_the_successor_that_was_revoked(
    agent: Member, provider: object, settings: LazySettings
) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    run_never.job_ids.clear()
    start = timezone.now()
    fresh = agent.post("/v1/agent-tokens/rotate").data["token"]
    tokens.revoke(token=AgentToken.objects.select_related("agent").get(sha256=tokens.digest(fresh)))
    with time_machine.travel(start + timedelta(minutes=9)):
        queued = agent.post("/v1/create", {"prompt": "A boat"}, headers={"prefer": "respond-async"})
        assert queued.status == 202
    with time_machine.travel(start + timedelta(minutes=11)):
        assert {caller.get("/v1/whoami").code for caller in (agent, Caller(fresh))} == {"AUTH_REQUIRED"}
        execution.run(run_never.job_ids[0])
    assert (Job.objects.get().state, Job.objects.get().error_reason) == ("canceled", "token_ended")
    assert Hold.objects.get().state == "released"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("key", "retryable"), [(None, False), ("run-1", True)])
def test_a_commit_whose_answer_was_lost_advises_a_repeat_only_under_a_key(
    agent: Member, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, key: str | None, *, retryable: bool
) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    commit = connection._commit
    made: list[str] = []

    def noted(execute: Callable[..., object], sql: str, *rest: object) -> object:
        made.extend([sql] if "INSERT INTO" in sql and "creative_job" in sql else [])
        return execute(sql, *rest)

    def commit_and_go_away() -> None:
        commit()
        if made:
            raise OperationalError("the server closed the connection")

    monkeypatch.setattr(connection, "_commit", commit_and_go_away)
    with connection.execute_wrapper(noted):
        lost = agent.create(key=key)
    monkeypatch.undo()
    assert (lost.code, lost.error["retryable"]) == ("SERVICE_UNAVAILABLE", retryable)
    assert Job.objects.count() == 1
    if key is not None:
        settings.CREATE_WAIT_SECONDS = 0
        assert agent.create(key=key).data["job_id"] == Job.objects.get().pk
        assert Job.objects.count() == 1
