"""Any sequence of grants, holds, settlements and releases keeps the books right (hypothesis)."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import ledger
from billing.authorisations import spendable_lots
from billing.models import Hold, LedgerEntry, LotKind
from billing.spendable import DailyJobs, Request, split
from imageskill.core import ids
from imageskill.core.errors import ApiError
from tests.billing.books import TESTS, balance, give, new_agent, release, settle

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

BEGIN = datetime(2026, 3, 1, 23, 52, tzinfo=UTC)
DAILY = DailyJobs(limit=None, used=0, resets_at=BEGIN)

grants = st.tuples(st.just("grant"), st.sampled_from(list(LotKind)), st.integers(1, 60))
requests = st.builds(Request, st.just("canvas.draft"), st.integers(1, 40), st.booleans(), st.none())
holds = st.tuples(st.just("hold"), requests, st.none())
settlements = st.tuples(st.just("settle"), st.integers(0, 9), st.integers(1, 80))
releases = st.tuples(st.just("release"), st.integers(0, 9), st.none())
acts = st.lists(
    st.tuples(st.integers(0, 1), st.one_of(grants, holds, settlements, releases)), min_size=8, max_size=40
)

ORDER = (LotKind.FREE, LotKind.PROMO, LotKind.PAID)


def in_order(credits: int, parts: Mapping[LotKind, int]) -> dict[LotKind, int]:
    """Take credits from parts as they are spent: free, promo, paid."""
    taken = {}
    for kind in ORDER:
        taken[kind] = min(credits - sum(taken.values()), parts.get(kind, 0))
    return taken


class Books:
    """One organization on the ledger, and the same in plain numbers beside it."""

    def __init__(self) -> None:
        self.agent = new_agent()
        self.available: Counter[LotKind] = Counter()
        self.open: list[tuple[Hold, Counter[LotKind]]] = []
        self.spent = 0
        self.granted = 0

    def grant(self, kind: LotKind, credits: int) -> None:
        give(self.agent, credits, kind)
        self.available[kind] += credits
        self.granted += credits

    def hold(self, request: Request, _: None) -> None:
        order = ORDER if request.free_allowed else ORDER[1:]
        lots = spendable_lots(self.agent.organization_id)
        if sum(self.available[kind] for kind in order) < request.credits:
            with pytest.raises(ApiError):
                split(request, lots, DAILY)
            return
        row = ledger.hold(
            organization_id=self.agent.organization_id,
            agent_id=self.agent.pk,
            job_id=ids.new_id("job"),
            split=split(request, lots, DAILY),
            price_version="tests/1",
            authorised_at=BEGIN + timedelta(minutes=7 * len(self.open)),
            actor=TESTS,
        )
        parts = Counter(in_order(request.credits, {kind: self.available[kind] for kind in order}))
        self.available -= parts
        self.open.append((row, parts))

    def settle(self, which: int, most: int) -> None:
        if not self.open:
            return
        row, parts = self.open.pop(which % len(self.open))
        credits = min(most, row.credits)
        settle(row, credits)
        self.spent += credits
        self.available += parts - Counter(in_order(credits, parts))

    def release(self, which: int, _: None) -> None:
        if not self.open:
            return
        row, parts = self.open.pop(which % len(self.open))
        release(row)
        self.available += parts

    def check(self) -> None:
        if not self.granted:
            assert not LedgerEntry.objects.filter(organization_id=self.agent.organization_id).exists()
            return
        held = sum(row.credits for row, _ in self.open)
        assert balance(self.agent) == (*(self.available[kind] for kind in ORDER), held)
        assert sum(self.available.values()) + held + self.spent == self.granted


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=acts)
def test_any_acts_in_any_order_leave_exact_books(acts: list[tuple[int, tuple[str, object, object]]]) -> None:
    with transaction.atomic():
        books = (Books(), Books())
        for whose, (name, first, second) in acts:
            getattr(books[whose], name)(first, second)
            books[whose].check()
        assert ledger.verify() == []
        transaction.set_rollback(True)
