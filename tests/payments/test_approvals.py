"""Plans over the owner's threshold: they wait, and run once, when and as they were approved."""

import shlex
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import Agent, AgentToken
from billing import ledger, mandates
from billing.mandates import Terms
from billing.models import Decision, Hold
from creative import approvals
from creative.models import Approval, Job
from imageskill.core.errors import ApiError
from imageskill.core.events import System
from imageskill.core.instants import instant
from tests.cast import Answer, Member
from tests.doubles import FakeProvider
from tests.payments.conftest import Buyer

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
OWNER = System("usr_owner", "human")


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


def waiting_job(agent: Member, **more: Any) -> str:
    return str(ask(agent, **more).error["recovery"]["job_id"])


def test_a_plan_over_the_threshold_waits_and_holds_nothing(agent: Member, provider: FakeProvider) -> None:
    refused = ask(agent)
    assert (refused.code, refused.status, refused.exit_code) == ("APPROVAL_REQUIRED", 403, 4)
    told = refused.error["recovery"]
    job = Job.objects.get()
    assert told["job_id"] == job.pk
    assert told["suggested_command"] == f"image-skill jobs wait {job.pk} --json"
    assert (told["approval"]["state"], told["approval"]["credits"], told["approval"]["threshold_credits"]) == (
        "waiting",
        3,
        2,
    )
    assert told["approval"]["recent_unapproved_credits"] == 0
    assert refused.error["message"].startswith(
        "This needs 3 credits; the owner approves what is over 2. It waits "
    )
    assert agent.get(f"/v1/jobs/{job.pk}").data["status"] == "awaiting_approval"
    assert (Hold.objects.count(), provider.calls) == (0, [])
    decision = Decision.objects.get()
    assert (decision.outcome, decision.reason, decision.job_id) == ("approval", "threshold_request", job.pk)


def test_an_approved_plan_runs_once_exactly_as_it_was_asked(agent: Member, provider: FakeProvider) -> None:
    job_id = waiting_job(agent)
    approvals.approve(job_id=job_id, decider=OWNER)
    done = agent.get(f"/v1/jobs/{job_id}").data
    assert (done["status"], len(done["assets"])) == ("completed", 3)
    assert [call.output_count for call in provider.calls] == [3]
    with pytest.raises(ApiError) as again:
        approvals.approve(job_id=job_id, decider=OWNER)
    assert again.value.code.name == "JOB_NOT_CANCELABLE"
    allowed = Decision.objects.get(outcome="allowed")
    assert (allowed.approved, allowed.job_id) == (True, job_id)
    assert ledger.verify() == []


def test_the_same_plan_and_the_same_key_are_the_same_card(agent: Member) -> None:
    first = waiting_job(agent, key="run-001")
    assert waiting_job(agent, key="run-001") == first
    assert waiting_job(agent) == first
    assert Approval.objects.count() == 1
    assert Decision.objects.get().count >= 1


def test_a_repeat_after_the_approval_finds_the_pictures(agent: Member) -> None:
    job_id = waiting_job(agent, key="run-001")
    approvals.approve(job_id=job_id, decider=OWNER)
    again = ask(agent, key="run-001")
    assert (again.status, again.data["job_id"], len(again.data["assets"])) == (200, job_id, 3)
    assert Hold.objects.count() == 1


def test_a_denied_plan_is_told_with_the_owners_reason_and_refused_for_a_day(agent: Member) -> None:
    job_id = waiting_job(agent, key="run-001")
    approvals.deny(job_id=job_id, decider=OWNER, reason="Too many pictures")
    job = agent.get(f"/v1/jobs/{job_id}").data["job"]
    assert (job["status"], job["error"]["message"]) == ("canceled", "The owner denied it: Too many pictures")
    refused = ask(agent)
    assert (refused.code, refused.error["recovery"]["reason"]) == ("CAPABILITY_DENIED", "plan_denied")
    assert refused.error["recovery"]["owner_message"] == "Too many pictures"
    command = shlex.split(refused.error["recovery"]["suggested_command"])
    assert agent.post("/v1/cli", {"argv": command}).data["job"]["job_id"] == job_id
    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1)):
        assert ask(agent).code in ("APPROVAL_REQUIRED", "AUTH_REQUIRED")


def test_nobody_decides_in_time(agent: Member) -> None:
    job_id = waiting_job(agent)
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=1)):
        assert approvals.expire_due() == 1
        assert approvals.expire_due() == 0
        with pytest.raises(ApiError):
            approvals.approve(job_id=job_id, decider=OWNER)
    assert Job.objects.get(pk=job_id).state == "canceled"
    assert not Hold.objects.exists()


def test_everything_is_checked_again_when_it_is_approved(agent: Member) -> None:
    job_id = waiting_job(agent)
    limit(agent, approval_threshold=2, cap_day=2)
    with pytest.raises(ApiError) as refused:
        approvals.approve(job_id=job_id, decider=OWNER)
    assert refused.value.code.name == "SPEND_CAP_EXCEEDED"
    assert Approval.objects.get().state == "waiting"
    Agent.objects.filter(pk=agent.agent_id).update(paused_at=timezone.now())
    with pytest.raises(ApiError) as refused:
        approvals.approve(job_id=job_id, decider=OWNER)
    assert refused.value.recovery["reason"] == "paused_by_owner"
    assert not Hold.objects.exists()


