"""`GET /v1/quota`: exact fields, and numbers that follow every hold, debit, release and limit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.db.models import F
from django.utils import timezone

from billing import ledger, rails
from billing.models import CreditAccount, Hold
from billing.windows import window
from creative import execution
from imageskill.core.instants import instant
from tests.cast import Answer, Member, sign_up
from tests.doubles import FakeProvider, run_never

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

LIMITS = ("remaining_credits", "payment_backed_remaining_credits", "held_credits", "spendable_credits")
NO_CAP = {"cap": None, "used": 0, "held": 0, "remaining": None}


def quota(agent: Member) -> dict[str, Any]:
    answer = agent.get("/v1/quota")
    assert answer.ok, answer.body
    return answer.data


def limits(agent: Member) -> tuple[int, ...]:
    """Return free, paid, held and spendable credits."""
    told = quota(agent)["limits"]
    return tuple(told[name] for name in LIMITS)


def buy(agent: Member, credits: int, settings: LazySettings) -> None:
    settings.FAKE_RAIL = True
    rails.rail.cache_clear()
    quote = agent.post("/v1/credit-quotes", {"credits": credits}).data["quote_id"]
    assert agent.post("/v1/credit-purchases", {"quote_id": quote, "idempotency_key": "purchase-run-1"}).ok


def test_it_tells_exactly_what_the_contract_says(agent: Member) -> None:
    with time_machine.travel(datetime(2026, 3, 4, 12, tzinfo=UTC), tick=False):
        fresh = sign_up("midweek@example.com")
        answer = fresh.get("/v1/quota")
    assert answer.body["command"] == "image-skill usage quota"
    told = answer.data
    assert told.pop("models").keys() == {"allowed", "max_outputs_per_request", "free_credits_buy"}
    assert told.pop("top_up").keys() == {
        "available", "recommended", "recommendation_reason", "first_command", "quote_command", "commands",
    }  # fmt: skip
    assert told == {
        "authenticated": True,
        "claim_state": "unclaimed",
        "token_status": "active",
        "limits": {
            "remaining_credits": 50,
            "payment_backed_remaining_credits": 0,
            "held_credits": 0,
            "spendable_credits": 50,
            "credit_unit_usd": 0.01,
        },
        "daily_jobs": {"limit": 4, "used": 0, "remaining": 4, "resets_at": "2026-03-05T00:00:00.000Z"},
        "spend": {
            "per_job": NO_CAP | {"resets_at": None},
            "day": NO_CAP | {"resets_at": "2026-03-05T00:00:00.000Z"},
            "week": NO_CAP | {"resets_at": "2026-03-09T00:00:00.000Z"},
            "month": NO_CAP | {"resets_at": "2026-04-01T00:00:00.000Z"},
            "lifetime": NO_CAP | {"resets_at": None},
        },
        "approval_threshold_credits": None,
    }


@pytest.mark.usefixtures("provider")
def test_a_hold_leaves_the_balance_at_once_and_a_debit_leaves_it_for_good(
    agent: Member, settings: LazySettings
) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    settings.CREATE_WAIT_SECONDS = 0
    made = agent.create(output_count=3)
    assert made.status == 202
    assert limits(agent) == (47, 0, 3, 47)
    assert quota(agent)["spend"]["day"] | {"resets_at": None} == NO_CAP | {"held": 3, "resets_at": None}
    assert quota(agent)["daily_jobs"]["used"] == 1
    execution.run(run_never.job_ids[-1])
    assert limits(agent) == (47, 0, 0, 47)
    assert quota(agent)["spend"]["lifetime"] == NO_CAP | {"used": 3, "resets_at": None}
    assert ledger.verify() == []


def test_a_failure_gives_everything_back(agent: Member, provider: FakeProvider) -> None:
    def broken(_call: object) -> Any:
        raise RuntimeError("no picture")

    provider.behaviour = broken
    assert not agent.create(output_count=2).ok
    told = quota(agent)
    assert limits(agent) == (50, 0, 0, 50)
    assert told["daily_jobs"]["used"] == 0
    assert (told["spend"]["day"]["used"], told["spend"]["day"]["held"]) == (0, 0)


@pytest.mark.usefixtures("provider")
def test_agents_of_one_organization_share_credits_and_days_but_not_their_spending(
    agent: Member, teammate: Member, stranger: Member
) -> None:
    agent.create(output_count=2)
    assert limits(agent) == limits(teammate) == (48, 0, 0, 48)
    assert quota(teammate)["daily_jobs"]["used"] == 1
    assert quota(agent)["spend"]["day"]["used"] == 2
    assert quota(teammate)["spend"]["day"]["used"] == 0
    assert limits(stranger) == (50, 0, 0, 50)
    assert quota(stranger)["daily_jobs"]["used"] == 0


def refused_for_the_day(answer: Answer) -> None:
    assert (answer.code, answer.status, answer.exit_code) == ("QUOTA_EXCEEDED", 429, 5)
    assert answer.error["retryable"] is False


@pytest.mark.usefixtures("provider")
def test_free_jobs_of_a_day_end_and_begin_anew_at_midnight_utc(agent: Member, settings: LazySettings) -> None:
    settings.PREVIEW_DAILY_JOBS = 2
    assert [agent.create(f"Boat {number}").ok for number in range(2)] == [True, True]
    midnight = instant(window("day", timezone.now()).end)
    assert quota(agent)["daily_jobs"] == {"limit": 2, "used": 2, "remaining": 0, "resets_at": midnight}
    assert limits(agent) == (48, 0, 0, 0)
    refused = agent.create("Boat 3")
    refused_for_the_day(refused)
    assert refused.error["recovery"]["resets_at"] == midnight
    # The database's clock dates a hold and cannot be turned, so the holds become yesterday's.
    Hold.objects.update(authorised_at=F("authorised_at") - timedelta(days=1))
    assert quota(agent)["daily_jobs"] == {"limit": 2, "used": 0, "remaining": 2, "resets_at": midnight}
    assert limits(agent) == (48, 0, 0, 48)
    assert agent.create("Boat 4").ok


@pytest.mark.usefixtures("provider")
def test_paid_credits_are_spendable_when_the_free_jobs_are_used_up(agent: Member, settings: LazySettings) -> None:
    settings.PREVIEW_DAILY_JOBS = 1
    buy(agent, 10, settings)
    assert limits(agent) == (50, 10, 0, 60)
    assert agent.create().ok
    assert limits(agent) == (49, 10, 0, 10)
    assert agent.create("Another").ok
    assert limits(agent) == (49, 9, 0, 9)
    assert quota(agent)["daily_jobs"] | {"resets_at": None} == {
        "limit": 1, "used": 1, "remaining": 0, "resets_at": None,
    }  # fmt: skip
    assert Hold.objects.filter(free_credits=0).count() == 1


@pytest.mark.parametrize("credits", [0, 1, 120])
def test_the_operator_sets_what_a_signup_gets(settings: LazySettings, credits: int) -> None:
    settings.PREVIEW_CREDITS = credits
    assert limits(sign_up("a@example.com")) == (credits, 0, 0, credits)


def test_no_free_job_a_day_makes_free_credits_worth_nothing_yet(agent: Member, settings: LazySettings) -> None:
    settings.PREVIEW_DAILY_JOBS = 0
    told = quota(agent)
    assert told["daily_jobs"]["remaining"] == 0
    assert limits(agent) == (50, 0, 0, 0)
    refused_for_the_day(agent.create())


def test_a_debt_is_told_and_leaves_nothing_to_spend(agent: Member) -> None:
    CreditAccount.objects.update(debt_credits=7)
    told = quota(agent)["limits"]
    assert (told["debt_credits"], told["spendable_credits"]) == (7, 0)


def test_an_agent_without_a_contact_has_numbers_too() -> None:
    told = quota(sign_up(None))
    assert [told["limits"][name] for name in LIMITS] == [0, 0, 0, 0]
    assert told["daily_jobs"] | {"resets_at": None} == {"limit": 4, "used": 0, "remaining": 4, "resets_at": None}


def test_selling_credits_is_told_with_a_command_that_works(agent: Member, settings: LazySettings) -> None:
    settings.FAKE_RAIL = True
    rails.rail.cache_clear()
    told = quota(agent)["top_up"]
    assert (told["available"], told["recommended"]) == (True, False)
    assert told["quote_command"] == told["commands"]["quote"]
    assert "--payment-method fake" in told["quote_command"]
    settings.PREVIEW_CREDITS = 2
    low = quota(sign_up(f"low-{timezone.now():%f}@example.com"))["top_up"]
    assert low["recommended"] is True
