"""What docs/scaling.md claims by a simulation: each runs, says the same each time, and says what is claimed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.simulations import ladder, measured, months, pools, shards

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "scaling.md").read_text(encoding="utf-8")
NAMES = sorted(
    path.stem for path in Path(ladder.__file__).parent.glob("*.py") if path.stem not in ("__init__", "measured")
)


@pytest.mark.parametrize("name", NAMES)
def test_a_simulation_says_the_same_each_time_and_the_page_names_it(name: str) -> None:
    command = [sys.executable, "-m", f"benchmarks.simulations.{name}"]
    first, second = (
        subprocess.run(  # noqa: S603 - our own words
            command, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
        ).stdout
        for _ in range(2)
    )
    assert first == second
    assert first.count("\n") >= 3
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("what", ladder.rung(10**6).breaks)
def test_the_page_says_at_which_rate_each_limit_breaks(what: str) -> None:
    rate = next(rate for rate in range(1, 10_000) if what in ladder.rung(rate).breaks)
    assert what not in ladder.rung(rate - 1).breaks
    assert re.search(rf"\| {re.escape(what)} \| \*\*{rate}\*\* ", PAGE)


def test_processor_breaks_before_the_lock_and_the_lock_before_the_commits() -> None:
    assert ladder.rung(50).breaks == ("the cores of one machine",)
    assert "the lock of the busiest organization" in ladder.rung(700).breaks
    assert "the commits of one PostgreSQL" not in ladder.rung(700).breaks


def test_a_thousand_a_second_need_what_the_page_says() -> None:
    told = ladder.rung(1_000)
    assert f"{told.cores:.0f} cores" in PAGE
    assert f"{told.writes:,} write transactions" in PAGE


def test_waiting_for_one_lock_grows_without_end_near_its_limit() -> None:
    limit = 1000 / measured.LOCK_MS
    calm, crowded = (shards.wait_ms(limit * share)[1] for share in (0.2, 0.95))
    assert crowded > 5 * calm


def test_shards_lift_the_limit_of_the_commits_and_never_that_of_one_organization() -> None:
    assert shards.by_commits(1) < shards.by_commits(2) < shards.by_commits(8)
    assert shards.by_lock() < shards.by_commits(1)
    assert sum(shards.shares(8)) == pytest.approx(1)


def test_parts_by_month_keep_in_memory_what_one_table_does_not() -> None:
    whole, parted = months.compare(1)
    assert parted == 0
    assert whole > 0.5


def test_a_slow_provider_starves_the_other_only_where_they_share_all_threads() -> None:
    assert pools.waits(128, 64) < 1
    assert pools.waits(128, None) > 60


def test_the_page_quotes_what_was_measured() -> None:
    quoted = re.search(r"([\d.]+) ms of the processor in the web process and ([\d.]+) ms in the worker", PAGE)
    assert quoted is not None
    assert (float(quoted[1]), float(quoted[2])) == (measured.WEB_MS, measured.WORKER_MS)
