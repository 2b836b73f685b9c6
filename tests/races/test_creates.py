"""Creates at once: the credits, the daily jobs and the key decide, exactly."""

from collections import Counter
from collections.abc import Callable, Iterator
from threading import Barrier, Thread

import pytest
from django.conf import LazySettings
from django.db import connection

from accounts import organizations, tokens
from accounts.models import Agent, AgentToken
from billing import ledger
from billing.models import CreditAccount, Hold
from creative.models import Asset, Job
from creative.providers.base import Failure, ProviderCall, ProviderError, ProviderResult
from creative.queue.threads import pool
from imageskill.core.units import unit_of_work
from tests.cast import Answer, Member, sign_up
from tests.doubles import FakeProvider

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("provider"),
]


@pytest.fixture
def _real_runner(settings: LazySettings) -> Iterator[None]:
    """Run jobs in the threads of the process, as the service does on SQLite."""
    settings.JOB_QUEUE = "creative.queue.threads.pool"
    yield
    if pool._executor is not None:
        pool._executor.shutdown(wait=True)
        pool._executor = None


def at_once(count: int, act: Callable[[int], Answer]) -> list[Answer]:
    """Let so many threads call at the same moment; return their answers."""
    barrier, answers = Barrier(count), []

    def call(number: int) -> None:
        barrier.wait(60)
        try:
            answers.append(act(number))
        finally:
            connection.close()

    threads = [Thread(target=call, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(answers) == count
    return answers


def codes(answers: list[Answer]) -> Counter[str]:
    return Counter("ok" if answer.ok else answer.code for answer in answers)


def credits_of(member: Member) -> int:
    return CreditAccount.objects.get(organization_id=member.row.organization_id).free_credits


@pytest.mark.usefixtures("_real_runner")
def test_fifty_threads_with_credits_for_ten_make_exactly_ten_pictures(settings: LazySettings) -> None:
    settings.PREVIEW_CREDITS, settings.PREVIEW_DAILY_JOBS = 10, 1000
    agent = sign_up("fifty@gmail.com")
    answers = at_once(50, lambda _: agent.create())
    assert codes(answers) == {"ok": 10, "QUOTA_EXCEEDED": 40}
    refused = next(answer for answer in answers if not answer.ok)
    assert (refused.status, refused.exit_code) == (402, 5)
    assert refused.error["recovery"]["needed_credits"] == 1
    pool._executor.shutdown(wait=True) if pool._executor else None
    pool._executor = None
    assert credits_of(agent) == 0
    assert Asset.objects.count() == 10
    assert Counter(Hold.objects.values_list("state", flat=True)) == {"settled": 10}
    assert ledger.verify() == []


def test_fifty_threads_at_four_daily_jobs_make_exactly_four(settings: LazySettings) -> None:
    settings.PREVIEW_DAILY_JOBS = 4
    agent = sign_up("daily@gmail.com")
    answers = at_once(50, lambda _: agent.create())
    assert codes(answers) == {"ok": 4, "QUOTA_EXCEEDED": 46}
    assert {answer.status for answer in answers if not answer.ok} == {429}
    assert credits_of(agent) == 46
    assert ledger.verify() == []


@pytest.mark.usefixtures("_real_runner")
def test_sixteen_threads_with_one_key_are_one_job() -> None:
    agent = sign_up("one-key@gmail.com")
    answers = at_once(16, lambda _: agent.create(key="run-001"))
    assert codes(answers) == {"ok": 16}
    assert len({answer.data["job_id"] for answer in answers}) == 1
    assert Job.objects.count() == 1
    again = agent.create(key="run-001")
    assert (again.status, again.data["quota"]["consumed_credits"]) == (200, 1)
    assert credits_of(agent) == 49
    assert ledger.verify() == []


@pytest.mark.usefixtures("_real_runner")
def test_sixteen_repeats_of_a_job_that_failed_are_one_new_attempt(provider: FakeProvider) -> None:
    agent = sign_up("retry@gmail.com")

    def fails(_: ProviderCall) -> ProviderResult:
        raise ProviderError(Failure.FAILED, "The provider says no.")

    usual, provider.behaviour = provider.behaviour, fails
    failed = agent.create(key="run-001")
    assert (failed.code, failed.error["retryable"]) == ("PROVIDER_FAILURE", True)
    provider.behaviour = usual
    answers = at_once(16, lambda _: agent.create(key="run-001"))
    assert codes(answers) == {"ok": 16}
    assert len({answer.data["job_id"] for answer in answers}) == 1
    assert Job.objects.get(state="completed").retry_of == failed.error["recovery"]["job_id"]
    assert (Job.objects.count(), len(provider.calls), credits_of(agent)) == (2, 2, 49)
    assert ledger.verify() == []


def test_two_agents_of_one_organization_spend_the_same_credits_once(settings: LazySettings) -> None:
    settings.PREVIEW_CREDITS, settings.PREVIEW_DAILY_JOBS = 7, 1000
    agent = sign_up("shared@gmail.com")
    row = Agent.objects.create(
        organization=agent.row.organization,
        name="teammate",
        runtime="tests",
        grants=agent.row.grants,
        signup_network="loopback",
        created_at=agent.row.created_at,
    )
    teammate = Member(tokens.issue(row)[1], row.pk)
    answers = at_once(20, lambda number: (agent if number % 2 else teammate).create())
    assert codes(answers) == {"ok": 7, "QUOTA_EXCEEDED": 13}
    assert credits_of(agent) == 0
    assert ledger.verify() == []


def test_no_hold_is_placed_after_a_revoke_has_committed() -> None:
    """Whoever is authenticated already finds the token dead under the lock."""
    agent = sign_up("revoked@gmail.com")
    token = AgentToken.objects.get(agent_id=agent.agent_id)

    @unit_of_work
    def revoke() -> int:
        organizations.lock(agent.row.organization_id)
        tokens.revoke(token=token)
        return Hold.objects.count()

    held_then: list[int] = []

    def act(number: int) -> Answer:
        if number == 0:
            held_then.append(revoke())
        return agent.create()

    answers = at_once(12, act)
    assert set(codes(answers)) <= {"ok", "AUTH_REQUIRED", "QUOTA_EXCEEDED"}
    assert answers[0] is not None
    assert Hold.objects.count() == held_then[0]
    assert not Hold.objects.filter(state="open").exists()
    assert ledger.verify() == []