def test_a_plan_that_became_dearer_is_denied(agent: Member) -> None:
    job_id = waiting_job(agent)
    Job.objects.filter(pk=job_id).update(credits_required=2)
    with pytest.raises(ApiError) as refused:
        approvals.approve(job_id=job_id, decider=OWNER)
    assert refused.value.recovery["reason"] == "plan_changed"
    assert (Approval.objects.get().state, Job.objects.get().state) == ("denied", "canceled")


def test_at_most_five_plans_wait(agent: Member) -> None:
    for pictures in (3, 4):
        for prompt in ("A boat", "A house"):
            assert agent.create(prompt, output_count=pictures, model="canvas.draft").code == "APPROVAL_REQUIRED"
    assert agent.create("A tree", output_count=3, model="canvas.draft").code == "APPROVAL_REQUIRED"
    first = timezone.now() + timedelta(seconds=100, milliseconds=500)
    Approval.objects.filter(pk=Approval.objects.order_by("-pk").values("pk")[:1]).update(expires_at=first)
    refused = agent.create("A cat", output_count=3, model="canvas.draft")
    told = refused.error["recovery"]
    assert (refused.code, told["cap"], told["used"]) == ("RATE_LIMITED", 5, 5)
    assert 90 <= told["retry_after_seconds"] <= 101
    assert refused.response["Retry-After"] == str(told["retry_after_seconds"])
    assert told["resets_at"] == instant(first)
    assert instant(first) in refused.error["message"]
    assert agent.post("/v1/cli", {"argv": shlex.split(told["suggested_command"])}).ok
    assert Approval.objects.count() == 5


def test_a_plan_past_its_end_that_is_not_swept_yet_is_waited_for_a_second(agent: Member) -> None:
    for number in range(5):
        assert agent.create(f"Boat {number}", output_count=3, model="canvas.draft").code == "APPROVAL_REQUIRED"
    Approval.objects.update(expires_at=timezone.now() - timedelta(seconds=3))
    assert ask(agent).error["recovery"]["retry_after_seconds"] == 1


def test_splitting_does_not_evade_the_threshold(agent: Member) -> None:
    codes = [answer.code if not answer.ok else "ok" for answer in (ask(agent, 1) for _ in range(4))]
    assert codes == ["ok", "ok", "APPROVAL_REQUIRED", "APPROVAL_REQUIRED"]
    told = ask(agent, 1).error["recovery"]
    assert told["approval"]["credits"] == 1
    assert told["approval"]["recent_unapproved_credits"] == 2
    assert Decision.objects.filter(reason="threshold_recent_spending").exists()
    job_id = str(told["job_id"])
    approvals.approve(job_id=job_id, decider=OWNER)
    assert Job.objects.get(pk=job_id).state == "completed"


def test_the_hours_spending_is_told_with_the_plan_that_it_makes_wait(agent: Member) -> None:
    """A refusal of 2 credits over a threshold of 2 would contradict itself without it; a repeat tells the same."""
    assert ask(agent, 1).ok
    told = [ask(agent, 2, key=key).error for key in ("run-001", "run-001", "run-002")]
    why = "This needs 2 credits, and 1 was spent in the last hour without approval; the owner approves what is"
    assert {error["message"].partition(" over 2. It waits until ")[0] for error in told} == {why}
    assert {error["recovery"]["approval"]["recent_unapproved_credits"] for error in told} == {1}
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        later = ask(agent, 2, key="run-001").error
    assert later["message"] == told[0]["message"]
    Job.objects.update(selection={"reason": "requested", "defaults_applied": [], "inputs": 0})
    assert ask(agent, 2).error["recovery"]["approval"]["recent_unapproved_credits"] == 0  # a card of before


def test_a_dry_run_says_that_approval_is_needed_and_makes_no_card(agent: Member) -> None:
    planned = ask(agent, dry_run=True)
    assert (planned.status, planned.data["approval_required"]) == (200, True)
    assert "approval_required" not in ask(agent, 1, dry_run=True).data
    assert not Approval.objects.exists()


def test_an_approved_plan_runs_under_a_token_that_was_rotated_since(agent: Member, settings: LazySettings) -> None:
    job_id = waiting_job(agent)
    fresh = agent.post("/v1/agent-tokens/rotate").data["token"]
    assert Member(fresh, agent.agent_id).get("/v1/whoami").ok
    approvals.approve(job_id=job_id, decider=OWNER)
    assert Job.objects.get(pk=job_id).state == "completed"


@pytest.mark.parametrize("how", ["pause", "release", "token", "grant"])
def test_no_plan_comes_to_wait_once_its_agent_was_stopped(
    agent: Member, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stop commits after the plan was found to need an approval and before it is written."""
    stops = {
        "pause": lambda: Agent.objects.filter(pk=agent.agent_id).update(paused_at=timezone.now()),
        "release": lambda: Agent.objects.filter(pk=agent.agent_id).update(claim_state="revoked"),
        "token": lambda: AgentToken.objects.filter(agent_id=agent.agent_id).update(revoked_at=timezone.now()),
        "grant": lambda: Agent.objects.filter(pk=agent.agent_id).update(grants=["edit"]),
    }
    asked = approvals.request

    def late(**given: Any) -> Job:
        stops[how]()
        return asked(**given)

    monkeypatch.setattr(approvals, "request", late)
    assert ask(agent).code == ("CAPABILITY_DENIED" if how in ("pause", "grant") else "AUTH_REQUIRED")
    assert not Approval.objects.exists()
    assert not Job.objects.exists()
