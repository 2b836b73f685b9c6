"""How long 200 jobs of 50 agents take whose provider needs 5 s each: one web process, one worker, real HTTP.

DATABASE_URL=postgres://... .venv/bin/python -m benchmarks.queue

The database must be empty: it is migrated, filled and left for you to look at. WORKER_THREADS is 200 unless set.
"""

import http.client
import io
import json
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.core.management import call_command
from PIL import Image

from creative import registry
from creative.providers.base import Picture, ProviderCall, ProviderResult

REPOSITORY = Path(__file__).resolve().parent.parent
AGENTS, JOBS_EACH, SECONDS = 50, 4, 5.0
_LONGEST_SECONDS = 600
_POLL_SECONDS = 1.0
"""As the command-line client does unless told otherwise."""


class Slow:
    """A provider that takes its time."""

    resumable = False
    cancellable = False

    def generate(self, call: ProviderCall) -> ProviderResult:
        """Return one plain picture after 5 s."""
        time.sleep(SECONDS)
        file = io.BytesIO()
        Image.new("RGB", (64, 64), "teal").save(file, "PNG")
        return ProviderResult((Picture(file.getvalue(), "image/png"),))

    def probe(self) -> None:
        """Be there."""


def environment(folder: str) -> dict[str, str]:
    """Return the settings of the measured service."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    return {
        "WORKER_THREADS": "200",
        **os.environ,
        "PORT": port,
        "BASE_URL": f"http://127.0.0.1:{port}",
        "DATA_DIR": folder,
        "DJANGO_SETTINGS_MODULE": "imageskill.settings",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "IDENTITY_KEY": secrets.token_urlsafe(48),
        "PREVIEW_DAILY_JOBS": "1000",
        "PREVIEW_DAILY_BUDGET_CREDITS": "1000000",
        "SIGNUPS_PER_HOUR": "100000",
        "NETWORK_REQUESTS_PER_MINUTE": "1000000",
        "TOKEN_REQUESTS_PER_MINUTE": "1000000",
    }


class Service:
    """The service under measurement, as its clients see it."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.port = int(settings["PORT"])
        self._kept = threading.local()

    def call(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
        """Send one request on this thread's connection, which is kept open; return the status and the envelope."""
        connection = getattr(self._kept, "connection", None)
        if connection is None:
            connection = self._kept.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        data = json.dumps(body) if body is not None else None
        try:
            connection.request(method, path, data, {"content-type": "application/json", **headers})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            connection.close()
            raise

    def wait_until_up(self) -> None:
        """Return when the service and its worker are fit."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                if self.call("GET", "/healthz")[0] == http.client.OK:
                    return
            except OSError:
                pass
            time.sleep(0.2)
        raise SystemExit("The service did not start.")

    def sign_up(self, number: int) -> str:
        """Return the token of a new agent."""
        body = {"agent_name": f"agent-{number}", "runtime": "b", "human_email": f"bench{number}@gmail.com"}
        token: str = self.call("POST", "/v1/agent-signups", body)[1]["data"]["token"]
        return token

    def create(self, token: str) -> tuple[str, float, float]:
        """Order one picture and poll to its end; return the state, and the seconds to the 202 and to the end."""
        bearer = {"authorization": f"Bearer {token}", "prefer": "respond-async"}
        began = time.monotonic()
        status, body = self.call("POST", "/v1/create", {"prompt": "A boat"}, **bearer)
        accepted = time.monotonic() - began
        if status != http.client.ACCEPTED:
            return f"{status} {body['error'] and body['error']['code']}", accepted, accepted
        while time.monotonic() - began < _LONGEST_SECONDS:
            time.sleep(_POLL_SECONDS)
            job = self.call("GET", f"/v1/jobs/{body['data']['job_id']}", **bearer)[1]["data"]
            if job["status"] in ("completed", "failed", "canceled"):
                return job["status"], accepted, time.monotonic() - began
        return "never", accepted, time.monotonic() - began


def measure(service: Service) -> None:
    """Send everything at once, and print what came of it."""
    tokens = [service.sign_up(number) for number in range(AGENTS)]
    began = time.monotonic()
    with ThreadPoolExecutor(AGENTS * JOBS_EACH) as clients:
        ended = list(clients.map(service.create, tokens * JOBS_EACH))
    took = time.monotonic() - began
    accepted, finished = [row[1] for row in ended], [row[2] for row in ended]
    print(f"{len(ended)} jobs in {took:.1f} s: {dict(Counter(row[0] for row in ended))}")
    print(f"202 after {statistics.median(accepted):.2f} s (median), {max(accepted):.2f} s (longest)")
    print(f"end after {statistics.median(finished):.2f} s (median), {max(finished):.2f} s (longest)")


def run(*command: str, settings: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Start one process of the service; what it logs is not shown."""
    return subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, *command],
        cwd=REPOSITORY,
        env=settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def work() -> None:
    """Be the worker, with a slow provider behind `canvas`."""
    django.setup()
    registry.ADAPTERS["canvas"] = "benchmarks.queue.Slow"
    call_command("worker")


def main() -> None:
    """Start a service, measure it, and look at its books."""
    with tempfile.TemporaryDirectory() as folder:
        settings = environment(folder)
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=REPOSITORY, env=settings, check=True)
        processes = [
            run("-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", settings=settings),
            run("-m", "benchmarks.queue", "work", settings=settings),
        ]
        try:
            service = Service(settings)
            service.wait_until_up()
            measure(service)
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            print(f"ended with {[process.wait(120) for process in processes]}")
        os.environ.update(settings)
        django.setup()
        print(f"{apps.get_model('billing', 'Hold').objects.filter(state='open').count()} open holds")
        call_command("reconcile")


if __name__ == "__main__":
    work() if sys.argv[1:] == ["work"] else main()
