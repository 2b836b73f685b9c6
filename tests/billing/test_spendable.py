"""Which credits pay: free before promo before paid, the oldest first, wholly or not at all."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.models import CreditLot, LotKind
from billing.spendable import DailyJobs, Request, split
from imageskill.core.errors import ApiError, ErrorCode

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
SOME_LEFT = DailyJobs(limit=4, used=3, resets_at=MIDNIGHT)
ALL_USED = DailyJobs(limit=4, used=4, resets_at=MIDNIGHT)
CLAIMED = DailyJobs(limit=None, used=400, resets_at=MIDNIGHT)


def lot(number: int, kind: LotKind, available: int) -> CreditLot:
    return CreditLot(pk=number, kind=kind, granted_credits=available, available_credits=available)


def needs(credits: int, *, free_allowed: bool = True) -> Request:
    return Request("canvas.draft", credits, free_allowed, None if free_allowed else "canvas.draft")


def taken(request: Request, lots: Sequence[CreditLot], daily: DailyJobs = SOME_LEFT) -> list[tuple[int, int]]:
    """Return the lots that pay, by number, and how much of each."""
    return [(row.pk, credits) for row, credits in split(request, lots, daily).parts]


def refusal(request: Request, lots: Sequence[CreditLot], daily: DailyJobs = SOME_LEFT, debt: int = 0) -> ApiError:
    with pytest.raises(ApiError) as caught:
        split(request, lots, daily, debt_credits=debt)
    assert caught.value.code is ErrorCode.QUOTA_EXCEEDED
    return caught.value


LOTS = [
    lot(1, LotKind.PAID, 10),
    lot(2, LotKind.FREE, 3),
    lot(3, LotKind.PROMO, 5),
    lot(4, LotKind.FREE, 2),
    lot(5, LotKind.PAID, 10),
]


@pytest.mark.parametrize(
    ("credits", "expected"),
    [
        (1, [(2, 1)]),
        (3, [(2, 3)]),
        (4, [(2, 3), (4, 1)]),
        (6, [(2, 3), (4, 2), (3, 1)]),
        (11, [(2, 3), (4, 2), (3, 5), (1, 1)]),
        (30, [(2, 3), (4, 2), (3, 5), (1, 10), (5, 10)]),
    ],
)
def test_free_goes_before_promo_before_paid_and_the_oldest_first(
    credits: int, expected: list[tuple[int, int]]
) -> None:
    assert taken(needs(credits), LOTS) == expected
    assert taken(needs(credits), LOTS[::-1]) == expected


@pytest.mark.parametrize(
    ("request_", "daily"),
    [(needs(12, free_allowed=False), SOME_LEFT), (needs(12), ALL_USED)],
    ids=["model", "day"],
)
def test_where_free_credits_may_not_pay_a_job_is_taken_wholly_from_the_others(
    request_: Request, daily: DailyJobs
) -> None:
    assert taken(request_, LOTS, daily) == [(3, 5), (1, 7)]


def test_a_claimed_agent_has_no_daily_limit() -> None:
    assert taken(needs(2), LOTS, CLAIMED) == [(2, 2)]


def test_too_few_credits_are_refused_with_the_numbers() -> None:
    error = refusal(needs(31), LOTS)
    assert error.code.spec.http_status == 402
    assert error.message == "This needs 31 credits; 30 are left."
    told = error.recovery
    assert (told["needed_credits"], told["reason"]) == (31, "credits")
    assert (told["remaining_credits"], told["payment_backed_remaining_credits"]) == (5, 25)
    assert told["suggested_command"] == "image-skill usage quota --json"


def test_the_used_up_day_is_told_only_where_it_is_the_reason() -> None:
    error = refusal(needs(26), LOTS, ALL_USED)
    assert (error.status, error.recovery["reason"]) == (429, "daily_jobs")
    assert error.recovery["daily_jobs"] == {"limit": 4, "used": 4, "remaining": 0}
    assert error.recovery["resets_at"] == "2026-03-02T00:00:00.000Z"
    assert refusal(needs(31), LOTS, ALL_USED).recovery["reason"] == "credits"


def test_a_model_that_free_credits_do_not_buy_names_the_one_they_do() -> None:
    error = refusal(needs(26, free_allowed=False), LOTS)
    assert error.recovery["reason"] == "free_credits_do_not_buy_this_model"
    assert error.recovery["free_model"] == "canvas.draft"
    assert "the 5 free credits do not buy this model. They buy canvas.draft." in error.message
    only_paid = [row for row in LOTS if row.kind != LotKind.FREE]
    assert refusal(needs(26, free_allowed=False), only_paid).recovery["reason"] == "credits"


@pytest.mark.parametrize("credits", [1, 31])
def test_a_debt_stops_everything_and_is_told_first(credits: int) -> None:
    error = refusal(needs(credits), LOTS, debt=7)
    assert (error.recovery["reason"], error.recovery["debt_credits"]) == ("debt", 7)


def test_no_credits_at_all_are_refused() -> None:
    assert refusal(needs(1), []).recovery["remaining_credits"] == 0


lots_of_any_kind = st.lists(st.tuples(st.sampled_from(list(LotKind)), st.integers(0, 30)), max_size=6).map(
    lambda rows: [lot(number, kind, credits) for number, (kind, credits) in enumerate(rows, 1)]
)


@given(
    lots=lots_of_any_kind,
    request_=st.builds(
        lambda credits, free: needs(credits, free_allowed=free), st.integers(1, 120), st.booleans()
    ),
    daily=st.sampled_from([SOME_LEFT, ALL_USED, CLAIMED]),
)
def test_a_split_is_exact_or_refused(lots: list[CreditLot], request_: Request, daily: DailyJobs) -> None:
    free_usable = request_.free_allowed and not daily.exhausted
    usable = sum(row.available_credits for row in lots if free_usable or row.kind != LotKind.FREE)
    if usable < request_.credits:
        refusal(request_, lots, daily)
        return
    made = split(request_, lots, daily)
    assert made.total == request_.credits
    assert len({row.pk for row, _ in made.parts}) == len(made.parts)
    assert all(0 < part <= row.available_credits for row, part in made.parts)
    assert free_usable or made.free == 0
