"""`unit_of_work`: whole or not at all, tried again after the database's own conflicts, and never kept waiting."""

from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.models import Organization
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.units import forbid_inside, unit_of_work

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def organization(name: str) -> Organization:
    return Organization.objects.create(name=name, created_at=timezone.now())


def conflict() -> OperationalError:
    """Return a conflict as this database tells it."""

    class DeadlockError(Exception):
        sqlstate = "40P01"

    error = OperationalError("database is locked")
    error.__cause__ = DeadlockError()
    return error


class Conflicting:
    """Work that meets conflicts so many times, then goes through."""

    def __init__(self, conflicts: int, error: Exception | None = None) -> None:
        self.left = conflicts
        self.tries = 0
        self.error = error

    def __call__(self) -> str:
        self.tries += 1
        organization(f"try {self.tries}")
        if self.left:
            self.left -= 1
            raise self.error or conflict()
        return "done"


def test_work_that_fails_leaves_nothing() -> None:
    @unit_of_work
    def work() -> None:
        organization("half")
        raise LookupError

    with pytest.raises(LookupError):
        work()
    assert not Organization.objects.exists()


def test_a_unit_inside_a_unit_is_part_of_it() -> None:
    @unit_of_work
    def inner() -> None:
        organization("inner")

    @unit_of_work
    def outer() -> None:
        inner()
        raise LookupError

    with pytest.raises(LookupError):
        outer()
    assert not Organization.objects.exists()
    inner()
    assert Organization.objects.get().name == "inner"


@pytest.mark.parametrize("conflicts", [0, 1, 3])
def test_a_conflict_of_the_database_is_tried_again_from_the_start(conflicts: int) -> None:
    work = Conflicting(conflicts)
    assert run(work) == "done"
    assert work.tries == conflicts + 1
    assert Organization.objects.get().name == f"try {conflicts + 1}"


def test_four_conflicts_are_told_as_an_outage_that_may_be_repeated() -> None:
    work = Conflicting(9)
    with pytest.raises(ApiError) as caught:
        run(work)
    assert (caught.value.code, caught.value.retryable) == (ErrorCode.SERVICE_UNAVAILABLE, True)
    assert caught.value.recovery == {"retry_after_seconds": 1}
    assert work.tries == 4
    assert not Organization.objects.exists()


@pytest.mark.parametrize("error", [OperationalError("server closed the connection"), ValueError("a bug")])
def test_no_other_error_is_tried_again(error: Exception) -> None:
    work = Conflicting(9, error)
    with pytest.raises(type(error)):
        run(work)
    assert work.tries == 1


def test_slow_work_is_refused_inside_and_allowed_after() -> None:
    @unit_of_work
    def work() -> None:
        forbid_inside("calling a provider")

    with pytest.raises(RuntimeError, match="calling a provider inside a unit of work"):
        work()
    forbid_inside("calling a provider")


@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_all_get_through() -> None:
    barrier, failed = Barrier(16), []

    @unit_of_work
    def work(number: int) -> None:
        organization(f"writer {number}")
        assert Organization.objects.filter(name=f"writer {number}").exists()

    def act(number: int) -> None:
        barrier.wait(30)
        try:
            work(number)
        except Exception as error:  # noqa: BLE001 - shown by the test
            failed.append(error)
        connection.close()

    threads = [Thread(target=act, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert Organization.objects.count() == 16


def run(work: Any) -> Any:
    """Run `work` as a unit; `wraps` needs a name, which an object of a class has not."""

    @unit_of_work
    def unit() -> Any:
        return work()

    return unit()
