"""An owner stops an agent while it works: whatever comes first, the caps and the books hold."""

from collections import Counter
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import Agent, AgentToken, ClaimState, Membership, Role, User
from billing import ledger, mandates
from billing.mandates import Terms
from billing.models import Hold
from creative.models import Job
from creative.providers.base import ProviderCall, ProviderResult
from creative.queue.threads import pool
from imageskill.core.events import Human
from imageskill.core.models import ActivityEvent
from imageskill.flows import invariants, limiting, releasing, stopping
from tests.at_once import at_once
from tests.cast import Member, sign_up
from tests.doubles import FakeProvider, pictures

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("provider"),
]

WAITING = {"prefer": "respond-async"}
CREATES = 10


@pytest.fixture
def _never(settings: LazySettings) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"


@pytest.fixture
def _real_runner(settings: LazySettings) -> Iterator[None]:
    settings.JOB_QUEUE = "creative.queue.threads.pool"
    yield
    shut_down()


def shut_down() -> None:
    if pool._executor is not None:
        pool._executor.shutdown(wait=True)
        pool._executor = None


@pytest.fixture
def agent(settings: LazySettings) -> Member:
    settings.PREVIEW_CREDITS = 50
    made = sign_up("stopping@gmail.com", name="atlas")
    Agent.objects.filter(pk=made.agent_id).update(
        claim_state=ClaimState.CLAIMED, grants=["create", "edit", "job.read"]
    )
    mandates.set_terms(agent=made.row, terms=Terms(cap_day=40), actor=Human("usr_tests"))
    return made


@pytest.fixture
def owner(agent: Member) -> Membership:
    user = User.objects.create_user("ada@example.com")
    return Membership.objects.create(
        user=user, organization=agent.row.organization, role=Role.OWNER, created_at=timezone.now()
    )


def create(agent: Member) -> Callable[[], str]:
    def call() -> str:
        answer = agent.post("/v1/create", {"prompt": "A boat", "model": "canvas.draft"}, headers=WAITING)
        return "ok" if answer.ok else answer.code

    return call


def assert_books_hold() -> None:
    assert ledger.verify() == []
    assert invariants.reconcile() == []


@pytest.mark.usefixtures("_never")
def test_no_hold_outlives_a_pause_that_comes_among_creates(agent: Member, owner: Membership) -> None:
    def pause() -> stopping.Ended:
        return stopping.pause(by=owner, agent_id=agent.agent_id, message="Wait")

    *answers, ended = at_once(*[create(agent)] * CREATES, pause)
    told = Counter(answers)
    assert set(told) <= {"ok", "CAPABILITY_DENIED"}
    assert sum(told.values()) == CREATES
    assert Counter(Hold.objects.values_list("state", flat=True)) == Counter({"released": told["ok"]})
    assert (ended.canceled, ended.released_credits) == (told["ok"], told["ok"])
    assert set(Job.objects.values_list("error_reason", flat=True)) <= {"paused_by_owner"}
    assert create(agent)() == "CAPABILITY_DENIED"
    assert_books_hold()


@pytest.mark.usefixtures("_never")
@pytest.mark.parametrize("how", ["revoke", "release"])
def test_no_hold_outlives_the_end_of_its_token(agent: Member, owner: Membership, how: str) -> None:
    def end() -> Any:
        if how == "revoke":
            return stopping.revoke(by=owner, agent_id=agent.agent_id, token_id=None).ended
        return releasing.release(by=owner, agent_id=agent.agent_id, typed_name="atlas")

    *answers, ended = at_once(*[create(agent)] * CREATES, end)
    told = Counter(answers)
    assert set(told) <= {"ok", "AUTH_REQUIRED"}
    assert not Hold.objects.filter(state="open").exists()
    assert ended.canceled == told["ok"]
    assert set(Job.objects.values_list("error_reason", flat=True)) <= {"token_ended"}
    assert_books_hold()


@pytest.mark.usefixtures("_real_runner")
def test_a_job_whose_provider_was_called_finishes_and_settles_after_the_revocation(
    agent: Member, owner: Membership, provider: FakeProvider
) -> None:
    called, go_on = Event(), Event()

    def slowly(call: ProviderCall) -> ProviderResult:
        called.set()
        go_on.wait(60)
        return pictures(call)

    provider.behaviour = slowly
    assert create(agent)() == "ok"
    assert called.wait(60)
    revoked = stopping.revoke(by=owner, agent_id=agent.agent_id, token_id=None)
    assert (revoked.ended.canceled, revoked.ended.running) == (0, 1)
    assert create(agent)() == "AUTH_REQUIRED"
    go_on.set()
    shut_down()
    job = Job.objects.get()
    assert (job.state, job.settled_credits, job.hold.state if job.hold else "") == ("completed", 1, "settled")
    assert_books_hold()


@pytest.mark.usefixtures("_real_runner")
def test_among_workers_each_job_is_either_made_and_charged_or_canceled_and_given_back(
    agent: Member, owner: Membership
) -> None:
    def pause() -> stopping.Ended:
        return stopping.pause(by=owner, agent_id=agent.agent_id, message="")

    at_once(*[create(agent)] * CREATES, pause)
    shut_down()
    ends = Counter(Job.objects.values_list("state", "hold__state", "settled_credits"))
    assert set(ends) <= {("completed", "settled", 1), ("canceled", "released", 0)}
    assert_books_hold()


@pytest.mark.usefixtures("_never")
def test_no_hold_is_placed_by_the_old_cap_after_a_lower_one_is_in_force(agent: Member, owner: Membership) -> None:
    lower = limiting.Allowed(Terms(cap_day=0), tuple(sorted(agent.row.grants)))

    def change() -> limiting.Changed:
        return limiting.change(by=owner, agent_id=agent.agent_id, after=lower, based_on=1, is_confirmed=False)

    *answers, changed = at_once(*[create(agent)] * CREATES, change)
    told = Counter(answers)
    assert set(told) <= {"ok", "SPEND_CAP_EXCEEDED"}
    assert not Hold.objects.filter(authorised_at__gt=changed.mandate.created_at).exists()
    assert Hold.objects.count() == told["ok"]
    assert_books_hold()


def test_of_two_revocations_at_once_one_finds_nothing_left(agent: Member, owner: Membership) -> None:
    def revoke() -> Any:
        return stopping.revoke(by=owner, agent_id=agent.agent_id, token_id=None)

    told = Counter(type(each).__name__ for each in at_once(revoke, revoke))
    assert told == {"Revoked": 1, "CannotError": 1}
    assert ActivityEvent.objects.filter(type="token.revoked").count() == 1


def test_the_first_rejection_is_noted_once_however_many_try(agent: Member, owner: Membership) -> None:
    revoked = stopping.revoke(by=owner, agent_id=agent.agent_id, token_id=None)
    answers = at_once(*[lambda: agent.get("/v1/whoami").code] * 8)
    assert set(answers) == {"AUTH_REQUIRED"}
    (event,) = ActivityEvent.objects.filter(type="token.rejected")
    assert event.subject_id == revoked.tokens[0].pk
    assert event.occurred_at >= revoked.at
    assert AgentToken.objects.filter(revoked_at=None).count() == 0
