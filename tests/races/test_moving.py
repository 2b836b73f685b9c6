"""An agent moves between two workspaces of one owner: whatever comes at the same moment, purses and books hold."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from threading import Event

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts import members
from accounts.members import CannotError
from accounts.models import Agent, AgentMove, AgentToken, ClaimState, Membership, Organization, Role, User
from billing import ledger, mandates, proving
from billing.mandates import Terms
from billing.models import Hold, LotKind
from creative import approvals, execution
from creative.models import Approval, Asset, Job
from creative.providers.base import ProviderCall, ProviderResult
from creative.queue.threads import pool
from imageskill.core.errors import ApiError
from imageskill.core.events import Human
from imageskill.flows import invariants, moving, releasing, stopping
from imageskill.flows.limiting import Allowed
from imageskill.flows.moving import Moved
from tests.at_once import at_once
from tests.billing.books import TESTS
from tests.cast import Member, sign_up
from tests.doubles import FakeProvider, pictures

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("provider"),
]

GRANTS = ("create", "edit", "job.read", "asset.read", "activity.read")
THERE = Allowed(Terms(cap_day=7), GRANTS)
LATER = {"prefer": "respond-async"}


@pytest.fixture
def _never(settings: LazySettings) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"


@pytest.fixture
def agent(settings: LazySettings) -> Member:
    settings.PREVIEW_CREDITS = 50
    made = sign_up("moving@gmail.com", name="atlas")
    Agent.objects.filter(pk=made.agent_id).update(claim_state=ClaimState.CLAIMED, grants=list(GRANTS))
    mandates.set_terms(agent=made.row, terms=Terms(cap_day=40), actor=Human("usr_tests"))
    return made


@pytest.fixture
def home(agent: Member) -> Membership:
    """The owner's place where the agent is."""
    user = User.objects.create_user("ada@example.com")
    return join(user, agent.row.organization)


@pytest.fixture
def there(home: Membership) -> Membership:
    """The same owner's place in another workspace, which has bought credits."""
    other = Organization.objects.create(name="Studio South", created_at=timezone.now())
    pay(other, 30)
    return join(home.user, other)


def join(user: User, organization: Organization, role: Role = Role.OWNER) -> Membership:
    return Membership.objects.create(user=user, organization=organization, role=role, created_at=timezone.now())


def pay(organization: Organization, credits: int) -> None:
    ledger.grant(
        organization_id=organization.pk, kind=LotKind.PROMO, credits=credits, source="adjustment", actor=TESTS
    )


def move(agent: Member, by: Membership, to: Membership, based_on: int = 0, allowed: Allowed = THERE) -> Moved:
    return moving.move(
        by=by,
        agent_id=agent.agent_id,
        organization_id=to.organization_id,
        allowed=allowed,
        based_on=based_on,
    )


def with_token(agent: Member, moved: Moved) -> Member:
    return Member(moved.raw, agent.agent_id)


def create(agent: Member, key: str | None = None) -> str:
    headers = LATER | ({"idempotency-key": key} if key else {})
    answer = agent.post("/v1/create", {"prompt": "A boat", "model": "canvas.draft"}, headers=headers)
    return "ok" if answer.ok else answer.code


def assert_books_hold() -> None:
    assert ledger.verify() == []
    assert invariants.reconcile() == []
    assert proving.prove().offences == ()


def test_a_replay_of_an_old_key_after_the_move_shows_nothing(
    agent: Member, home: Membership, there: Membership
) -> None:
    made = agent.create(key="run-001", model="canvas.draft")
    picture = made.data["assets"][0]["asset_id"]
    fresh = with_token(agent, move(agent, home, there))
    assert agent.create(key="run-001", model="canvas.draft").code == "AUTH_REQUIRED"
    again = fresh.create(key="run-001", model="canvas.draft")
    assert again.ok
    assert again.data["job_id"] != made.data["job_id"]
    assert Job.objects.get(pk=again.data["job_id"]).organization_id == there.organization_id
    assert fresh.get(f"/v1/jobs/{made.data['job_id']}").code == "JOB_NOT_FOUND"
    assert fresh.get(f"/v1/assets/{picture}").status == 404
    assert picture not in str(fresh.get("/v1/assets").body)
    assert made.data["job_id"] not in str(fresh.get("/v1/activity").body)
    assert fresh.get(f"/v1/activity/{made.data['job_id']}").code == "ACTIVITY_NOT_FOUND"
    assert_books_hold()


