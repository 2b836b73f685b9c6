"""Money that goes back, at the level of the ledger: the books stay right whatever the order."""

import random
from collections.abc import Callable

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Agent
from billing import ledger
from billing.models import CreditAccount, CreditLot, Hold, LedgerEntry, LotKind
from imageskill.core import ids
from tests.billing.books import TESTS, fresh, give, new_agent

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def buy(agent: Agent, credits: int, *, live: bool = True) -> CreditLot:
    return ledger.grant(
        organization_id=agent.organization_id,
        kind=LotKind.PAID,
        credits=credits,
        source="purchase",
        actor=TESTS,
        receipt_id=ids.new_id("receipt"),
        live_money=live,
    )


def spend(agent: Agent, lots: list[tuple[CreditLot, int]], *, settled: int | None = None) -> Hold:
    hold = ledger.hold(
        organization_id=agent.organization_id,
        agent_id=agent.pk,
        job_id=ids.new_id("job"),
        split=ledger.Split(tuple(lots)),
        price_version="tests/1",
        authorised_at=timezone.now(),
        actor=TESTS,
    )
    if settled is not None:
        ledger.settle(hold=hold, credits=settled, provider_cost_micros=0, actor=TESTS)
    return hold


def books(agent: Agent) -> tuple[int, int, int, int]:
    """Return what is available, held, frozen and owed."""
    row = CreditAccount.objects.get(organization_id=agent.organization_id)
    return row.paid_credits + row.free_credits, row.held_credits, row.frozen_credits, row.debt_credits


def own_lots(lot: CreditLot) -> list[CreditLot]:
    """Return the lots of a receipt that lie in the lot's own organization."""
    lots = ledger.lots_of_receipt(lot.receipt_id)
    return [row for row in lots if row.organization_id == lot.organization_id]


def take(lot: CreditLot, credits: int) -> int:
    """Take back what is there, and the rest as a debt."""
    lots = own_lots(lot)
    taken = ledger.reverse(lots=lots, credits=credits, reason="refund", reference="re_1", actor=TESTS)
    return taken + ledger.indebt(
        lots=lots, credits=credits - taken, reason="refund", reference="re_1", actor=TESTS
    )


def transfer(here: Agent, there: Agent) -> None:
    ledger.transfer(organization_id=here.organization_id, to_organization_id=there.organization_id, actor=TESTS)


def give_again(lot: CreditLot, credits: int) -> int:
    lots = own_lots(lot)
    return ledger.restore(lots=lots, credits=credits, reason="refund_failed", reference="re_1", actor=TESTS)


def test_a_refund_takes_what_is_unspent_and_the_rest_becomes_debt() -> None:
    agent = new_agent()
    lot = buy(agent, 500)
    spend(agent, [(fresh(lot), 300)], settled=300)
    assert take(lot, 500) == 500
    assert books(agent) == (0, 0, 0, 300)
    assert ledger.verify() == []


def test_a_refund_that_failed_leaves_everything_as_it_was() -> None:
    agent = new_agent()
    lot = buy(agent, 500)
    spend(agent, [(fresh(lot), 300)], settled=300)
    take(lot, 500)
    assert give_again(lot, 500) == 500
    assert books(agent) == (200, 0, 0, 0)
    assert fresh(lot).available_credits == 200
    assert ledger.verify() == []


def test_what_was_held_at_a_refund_repays_the_debt_when_it_comes_back() -> None:
    agent = new_agent()
    lot = buy(agent, 500)
    hold = spend(agent, [(fresh(lot), 120)])
    take(lot, 500)
    assert books(agent) == (0, 120, 0, 120)
    ledger.release(hold=hold, actor=TESTS, reason="job_failed")
    assert books(agent) == (0, 0, 0, 0)
    assert ledger.verify() == []


def test_a_debt_is_repaid_by_the_next_purchase_first() -> None:
    agent = new_agent()
    lot = buy(agent, 500)
    spend(agent, [(fresh(lot), 500)], settled=500)
    take(lot, 500)
    assert books(agent) == (0, 0, 0, 500)
    buy(agent, 700)
    assert books(agent) == (200, 0, 0, 0)
    assert ledger.verify() == []


def test_a_debt_is_repaid_at_once_from_other_bought_credits_but_not_from_free_ones() -> None:
    agent = new_agent()
    free = ledger.grant(
        organization_id=agent.organization_id, kind=LotKind.FREE, credits=50, source="free_allowance", actor=TESTS
    )
    lot = buy(agent, 500)
    spend(agent, [(fresh(lot), 500)], settled=500)
    other = buy(agent, 200)
    take(lot, 500)
    assert fresh(other).available_credits == 0
    assert fresh(free).available_credits == 50
    assert books(agent) == (50, 0, 0, 300)
    assert ledger.verify() == []


def test_a_debt_that_was_repaid_meanwhile_comes_back_as_credits() -> None:
    agent = new_agent()
    lot = buy(agent, 500)
    hold = spend(agent, [(fresh(lot), 500)])
    take(lot, 500)
    buy(agent, 500)
    assert books(agent) == (0, 500, 0, 0)
    give_again(lot, 500)
    assert books(agent) == (500, 500, 0, 0)
    ledger.settle(hold=hold, credits=500, provider_cost_micros=0, actor=TESTS)
    assert books(agent) == (500, 0, 0, 0)
    assert ledger.verify() == []


