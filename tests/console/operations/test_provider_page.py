"""The providers' page: whether a key is there and never which, rates over the newest calls, the queue."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Agent
from creative.models import Attempt, Job
from imageskill.console.operations import health
from imageskill.core.models import PeriodicRun
from tests.billing.books import give, new_agent, set_aside
from tests.console.desk import desk, make_agent

pytestmark = pytest.mark.django_db

KEY = "sk-canary-of-a-key"


def make_job(agent: Agent, state: str, **fields: object) -> Job:
    now = timezone.now()
    told = {
        "organization": agent.organization, "agent": agent, "operation": "create", "state": state,
        "capability_id": "x", "model_id": "canvas.draft", "prompt": "A secret", "parameters": {}, "selection": {},
        "output_count": 1, "credits_required": 1, "credits_per_output": 1, "cost_micros": 0, "created_at": now,
    }  # fmt: skip
    return Job.objects.create(**(told | fields))


def make_call(
    agent: Agent, seconds: int, *, code: str = "", ago: timedelta = timedelta(), state: str = ""
) -> Attempt:
    job = make_job(agent, "failed" if code else "completed", error_code=code)
    ended = timezone.now() - ago
    return Attempt.objects.create(
        job=job,
        lease_epoch=1,
        state=state or ("failed" if code else "done"),
        started_at=ended - timedelta(seconds=seconds),
        finished_at=ended,
    )


def test_rates_tell_faults_from_refusals_and_an_hour_from_a_day() -> None:
    agent = make_agent()
    for seconds in range(1, 21):
        make_call(agent, seconds)
    make_call(agent, 90, code="PROVIDER_FAILURE")
    make_call(agent, 90, code="CONTENT_POLICY_DENIED")
    make_call(agent, 90, code="JOB_CANCELED")
    make_call(agent, 90, state="superseded")
    make_call(agent, 50, ago=timedelta(hours=2))
    make_call(agent, 90, code="TIMEOUT", ago=timedelta(hours=2))
    make_call(agent, 99, ago=timedelta(hours=25))
    Attempt.objects.create(job=make_job(agent, "planned"), lease_epoch=1, started_at=timezone.now())
    (canvas,) = [line for line in health.providers() if line.id == "canvas"]
    assert canvas.hour == health.Rates(calls=23, faults=1, p95_seconds=19)
    assert (canvas.hour.percent, health.Rates(1000, 1, None).percent, health.Rates(0, 0, None).percent) == (
        5,
        1,
        0,
    )
    assert canvas.day == health.Rates(calls=25, faults=2, p95_seconds=20)
    drafts = {model.id: model.hour.calls for model in canvas.models}
    assert drafts == {"canvas.draft": 23, "canvas.edit": 0}


def test_only_the_newest_calls_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = make_agent()
    make_call(agent, 90, code="TIMEOUT")
    for _ in range(3):
        make_call(agent, 1)
    monkeypatch.setattr(health, "MOST_CALLS", 3)
    (canvas,) = [line for line in health.providers() if line.id == "canvas"]
    assert canvas.day == health.Rates(calls=3, faults=0, p95_seconds=1)


def test_the_page_says_that_a_key_is_there_and_never_which(settings: LazySettings) -> None:
    settings.PROVIDER_KEYS = {"openai": KEY, "fal": "", "xai": ""}
    page = desk().get("/console/providers").content.decode()
    assert KEY not in page
    lines = {line.id: (line.is_wired, line.needs_key, line.has_key) for line in health.providers()}
    assert lines == {
        "canvas": (True, False, False),
        "openai": (True, True, True),
        "fal": (True, True, False),
        "xai": (True, True, False),
    }
    assert ("key present" in page, "no key" in page, "needs no key" in page) == (True, True, True)
    for line in health.providers():
        for model in line.models:
            assert model.row.entry.price.version in (model.price_version, f"{model.id}/{model.price_version}")
            assert f"price {model.price_version}</a>" in page


def queue_up(number: int) -> None:
    agent = new_agent()
    lot = give(agent, number)
    for at in range(number):
        make_job(
            agent, "queued", hold=set_aside(agent, (lot, 1)), created_at=timezone.now() - timedelta(minutes=at)
        )
        make_call(agent, 1)


def test_the_queue_tells_its_depth_and_its_oldest_job() -> None:
    assert health.queue_now() == health.Queue(queued=0, running=0, oldest_at=None, workers=None, is_healthy=True)
    queue_up(4)
    Job.objects.filter(pk=Job.objects.filter(state="queued").latest("created_at").pk).update(state="running")
    now = health.queue_now()
    assert (now.queued, now.running) == (3, 1)
    assert now.oldest_at == Job.objects.filter(state="queued").earliest("created_at").created_at
    page = desk().get("/console/providers").content.decode()
    assert "3 minutes ago" in page
    assert "A secret" not in page


def test_a_periodic_work_that_fails_or_is_late_is_named() -> None:
    now = timezone.now()
    PeriodicRun.objects.create(name="sweep_jobs", due_at=now + timedelta(seconds=5))
    PeriodicRun.objects.create(name="send_mail", due_at=now + timedelta(seconds=5), failures=3)
    PeriodicRun.objects.create(name="reconcile", due_at=now - timedelta(minutes=6))
    PeriodicRun.objects.create(name="prune_keys", due_at=now - timedelta(minutes=6), leased_until=now)
    assert [work.name for work in health.troubled_works()] == ["reconcile", "send_mail"]
    page = desk().get("/console/providers").content.decode()
    assert "failed 3 times" in page


def test_the_page_asks_as_often_for_thirty_jobs_as_for_three() -> None:
    client = desk()
    queue_up(3)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/console/providers").status_code == 200
        return len(asked)

    few = queries()
    queue_up(27)
    assert queries() == few


@pytest.mark.both_databases
def test_workers_are_counted_where_workers_run_the_jobs(settings: LazySettings) -> None:
    if connection.vendor != "postgresql":
        assert health.queue_now().workers is None
        return
    settings.JOB_QUEUE = "creative.queue.procrastinate.notes"
    assert health.queue_now().workers == 0
    assert not health.queue_now().is_healthy
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now()), (now() - interval '2 min')"
        )
    now = health.queue_now()
    assert (now.workers, now.is_healthy) == (1, True)
    assert b"Workers alive" in desk().get("/console/providers").content
