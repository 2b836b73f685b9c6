"""The database goes away while a picture is made: a repeat is advised only where it cannot charge twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection

from billing.models import Hold
from creative import execution
from creative.models import Job
from tests.cast import Member
from tests.doubles import FakeProvider, run_never

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("nobody_works")]


@contextmanager
def database_away_once(is_due: Callable[[str], bool], error: type[Exception] = OperationalError) -> Iterator[None]:
    """Let the first statement that is due fail, and all after it, as they do when the server is gone."""
    gone: list[bool] = []

    def refuse(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        if gone or is_due(sql):
            gone.append(True)
            raise error("server closed the connection")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield
    assert gone


def after_the_job(_: str) -> bool:
    """Say whether the job has been handed to the runner."""
    return bool(run_never.job_ids)


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize("key", [None, "run-1"])
def test_an_outage_after_the_job_was_made_advises_a_repeat_under_a_key_only(
    agent: Member, error: type[Exception], key: str | None
) -> None:
    with database_away_once(after_the_job, error):
        answer = agent.create(key=key)
    assert (answer.code, answer.status, answer.exit_code) == ("SERVICE_UNAVAILABLE", 503, 7)
    assert answer.error["retryable"] is (key is not None)
    assert (Job.objects.count(), Hold.objects.count()) == (1, 1)


def test_the_repeat_that_was_advised_finds_the_same_job(agent: Member, provider: FakeProvider) -> None:
    with database_away_once(after_the_job):
        assert agent.create(key="run-1").error["retryable"] is True
    execution.run(run_never.job_ids[0])
    again = agent.create(key="run-1")
    assert (again.status, again.data["job_id"]) == (200, run_never.job_ids[0])
    assert (Job.objects.count(), Hold.objects.count(), len(provider.calls)) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", [None, "run-1"])
@pytest.mark.parametrize("moment", ['"accounts_organization"', 'INSERT INTO "creative_job"'])
def test_an_outage_before_the_job_was_made_advises_a_repeat(agent: Member, key: str | None, moment: str) -> None:
    with database_away_once(lambda sql: moment in sql):
        answer = agent.create(key=key)
    assert (answer.code, answer.error["retryable"]) == ("SERVICE_UNAVAILABLE", True)
    assert (Job.objects.count(), Hold.objects.count()) == (0, 0)
