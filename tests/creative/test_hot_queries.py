"""How often the hot ways ask the database: a message more is time of the processor in every create.

On SQLite each statement is asked by itself; PostgreSQL is sent those that belong together in one message.
"""

import pytest
from django.conf import LazySettings
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from billing.models import Hold, LedgerEntry, SpendBucket
from creative import execution, turns
from creative.models import Job
from imageskill.core.models import ActivityEvent, EventReference, IdempotencyKey
from tests.cast import Member
from tests.doubles import run_never

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]

ORDER = {"sqlite": 24, "postgresql": 12}
JOB = {"sqlite": 32, "postgresql": 21}
KEY = {"idempotency-key": "hot-run-001", "prefer": "respond-async"}


@pytest.fixture(autouse=True)
def _nobody_runs(settings: LazySettings) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    run_never.job_ids.clear()


def test_an_order_asks_at_most_so_often(
    agent: Member, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    agent.get("/v1/quota")
    with django_assert_max_num_queries(ORDER[connection.vendor]):
        answer = agent.post("/v1/create", {"prompt": "A red boat"}, headers=KEY)
    assert (answer.status, answer.data["job"]["status"]) == (202, "queued")
    assert answer.data["quota"]["held_credits"] == 1
    assert IdempotencyKey.objects.get().object_id == answer.data["job_id"]
    assert SpendBucket.objects.get().held_credits == 1


def test_a_job_asks_at_most_so_often_and_leaves_all_that_it_should(
    agent: Member, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    job_id = agent.post("/v1/create", {"prompt": "A red boat"}, headers=KEY).data["job_id"]
    with django_assert_max_num_queries(JOB[connection.vendor]):
        taken = turns.take()
        assert taken is not None
        execution.carry_out(taken)
    assert Job.objects.get().state == Job.State.COMPLETED
    assert Hold.objects.get().state == Hold.State.SETTLED
    bucket = SpendBucket.objects.get()
    assert (bucket.held_credits, bucket.settled_credits) == (0, 1)
    assert list(LedgerEntry.objects.order_by("seq").values_list("kind", flat=True))[-2:] == ["hold", "settle"]
    told = ActivityEvent.objects.filter(references__reference=job_id).order_by("pk")
    assert [event.type for event in told] == ["asset.created", "usage.credit_consumed", "job.completed"]
    of_last = EventReference.objects.filter(event=told[2]).values_list("reference", flat=True)
    assert {job_id, *told[2].links["asset_ids"], told[2].links["usage_event_id"], told[2].trace_id} == set(of_last)


def test_a_look_that_finds_no_job_asks_once(
    agent: Member, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(1):
        assert turns.take() is None


@pytest.mark.parametrize(("path", "most"), [("/v1/quota", 2), ("/v1/models", 2), ("/v1/jobs/{job}", 2)])
def test_a_hot_reading_asks_for_the_token_and_for_little_else(
    agent: Member, django_assert_max_num_queries: DjangoAssertNumQueries, path: str, most: int
) -> None:
    job_id = agent.post("/v1/create", {"prompt": "A red boat"}, headers=KEY).data["job_id"]
    with django_assert_max_num_queries(most):
        assert agent.get(path.format(job=job_id)).status == 200
