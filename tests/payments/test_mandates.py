"""What an owner sets: caps that hold, windows in the owner's zone, and a record of every decision."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Agent
from billing import ledger, mandates
from billing.mandates import Terms
from billing.models import Decision, Hold, LedgerEntry, SpendBucket
from imageskill.core.errors import ApiError
from imageskill.core.events import System
from tests.cast import Answer, Member
from tests.payments.conftest import Buyer

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
OWNER = System("usr_owner", "human")


@pytest.fixture
def allow(agent: Member) -> Callable[..., None]:
    """Return what sets the limits of the test's agent, claimed, with 500 credits that buy every model."""
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="claimed")
    buyer = Buyer(agent)
    buyer.buy(buyer.quote(credits=500).data["quote_id"])

    def limit(**terms: Any) -> None:
        mandates.set_terms(agent=agent.row, terms=Terms(**terms), actor=OWNER)

    return limit


Allow = Callable[..., None]


def spend(agent: Member, pictures: int = 1) -> Answer:
    return agent.create(output_count=pictures, model="canvas.draft")


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("window", ["per_job", "day", "week", "month", "lifetime"])
def test_a_cap_is_met_exactly_and_never_passed(agent: Member, allow: Allow, window: str) -> None:
    allow(**{f"cap_{window}": 3})
    assert spend(agent, 3).status == 200
    refused = spend(agent, 4 if window == "per_job" else 1)
    assert (refused.code, refused.status, refused.exit_code) == ("SPEND_CAP_EXCEEDED", 402, 5)
    told = refused.error["recovery"]
    assert (told["window"], told["cap"], told["reason"]) == (window, 3, "owner_cap")
    assert (told["used"], told["held"]) == ((0, 0) if window == "per_job" else (3, 0))
    assert ("resets_at" in told) is (window in ("day", "week", "month"))
    assert Hold.objects.count() == 1
    assert ledger.verify() == []


@pytest.mark.usefixtures("provider")
def test_each_decision_is_recorded_with_the_counters_before_it(agent: Member, allow: Allow) -> None:
    allow(cap_day=3)
    spend(agent, 2)
    spend(agent, 2)
    spend(agent, 2)
    allowed, denied = Decision.objects.order_by("pk")
    assert (allowed.outcome, allowed.needed_credits, allowed.counters["day"]["used"]) == ("allowed", 2, 0)
    assert allowed.hold == Hold.objects.get()
    assert (denied.outcome, denied.reason, denied.counters["day"]["used"]) == ("denied", "cap_day", 2)
    assert denied.count == 2
    assert denied.counters["day"]["resets_at"].endswith("T00:00:00+00:00")
    assert denied.ledger_seq == LedgerEntry.objects.filter(organization_id=agent.row.organization_id).count()


@pytest.mark.usefixtures("provider")
def test_lowering_a_cap_works_at_once_and_rewrites_nothing(agent: Member, allow: Allow) -> None:
    allow(cap_day=10)
    spend(agent, 4)
    allow(cap_day=2)
    refused = spend(agent)
    assert refused.error["recovery"]["used"] == 4
    assert refused.error["recovery"]["remaining"] == 0
    allow(cap_day=5)
    assert spend(agent).status == 200


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("UTC", datetime(2027, 3, 2, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2027, 3, 1, 18, 15, tzinfo=UTC)),
        ("America/New_York", datetime(2027, 3, 2, 5, tzinfo=UTC)),
        # Midnight is skipped on this day in Beirut, and comes twice on that day in Havana.
        ("Asia/Beirut", datetime(2027, 3, 27, 22, tzinfo=UTC)),
        ("America/Havana", datetime(2027, 11, 7, 4, tzinfo=UTC)),
    ],
)
def test_a_window_begins_at_midnight_in_the_owners_zone(
    agent: Member, allow: Allow, zone: str, midnight: datetime
) -> None:
    allow(cap_day=1, time_zone=zone)
    mandate = mandates.current(agent_id=agent.agent_id, organization_id=agent.row.organization_id)
    assert mandate is not None
    for start, credits in ((midnight - timedelta(minutes=15), 5), (midnight, 7)):
        SpendBucket.objects.create(
            organization_id=agent.row.organization_id,
            agent_id=agent.agent_id,
            start=start,
            settled_credits=credits,
        )
    before = mandates.counters(mandate, midnight - timedelta(seconds=1))[1]
    after = mandates.counters(mandate, midnight)[1]
    assert (before.used, before.resets_at) == (5, midnight)
    assert after.used == 7


