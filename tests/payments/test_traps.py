"""Traps that others fell into, each as what happens here instead."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import LazySettings
from django.db import transaction
from django.utils import timezone

from accounts.models import Agent, AgentToken
from billing import ledger, mandates, reversals
from billing.mandates import Terms
from billing.models import CreditAccount, Decision, Hold, LedgerEntry, Receipt, SpendBucket
from billing.rails.base import Reported
from billing.windows import window
from creative import approvals
from creative.models import Approval, Job
from imageskill.core.errors import ApiError
from imageskill.core.events import System
from tests.billing.books import give, new_agent, set_aside, settle
from tests.cast import Member
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
OWNER = System("usr_owner", "human")


def limit(agent: Member, **terms: Any) -> None:
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="claimed")
    mandates.set_terms(agent=agent.row, terms=Terms(**terms), actor=OWNER)


@pytest.mark.parametrize("payment_status", ["unpaid", "no_payment_required"])
def test_a_complete_session_is_not_a_paid_one(
    checkout: Checkout, stripe: LocalStripe, payment_status: str
) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.rewrite(checkout.session_id, payment_status=payment_status)
    assert set(stripe.deliver_all()) == {200}
    assert not Receipt.objects.exists()


def test_counters_move_in_the_transaction_of_the_money_and_not_later() -> None:
    """A hold that never commits leaves no counter, and one that does needs nobody to write it afterwards."""
    agent = new_agent()
    lot = give(agent, 10)
    with transaction.atomic():
        set_aside(agent, (lot, 4))
        assert SpendBucket.objects.get().held_credits == 4
        transaction.set_rollback(True)
    assert not SpendBucket.objects.exists()
    settle(set_aside(agent, (lot, 4)), 3)
    bucket = SpendBucket.objects.get()
    assert (bucket.held_credits, bucket.settled_credits) == (0, 3)


def test_credits_taken_back_after_they_were_spent_are_a_debt_that_is_told(
    checkout: Checkout, stripe: LocalStripe, provider: object
) -> None:
    """The agent stops, and quota, refusal, status and activity say why; no balance goes below zero."""
    del provider
    agent = checkout.member
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    receipt = Receipt.objects.get()
    limit(agent)
    for _ in range(14):
        assert agent.create(output_count=4).ok
    spent = 500 - CreditAccount.objects.get(organization_id=receipt.organization_id).paid_credits
    assert spent > 0
    dispute = stripe.dispute(receipt.payment_intent, 500)
    stripe.update_dispute(dispute["id"], "lost")
    stripe.deliver_all()
    account = CreditAccount.objects.get(organization_id=receipt.organization_id)
    assert (account.paid_credits, account.debt_credits) == (0, spent)
    entry = LedgerEntry.objects.get(from_book="debt")
    assert (entry.kind, entry.credits, entry.reference) == ("reverse", spent, dispute["id"])
    assert agent.get("/v1/quota").data["limits"]["debt_credits"] == spent
    refused = agent.create().error["recovery"]
    assert (refused["reason"], refused["debt_credits"]) == ("debt", spent)
    assert checkout.buyer.status(receipt_id=receipt.pk).data["state"] == "disputed"
    told = agent.get("/v1/activity", headers={"image-skill-contract": "latest"}).data["events"]
    assert "credits.payment_backed_disputed" in {event["type"] for event in told}


ZONES = {
    # Midnight is skipped in the first three when clocks go forward, and comes twice in Havana when they go back.
    "Africa/Cairo": (date(2026, 4, 24), 23.0),
    "Asia/Beirut": (date(2026, 3, 29), 23.0),
    "America/Asuncion": (date(2023, 10, 1), 23.0),
    "America/Havana": (date(2026, 11, 1), 25.0),
    "Australia/Lord_Howe": (date(2026, 4, 5), 24.5),
}


@pytest.mark.parametrize("zone", ZONES)
def test_days_follow_one_another_without_a_gap_where_clocks_change(zone: str) -> None:
    changed, hours = ZONES[zone]
    noon = datetime(changed.year, changed.month, changed.day, 12, tzinfo=ZoneInfo(zone))
    days = [window("day", noon + timedelta(days=number), ZoneInfo(zone)) for number in range(-200, 200)]
    assert [day.end for day in days[:-1]] == [day.start for day in days[1:]]
    day = window("day", noon, ZoneInfo(zone))
    assert (day.end - day.start).total_seconds() / 3600 == hours
    assert all(moment.minute % 15 == moment.second == 0 for day in days for moment in (day.start, day.end))
    for name in ("week", "month"):
        span = window(name, noon, ZoneInfo(zone))
        assert span.start <= day.start < day.end <= span.end
        assert span.start.astimezone(ZoneInfo(zone)).date() <= changed


@pytest.mark.parametrize("zone", ["America/Havana", "Australia/Lord_Howe", "Pacific/Auckland"])
def test_another_zone_for_the_windows_forgets_nothing_that_was_spent(
    agent: Member, provider: object, zone: str
) -> None:
    del provider
    limit(agent, cap_lifetime=3, cap_month=3)
    assert agent.create(output_count=3).ok
    limit(agent, cap_lifetime=3, cap_month=3, time_zone=zone)
    refused = agent.create()
    assert (refused.code, refused.error["recovery"]["used"]) == ("SPEND_CAP_EXCEEDED", 3)


@pytest.mark.parametrize("capped", [True, False])
def test_what_has_no_price_is_refused_with_a_cap_and_without_one(
    agent: Member, settings: LazySettings, *, capped: bool
) -> None:
    settings.FAKE_RAIL = True
    if capped:
        limit(agent, cap_day=10_000)
    refused = agent.create(model="openai.gpt-image-2", model_parameters={"size": "auto"}, dry_run=True)
    assert not refused.ok
    assert not Hold.objects.exists()


def test_an_approval_is_checked_anew_against_what_was_spent_since(agent: Member, provider: object) -> None:
    del provider
    limit(agent, approval_threshold=2, cap_day=4)
    waiting = agent.create(output_count=3, model="canvas.draft")
    assert waiting.code == "APPROVAL_REQUIRED"
    assert agent.create(output_count=2, model="canvas.draft").ok
    with pytest.raises(ApiError) as refused:
        approvals.approve(job_id=waiting.error["recovery"]["job_id"], decider=OWNER)
    assert refused.value.code.name == "SPEND_CAP_EXCEEDED"
    assert Approval.objects.get().state == "waiting"
    assert Job.objects.get(state="awaiting_approval").hold is None
    assert Decision.objects.filter(outcome="denied", reason="cap_day").exists()


def test_a_revoked_token_buys_nothing_at_its_next_call(checkout: Checkout, stripe: LocalStripe) -> None:
    """Nothing keeps a token in mind: the next call reads it anew."""
    assert checkout.begin().ok
    AgentToken.objects.update(revoked_at=timezone.now())
    assert checkout.begin().code == "AUTH_REQUIRED"
    assert checkout.buyer.quote(credits=100).code == "AUTH_REQUIRED"
    assert stripe.count("POST", "/v1/checkout/sessions") == 1


def test_a_state_of_a_refund_that_nobody_knew_takes_the_credits_until_it_is_known(
    checkout: Checkout, stripe: LocalStripe
) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    receipt = Receipt.objects.get()
    for status, left in (("brand_new_state", 0), ("failed", 500)):
        told = Reported("refund", "re_1", receipt.payment_intent, 500, status, "", "", timezone.now())
        assert reversals.note(told)
        assert CreditAccount.objects.get(organization_id=receipt.organization_id).paid_credits == left
    assert ledger.verify() == []


def test_a_month_that_ends_in_utc_ends_for_nobody_else() -> None:
    """The caps of an owner in Auckland begin a month half a day earlier than those of one in UTC."""
    auckland = window("month", datetime(2027, 2, 28, 12, tzinfo=UTC), ZoneInfo("Pacific/Auckland"))
    assert (auckland.start, auckland.end) == (
        datetime(2027, 2, 28, 11, tzinfo=UTC),
        datetime(2027, 3, 31, 11, tzinfo=UTC),
    )
