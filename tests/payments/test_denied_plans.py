"""A plan and its owner: one card or one job, a denial that lasts a day, and a record of each refusal."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db.models import F
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agent, AgentToken
from billing import authorisations, ledger, mandates
from billing.decisions import ApprovalNeededError
from billing.mandates import Terms
from billing.models import Decision, Hold
from creative import approvals, create, offers
from creative.models import Approval, Job
from creative.planning import Wanted
from imageskill.core import idempotency
from imageskill.core.errors import ApiError
from imageskill.core.events import System
from tests.cast import Answer, Member
from tests.doubles import FakeProvider
from tests.payments.conftest import Buyer

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
OWNER = System("usr_owner", "human")
LONG_ENOUGH = 1_000


@pytest.fixture(autouse=True)
def over_two(agent: Member, provider: FakeProvider) -> None:
    """Let the owner of the test's agent approve what costs more than 2 credits."""
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="claimed")
    buyer = Buyer(agent)
    buyer.buy(buyer.quote(credits=500).data["quote_id"])
    limit(agent, approval_threshold=2)


def limit(agent: Member, **terms: Any) -> None:
    mandates.set_terms(agent=agent.row, terms=Terms(**terms), actor=OWNER)


def ask(agent: Member, pictures: int = 3, **more: Any) -> Answer:
    return agent.create(output_count=pictures, model="canvas.draft", **more)


def waiting_job(agent: Member, pictures: int = 3, **more: Any) -> str:
    refused = ask(agent, pictures, **more)
    assert refused.code == "APPROVAL_REQUIRED", refused.body
    return str(refused.error["recovery"]["job_id"])


def actor_of(agent: Member) -> Actor:
    token = AgentToken.objects.select_related("agent__organization").get(agent_id=agent.agent_id)
    return Actor(agent=token.agent, token=token)


def keyed(actor: Actor, key: str, pictures: int = 3) -> tuple[idempotency.Claimed, dict[str, Any]]:
    """Return a key and the body it stands for."""
    body = {"prompt": "A red boat", "output_count": pictures, "model": "canvas.draft"}
    claimed = idempotency.from_call(
        header=key,
        body=body,
        agent_id=actor.actor_id,
        organization_ids=actor.organization_ids,
        operation="create",
    )
    assert claimed is not None
    return claimed, body


def test_a_call_that_was_refused_joins_the_one_of_its_key_that_was_placed_meanwhile(
    agent: Member, provider: FakeProvider
) -> None:
    actor = actor_of(agent)
    key, body = keyed(actor, "run-1")
    plan = create.plan_for(actor, Wanted(operation="create", **body))
    with pytest.raises(ApprovalNeededError) as needed:
        authorisations.foresee(actor=actor, request=offers.payment(plan))
    limit(agent, approval_threshold=LONG_ENOUGH)
    placed = agent.create(key="run-1", output_count=3, model="canvas.draft")
    joined = approvals.request(actor=actor, plan=plan, key=key, needed=needed.value)
    assert (joined.pk, joined.state) == (placed.data["job_id"], "completed")
    assert not Approval.objects.exists()
    assert not Decision.objects.filter(outcome="approval").exists()
    assert (Hold.objects.count(), Job.objects.count(), len(provider.calls)) == (1, 1, 1)
    assert ask(agent, key="run-1").data["job_id"] == joined.pk
    assert ledger.verify() == []


