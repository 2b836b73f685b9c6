"""B7 over two web processes: four calls of an agent wait, whichever is asked, also when one of them dies."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.servers import Cluster, until
from tests.deploy.side_by_side import PICTURE, HeldBack, Pair, paired

PLACES = 4


@pytest.fixture(scope="module")
def provider() -> Iterator[HeldBack]:
    with HeldBack() as made:
        yield made
        made.go_on.set()


@pytest.fixture(scope="module")
def pair(
    cluster: Cluster, prepared: Path, provider: HeldBack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """The processes of all tests here; each test has an agent of its own."""
    with paired(cluster, prepared, provider, tmp_path_factory.mktemp("pair")) as made:
        yield made


class Crowd:
    """Calls of one agent that come at the same time, half of them at each process, and may wait."""

    def __init__(self, pair: Pair, token: str, count: int, wait: int = 100) -> None:
        self._pair, self._token, self._prefer = pair, token, f"wait={wait}"
        self.statuses: list[int] = []
        self._threads = [threading.Thread(target=self._call, args=(number,)) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def _call(self, number: int) -> None:
        line = self._pair.lines[number % 2]
        told = line.call("POST", "/v1/create", PICTURE, token=self._token, prefer=self._prefer)
        self.statuses.append(told.status)

    def until_all_but(self, count: int) -> None:
        """Return once only so many have no answer; the others were told at once that their job goes on."""
        until(lambda: len(self.statuses) >= len(self._threads) - count, "only the waiters have no answer")
        assert self.statuses == [202] * (len(self._threads) - count)

    def join(self) -> list[int]:
        """Return how all were answered, the first answered first."""
        for thread in self._threads:
            thread.join(100)
        return self.statuses


def test_four_calls_of_an_agent_wait_at_both_processes_together(pair: Pair, provider: HeldBack) -> None:
    token = pair.lines[0].sign_up()
    # Twice: what waited has given its places back.
    for _ in range(2):
        provider.hold_back()
        crowd = Crowd(pair, token, 12)
        crowd.until_all_but(PLACES)
        another = Crowd(pair, pair.lines[1].sign_up(), 2)
        provider.go_on.set()
        assert crowd.join() == [202] * 8 + [200] * PLACES
        assert another.join() == [200] * 2
        pair.deployment.until_idle()


def test_the_places_of_a_process_that_died_are_free_once_their_time_is_up(pair: Pair, provider: HeldBack) -> None:
    provider.hold_back()
    token = pair.lines[0].sign_up()
    # Three at each process, so that at least one of the four waits at each.
    crowd = Crowd(pair, token, 6, wait=15)
    crowd.until_all_but(PLACES)
    dead = pair.deployment.units[0]
    dead.kill()
    # The living one has places of its own free, but not of all.
    told = pair.lines[1].call("POST", "/v1/create", PICTURE, token=token, prefer="wait=100")
    assert (told.status, told.seconds < 10) == (202, True)
    assert Counter(crowd.join()).keys() == {0, 202}
    # That takes longer than the second by which a place outlasts its wait.
    dead.start()
    again = Crowd(pair, token, PLACES)
    provider.go_on.set()
    assert again.join() == [200] * PLACES
    pair.deployment.until_idle()


def test_without_the_cache_each_process_counts_for_itself(pair: Pair, provider: HeldBack) -> None:
    provider.hold_back()
    token = pair.lines[0].sign_up()
    pair.deployment.redis.stop()
    try:
        crowd = Crowd(pair, token, 12)
        crowd.until_all_but(2 * PLACES)
    finally:
        pair.deployment.redis.start()
    provider.go_on.set()
    assert crowd.join() == [202] * 4 + [200] * 2 * PLACES
    pair.deployment.until_idle()
