"""What a provider reports of its cost, and what stands in the books where it reports nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from billing import ledger
from billing.models import UsageEvent
from creative.models import Attempt
from creative.providers.base import ProviderResult
from tests.cast import Member
from tests.doubles import FakeProvider, pictures

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

Give = Callable[[Member, int], None]
Paints = Callable[[str], FakeProvider]
GROK = "xai.grok-imagine-image"  # 0.02 USD a picture: 4 credits
UNKNOWN: dict[str, Any] = {"model": GROK, "model_parameters": {"resolution": "2k"}, "accept_unknown_cost": True}


def reporting(provider: FakeProvider, micros: int | None, *, made: int | None = None) -> None:
    """Let a provider report its cost, and make fewer pictures than it was asked for."""
    provider.behaviour = lambda call: ProviderResult(pictures(call).pictures[:made], micros)


@pytest.mark.parametrize(
    ("micros", "charged", "booked", "was_reported"), [(0, 1, 0, True), (None, 14, 0, False), (1, 1, 1, True)]
)
def test_a_cost_of_nothing_is_a_report_and_no_report_is_the_ceiling(
    agent: Member,
    give: Give,
    paints: Paints,
    micros: int | None,
    charged: int,
    booked: int,
    *,
    was_reported: bool,
) -> None:
    give(agent, 100)
    reporting(paints("xai"), micros)
    assert agent.create(**UNKNOWN).data["quota"]["consumed_credits"] == charged
    attempt = Attempt.objects.get()
    assert (attempt.provider_cost_micros, attempt.cost_was_reported) == (booked, was_reported)
    assert ledger.verify() == []


@pytest.mark.parametrize(("asked", "made", "booked"), [(1, 1, 20_000), (3, 3, 60_000), (4, 1, 20_000)])
def test_a_known_price_without_a_report_books_the_catalogues_cost_of_what_was_made(
    agent: Member, give: Give, paints: Paints, asked: int, made: int, booked: int
) -> None:
    give(agent, 100)
    reporting(paints("xai"), None, made=made)
    assert agent.create(model=GROK, output_count=asked).data["quota"]["consumed_credits"] == 4 * made
    attempt = Attempt.objects.get()
    assert (attempt.provider_cost_micros, attempt.cost_was_reported) == (booked, False)
    assert UsageEvent.objects.get().provider_cost_micros == booked
    assert ledger.verify() == []


def test_a_known_price_is_charged_whatever_is_reported_and_the_report_is_booked(
    agent: Member, give: Give, paints: Paints
) -> None:
    give(agent, 100)
    reporting(paints("xai"), 0)
    assert agent.create(model=GROK).data["quota"]["consumed_credits"] == 4
    assert (Attempt.objects.get().provider_cost_micros, Attempt.objects.get().cost_was_reported) == (0, True)
