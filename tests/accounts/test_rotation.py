"""Rotating a token: it lives no longer than the one before, and an answer that is lost costs nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone

from accounts import tokens
from accounts.actor import Actor
from accounts.models import Agent, AgentToken
from billing import mandates
from billing.mandates import Terms
from billing.models import Hold
from creative import approvals, execution
from creative.models import Job
from imageskill.core.errors import ApiError
from imageskill.core.events import System
from tests.cast import Caller, Member
from tests.claims.people import owner_of, take_over
from tests.doubles import FakeProvider, run_never

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
OWNER = System("usr_owner", "human")


def rotate(caller: Caller) -> Caller:
    answer = caller.post("/v1/agent-tokens/rotate")
    assert answer.ok, answer.body
    return Caller(answer.data["token"])


def row_of(caller: Caller) -> AgentToken:
    return AgentToken.objects.select_related("agent").get(sha256=tokens.digest(str(caller.token)))


def test_a_replacement_ends_when_the_token_before_it_was_to_end(agent: Member) -> None:
    ends_at = timezone.now() + timedelta(hours=1)
    AgentToken.objects.filter(agent_id=agent.agent_id).update(ends_at=ends_at)
    fresh = rotate(agent)
    assert row_of(fresh).ends_at == ends_at
    assert fresh.get("/v1/whoami").ok
    again = rotate(fresh)
    assert row_of(again).ends_at == ends_at
    with time_machine.travel(ends_at + timedelta(seconds=1)):
        assert again.get("/v1/whoami").code == "AUTH_REQUIRED"


@pytest.mark.parametrize("lost_answers", [1, 3])
def test_a_replacement_after_lost_answers_ends_when_the_token_was_to_end(agent: Member, lost_answers: int) -> None:
    ends_at = timezone.now() + timedelta(hours=1)
    AgentToken.objects.filter(agent_id=agent.agent_id).update(ends_at=ends_at)
    for _ in range(lost_answers):
        rotate(agent)
    assert row_of(rotate(agent)).ends_at == ends_at


@pytest.mark.parametrize("lost_answers", [0, 2])
def test_a_replacement_of_a_token_without_an_end_has_none(agent: Member, lost_answers: int) -> None:
    for _ in range(lost_answers):
        rotate(agent)
    assert row_of(rotate(agent)).ends_at is None


@contextmanager
def after_the_lookup(act: Callable[[], object]) -> Iterator[None]:
    """Let something happen once, right after a token was looked up and before its use is noted."""
    done: list[bool] = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        if not done and sql.startswith("UPDATE") and "first_used_at" in sql.partition("WHERE")[0]:
            done.append(True)
            act()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield
    assert done


def test_a_replacement_that_was_voided_neither_opens_a_door_nor_closes_one(agent: Member) -> None:
    """The rotation is repeated while the first answer's token is on its way in."""
    lost = rotate(agent)
    old = row_of(agent)
    actor = Actor(agent=old.agent, token=old)
    second: list[str] = []
    with after_the_lookup(lambda: second.append(tokens.rotate(token=old, actor=actor)[1])):
        assert tokens.authenticate(str(lost.token)) is None
    old.refresh_from_db()
    assert old.revoked_at is None
    assert agent.get("/v1/whoami").ok
    assert lost.get("/v1/whoami").code == "AUTH_REQUIRED"
    assert Caller(second[0]).get("/v1/whoami").ok
    assert agent.get("/v1/whoami").code == "AUTH_REQUIRED"


def test_a_token_from_before_a_claim_is_never_rotated(agent: Member) -> None:
    """Not over the wire, and not by a call that was authenticated before the claim."""
    before = row_of(agent)
    take_over(agent, owner_of(agent))
    refused = agent.post("/v1/agent-tokens/rotate")
    assert (refused.code, refused.error["recovery"]["reason"]) == (
        "CAPABILITY_DENIED",
        "claimed_collect_new_token",
    )
    with pytest.raises(ApiError) as late:
        tokens.rotate(token=before, actor=Actor(agent=before.agent, token=before))
    assert late.value.recovery["reason"] == "claimed_collect_new_token"
    assert AgentToken.objects.count() == 1