def test_a_dispute_freezes_what_is_unspent_and_gives_it_back_when_it_is_won() -> None:
    agent = new_agent()
    lot = buy(agent, 500)
    spend(agent, [(fresh(lot), 300)], settled=300)
    lots = ledger.lots_of_receipt(lot.receipt_id)
    assert ledger.freeze(lots=lots, credits=500, reference="dp_1", actor=TESTS) == 200
    assert books(agent) == (0, 0, 200, 0)
    ledger.unfreeze(lots=ledger.lots_of_receipt(lot.receipt_id), credits=200, reference="dp_1", actor=TESTS)
    assert books(agent) == (200, 0, 0, 0)
    assert ledger.verify() == []


def test_a_refund_finds_the_credits_where_they_moved() -> None:
    agent, owner = new_agent(), new_agent()
    lot = buy(agent, 500)
    transfer(agent, owner)
    here, moved = ledger.lots_of_receipt(lot.receipt_id)
    assert (here.organization_id, here.moved_credits) == (agent.organization_id, 500)
    assert (moved.organization_id, moved.available_credits) == (owner.organization_id, 500)
    assert moved.live_money
    assert books(agent) == (0, 0, 0, 0)
    assert books(owner) == (500, 0, 0, 0)
    assert ledger.verify() == []


def test_play_money_never_moves_beside_real_money() -> None:
    agent, owner = new_agent(), new_agent()
    lot = buy(agent, 500, live=False)
    buy(owner, 100)
    transfer(agent, owner)
    assert (books(agent)[0], books(owner)[0]) == (0, 100)
    assert (fresh(lot).moved_credits, fresh(lot).lapsed_credits) == (0, 500)
    assert ledger.verify() == []


def test_free_credits_lapse_where_bought_ones_move() -> None:
    agent, owner = new_agent(), new_agent()
    free = give(agent, 50)
    buy(agent, 500)
    transfer(agent, owner)
    assert (books(agent)[0], books(owner)[0]) == (0, 500)
    assert fresh(free).lapsed_credits == 50
    assert LedgerEntry.objects.filter(kind="lapse").values_list("to_book", "credits").get() == ("house.lapsed", 50)
    assert ledger.verify() == []


class Walk:
    """Random acts on one organization; whatever they are, nothing is created or lost."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - dice, no secret
        self.agent = new_agent()
        self.elsewhere = new_agent()
        self.lots: list[CreditLot] = []
        self.open: list[Hold] = []

    def step(self) -> None:
        acts: list[Callable[[], object]] = [self.buy, self.hold, self.settle, self.release, self.take]
        self.dice.choice([*acts, self.give, self.freeze, self.unfreeze, self.transfer])()

    def buy(self) -> None:
        self.lots.append(buy(self.agent, self.dice.randint(1, 50)))

    def hold(self) -> None:
        spendable = CreditLot.objects.filter(
            organization_id=self.agent.organization_id, available_credits__gt=0
        ).order_by("pk")
        parts = [(lot, self.dice.randint(1, lot.available_credits)) for lot in spendable]
        if parts:
            self.open.append(spend(self.agent, parts))

    def settle(self) -> None:
        if self.open:
            hold = self.open.pop(self.dice.randrange(len(self.open)))
            credits = self.dice.randint(1, hold.credits)
            ledger.settle(hold=hold, credits=credits, provider_cost_micros=0, actor=TESTS)

    def release(self) -> None:
        if self.open:
            hold = self.open.pop(self.dice.randrange(len(self.open)))
            ledger.release(hold=hold, actor=TESTS, reason="job_failed")

    def take(self) -> None:
        if self.lots:
            take(self.dice.choice(self.lots), self.dice.randint(1, 60))

    def give(self) -> None:
        if self.lots:
            give_again(self.dice.choice(self.lots), self.dice.randint(1, 60))

    def transfer(self) -> None:
        if self.lots:
            transfer(self.agent, self.elsewhere)

    def freeze(self) -> None:
        if self.lots:
            lots = own_lots(self.dice.choice(self.lots))
            ledger.freeze(lots=lots, credits=self.dice.randint(1, 60), reference="dp_1", actor=TESTS)

    def unfreeze(self) -> None:
        if self.lots:
            lots = own_lots(self.dice.choice(self.lots))
            ledger.unfreeze(lots=lots, credits=self.dice.randint(1, 60), reference="dp_1", actor=TESTS)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), steps=st.integers(5, 40))
def test_the_books_balance_after_any_acts_in_any_order(seed: int, steps: int) -> None:
    with transaction.atomic():
        walk = Walk(seed)
        for _ in range(steps):
            walk.step()
        assert ledger.verify() == []
        available, held, frozen, owed = books(walk.agent) if walk.lots else (0, 0, 0, 0)
        rows = list(CreditLot.objects.filter(organization_id=walk.agent.organization_id))
        assert held == sum(hold.credits for hold in walk.open)
        assert frozen == sum(lot.frozen_credits for lot in rows)
        assert available == 0 or owed == 0
        transaction.set_rollback(True)
