"""One organization's lock, and organizations spread over shards: `python -m benchmarks.simulations.shards`.

Creates of one organization stand in line for its row; those of others do not. Who is how busy follows Zipf: the
second organization asks half as often as the first, the third a third. An organization lives on one shard whole,
by the hash of its id, so that a cap is decided in one place.
"""

import hashlib
import random
from functools import cache

from benchmarks.simulations import measured

SEED = 7
ORGANIZATIONS = 1_000


def wait_ms(rate: float, *, seconds: float = 200.0) -> tuple[float, float]:
    """Return the median and the 99th percentile of waiting for one organization's lock, in milliseconds."""
    chance = random.Random(SEED)  # noqa: S311 - has to be the same each time
    now = free = 0.0
    waited = []
    while now < seconds:
        now += chance.expovariate(rate)
        begins = max(now, free)
        free = begins + chance.expovariate(1000 / measured.LOCK_MS)
        waited.append((begins - now) * 1000)
    waited.sort()
    return waited[len(waited) // 2], waited[int(len(waited) * 0.99)]


@cache
def weights(count: int) -> tuple[float, ...]:
    """Return how often each organization asks, as a share of all."""
    told = [1 / place for place in range(1, count + 1)]
    whole = sum(told)
    return tuple(one / whole for one in told)


def shares(shards: int) -> list[float]:
    """Return what each shard has of all creates, the busiest first."""
    told = [0.0] * shards
    for number, weight in enumerate(weights(ORGANIZATIONS)):
        digest = hashlib.sha256(f"org-{number}".encode()).digest()
        told[int.from_bytes(digest[:4], "big") % shards] += weight
    return sorted(told, reverse=True)


def by_commits(shards: int) -> float:
    """Return the creates a second at which the busiest shard's commits are seven tenths of what it can do."""
    return 0.7 * measured.WRITES_PER_SECOND / measured.WRITES_PER_CREATE / shares(shards)[0]


def by_lock() -> float:
    """Return the same of the busiest organization's lock, however many shards there are."""
    return 0.7 * 1000 / measured.LOCK_MS / weights(ORGANIZATIONS)[0]


def main() -> None:
    """Print the waits and the shards."""
    for rate in (20, 50, 80, 95, 110):
        median, late = wait_ms(rate)
        print(
            f"one organization, {rate:>2}/s: its lock is waited for {median:6.1f} ms (p50), {late:7.1f} ms (p99)"
        )
    for count in (1, 2, 4, 8, 16):
        busiest = shares(count)[0]
        print(
            f"{count:>2} shards: the busiest has {busiest:5.1%}; their commits end at {by_commits(count):5.0f}/s"
        )
    print(
        f"the busiest organization has {weights(ORGANIZATIONS)[0]:.1%}; its lock ends at {by_lock():.0f}/s in all"
    )


if __name__ == "__main__":
    main()
