"""What a plan asks of the credits follows the price it was made with, whatever another caller has read since."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from creative import offers, prices
from creative.catalogue import loader


def plan_of(entry: Any) -> Any:
    return SimpleNamespace(entry=entry, wanted=SimpleNamespace(operation="create"), credits_required=3)


def test_free_credits_pay_for_a_plan_by_its_own_price(monkeypatch: pytest.MonkeyPatch) -> None:
    free = loader.current().find("canvas.draft")
    assert free is not None
    row = replace(free.price.table[0], usd=Decimal("0.05"))
    priced = replace(free, price=replace(free.price, table=(row, *free.price.table[1:])))
    for read in (free, priced):
        others = [one for one in loader.current().order if one.id != free.id]
        catalogue = type(loader.current()).of([*others, read], loader.current().capabilities)
        monkeypatch.setattr(prices, "last_read", lambda catalogue=catalogue: catalogue)
        assert offers.payment(plan_of(free)).free_allowed
        asked = offers.payment(plan_of(priced))
        assert (asked.free_allowed, asked.play_allowed) == (False, False)
