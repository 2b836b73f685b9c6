"""What breaks first as creates come faster, and what it takes to go on: `python -m benchmarks.simulations.ladder`.

Pure arithmetic on the measured figures: cores for the service, write transactions of PostgreSQL, bytes a day, and
the lock of the busiest of 1,000 organizations.
"""

from dataclasses import dataclass

from benchmarks.simulations import measured, shards

RATES = (5, 10, 20, 50, 100, 200, 500, 1_000)
POLLS = 4
"""Looks at a job by a client that waits for it."""
FULL = 0.7
"""A core that is busier than this makes its callers wait."""


@dataclass(frozen=True, slots=True)
class Rung:
    """What a rate of creates a second asks for."""

    rate: int
    cores: float
    writes: int
    gigabytes_a_day: float
    breaks: tuple[str, ...]
    """What one machine and one PostgreSQL as measured do not give."""


def rung(rate: int) -> Rung:
    """Return what a rate asks for."""
    work = measured.WEB_MS + measured.WORKER_MS + POLLS * measured.POLL_MS
    cores = rate * work / 1000 / FULL
    writes = rate * measured.WRITES_PER_CREATE
    busiest = rate * shards.weights(shards.ORGANIZATIONS)[0]
    broken = {
        "the cores of one machine": cores > measured.CORES,
        "the lock of the busiest organization": busiest > FULL * 1000 / measured.LOCK_MS,
        "the commits of one PostgreSQL": writes > FULL * measured.WRITES_PER_SECOND,
    }
    told = tuple(name for name, is_broken in broken.items() if is_broken)
    return Rung(rate, cores, writes, rate * 86_400 * measured.BYTES_PER_CREATE / 1e9, told)


def first_break(what: str) -> int:
    """Return the lowest whole rate at which something breaks."""
    return next(rate for rate in range(1, 100_000) if what in rung(rate).breaks)


def main() -> None:
    """Print the rungs."""
    for rate in RATES:
        told = rung(rate)
        needs = f"{told.cores:6.1f} cores, {told.writes:>5} writes/s, {told.gigabytes_a_day:7.1f} GB a day"
        print(f"{rate:>5}/s: {needs}; beyond: {', '.join(told.breaks) or 'nothing'}")
    for what in rung(10**6).breaks:
        print(f"{what}: at {first_break(what)} creates a second")


if __name__ == "__main__":
    main()
