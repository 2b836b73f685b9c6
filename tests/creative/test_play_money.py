"""Play money buys what costs the house nothing, and only that, unless the operator wants it otherwise."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings

from accounts import organizations
from billing import ledger
from billing.models import CreditLot, Hold, LotKind
from creative.models import Job
from imageskill.core.events import System
from imageskill.core.units import unit_of_work
from tests.cast import Member
from tests.creative.evidence import assert_refused
from tests.doubles import FakeProvider
from tests.payments.conftest import Buyer

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

Give = Callable[[Member, int], None]
Paints = Callable[[str], FakeProvider]
GROK = "xai.grok-imagine-image"  # 0.02 USD a picture: 4 credits


@unit_of_work
def give_play_money(member: Member, kind: LotKind, credits: int) -> None:
    organization_id = member.row.organization_id
    organizations.lock(organization_id)
    ledger.grant(
        organization_id=organization_id,
        kind=kind,
        credits=credits,
        source="tests",
        actor=System("tests"),
        live_money=False,
    )


@unit_of_work
def adjust(organization_id: str, credits: int) -> None:
    organizations.lock(organization_id)
    ledger.adjust(organization_id=organization_id, credits=credits, reference="tests", actor=System("tests"))


@pytest.mark.parametrize("kind", [LotKind.PAID, LotKind.PROMO])
def test_play_money_buys_no_model_that_has_a_price(agent: Member, paints: Paints, kind: LotKind) -> None:
    give_play_money(agent, kind, 100)
    told = assert_refused(agent.create(model=GROK, output_count=2), "QUOTA_EXCEEDED", 5, 402)
    assert told["reason"] == "play_money_does_not_buy_this_model"
    numbers = (told["needed_credits"], told["remaining_credits"], told["payment_backed_remaining_credits"])
    assert numbers == (8, 50, 0)
    assert told["free_model"] == "canvas.draft"
    assert paints("xai").calls == []
    assert (Hold.objects.count(), Job.objects.count()) == (0, 0)


def test_what_staff_added_is_no_play_money(agent: Member, paints: Paints) -> None:
    adjust(agent.row.organization_id, 100)
    assert agent.create(model=GROK).ok
    assert len(paints("xai").calls) == 1
    assert CreditLot.objects.get(kind="promo").available_credits == 96


def test_what_the_play_rail_sold_buys_canvas_and_nothing_dearer(
    agent: Member, paints: Paints, settings: LazySettings
) -> None:
    settings.FAKE_RAIL = True
    settings.PREVIEW_DAILY_JOBS = 0
    buyer = Buyer(agent)
    assert buyer.buy(buyer.quote(credits=100).data["quote_id"]).ok
    assert CreditLot.objects.get(kind="paid").live_money is False
    assert agent.create(model=GROK).error["recovery"]["reason"] == "play_money_does_not_buy_this_model"
    made = agent.create(model="canvas.draft", output_count=3)
    assert made.data["quota"]["payment_backed_remaining_credits"] == 97
    assert (len(paints("canvas").calls), paints("xai").calls) == (1, [])
    assert ledger.verify() == []


def test_without_a_model_play_money_leads_to_one_that_it_buys(agent: Member, paints: Paints) -> None:
    give_play_money(agent, LotKind.PAID, 100)
    assert agent.create().ok
    assert Job.objects.get().model_id == "canvas.draft"
    assert all(paints(name).calls == [] for name in ("fal", "openai", "xai"))


@pytest.mark.usefixtures("paints")
def test_play_money_adds_nothing_to_real_money_for_a_model_that_has_a_price(agent: Member, give: Give) -> None:
    give_play_money(agent, LotKind.PAID, 100)
    give(agent, 7)
    told = assert_refused(agent.create(model=GROK, output_count=2), "QUOTA_EXCEEDED", 5, 402)
    assert told["reason"] == "play_money_does_not_buy_this_model"
    assert (told["needed_credits"], told["payment_backed_remaining_credits"]) == (8, 7)
    assert agent.create(model=GROK).ok
    assert CreditLot.objects.get(kind="paid").available_credits == 100
    assert CreditLot.objects.get(kind="promo").available_credits == 3
    assert ledger.verify() == []


@pytest.mark.usefixtures("paints")
def test_the_operator_may_let_play_money_buy_every_model(agent: Member, settings: LazySettings) -> None:
    settings.ALLOW_FREE_PROVIDER_SPEND = True
    give_play_money(agent, LotKind.PAID, 100)
    assert agent.create(model=GROK).data["quota"]["consumed_credits"] == 4
    assert CreditLot.objects.get(kind="paid").available_credits == 96
