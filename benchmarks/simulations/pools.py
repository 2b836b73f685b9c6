"""Workers for all providers, or a pool for each, while one is slow: `python -m benchmarks.simulations.pools`.

Jobs of two providers come at the same rate; after a minute one of them takes six times as long. In one pool its
jobs fill the threads, and those of the other wait with them. Slots (PROVIDER_SLOTS) bound how many threads one
provider may have, which is a pool of its own without a process of its own.
"""

import heapq
import random
from collections import deque

SEED = 3
RATE = 5.0
"""Jobs a second of each provider."""
QUICK, SLOW = 10.0, 60.0
SECONDS = 600.0
SLOWS_AT = 60.0
PROVIDERS = ("steady", "slowing")


def threads_needed(rate: float, seconds: float) -> int:
    """Return the threads that are busy on average: how many come a second times how long each takes."""
    return round(rate * seconds)


def waits(threads: int, limit: int | None) -> float:
    """Return the median wait of the steady provider's jobs for a thread, in seconds.

    `limit`: the most threads of one provider; None: as many as there are.
    """
    chance = random.Random(SEED)  # noqa: S311 - has to be the same each time
    arrivals = sorted((moment, provider) for provider in PROVIDERS for moment in _moments(chance))
    lines: dict[str, deque[float]] = {provider: deque() for provider in PROVIDERS}
    running: list[tuple[float, str]] = []
    busy = dict.fromkeys(PROVIDERS, 0)
    told = []
    for moment, provider in [*arrivals, (SECONDS, "")]:
        while running and running[0][0] <= moment:
            now, ended = heapq.heappop(running)
            busy[ended] -= 1
            told += _begin(now, lines, running, busy, threads, limit)
        if provider:
            lines[provider].append(moment)
            told += _begin(moment, lines, running, busy, threads, limit)
    # Whoever waits still has waited until now.
    told += [SECONDS - since for since in lines["steady"]]
    told.sort()
    return told[len(told) // 2]


def _moments(chance: random.Random) -> list[float]:
    moment, told = 0.0, []
    while (moment := moment + chance.expovariate(RATE)) < SECONDS:
        told.append(moment)
    return told


def _begin(
    now: float,
    lines: dict[str, deque[float]],
    running: list[tuple[float, str]],
    busy: dict[str, int],
    threads: int,
    limit: int | None,
) -> list[float]:
    """Give the free threads to whoever came first and may have one; return the waits of the steady ones."""
    told = []
    while len(running) < threads:
        free = [name for name in PROVIDERS if lines[name] and (limit is None or busy[name] < limit)]
        if not free:
            break
        provider = min(free, key=lambda name: lines[name][0])
        since = lines[provider].popleft()
        takes = SLOW if provider == "slowing" and now >= SLOWS_AT else QUICK
        heapq.heappush(running, (now + takes, provider))
        busy[provider] += 1
        if provider == "steady":
            told.append(now - since)
    return told


def main() -> None:
    """Print how long the steady provider's jobs wait."""
    for threads, limit in ((128, None), (128, 64), (400, None)):
        how = f"at most {limit} a provider" if limit else "shared by both"
        print(f"{threads} threads, {how}: jobs of the steady provider wait {waits(threads, limit):6.1f} s (p50)")
    for rate in (10, 100, 1_000):
        print(f"{rate:>5} creates a second of 10 s: {threads_needed(rate, QUICK):>6} threads are busy")


if __name__ == "__main__":
    main()