def test_back_home_the_old_key_finds_its_picture_and_the_caps_go_on(
    agent: Member, home: Membership, there: Membership
) -> None:
    made = agent.create(key="run-001", model="canvas.draft", output_count=2)
    away = with_token(agent, move(agent, home, there))
    assert away.create(key="run-001", model="canvas.draft").ok
    spend = away.get("/v1/quota").data
    back = with_token(agent, move(agent, there, home, based_on=1, allowed=Allowed(Terms(cap_day=3), GRANTS)))
    again = back.create(key="run-001", model="canvas.draft", output_count=2)
    assert again.data["job_id"] == made.data["job_id"]
    refused = back.create("Two more", model="canvas.draft", output_count=2)
    assert refused.code == "SPEND_CAP_EXCEEDED", spend
    assert (refused.error["recovery"]["cap"], refused.error["recovery"]["used"]) == (3, 2)
    assert AgentMove.objects.count() == 2
    assert_books_hold()


@pytest.mark.usefixtures("_never")
def test_no_hold_outlives_a_move_that_comes_among_creates(
    agent: Member, home: Membership, there: Membership
) -> None:
    *answers, moved = at_once(*[partial(create, agent)] * 8, partial(move, agent, home, there))
    told = Counter(answers)
    assert set(told) <= {"ok", "AUTH_REQUIRED"}, told
    assert Counter(Hold.objects.values_list("state", "organization_id")) == Counter(
        {("released", home.organization_id): told["ok"]}
    )
    assert (moved.ended.canceled, moved.ended.released_credits) == (told["ok"], told["ok"])
    assert set(Job.objects.values_list("error_reason", flat=True)) <= {"agent_moved"}
    assert create(agent) == "AUTH_REQUIRED"
    assert create(with_token(agent, moved)) == "ok"
    assert Hold.objects.get(state="open").organization_id == there.organization_id
    assert_books_hold()


def test_of_two_moves_at_once_one_happens(agent: Member, home: Membership, there: Membership) -> None:
    third = join(home.user, Organization.objects.create(name="Studio West", created_at=timezone.now()))
    told = at_once(partial(move, agent, home, there), partial(move, agent, home, third))
    done = [one for one in told if isinstance(one, Moved)]
    refused = [str(one) for one in told if isinstance(one, CannotError)]
    assert (len(done), refused) == (1, ["This agent does not belong to this workspace."])
    assert agent.row.organization_id == done[0].place.organization_id
    alive = AgentToken.objects.filter(agent_id=agent.agent_id, revoked_at=None)
    assert alive.get() == done[0].token
    assert AgentMove.objects.count() == 1


@pytest.mark.parametrize("other", ["release", "revoke", "pause", "demote"])
def test_a_move_and_an_end_at_once_come_one_after_the_other(
    agent: Member, home: Membership, there: Membership, other: str
) -> None:
    boss = join(User.objects.create_user("bo@example.com"), there.organization)
    acts: dict[str, Callable[[], object]] = {
        "release": partial(releasing.release, by=home, agent_id=agent.agent_id, typed_name="atlas"),
        "revoke": partial(stopping.revoke, by=home, agent_id=agent.agent_id, token_id=None),
        "pause": partial(stopping.pause, by=home, agent_id=agent.agent_id, message="Wait"),
        "demote": partial(members.change_role, by=boss, user_id=home.user_id, role="viewer"),
    }
    moved, second = at_once(partial(move, agent, home, there), acts[other])
    row = agent.row
    assert not (isinstance(moved, Moved) and agent.get("/v1/whoami").ok)
    if isinstance(moved, Moved):
        assert row.organization_id == there.organization_id
        assert row.claim_state == ClaimState.CLAIMED
        # Paused before it left, it is paused where it arrives.
        assert (row.paused_at is not None) == (other == "pause" and not isinstance(second, CannotError))
        fresh = with_token(agent, moved).create(model="canvas.draft")
        assert fresh.ok or fresh.code == "CAPABILITY_DENIED"
    else:
        assert isinstance(moved, CannotError)
        assert other in ("release", "demote")
        assert row.organization_id == home.organization_id
        assert not Hold.objects.filter(organization_id=there.organization_id).exists()
    assert_books_hold()


