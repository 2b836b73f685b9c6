"""How many web processes of how many threads serve best on this machine: a reading and a create, 32 callers.

.venv/bin/python -m benchmarks.processes [SECONDS] [--small]

On PostgreSQL, jobs in the web processes, a provider of 20 ms. Each setting is told with its ratio to the default:
one process of 16 threads. What deploy/env.example advises rests on this.
"""

import os

from benchmarks import stage
from benchmarks.creating import ORGANIZATIONS, creating
from benchmarks.load import Client, always, request, run
from benchmarks.stage import Service

CALLERS = 32
THREADS = (4, 8, 16, 32)
_DEFAULT_THREADS = 16


def measure(workers: int, threads: int, seconds: float) -> tuple[float, float]:
    """Return the readings and the creates a second of so many processes of so many threads."""
    port = stage.free_port()
    told = {"WEB_WORKERS": str(workers), "WEB_THREADS": str(threads), "JOB_THREADS": str(max(4, threads // 2))}
    with Service("postgresql", JOB_RUNNER="threads", BENCH_PROVIDER_PORT=str(port), **told) as service:
        service.start("-m", "benchmarks.provider", "serve", str(port))
        service.web("benchmarks.application:application")
        Client(service.port).wait_until_up("/healthz", seconds=60)
        tokens = [service.sign_up(number) for number in range(ORGANIZATIONS)]
        read = always(request("GET", "/v1/quota", authorization=f"Bearer {tokens[0]}"))
        rates = []
        for ask in (read, creating(tokens)):
            # The first part of it fills caches and pools.
            run(service.port, ask, connections=CALLERS, seconds=seconds / 2)
            answers = run(service.port, ask, connections=CALLERS, seconds=seconds)
            if not set(answers.statuses) <= {200, 202}:
                raise SystemExit(f"{dict(answers.statuses)}")
            rates.append(answers.rate)
    return rates[0], rates[1]


def main() -> None:
    """Measure every setting beside the default one."""
    seconds = stage.number(0, 6, 1)
    settings = [(1, _DEFAULT_THREADS), *((workers, threads) for workers in _workers() for threads in THREADS)]
    settings = settings[:2] if stage.SMALL else list(dict.fromkeys(settings))
    base: tuple[float, float] | None = None
    for workers, threads in settings:
        read, made = measure(workers, threads, seconds)
        base = base or (read, made)
        print(
            f"{workers} x {threads:2} threads: quota {read:6.0f}/s, {read / base[0]:4.2f}; "
            f"creates {made:5.1f}/s, {made / base[1]:4.2f}"
        )


def _workers() -> tuple[int, ...]:
    cores = os.cpu_count() or 1
    return tuple(dict.fromkeys((1, cores, cores + 1)))


if __name__ == "__main__":
    main()