@pytest.mark.usefixtures("provider")
def test_a_new_zone_wipes_no_spending(agent: Member, allow: Allow) -> None:
    allow(cap_month=2, time_zone="UTC")
    assert spend(agent, 2).status == 200
    allow(cap_month=2, time_zone="Pacific/Auckland")
    assert spend(agent).code == "SPEND_CAP_EXCEEDED"


@pytest.mark.usefixtures("provider")
def test_only_allowed_models_are_paid_until_the_end_date(agent: Member, allow: Allow) -> None:
    allow(allowed_models=("fal.flux-dev",))
    refused = spend(agent)
    assert (refused.code, refused.error["recovery"]["reason"]) == ("CAPABILITY_DENIED", "model_not_allowed")
    assert refused.error["recovery"]["allowed_models"] == ["fal.flux-dev"]
    allow(ends_at=timezone.now() - timedelta(seconds=1))
    refused = spend(agent)
    assert (refused.code, refused.error["recovery"]["reason"]) == ("CAPABILITY_DENIED", "mandate_ended")
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    ("terms", "named"),
    [
        ({"cap_day": -1}, "cap_day"),
        ({"cap_per_job": 10, "cap_day": 5}, "cap_day"),
        ({"cap_day": 10, "cap_lifetime": 5}, "cap_lifetime"),
        ({"cap_week": 10, "cap_month": 9}, "cap_month"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"approval_threshold": -1}, "approval_threshold"),
    ],
)
def test_terms_that_make_no_sense_are_refused(agent: Member, terms: dict[str, Any], named: str) -> None:
    with pytest.raises(ApiError) as refused:
        mandates.set_terms(agent=agent.row, terms=Terms(**terms), actor=OWNER)
    assert named in refused.value.recovery["fields"]


@pytest.mark.usefixtures("provider")
def test_the_limits_are_told_by_quota_and_whoami(agent: Member, allow: Allow) -> None:
    allow(
        cap_per_job=5,
        cap_day=10,
        approval_threshold=8,
        allowed_models=("canvas.draft",),
        time_zone="Europe/Berlin",
    )
    spend(agent, 4)
    told = agent.get("/v1/quota").data
    assert told["spend"]["day"] | {"resets_at": None} == {
        "cap": 10, "used": 4, "held": 0, "remaining": 6, "resets_at": None,
    }  # fmt: skip
    assert told["spend"]["per_job"]["cap"] == 5
    assert (told["approval_threshold_credits"], told["models"]["allowed"]) == (8, ["canvas.draft"])
    assert told["limits"]["spendable_credits"] == 5
    assert agent.get("/v1/whoami").data["mandate"] == {
        "version": 1,
        "caps": {"per_job": 5, "day": 10},
        "time_zone": "Europe/Berlin",
        "approval_threshold_credits": 8,
        "allowed_models": ["canvas.draft"],
        "ends_at": None,
        "paused": False,
    }


@pytest.mark.usefixtures("provider")
@pytest.mark.django_db(transaction=True)
def test_fifty_creates_at_once_against_a_cap_of_ten_jobs_are_exactly_ten(agent: Member, allow: Allow) -> None:
    allow(cap_day=10)
    barrier, answers = Barrier(50), []

    def create() -> None:
        barrier.wait(60)
        answers.append(spend(agent))
        connection.close()

    threads = [Thread(target=create) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    codes = [answer.code if not answer.ok else "ok" for answer in answers]
    assert (codes.count("ok"), codes.count("SPEND_CAP_EXCEEDED")) == (10, 40)
    assert sum(Decision.objects.filter(outcome="denied").values_list("count", flat=True)) == 40
    assert Hold.objects.filter(state="settled").count() == 10
    assert ledger.verify() == []
