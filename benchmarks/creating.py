"""A create through a provider that answers in 20 ms, beside calling that provider directly; 1, 8, 16, 32 callers.

.venv/bin/python -m benchmarks.creating [SECONDS] [--small]

Authentication, caps, hold, storage, settle and events are all durable. 16 organizations create at once. In-process
runs jobs in threads of the web processes: of one on SQLite, of one a core on PostgreSQL. The durable queue has one
worker beside them. Of each the database's own ceiling of write transactions is measured in the same minute.
benchmarks/stage.py tells of the database.
"""

import itertools
import os

from benchmarks import ceiling, stage
from benchmarks.load import Ask, Client, always, request, run
from benchmarks.stage import Service

CALLERS = (1, 8, 16, 32)
ORGANIZATIONS = 16
WAYS = (("sqlite", "threads"), ("postgresql", "threads"), ("postgresql", "worker"))
_keys = itertools.count()


def creating(tokens: list[str]) -> Ask:
    """Return what orders pictures, each connection for its own organization."""

    def ask(number: int) -> bytes:
        bearer = f"Bearer {tokens[number % len(tokens)]}"
        return request(
            *("POST", "/v1/create", {"prompt": "A boat"}),
            authorization=bearer,
            idempotency_key=f"bench-{next(_keys)}",
        )

    return ask


def measure(vendor: str, runner: str, seconds: float) -> None:
    """Measure one way of running jobs."""
    port = stage.free_port()
    workers = str(os.cpu_count() or 1) if vendor == "postgresql" else "1"
    told = {"JOB_THREADS": "32", "WEB_THREADS": "72", "WORKER_THREADS": "32", "WEB_WORKERS": workers}
    with Service(vendor, JOB_RUNNER=runner, BENCH_PROVIDER_PORT=str(port), **told) as service:
        service.start("-m", "benchmarks.provider", "serve", str(port))
        service.web("benchmarks.application:application")
        if runner == "worker":
            service.start("-m", "benchmarks.provider", "work")
        Client(service.port).wait_until_up("/healthz", seconds=60)
        tokens = [service.sign_up(number) for number in range(ORGANIZATIONS)]
        run(service.port, creating(tokens), connections=4, seconds=seconds)
        print(f"{vendor}, {runner}")
        for callers in CALLERS[:2] if stage.SMALL else CALLERS:
            own = ceiling.rate(service.database_url, callers=callers, seconds=seconds / 2)
            base = run(port, always(request("POST", "/")), connections=callers, seconds=seconds / 2)
            before = service.work()
            made = run(service.port, creating(tokens), connections=callers, seconds=seconds)
            work = (service.work() - before) / len(made.milliseconds)
            limit = own / ceiling.PER_CREATE
            print(f"  c={callers:<3} {made}, {work:.0f} ms of the processor each")
            more = f"directly {base.median:.1f} ms: {made.median - base.median:+.1f} ms"
            print(
                f"        {more}; {own:.0f} writes/s would be {limit:.0f} creates/s: {made.rate / limit:.2f} of it"
            )
        print("  " + service.manage("reconcile").strip().splitlines()[-1])


def main() -> None:
    """Measure every way."""
    for vendor, runner in WAYS:
        measure(vendor, runner, stage.number(0, 10, 1))


if __name__ == "__main__":
    main()