@pytest.fixture
def _real_runner(settings: LazySettings) -> Iterator[None]:
    settings.JOB_QUEUE = "creative.queue.threads.pool"
    yield
    if pool._executor is not None:
        pool._executor.shutdown(wait=True)
        pool._executor = None


@pytest.mark.usefixtures("_real_runner")
def test_a_job_whose_provider_was_called_finishes_and_is_charged_where_it_began(
    agent: Member, home: Membership, there: Membership, provider: FakeProvider
) -> None:
    called, go_on = Event(), Event()

    def slowly(call: ProviderCall) -> ProviderResult:
        called.set()
        go_on.wait(60)
        return pictures(call)

    provider.behaviour = slowly
    assert create(agent) == "ok"
    assert called.wait(60)
    moved = move(agent, home, there)
    assert (moved.ended.canceled, moved.ended.running) == (0, 1)
    go_on.set()
    if pool._executor is not None:
        pool._executor.shutdown(wait=True)
    job = Job.objects.get()
    assert (job.state, job.settled_credits, job.organization_id) == ("completed", 1, home.organization_id)
    assert set(Asset.objects.values_list("organization_id", flat=True)) == {home.organization_id}
    assert job.pk not in str(with_token(agent, moved).get("/v1/jobs").body)
    assert_books_hold()


@pytest.mark.usefixtures("_never")
def test_a_pause_there_asks_nothing_to_stop_that_runs_here(
    agent: Member, home: Membership, there: Membership, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is this workspace's, and whoever decides there may be nobody here."""
    monkeypatch.setattr(provider, "cancellable", True)
    assert create(agent) == "ok"
    Job.objects.update(state=Job.State.RUNNING)
    move(agent, home, there)
    ended = stopping.pause(by=there, agent_id=agent.agent_id, message="", stop_running=True)
    assert (ended.asked, Job.objects.get().cancel_requested_at) == (0, None)


@pytest.mark.usefixtures("_never")
def test_a_worker_that_took_a_job_before_the_move_calls_nobody_after_it(
    agent: Member, home: Membership, there: Membership, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert create(agent) == "ok"
    # Whoever moves it dies right after the commit: the worker finds the job, and why it ends.
    monkeypatch.setattr(stopping, "end_queued", lambda *_args, **_more: stopping.Ended(0, 0, 0, 0, 0))
    move(agent, home, there)
    job = Job.objects.get()
    execution.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_code, job.error_reason) == ("canceled", "AUTH_REQUIRED", "agent_moved")
    assert not provider.calls
    assert_books_hold()


@pytest.fixture
def asking(agent: Member) -> Member:
    mandates.set_terms(agent=agent.row, terms=Terms(approval_threshold=0), actor=Human("usr_tests"))
    assert create(agent) == "APPROVAL_REQUIRED"
    return agent


def test_a_waiting_plan_is_taken_back(asking: Member, home: Membership, there: Membership) -> None:
    assert move(asking, home, there).ended.withdrawn == 1
    assert (Approval.objects.get().state, Job.objects.get().state) == ("expired", "canceled")


def test_a_plan_that_was_left_waiting_cannot_be_approved_into_the_other_purse(
    asking: Member, home: Membership, there: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever moves it dies before the plan is taken back; the agent has a good token in its new workspace."""
    monkeypatch.setattr(stopping, "withdraw", lambda *_args: 0)
    fresh = with_token(asking, move(asking, home, there, allowed=Allowed(Terms(), GRANTS)))
    assert fresh.create(model="canvas.draft").ok
    with pytest.raises(ApiError) as refused:
        approvals.approve(job_id=Approval.objects.get().pk, decider=Human(home.user_id), place=home)
    assert refused.value.code.name == "AUTH_REQUIRED"
    assert Hold.objects.get().organization_id == there.organization_id
    assert_books_hold()
