import math
from collections.abc import Callable

import pytest
from django.conf import LazySettings

from billing import ledger
from billing.models import Hold
from creative.models import Job
from creative.providers.base import ProviderResult
from tests.cast import Member
from tests.creative.evidence import assert_refused, assert_untouched, balance
from tests.doubles import FakeProvider, pictures

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

Give = Callable[[Member, int], None]
Paints = Callable[[str], FakeProvider]
GROK = "xai.grok-imagine-image"  # 0.02 USD a picture: 4 credits


@pytest.mark.usefixtures("paints")
@pytest.mark.parametrize(
    ("field", "cap"),
    [
        ("max_usd", 0.08),
        ("max_usd", 100),
        ("max_estimated_usd_per_image", 0.04),
        ("max_estimated_usd_per_image", 1),
    ],
)
def test_a_callers_own_cap_at_the_debit_lets_it_pass(agent: Member, give: Give, field: str, cap: float) -> None:
    give(agent, 100)
    answer = agent.create(model=GROK, output_count=2, **{field: cap})
    assert (answer.status, answer.data["quota"]["consumed_credits"]) == (200, 8)


@pytest.mark.usefixtures("paints")
@pytest.mark.parametrize(
    ("field", "cap", "needed"),
    [
        ("max_usd", 0.079999, 8),
        ("max_usd", 0.04, 8),
        ("max_usd", 0, 8),
        ("max_estimated_usd_per_image", 0.039999, 4),
        ("max_estimated_usd_per_image", 0, 4),
    ],
)
def test_a_callers_own_cap_below_the_debit_is_refused_with_the_numbers(
    agent: Member, give: Give, field: str, cap: float, needed: int
) -> None:
    give(agent, 100)
    told = assert_refused(agent.create(model=GROK, output_count=2, **{field: cap}), "BUDGET_CAP_EXCEEDED", 5, 402)
    assert (told["cap"], told["cap_usd"]) == (field, cap)
    assert (told["needed"], told["needed_usd"]) == (needed, needed / 100)
    assert not Job.objects.exists()
    assert not Hold.objects.exists()
    assert balance(agent)["payment_backed_remaining_credits"] == 100


@pytest.mark.usefixtures("paints")
@pytest.mark.parametrize(
    ("cap", "said"), [(0, "$0.00"), (-0.0, "$0.00"), (0.05, "$0.05"), (0.0725, "$0.0725"), (0.079999, "$0.079999")]
)
def test_a_callers_own_cap_is_told_as_money(agent: Member, give: Give, cap: float, said: str) -> None:
    give(agent, 100)
    refused = agent.create(model=GROK, output_count=2, max_usd=cap)
    assert refused.error["message"] == f"This costs $0.08; max_usd allows {said}."
    assert math.copysign(1, refused.error["recovery"]["cap_usd"]) == 1
    assert refused.error["recovery"]["required_flag"] == "--max-usd 0.08"


def test_without_a_model_the_first_one_that_can_be_paid_is_taken(
    agent: Member, give: Give, paints: Paints
) -> None:
    free = agent.create()
    assert (free.data["request"]["selection"]["policy"], Job.objects.get().model_id) == (
        "first_payable",
        "canvas.draft",
    )
    give(agent, 9)
    assert agent.create().data["quota"]["consumed_credits"] == 5
    assert agent.create().data["quota"]["consumed_credits"] == 4
    assert agent.create().data["quota"]["consumed_credits"] == 1
    assert [len(paints(name).calls) for name in ("fal", "xai", "openai", "canvas")] == [1, 1, 0, 2]
    assert ledger.verify() == []


def test_a_cap_leads_to_the_first_model_below_it(agent: Member, give: Give, paints: Paints) -> None:
    give(agent, 100)
    assert agent.create(max_usd=0.04).data["quota"]["consumed_credits"] == 4
    assert len(paints("xai").calls) == 1
    assert_refused(agent.create(max_usd=0.009), "BUDGET_CAP_EXCEEDED", 5, 402)


@pytest.mark.usefixtures("paints")
def test_an_unknown_price_is_refused_with_the_most_that_it_can_cost(agent: Member, give: Give) -> None:
    give(agent, 100)
    refused = agent.create(model=GROK, model_parameters={"resolution": "2k"})
    told = assert_refused(refused, "BUDGET_REQUIRES_CONFIRMATION", 2, 400)
    assert (told["required_flag"], told["ceiling_credits"]) == ("--accept-unknown-cost", 14)
    assert not Job.objects.exists()


