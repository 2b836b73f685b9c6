"""The activity's table with and without a part for each month: `python -m benchmarks.simulations.months`.

An insert touches the newest pages of the indexes that begin with the time, and a page of its own of those that
begin with an agent or an organization. Whole, the latter outgrow memory; by months, only the newest month's are
written. That every page is as likely as any other is the worst case: organizations that sleep leave theirs alone.
"""

import math
import random

from benchmarks.simulations import measured

SEED = 11
MEMORY = 16e9
"""What PostgreSQL and the system keep of its files."""
PAGE = 8_192
INDEX_BYTES = 650
"""Of an event in all indexes that do not begin with the time, its references' included."""
RATES = (1, 10, 100, 1_000)
MONTHS = 24


def month_bytes(rate: float) -> float:
    """Return what a month adds, in bytes."""
    return rate * measured.EVENTS_PER_CREATE * measured.BYTES_PER_EVENT * 30 * 86_400


def missed(hot_bytes: float, *, touches: int = 50_000) -> float:
    """Return how often an insert finds its index page not in memory: least recently used pages go first."""
    pages, kept = math.ceil(hot_bytes / PAGE), int(MEMORY / 2 / PAGE)
    if pages <= kept:
        return 0.0
    # Uniform over the pages, so what is kept is a sample of them whatever went before.
    chance = random.Random(SEED)  # noqa: S311 - has to be the same each time
    return sum(chance.randrange(pages) >= kept for _ in range(touches)) / touches


def compare(rate: float, months: int = MONTHS) -> tuple[float, float]:
    """Return the share of missed pages after so many months: one table, and a part for each month."""
    month = rate * measured.EVENTS_PER_CREATE * INDEX_BYTES * 30 * 86_400
    return missed(month * months), missed(month)


def main() -> None:
    """Print what a rate leaves, and what it costs to write on."""
    for rate in RATES:
        whole, parted = compare(rate)
        print(
            f"{rate:>5}/s: {month_bytes(rate) / 1e9:9,.0f} GB a month; pages missed after {MONTHS} months: "
            f"{whole:5.0%} in one table, {parted:5.0%} by months"
        )


if __name__ == "__main__":
    main()
