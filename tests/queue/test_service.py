"""The web process while many wait: it answers everybody else, and lets the waiters go when it ends."""

import http.client
import json
import signal
from threading import Event, Thread

import pytest
from django.conf import LazySettings
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection

from creative import waiting
from creative.models import Job
from creative.queue import direct
from tests.cast import Member, sign_up
from tests.doubles import run_never
from tests.queue.conftest import Stage, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

CALLERS, THREADS = 100, 16


class Crowd:
    """Callers of a running service, each on a connection of its own, who are willing to wait."""

    def __init__(self, port: int, tokens: list[str]) -> None:
        self.port = port
        self.statuses: list[int] = []
        self.failed: list[Exception] = []
        self.threads = [Thread(target=self._create, args=(tokens[i % len(tokens)],)) for i in range(CALLERS)]
        for thread in self.threads:
            thread.start()

    def _create(self, token: str) -> None:
        headers = {"authorization": f"Bearer {token}", "prefer": "wait=100"}
        try:
            self.statuses.append(self.call("POST", "/v1/create", {"prompt": "hold"}, headers))
        except Exception as error:  # noqa: BLE001 - shown by the test
            self.failed.append(error)

    def call(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=110)
        try:
            data = json.dumps(body) if body is not None else None
            connection.request(method, path, data, {"content-type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def join(self) -> None:
        for thread in self.threads:
            thread.join(120)
        assert self.failed == []


def test_a_hundred_who_wait_keep_nobody_else_waiting(stage: Stage) -> None:
    """Half of the threads may wait; the rest of the hundred is told 202, and who comes after them is answered."""
    tokens = [str(sign_up(f"crowd{number}@gmail.com").token) for number in range(5)]
    port = stage.web(WEB_THREADS=str(THREADS), PREVIEW_DAILY_JOBS="1000", NETWORK_REQUESTS_PER_MINUTE="100000")
    crowd = Crowd(port, tokens)
    until(lambda: len(crowd.statuses) == CALLERS - THREADS // 2)
    assert set(crowd.statuses) == {202}
    assert crowd.call("GET", "/healthz") == 200
    assert crowd.call("POST", "/webhooks/stripe", {}) < 500
    assert crowd.call("GET", "/v1/whoami", headers={"authorization": f"Bearer {tokens[0]}"}) == 200
    assert len(crowd.statuses) == CALLERS - THREADS // 2
    stage.processes[0].send_signal(signal.SIGTERM)
    crowd.join()
    assert set(crowd.statuses) == {202}
    stage.go()
    stage.processes[0].wait(60)
    assert Job.objects.filter(state=Job.State.QUEUED).exists()


def test_who_waits_holds_no_connection_to_the_database(stage: Stage, settings: LazySettings) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    run_never.job_ids.clear()
    agent: Member = sign_up("waits@gmail.com")
    held: list[bool] = []
    wait = Event.wait

    def watched(self: Event, timeout: float | None = None) -> bool:
        if timeout is not None and 50 < timeout <= 60:
            held.append(connection.connection is not None)
        return wait(self, timeout)

    def call() -> None:
        agent.post("/v1/create", {"prompt": "A boat"}, headers={"prefer": "wait=60"})
        connection.close()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Event, "wait", watched)
        caller = Thread(target=call)
        caller.start()
        until(lambda: bool(held))
        waiting.release_all()
        caller.join(60)
    waiting._stopping.clear()
    # On SQLite it keeps the file open, which nobody else lacks.
    assert held == [connection.vendor == "sqlite"]


def test_listening_goes_around_a_pooler(settings: LazySettings) -> None:
    settings.DATABASE_DIRECT_URL = "postgres://us%40r:word@db.example:5433/images?sslmode=require"
    assert direct.parameters() == {
        "user": "us@r",
        "password": "word",
        "host": "db.example",
        "port": "5433",
        "dbname": "images",
        "sslmode": "require",
    }


@pytest.mark.parametrize(
    "wrong",
    [{"JOB_RUNNER": "cron"}, {"PROVIDER_SLOTS": {"fal": 0}}, {"PROVIDER_SLOTS": {"fal": 2000}}],
    ids=["runner", "no slot", "too many slots"],
)
def test_a_service_whose_jobs_nobody_would_run_does_not_start(
    settings: LazySettings, wrong: dict[str, object]
) -> None:
    for name, value in wrong.items():
        setattr(settings, name, value)
    assert [problem.id for problem in run_checks() if problem.id == "imageskill.E016"] == ["imageskill.E016"]


def test_a_worker_needs_its_runner(settings: LazySettings) -> None:
    settings.JOB_RUNNER = "threads"
    with pytest.raises(CommandError, match="JOB_RUNNER=worker"):
        call_command("worker")