@pytest.mark.usefixtures("paints")
def test_an_accepted_unknown_price_holds_the_ceiling_and_shows_no_estimate(agent: Member, give: Give) -> None:
    give(agent, 100)
    asked = {"model": GROK, "model_parameters": {"resolution": "2k"}, "accept_unknown_cost": True}
    told = assert_refused(agent.create(**asked, max_usd=0.13), "BUDGET_CAP_EXCEEDED", 5, 402)
    assert told["needed"] == 14
    cost = agent.create(**asked).data["cost"]
    assert (cost["estimated_usd"], cost["credit_pricing"]["estimated_provider_cost_usd"]) == (None, None)
    assert (cost["credit_pricing"]["credits_required"], cost["credit_pricing"]["pricing_confidence"]) == (
        14,
        "unknown",
    )
    assert Hold.objects.get().credits == 14


@pytest.mark.usefixtures("paints")
def test_a_price_that_the_credits_do_not_reach_is_refused_with_the_numbers(agent: Member, give: Give) -> None:
    give(agent, 7)
    told = assert_refused(agent.create(model=GROK, output_count=2), "QUOTA_EXCEEDED", 5, 402)
    assert (told["needed_credits"], told["remaining_credits"], told["payment_backed_remaining_credits"]) == (
        8,
        50,
        7,
    )
    assert told["free_model"] == "canvas.draft"
    assert "top_up" not in told
    assert not Job.objects.exists()
    assert not Hold.objects.exists()
    assert agent.create(model=GROK).status == 200


@pytest.mark.usefixtures("provider")
def test_an_agent_without_an_allowance_is_refused_with_the_numbers(agent: Member, settings: LazySettings) -> None:
    settings.PREVIEW_DAILY_JOBS = 100
    for _ in range(12):
        assert agent.create(output_count=4).status == 200
    told = assert_refused(agent.create(output_count=3), "QUOTA_EXCEEDED", 5, 402)
    assert (told["reason"], told["needed_credits"], told["remaining_credits"]) == ("credits", 3, 2)
    assert agent.create(output_count=2).data["quota"]["remaining_credits"] == 0
    assert_refused(agent.create(), "QUOTA_EXCEEDED", 5, 402)
    assert ledger.verify() == []


@pytest.mark.usefixtures("provider")
def test_the_free_jobs_of_a_day_end_with_their_numbers_and_the_reset(agent: Member) -> None:
    for _ in range(4):
        assert agent.create().status == 200
    told = assert_refused(agent.create(), "QUOTA_EXCEEDED", 5, 429)
    assert told["daily_jobs"] == {"limit": 4, "used": 4, "remaining": 0}
    assert told["resets_at"] == agent.get("/v1/quota").data["daily_jobs"]["resets_at"]
    assert told["resets_at"].endswith("T00:00:00.000Z")
    assert (Job.objects.count(), balance(agent)["remaining_credits"]) == (4, 46)


@pytest.mark.usefixtures("provider")
def test_past_the_free_jobs_of_a_day_a_job_is_taken_wholly_from_other_credits(agent: Member, give: Give) -> None:
    for _ in range(4):
        agent.create()
    give(agent, 3)
    assert agent.create(output_count=3).data["quota"] == {
        "consumed_credits": 3,
        "remaining_credits": 46,
        "payment_backed_remaining_credits": 0,
        "held_credits": 0,
    }
    assert_refused(agent.create(), "QUOTA_EXCEEDED", 5, 429)
    assert agent.get("/v1/quota").data["daily_jobs"]["used"] == 4


@pytest.mark.usefixtures("paints")
def test_free_credits_do_not_buy_a_model_that_costs_the_house_money(agent: Member) -> None:
    told = assert_refused(agent.create(model=GROK), "QUOTA_EXCEEDED", 5, 402)
    assert (told["reason"], told["free_model"]) == ("free_credits_do_not_buy_this_model", "canvas.draft")
    assert_untouched(agent)


@pytest.mark.usefixtures("paints")
def test_a_dry_run_shows_the_price_that_is_then_charged(agent: Member, give: Give) -> None:
    give(agent, 100)
    planned = agent.create(model="openai.gpt-image-2", output_count=2, dry_run=True)
    made = agent.create(model="openai.gpt-image-2", output_count=2)
    assert planned.data["cost"] == made.data["cost"]
    price = made.data["cost"]["credit_pricing"]
    assert (price["estimated_provider_cost_usd"], price["credits_required"]) == (0.106, 18)
    assert made.data["quota"]["consumed_credits"] == 18


@pytest.mark.parametrize(("reported_micros", "charged"), [(20_000, 4), (None, 14), (900_000, 14)])
def test_an_unknown_price_is_charged_as_the_provider_reports_it_up_to_the_ceiling(
    agent: Member,
    give: Give,
    paints: Callable[[str], FakeProvider],
    reported_micros: int | None,
    charged: int,
) -> None:
    give(agent, 100)
    paints("xai").behaviour = lambda call: ProviderResult(pictures(call).pictures, reported_micros)
    asked = {"model": GROK, "model_parameters": {"resolution": "2k"}, "accept_unknown_cost": True}
    made = agent.create(**asked)
    assert made.data["quota"]["consumed_credits"] == charged
    assert made.data["quota"]["held_credits"] == 0
    assert ledger.verify() == []