def test_both_calls_of_one_key_are_told_the_same_pictures_and_charged_once(
    agent: Member, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second call comes, and is placed, between the refusal of the first one and its card."""
    second: list[Answer] = []
    real = approvals.request

    def after_another(**given: Any) -> Job:
        limit(agent, approval_threshold=LONG_ENOUGH)
        second.append(ask(agent, key="run-1"))
        return real(**given)

    monkeypatch.setattr(approvals, "request", after_another)
    first = ask(agent, key="run-1")
    assert (first.status, second[0].status) == (200, 200), first.body
    assert first.data["job_id"] == second[0].data["job_id"]
    assert first.data["asset_ids"] == second[0].data["asset_ids"]
    assert (Hold.objects.count(), Job.objects.count(), len(provider.calls)) == (1, 1, 1)
    assert not Approval.objects.exists()


def test_a_key_whose_plan_waits_makes_no_job_when_the_threshold_is_raised(agent: Member) -> None:
    job_id = waiting_job(agent, key="run-1")
    limit(agent, approval_threshold=LONG_ENOUGH)
    again = ask(agent, key="run-1")
    assert (again.code, again.error["recovery"]["job_id"]) == ("APPROVAL_REQUIRED", job_id)
    assert (Job.objects.count(), Hold.objects.count()) == (1, 0)


def raised(agent: Member) -> None:
    limit(agent, approval_threshold=LONG_ENOUGH)


def lifted(agent: Member) -> None:
    limit(agent)


@pytest.mark.parametrize("change", [raised, lifted])
@pytest.mark.parametrize("key", [None, "run-1"])
def test_a_denied_plan_stays_denied_for_a_day_whatever_the_threshold_allows_now(
    agent: Member, provider: FakeProvider, change: Callable[[Member], None], key: str | None
) -> None:
    job_id = waiting_job(agent, key=key)
    approvals.deny(job_id=job_id, decider=OWNER, reason="Too many pictures")
    change(agent)
    refused = ask(agent, key=key)
    assert (refused.code, refused.status, refused.exit_code) == ("CAPABILITY_DENIED", 403, 4)
    told = refused.error["recovery"]
    assert (told["reason"], told["owner_message"], told["job_id"]) == ("plan_denied", "Too many pictures", job_id)
    assert (provider.calls, Hold.objects.count()) == ([], 0)
    assert agent.create("Another boat", output_count=3, model="canvas.draft").ok
    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1)):
        assert ask(agent, key=key).ok


def test_a_denied_plan_stays_denied_when_what_was_spent_before_it_is_long_ago(agent: Member) -> None:
    assert ask(agent, 1).ok
    assert ask(agent, 1).ok
    approvals.deny(job_id=waiting_job(agent, 1), decider=OWNER, reason="Enough")
    # The holds are dated by the database's clock, so they are moved and not the time of this process.
    Hold.objects.update(authorised_at=F("authorised_at") - timedelta(minutes=61))
    refused = ask(agent, 1)
    assert (refused.code, refused.error["recovery"]["reason"]) == ("CAPABILITY_DENIED", "plan_denied")
    assert ask(agent, 2).ok


def test_the_refusal_of_a_denied_plan_is_a_decision_with_its_counters(agent: Member) -> None:
    assert ask(agent, 2).ok
    approvals.deny(job_id=waiting_job(agent), decider=OWNER, reason="")
    raised(agent)
    for _ in range(2):
        assert ask(agent).code == "CAPABILITY_DENIED"
    decision = Decision.objects.get(reason="plan_denied")
    assert (decision.outcome, decision.needed_credits, decision.count) == ("denied", 3, 2)
    assert (decision.counters["day"]["used"], decision.hold) == (2, None)


def test_a_plan_that_was_denied_because_it_had_changed_may_be_asked_for_anew(agent: Member) -> None:
    job_id = waiting_job(agent)
    Job.objects.filter(pk=job_id).update(credits_required=2)
    with pytest.raises(ApiError) as changed:
        approvals.approve(job_id=job_id, decider=OWNER)
    assert changed.value.recovery["reason"] == "plan_changed"
    assert Approval.objects.get().state == "denied"
    assert waiting_job(agent) != job_id
    raised(agent)
    assert ask(agent).ok


def test_approving_a_job_that_waits_no_more_holds_nothing(agent: Member, provider: FakeProvider) -> None:
    job_id = waiting_job(agent)
    Job.objects.filter(pk=job_id).update(state="canceled", finished_at=timezone.now())
    with pytest.raises(ApiError) as refused:
        approvals.approve(job_id=job_id, decider=OWNER)
    assert refused.value.code.name == "JOB_NOT_CANCELABLE"
    assert (Hold.objects.count(), provider.calls) == (0, [])
    assert Job.objects.get().state == "canceled"
    assert not Decision.objects.filter(outcome="allowed").exists()
    assert ledger.verify() == []


def test_a_cap_that_an_approval_would_pass_is_a_decision(agent: Member) -> None:
    job_id = waiting_job(agent)
    limit(agent, approval_threshold=2, cap_day=2)
    with pytest.raises(ApiError) as refused:
        approvals.approve(job_id=job_id, decider=OWNER)
    assert refused.value.code.name == "SPEND_CAP_EXCEEDED"
    decision = Decision.objects.get(reason="cap_day")
    assert (decision.outcome, decision.job_id, decision.needed_credits) == ("denied", job_id, 3)
    assert (decision.approved, decision.hold, decision.counters["day"]["cap"]) == (True, None, 2)
    assert Approval.objects.get().state == "waiting"


def test_a_plan_too_many_is_a_decision_without_a_card(agent: Member) -> None:
    for number in range(5):
        assert agent.create(f"Boat {number}", output_count=3, model="canvas.draft").code == "APPROVAL_REQUIRED"
    assert ask(agent).code == "RATE_LIMITED"
    decision = Decision.objects.get(job_id="")
    assert (decision.outcome, decision.reason, decision.needed_credits) == ("approval", "threshold_request", 3)
    assert (Approval.objects.count(), Job.objects.count()) == (5, 5)
