"""Past holds judged again: exactly what the authorisation would have refused, had the limits been in force."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import tokens
from accounts.actor import Actor
from accounts.models import Agent, AgentToken
from billing import authorisations, backtest, mandates
from billing.backtest import Past
from billing.decisions import ApprovalNeededError, RefusedError
from billing.mandates import Terms
from billing.models import Hold
from billing.spendable import Request
from imageskill.core import ids
from imageskill.core.units import unit_of_work
from tests.billing.books import TESTS, give, new_agent, release, settle

STARTS = datetime(2026, 3, 27, 21, 0, tzinfo=UTC)  # before a change of the clocks, and before a month's end
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu")

credits_or_none = st.none() | st.integers(0, 60)
steps = st.lists(
    st.tuples(
        st.sampled_from([1, 90, 1800, 7000, 40_000, 200_000]),  # seconds since the one before
        st.integers(1, 25),  # credits
        st.sampled_from(["canvas.draft", "xai.other"]),
        st.sampled_from(["settled", "partly", "released", "open"]),
        st.sampled_from([5, 4000, 90_000]),  # seconds until it is closed
    ),
    min_size=1,
    max_size=14,
)


@st.composite
def terms(draw: Any) -> Terms:
    caps = sorted(draw(st.lists(st.integers(0, 120), min_size=5, max_size=5)))
    return Terms(
        *[cap if draw(st.booleans()) else None for cap in caps],
        time_zone=draw(st.sampled_from(ZONES)),
        approval_threshold=draw(st.none() | st.integers(0, 40)),
        allowed_models=draw(st.sampled_from([None, ("canvas.draft",)])),
        ends_at=draw(st.sampled_from([None, STARTS + timedelta(days=2)])),
    )


def actor_of(agent: Agent) -> Actor:
    return Actor(agent=agent, token=AgentToken.objects.select_related("agent").get(agent=agent))


@unit_of_work
def authorise(actor: Actor, credits: int, model_id: str, *, approved: bool = False) -> Hold:
    request = Request(
        model_id, credits, free_allowed=True, free_alternative=None, grant="create", approved=approved
    )
    return authorisations.authorise(actor=actor, job_id=ids.new_id("job"), request=request, price_version="t/1")


def close(hold: Hold, how: str) -> None:
    if how == "released":
        release(hold)
    elif how != "open":
        settle(hold, hold.credits if how == "settled" else max(1, hold.credits // 2))


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, limits=terms())
def test_a_replay_refuses_exactly_what_the_authorisation_refuses(steps: list[Any], limits: Terms) -> None:
    with time_machine.travel(STARTS, tick=False) as clock:
        agent = new_agent()
        Agent.objects.filter(pk=agent.pk).update(grants=["create"], claim_state="claimed")
        agent.refresh_from_db()
        tokens.issue(agent)
        give(agent, 10_000)
        mandate = mandates.set_terms(agent=agent, terms=limits, actor=TESTS)
        past, real, due = [], [], []
        now = STARTS
        for seconds, credits, model_id, how, closes_after in steps:
            now += timedelta(seconds=seconds)
            for at, hold, end in sorted((each for each in due if each[0] <= now), key=lambda each: each[0]):
                clock.move_to(at)
                close(hold, end)
            due = [each for each in due if each[0] > now]
            clock.move_to(now)
            job_id, settled, closed_at = ids.new_id("job"), 0, None
            if how != "open":
                closed_at = now + timedelta(seconds=closes_after)
                settled = {"settled": credits, "partly": max(1, credits // 2)}.get(how, 0)
            past.append(Past(job_id, model_id, credits, settled, now, closed_at))
            try:
                try:
                    hold = authorise(actor_of(agent), credits, model_id)
                except ApprovalNeededError as needed:
                    real.append((job_id, needed.draft.reason))
                    hold = authorise(actor_of(agent), credits, model_id, approved=True)
            except RefusedError as refused:
                real.append((job_id, refused.draft.reason))
            else:
                if closed_at is not None:
                    due.append((closed_at, hold, how))
        outcome = backtest.replay(past, limits, judged_from=STARTS, lifetime_starts_at=mandate.lifetime_starts_at)
        replayed = {(verdict.past.job_id, verdict.reason) for verdict in (*outcome.stopped, *outcome.asked)}
        assert replayed == set(real)
        assert outcome.judged == len(steps)


def one(day: int, credits: int, *, hour: int = 12, settled: int | None = None, **known: Any) -> Past:
    at = datetime(2026, 3, day, hour, tzinfo=UTC)
    given: dict[str, Any] = {"job_id": f"job_{day:02}{hour:02}", "model_id": "canvas.draft", "authorised_at": at}
    given |= {"settled": credits if settled is None else settled, "closed_at": at + timedelta(minutes=1)}
    return Past(credits=credits, **given | known)


LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def replay(past: list[Past], limits: Terms, **known: Any) -> backtest.Outcome:
    return backtest.replay(past, limits, **{"judged_from": LONG_AGO, "lifetime_starts_at": LONG_AGO} | known)


def test_it_tells_what_was_stopped_what_that_kept_and_which_cap_decided() -> None:
    past = [one(2, 10), one(2, 10, hour=13), one(2, 5, hour=14), one(3, 10)]
    outcome = replay(past, Terms(cap_day=15))
    assert [verdict.past.job_id for verdict in outcome.stopped] == ["job_0213"]
    (verdict,) = outcome.stopped
    assert verdict.counter is not None
    assert (verdict.reason, verdict.counter.cap, verdict.counter.used) == ("cap_day", 15, 10)
    assert (outcome.judged, outcome.spent, outcome.kept) == (4, 35, 10)


def test_a_failed_job_counts_nothing_once_it_is_over_and_keeps_nothing() -> None:
    outcome = replay([one(2, 10, settled=0), one(2, 10, hour=13)], Terms(cap_day=10))
    assert outcome.stopped == ()
    outcome = replay([one(2, 10), one(2, 10, hour=13, settled=0)], Terms(cap_day=10))
    assert (len(outcome.stopped), outcome.kept) == (1, 0)


def test_what_came_before_fills_its_windows_and_is_not_judged() -> None:
    judged_from = datetime(2026, 3, 10, tzinfo=UTC)
    outcome = replay([one(2, 50), one(12, 10)], Terms(cap_month=55), judged_from=judged_from)
    assert (outcome.judged, [verdict.reason for verdict in outcome.stopped]) == (1, ["cap_month"])


def test_the_lifetime_begins_with_what_was_spent_before() -> None:
    assert replay([one(2, 10)], Terms(cap_lifetime=100), spent_before=91).stopped[0].reason == "cap_lifetime"
    assert replay([one(2, 10)], Terms(cap_lifetime=100), spent_before=90).stopped == ()


def test_what_an_owner_approved_is_not_asked_about_again() -> None:
    limits = Terms(approval_threshold=5)
    assert replay([one(2, 10, approved=True)], limits).asked == ()
    assert [verdict.reason for verdict in replay([one(2, 10)], limits).asked] == ["threshold_request"]


def test_no_limit_stops_nothing() -> None:
    outcome = replay([one(day, 100) for day in range(1, 29)], Terms())
    assert (outcome.judged, outcome.stopped, outcome.asked) == (28, (), ())
