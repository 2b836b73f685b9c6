"""The last word on a spending: it is decided by what stands under the lock, not by what was read before."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import tokens
from accounts.actor import Actor
from accounts.models import Agent, AgentToken
from billing import authorisations, ledger
from billing.models import Hold, LedgerEntry, LotKind
from billing.spendable import Request
from imageskill.core import ids
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.units import unit_of_work
from tests.billing.books import give, new_agent, release, settle
from tests.cast import Member

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

PICTURE = Request("canvas.draft", 5, free_allowed=True, free_alternative=None)


@pytest.fixture
def actor(agent: Member) -> Actor:
    """The caller as it was read at authentication, before whatever happens next."""
    return actor_of(agent)


def actor_of(member: Member) -> Actor:
    token = AgentToken.objects.select_related("agent").get(sha256=tokens.digest(str(member.token)))
    return Actor(agent=token.agent, token=token)


@unit_of_work
def authorise(actor: Actor, request: Request = PICTURE) -> Hold:
    return authorisations.authorise(
        actor=actor, job_id=ids.new_id("job"), request=request, price_version="prices/7"
    )


def actor_again(actor: Actor) -> Actor:
    token = AgentToken.objects.select_related("agent").get(pk=actor.token_id)
    return Actor(agent=token.agent, token=token)


def elsewhere() -> str:
    return new_agent().organization_id


def change_token(actor: Actor, **values: Any) -> None:
    AgentToken.objects.filter(pk=actor.token_id).update(**values)


def change_agent(actor: Actor, **values: Any) -> None:
    Agent.objects.filter(pk=actor.actor_id).update(**values)


def ran_out(actor: Actor) -> None:
    change_token(actor, ends_at=timezone.now())


def long_ago() -> datetime:
    return timezone.now() - timedelta(days=91)


Happening = Callable[[Actor], None]


def test_exactly_what_was_asked_is_held_in_the_name_of_the_caller(actor: Actor) -> None:
    before = timezone.now()
    hold = authorise(actor)
    assert (hold.credits, hold.free_credits, hold.state, hold.price_version) == (5, 5, "open", "prices/7")
    assert (hold.agent_id, hold.organization_id) == (actor.actor_id, actor.organization_id)
    assert before - timedelta(seconds=1) <= hold.authorised_at <= timezone.now() + timedelta(seconds=1)
    entry = LedgerEntry.objects.get(hold=hold)
    assert (entry.actor_type, entry.actor_id, entry.job_id) == ("agent", actor.actor_id, hold.job_id)
    assert (entry.reason, entry.price_version) == ("job_authorised", "prices/7")


@pytest.mark.parametrize(
    ("happens", "code"),
    [
        (lambda actor: change_token(actor, revoked_at=timezone.now()), ErrorCode.AUTH_REQUIRED),
        (lambda actor: change_token(actor, ends_at=timezone.now()), ErrorCode.AUTH_REQUIRED),
        (
            lambda actor: change_token(actor, created_at=long_ago(), last_used_at=None),
            ErrorCode.AUTH_REQUIRED,
        ),
        (lambda actor: change_agent(actor, claim_state="revoked"), ErrorCode.AUTH_REQUIRED),
        (lambda actor: change_agent(actor, organization_id=elsewhere()), ErrorCode.AUTH_REQUIRED),
        (lambda actor: change_agent(actor, paused_at=timezone.now()), ErrorCode.CAPABILITY_DENIED),
    ],
    ids=["token revoked", "token ended", "token idle", "agent revoked", "agent moved", "agent paused"],
)
def test_what_happened_after_authentication_is_seen(actor: Actor, happens: Happening, code: ErrorCode) -> None:
    happens(actor)
    with pytest.raises(ApiError) as caught:
        authorise(actor)
    assert caught.value.code is code
    assert not Hold.objects.exists()
    assert ledger.verify() == []


@pytest.mark.parametrize(
    ("happens", "valid"),
    [
        (lambda _: None, True),
        (lambda actor: [tokens.rotate(token=actor.token, actor=actor), ran_out(actor)], True),
        (ran_out, False),
        (lambda actor: change_token(actor, revoked_at=timezone.now()), False),
        (lambda actor: change_agent(actor, paused_at=timezone.now()), False),
        (lambda actor: change_agent(actor, claim_state="revoked"), False),
        (lambda actor: change_agent(actor, organization_id=elsewhere()), False),
    ],
    ids=["nothing", "handover over", "ran out", "revoked", "paused", "agent revoked", "moved"],
)
def test_a_worker_asks_again_right_before_the_call(actor: Actor, happens: Happening, *, valid: bool) -> None:
    happens(actor)
    told = authorisations.why_stopped(token_id=actor.token_id, organization_id=actor.organization_id)
    assert (told is None) is valid


def test_a_rotation_stops_no_job_but_the_revocation_of_its_successor_does(agent: Member, actor: Actor) -> None:
    for _ in range(2):
        agent.token = agent.post("/v1/agent-tokens/rotate").data["token"]
        assert agent.get("/v1/whoami").ok
    assert AgentToken.objects.get(pk=actor.token_id).revoked_at is not None
    assert authorisations.why_stopped(token_id=actor.token_id, organization_id=actor.organization_id) is None
    tokens.revoke(token=actor_of(agent).token)
    assert authorisations.why_stopped(token_id=actor.token_id, organization_id=actor.organization_id)


def test_an_unknown_token_is_never_valid(actor: Actor) -> None:
    assert authorisations.why_stopped(token_id="tok_unknown", organization_id=actor.organization_id)


def test_holds_of_the_organization_that_touch_free_credits_are_the_jobs_of_the_day(
    agent: Member, teammate: Member
) -> None:
    actor, fellow = actor_of(agent), actor_of(teammate)
    give(agent.row, 100, LotKind.PAID)
    _, settled, released = authorise(actor), authorise(fellow), authorise(actor)
    settle(settled, 5)
    release(released)
    paid_only = Request("openai.gpt-image-2", 5, free_allowed=False, free_alternative=None)
    assert authorise(actor, paid_only).free_credits == 0
    for who in (actor, fellow):
        assert authorisations.daily_jobs(who, timezone.now()).used == 2


@pytest.mark.parametrize(
    ("moment", "used"),
    [
        (datetime(2026, 3, 1, 23, 59, 59, 999_999, tzinfo=UTC), 0),
        (datetime(2026, 3, 2, tzinfo=UTC), 1),
        (datetime(2026, 3, 2, 23, 59, 59, 999_999, tzinfo=UTC), 1),
        (datetime(2026, 3, 3, tzinfo=UTC), 0),
    ],
)
def test_a_job_belongs_to_the_day_of_its_authorisation_whenever_it_settles(
    actor: Actor, moment: datetime, used: int
) -> None:
    hold = authorise(actor)
    Hold.objects.filter(pk=hold.pk).update(authorised_at=moment)
    daily = authorisations.daily_jobs(actor, datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert (daily.used, daily.resets_at) == (used, datetime(2026, 3, 3, tzinfo=UTC))


def test_only_a_wider_grant_lifts_the_daily_limit(actor: Actor) -> None:
    change_agent(actor, claim_state="claimed")
    assert authorisations.daily_jobs(actor_again(actor), timezone.now()).limit == 4
    change_agent(actor, grants=[*actor.agent.grants, "create"])
    for _ in range(6):
        authorise(actor)
    assert Hold.objects.count() == 6


def test_where_the_day_has_no_limit_its_jobs_are_not_counted_under_the_lock(actor: Actor) -> None:
    change_agent(actor, claim_state="claimed", grants=[*actor.agent.grants, "create"])
    with CaptureQueriesContext(connection) as asked:
        authorise(actor_again(actor))
    assert "COUNT" not in "".join(query["sql"] for query in asked)
    # One whose grant was taken away since its token was read is counted after all.
    for _ in range(3):
        authorise(actor_again(actor))
    lifted = actor_again(actor)
    change_agent(actor, grants=actor.agent.grants)
    with pytest.raises(ApiError, match="free jobs of the day"):
        authorise(lifted)


@pytest.mark.parametrize("days", [-1, 1])
def test_the_day_is_the_one_of_the_databases_clock(
    actor: Actor, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """A process that asked on one side of midnight may have the lock on the other."""
    for _ in range(4):
        authorise(actor)
    beside = timezone.now() + timedelta(days=days)
    monkeypatch.setattr(authorisations, "timezone", SimpleNamespace(now=lambda: beside))
    with pytest.raises(ApiError, match="free jobs of the day"):
        authorise(actor)
    monkeypatch.undo()
    Hold.objects.update(authorised_at=beside)
    monkeypatch.setattr(authorisations, "timezone", SimpleNamespace(now=lambda: beside))
    assert authorise(actor).credits == 5


def test_foreseeing_says_the_same_and_writes_nothing(actor: Actor) -> None:
    authorisations.foresee(actor=actor, request=PICTURE)
    assert not Hold.objects.exists()
    too_much = Request("canvas.draft", 51, free_allowed=True, free_alternative=None)
    refusals = []
    for ask in (lambda: authorisations.foresee(actor=actor, request=too_much), lambda: authorise(actor, too_much)):
        with pytest.raises(ApiError) as caught:
            ask()
        refusals.append((caught.value.code, caught.value.message, caught.value.recovery))
    assert refusals[0] == refusals[1]
    assert not Hold.objects.exists()
