"""Two-phase spending: credits move between two books, a hold ends once, and nothing is lost on the way."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from billing import ledger
from billing.models import CreditAccount, Hold, LedgerEntry, LotKind, SpendBucket, UsageEvent
from tests.billing.books import balance, give, left, movements, new_agent, release, set_aside, settle

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.mark.parametrize(
    ("kind", "book", "expected"),
    [
        (LotKind.FREE, "house.allowance", (50, 0, 0, 0)),
        (LotKind.PROMO, "house.promotions", (0, 50, 0, 0)),
        (LotKind.PAID, "house.sales", (0, 0, 50, 0)),
    ],
)
def test_a_grant_comes_from_the_house_and_is_counted_by_its_kind(
    kind: LotKind, book: str, expected: tuple[int, int, int, int]
) -> None:
    agent = new_agent()
    lot = give(agent, 50, kind)
    assert balance(agent) == expected
    assert left(lot) == (50, 0)
    assert movements(agent) == [(1, "grant", book, "available", 50)]


def test_a_hold_settled_in_part_gives_the_rest_back_to_its_lot() -> None:
    agent = new_agent()
    lot = give(agent, 50)
    hold = set_aside(agent, (lot, 12))
    assert (balance(agent), left(lot)) == ((38, 0, 0, 12), (38, 12))
    settle(hold, 9)
    assert (balance(agent), left(lot)) == ((41, 0, 0, 0), (41, 0))
    assert movements(agent)[1:] == [
        (2, "hold", "available", "held", 12),
        (3, "settle", "held", "house.revenue", 9),
        (4, "release", "held", "available", 3),
    ]
    hold.refresh_from_db()
    assert (hold.state, hold.settled_credits, hold.closed_at is not None) == ("settled", 9, True)
    assert UsageEvent.objects.get(hold=hold).credits == 9
    assert ledger.verify() == []


def test_a_released_hold_leaves_no_usage_and_the_balance_as_it_was() -> None:
    agent = new_agent()
    lot = give(agent, 50)
    release(set_aside(agent, (lot, 12)))
    assert (balance(agent), left(lot)) == ((50, 0, 0, 0), (50, 0))
    assert not UsageEvent.objects.exists()
    assert Hold.objects.get().state == "released"
    assert ledger.verify() == []


@pytest.mark.parametrize("first", [partial(settle, credits=5), release], ids=["settled", "released"])
@pytest.mark.parametrize("second", [partial(settle, credits=5), release], ids=["settle", "release"])
def test_a_hold_ends_once(first: Callable[[Hold], None], second: Callable[[Hold], None]) -> None:
    """`second` works with a copy of the row that was read while the hold was open."""
    agent = new_agent()
    hold = set_aside(agent, (give(agent, 50), 5))
    stale = Hold.objects.get(pk=hold.pk)
    first(hold)
    before = (balance(agent), movements(agent), UsageEvent.objects.count())
    with pytest.raises(ValueError, match="closed already"), transaction.atomic():
        second(stale)
    assert (balance(agent), movements(agent), UsageEvent.objects.count()) == before
    assert ledger.verify() == []


@pytest.mark.parametrize("credits", [-1, 0, 6])
def test_nothing_beyond_the_hold_is_settled(credits: int) -> None:
    agent = new_agent()
    hold = set_aside(agent, (give(agent, 50), 5))
    with pytest.raises(ValueError, match="lies within its hold"):
        settle(hold, credits)
    assert (balance(agent), Hold.objects.get().state) == ((45, 0, 0, 5), "open")


def test_a_part_is_settled_in_the_order_of_the_lots_and_the_rest_returns_to_its_own() -> None:
    agent = new_agent()
    free, promo, paid = give(agent, 3), give(agent, 3, LotKind.PROMO), give(agent, 10, LotKind.PAID)
    hold = set_aside(agent, (free, 3), (promo, 3), (paid, 4))
    assert (hold.credits, hold.free_credits) == (10, 3)
    settle(hold, 5)
    assert [left(lot) for lot in (free, promo, paid)] == [(0, 0), (1, 0), (10, 0)]
    assert balance(agent) == (0, 1, 10, 0)
    assert ledger.verify() == []


def test_all_books_together_are_zero() -> None:
    agent, other = new_agent(), new_agent()
    for owner in (agent, other):
        lot, paid = give(owner, 50), give(owner, 500, LotKind.PAID)
        settle(set_aside(owner, (lot, 50), (paid, 10)), 42)
        release(set_aside(owner, (paid, 100)))
        set_aside(owner, (paid, 7))
    books: Counter[str] = Counter()
    for from_book, to_book, credits in LedgerEntry.objects.values_list("from_book", "to_book", "credits"):
        books[from_book] -= credits
        books[to_book] += credits
    assert sum(books.values()) == 0
    assert books["held"] == 14
    assert books["house.revenue"] == 84
    accounts = CreditAccount.objects.values_list("free_credits", "paid_credits")
    assert books["available"] == sum(free + paid for free, paid in accounts)


def test_a_failure_after_the_hold_leaves_neither_hold_nor_entry() -> None:
    agent = new_agent()
    lot = give(agent, 50)
    before = movements(agent)

    def act() -> None:
        with transaction.atomic():
            set_aside(agent, (lot, 12))
            raise LookupError

    with pytest.raises(LookupError):
        act()
    assert (balance(agent), left(lot), movements(agent)) == ((50, 0, 0, 0), (50, 0), before)
    assert not Hold.objects.exists()
    assert not SpendBucket.objects.exists()
    assert ledger.verify() == []


def test_a_hold_beyond_its_lot_is_refused_by_the_database() -> None:
    """The split is made under the lock; should it ever be wrong, the database does not follow."""
    agent = new_agent()
    lot = give(agent, 5)
    with pytest.raises(IntegrityError, match=r"not_negative"), transaction.atomic():
        set_aside(agent, (lot, 6))
    assert (balance(agent), left(lot)) == ((5, 0, 0, 0), (5, 0))
    assert ledger.verify() == []


def test_a_job_has_one_hold() -> None:
    agent = new_agent()
    hold = set_aside(agent, (give(agent, 50), 5))
    copy = {
        field.attname: getattr(hold, field.attname)
        for field in Hold._meta.concrete_fields
        if not field.primary_key
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.create(**copy)
    assert Hold.objects.count() == 1
