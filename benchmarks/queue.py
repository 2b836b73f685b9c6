"""500 jobs at once whose provider needs 10 s each: one web process, one worker of 500 threads, 202 and polling.

.venv/bin/python -m benchmarks.queue [JOBS] [SECONDS] [--small]

Were the service infinitely quick, all would end after those 10 s: that is the limit. Printed besides are what
failed, the memory of both processes at its largest, and how long the worker takes to end. On PostgreSQL;
benchmarks/stage.py tells of the database.
"""

import http.client
import json
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from benchmarks import stage
from benchmarks.load import Client
from benchmarks.stage import Service

AGENTS = 50
_LONGEST_SECONDS = 600
_POLL_SECONDS = 1.0
"""As the command-line client does unless told otherwise."""


class Callers:
    """The clients of the service: each thread keeps a connection."""

    def __init__(self, port: int) -> None:
        """Take the service's port."""
        self._port = port
        self._kept = threading.local()

    def call(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
        """Send one request on this thread's connection; return the status and the envelope."""
        connection = getattr(self._kept, "connection", None)
        if connection is None:
            connection = self._kept.connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        data = json.dumps(body) if body is not None else None
        try:
            connection.request(method, path, data, {"content-type": "application/json", **headers})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            connection.close()
            raise

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


class Watch:
    """Looks at the memory of processes, once a second until the block ends."""

    def __init__(self, **processes: int) -> None:
        """Take the ids of the processes by their names."""
        self._processes = processes
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.largest = dict.fromkeys(processes, 0.0)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(1):
            for name, pid in self._processes.items():
                self.largest[name] = max(self.largest[name], stage.memory_of(pid) / 1024)


def measure(service: Service, count: int, limit: int, **processes: int) -> None:
    """Send everything at once, and print what came of it."""
    tokens = [service.sign_up(number) for number in range(min(AGENTS, count))]
    callers = Callers(service.port)
    began = time.monotonic()
    with Watch(**processes) as watch, ThreadPoolExecutor(count) as clients:
        ended = list(clients.map(callers.create, (tokens[number % len(tokens)] for number in range(count))))
    took = time.monotonic() - began
    accepted, finished = [row[1] for row in ended], [row[2] for row in ended]
    states = dict(Counter(row[0] for row in ended))
    print(f"{len(ended)} jobs in {took:.1f} s, {limit / took:.2f} of the limit: {states}")
    print(f"202 after {statistics.median(accepted):.2f} s (median), {max(accepted):.2f} s (longest)")
    print(f"end after {statistics.median(finished):.2f} s (median), {max(finished):.2f} s (longest)")
    print("memory at its largest: " + ", ".join(f"{name} {size:.0f} MB" for name, size in watch.largest.items()))


def main() -> None:
    """Start a service, measure it, and look at its books."""
    count, limit = stage.number(0, 500, 10), stage.number(1, 10, 1)
    port = stage.free_port()
    told = {"WORKER_THREADS": str(count), "BENCH_PROVIDER_PORT": str(port), "BENCH_PROVIDER_MS": str(limit * 1000)}
    with Service("postgresql", **told) as service:
        service.start("-m", "benchmarks.provider", "serve", str(port))
        web = service.web()
        worker = service.start("-m", "benchmarks.provider", "work")
        Client(service.port).wait_until_up("/healthz", seconds=60)
        measure(service, count, limit, web=web, worker=worker)
        began = time.monotonic()
        codes = service.stop()
        print(f"all processes ended with {codes} after {time.monotonic() - began:.1f} s")
        print(service.manage("reconcile").strip().splitlines()[-1])


if __name__ == "__main__":
    main()
