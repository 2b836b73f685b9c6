"""What an owner's limits count, from which instant on: told, enforced and proven as one number."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts import organizations
from accounts.models import Agent
from billing import ledger, mandates, proving
from billing.mandates import Terms
from billing.models import Decision, Hold, LotKind
from creative import execution
from creative.models import Job
from imageskill.core.events import System
from imageskill.core.units import unit_of_work
from tests.cast import Answer, Caller, Member
from tests.claims.people import collect, owner_of, request_claim, take_over, workspace_of
from tests.doubles import run_never

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]
OWNER = System("usr_owner", "human")
CANVAS = "canvas.draft"


def claimed(agent: Member) -> None:
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="claimed")


def limit(agent: Member, **terms: Any) -> None:
    mandates.set_terms(agent=agent.row, terms=Terms(**terms), actor=OWNER)


def spend(caller: Caller, pictures: int) -> Answer:
    return caller.create(output_count=pictures, model=CANVAS)


@unit_of_work
def give(organization_id: str, credits: int) -> None:
    organizations.lock(organization_id)
    ledger.grant(
        organization_id=organization_id,
        kind=LotKind.PROMO,
        credits=credits,
        source="tests",
        actor=System("tests"),
        live_money=True,
    )


def test_a_mandate_begins_by_the_clock_of_the_database(agent: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the clock that dates the holds; this process may run ahead of it, or behind."""
    claimed(agent)
    assert spend(agent, 2).ok
    moment = Hold.objects.get().authorised_at + timedelta(milliseconds=1)
    monkeypatch.setattr(mandates, "database_now", lambda: moment)
    limit(agent, cap_lifetime=3)
    mandate = mandates.current(agent_id=agent.agent_id, organization_id=agent.row.organization_id)
    assert mandate is not None
    assert (mandate.created_at, mandate.lifetime_starts_at) == (moment, moment)
    monkeypatch.setattr(mandates, "database_now", lambda: datetime(2030, 1, 1, tzinfo=UTC))
    limit(agent, cap_lifetime=4)
    later = mandates.current(agent_id=agent.agent_id, organization_id=agent.row.organization_id)
    assert later is not None
    assert (later.created_at, later.lifetime_starts_at) == (datetime(2030, 1, 1, tzinfo=UTC), moment)


def lifetime(caller: Caller) -> tuple[int, int, int]:
    """Return used, held and remaining of the lifetime as the quota tells them."""
    told = caller.get("/v1/quota").data["spend"]["lifetime"]
    return told["used"], told["held"], told["remaining"]


def test_the_quota_of_a_lifetime_is_what_is_enforced_in_its_first_quarter_of_an_hour(agent: Member) -> None:
    claimed(agent)
    assert spend(agent, 3).ok
    limit(agent, cap_lifetime=4)
    assert lifetime(agent) == (0, 0, 4)
    assert spend(agent, 3).ok
    assert lifetime(agent) == (3, 0, 1)
    refused = spend(agent, 2).error["recovery"]
    assert (refused["used"], refused["held"], refused["remaining"]) == lifetime(agent)
    assert spend(agent, 1).ok
    assert lifetime(agent) == (4, 0, 0)
    counted = [
        row.counters["lifetime"]["used"] for row in Decision.objects.filter(outcome="allowed").order_by("pk")
    ]
    assert counted == [0, 3]


def test_what_was_held_before_a_lifetime_began_is_not_told_as_held(agent: Member, settings: Any) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    run_never.job_ids.clear()
    claimed(agent)
    before = agent.post(
        "/v1/create", {"prompt": "A boat", "output_count": 3, "model": CANVAS}, headers={"prefer": "respond-async"}
    )
    assert before.status == 202
    limit(agent, cap_lifetime=4)
    assert lifetime(agent) == (0, 0, 4)
    execution.run(Job.objects.get().pk)
    assert lifetime(agent) == (0, 0, 4)


def test_the_caps_stay_proven_for_an_agent_that_spent_in_the_shell_it_was_claimed_out_of(agent: Member) -> None:
    assert spend(agent, 3).ok
    studio = workspace_of(owner_of(agent))
    give(studio.pk, 100)
    claim = request_claim(agent)
    take_over(agent, owner_of(agent), studio, terms=Terms(cap_day=5, cap_lifetime=5))
    fresh = Caller(collect(claim)["token"])
    assert spend(fresh, 4).ok
    assert spend(fresh, 2).code == "SPEND_CAP_EXCEEDED"
    assert Hold.objects.values("organization_id").distinct().count() == 2
    proof = proving.prove()
    assert (proof.offences, proof.overspent, proof.decisions) == ((), 0, 2)
