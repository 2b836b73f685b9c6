"""Fixtures of buying credits: play money on, and what is asked for in most tests."""

from typing import Any

import pytest
from django.conf import LazySettings

from billing import rails
from tests.cast import Answer, Member


@pytest.fixture(autouse=True)
def _play_money(settings: LazySettings) -> None:
    settings.FAKE_RAIL = True
    rails.rail.cache_clear()


class Buyer:
    """An agent's way to credits."""

    def __init__(self, member: Member) -> None:
        self.member = member

    def quote(self, **fields: Any) -> Answer:
        return self.member.post("/v1/credit-quotes", fields or {"credits": 10})

    def buy(self, quote_id: str, key: str = "purchase-run-001") -> Answer:
        return self.member.post("/v1/credit-purchases", {"quote_id": quote_id, "idempotency_key": key})

    def status(self, **references: str) -> Answer:
        query = "&".join(f"{name}={value}" for name, value in references.items())
        return self.member.get(f"/v1/credit-purchases/status?{query}")


@pytest.fixture
def buyer(agent: Member) -> Buyer:
    """The agent of the test, as a buyer."""
    return Buyer(agent)