@pytest.fixture
def waiting_job(agent: Member, provider: FakeProvider, settings: LazySettings) -> str:
    """A plan that waits for its owner; its job stays queued once it is approved."""
    del provider
    settings.JOB_QUEUE = "tests.doubles.run_never"
    run_never.job_ids.clear()
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="claimed")
    mandates.set_terms(agent=agent.row, terms=Terms(approval_threshold=2), actor=OWNER)
    refused = agent.create(output_count=3, model="canvas.draft")
    assert refused.code == "APPROVAL_REQUIRED"
    return str(refused.error["recovery"]["job_id"])


@pytest.mark.parametrize("is_used", [True, False])
def test_an_approved_plan_runs_although_the_rotation_before_it_is_repeated(
    agent: Member, waiting_job: str, *, is_used: bool
) -> None:
    rotate(agent)
    approvals.approve(job_id=waiting_job, decider=OWNER)
    fresh = rotate(agent)
    if is_used:
        assert fresh.get("/v1/whoami").ok
    execution.run(waiting_job)
    assert Job.objects.get(pk=waiting_job).state == "completed"
    assert Hold.objects.get().state == "settled"
    assert fresh.get(f"/v1/jobs/{waiting_job}").data["status"] == "completed"


def handed_out(agent: Member) -> Caller:
    return Caller(tokens.hand_out(agent.row, actor=OWNER)[1])


def test_a_rotation_leaves_what_the_owner_handed_out_good(agent: Member) -> None:
    by_owner = handed_out(agent)
    first = rotate(agent)
    second = rotate(agent)
    assert first.get("/v1/whoami").code == "AUTH_REQUIRED"
    assert second.get("/v1/whoami").ok
    assert agent.get("/v1/whoami").code == "AUTH_REQUIRED"
    assert row_of(by_owner).replaces == row_of(second)
    assert by_owner.get("/v1/whoami").ok
    assert second.get("/v1/whoami").code == "AUTH_REQUIRED"


def test_what_was_handed_out_ends_the_old_token_and_the_rotation_that_nobody_used(agent: Member) -> None:
    by_owner = handed_out(agent)
    lost = rotate(agent)
    assert by_owner.get("/v1/whoami").ok
    assert agent.get("/v1/whoami").code == "AUTH_REQUIRED"
    assert lost.get("/v1/whoami").code == "AUTH_REQUIRED"
    assert AgentToken.objects.filter(agent_id=agent.agent_id, revoked_at=None).count() == 1


def test_handing_out_leaves_the_answer_of_a_rotation_good(agent: Member) -> None:
    """The agent has saved it and forgotten the old one; nobody has used it yet."""
    fresh = rotate(agent)
    by_owner = handed_out(agent)
    assert fresh.get("/v1/whoami").ok
    assert by_owner.get("/v1/whoami").ok
    assert fresh.get("/v1/whoami").code == "AUTH_REQUIRED"


def test_of_two_that_were_handed_out_only_the_last_is_good(agent: Member) -> None:
    first, second = handed_out(agent), handed_out(agent)
    assert first.get("/v1/whoami").code == "AUTH_REQUIRED"
    assert agent.get("/v1/whoami").ok
    assert second.get("/v1/whoami").ok


def test_a_token_that_was_handed_out_does_not_inherit_the_end_of_the_old_one(agent: Member) -> None:
    ends_at = timezone.now() + timedelta(hours=1)
    AgentToken.objects.filter(agent_id=agent.agent_id).update(ends_at=ends_at)
    by_owner = handed_out(agent)
    assert row_of(rotate(agent)).ends_at == ends_at
    assert row_of(by_owner).ends_at is None
