"""What users of other services complain about, promised here; each test is named after its promise."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from accounts.models import Agent
from billing import ledger, mandates, rails, reversals, statements
from billing.mandates import Terms
from billing.models import CreditAccount, Decision, Hold, LedgerEntry, Receipt, Reversal, UsageEvent
from billing.rails.base import Reported
from creative.models import Job
from imageskill.core.events import System
from imageskill.urls import urlpatterns
from tests.cast import Caller, Member
from tests.doubles import FakeProvider
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Buyer, Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
OWNER = System("usr_owner", "human")


def limit(agent: Member, **terms: Any) -> None:
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="claimed")
    mandates.set_terms(agent=agent.row, terms=Terms(**terms), actor=OWNER)


def account(agent: Member) -> CreditAccount:
    return CreditAccount.objects.get(organization_id=agent.row.organization_id)


@pytest.fixture
def receipt(checkout: Checkout, stripe: LocalStripe) -> Receipt:
    """A receipt of 500 credits."""
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    return Receipt.objects.get()


def note(receipt: Receipt, kind: str, status: str, cents: int = 500) -> None:
    told = Reported(kind, f"{kind}_1", receipt.payment_intent, cents, status, "", "", timezone.now())
    assert reversals.note(told)


@pytest.mark.usefixtures("provider")
def test_a_balance_is_never_negative_and_only_money_that_went_back_makes_a_debt(
    checkout: Checkout, receipt: Receipt
) -> None:
    """Spending, failing, running out, freezing and giving back owe nothing."""
    agent = checkout.member
    limit(agent, cap_day=600)
    for _ in range(14):
        assert agent.create(output_count=4, model="canvas.draft").ok
        assert account(agent).debt_credits == 0
    note(receipt, "dispute", "under_review")
    assert agent.create().code == "QUOTA_EXCEEDED"
    note(receipt, "dispute", "won")
    assert (account(agent).debt_credits, LedgerEntry.objects.filter(from_book="debt").count()) == (0, 0)
    note(receipt, "refund", "succeeded")
    kinds = set(LedgerEntry.objects.filter(from_book="debt").values_list("kind", flat=True))
    assert kinds <= {"reverse"}
    assert account(agent).paid_credits == 0
    assert ledger.verify() == []


@pytest.mark.parametrize("pictures", [1, 2, 4])
def test_a_hold_is_exactly_the_price_and_never_what_is_left_of_a_limit(
    agent: Member, provider: FakeProvider, pictures: int
) -> None:
    limit(agent, cap_day=40, cap_per_job=20)
    planned = agent.create(output_count=pictures, dry_run=True).data
    seen: list[int] = []
    usual = provider.behaviour

    def look(call: Any) -> Any:
        seen.append(Hold.objects.get().credits)
        return usual(call)

    provider.behaviour = look
    made = agent.create(output_count=pictures).data
    assert seen == [pictures]
    assert made["quota"]["consumed_credits"] == pictures
    assert planned["cost"]["credit_pricing"]["credits_required"] == pictures


def test_success_is_shown_only_when_the_credits_are_there(checkout: Checkout, stripe: LocalStripe) -> None:
    """The payer sees and the agent reads the same, before and after the money is credited."""
    checkout.begin()
    page = f"/pay/{checkout.attempt.pk}/return"
    stripe.pay(checkout.session_id)
    assert "Paid and credited" not in Client().get(page).content.decode()
    before = checkout.buyer.status(payment_attempt_id=checkout.attempt.pk).data
    assert (before["state"], before["receipt"]) == ("action_required", None)
    stripe.deliver_all()
    assert "Paid and credited" in Client().get(page).content.decode()
    after = checkout.buyer.status(payment_attempt_id=checkout.attempt.pk).data
    assert (after["state"], after["receipt"]["receipt_id"]) == ("succeeded", Receipt.objects.get().pk)


def _rows() -> dict[str, int]:
    with connection.cursor() as cursor:
        counts = {}
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT COUNT(*) FROM "{table}"')  # noqa: S608 - our own names
            counts[table] = cursor.fetchone()[0]
    return counts


def _books() -> list[tuple[Any, ...]]:
    sums = LedgerEntry.objects.values_list("organization_id", "from_book", "to_book")
    moved = sums.annotate(moved=Sum("credits")).order_by("organization_id", "from_book", "to_book")
    return [*moved, *CreditAccount.objects.order_by("pk").values_list()]


def _routes(patterns: Any, before: str = "") -> list[str]:
    found = []
    for pattern in patterns:
        route = before + str(pattern.pattern)
        nested = getattr(pattern, "url_patterns", None)
        found += _routes(nested, route) if nested is not None else [route]
    return found


@pytest.mark.usefixtures("provider")
def test_no_get_of_any_route_moves_a_credit_or_makes_a_row(checkout: Checkout, stripe: LocalStripe) -> None:
    """Every route of the url map is asked, with every id in its place, by the agent and by nobody."""
    checkout.begin()
    stripe.pay(checkout.session_id)
    agent = checkout.member
    made = agent.create().data
    known = [
        checkout.attempt.pk, checkout.quote_id, checkout.session_id, made["job_id"], made["asset_ids"][0],
        f"{made['asset_ids'][0]}.png", "canvas.draft", "is.image.generate.preview.v1", agent.agent_id,
    ]  # fmt: skip
    routes = _routes(urlpatterns)
    paths = [route for route in routes if "<" not in route]
    for route in routes:
        if "<" in route:
            start, _, rest = route.partition("<")
            paths += [start + value + rest.partition(">")[2] for value in known]
    assert len(paths) > 50
    before = _rows(), _books()
    for caller in (agent, Caller()):
        headers = {"authorization": f"Bearer {caller.token}"} if caller.token else {}
        for path in paths:
            answer = Client(raise_request_exception=False).get(f"/{path}", headers=headers)
            assert answer.status_code < 500 or path == "healthz", path
            b"".join(answer) if answer.streaming else answer.content
    after = _rows(), _books()
    assert after == before
    assert not Receipt.objects.exists()
    stripe.deliver_all()
    assert Receipt.objects.exists()


def test_a_picture_keeps_the_price_that_it_was_made_for(agent: Member, provider: FakeProvider) -> None:
    """The version of the price stands on the hold and on each of its entries, and no later one touches them."""
    assert agent.create(output_count=2).ok
    hold = Hold.objects.get()
    assert hold.price_version
    versions = LedgerEntry.objects.filter(hold=hold).values_list("kind", "price_version")
    assert set(versions) == {("hold", hold.price_version), ("settle", hold.price_version)}
    assert UsageEvent.objects.get().credits == hold.credits == 2
    assert Job.objects.get().credits_required == 2
    assert len(provider.calls) == 1


@pytest.mark.usefixtures("provider")
def test_every_total_is_the_same_wherever_it_is_told(receipt: Receipt, checkout: Checkout) -> None:
    """Quota, purchase status, account, entries and statement tell one number each."""
    agent = checkout.member
    assert agent.create(output_count=3).ok
    note(receipt, "refund", "succeeded", 120)
    row = account(agent)
    quota = agent.get("/v1/quota").data["limits"]
    status = checkout.buyer.status(receipt_id=receipt.pk).data["limits"]
    closing = json.loads(list(statements.lines(organization_id=row.pk, month=timezone.now().date()))[-1])
    entries = LedgerEntry.objects.filter(organization_id=row.pk)
    into = entries.filter(to_book="available").aggregate(n=Sum("credits"))["n"]
    out = entries.filter(from_book="available").aggregate(n=Sum("credits"))["n"]
    assert quota["remaining_credits"] == status["remaining_credits"] == row.free_credits == 47
    assert (
        quota["payment_backed_remaining_credits"]
        == status["payment_backed_remaining_credits"]
        == row.paid_credits
        == 380
    )
    assert closing["closing_balances"]["available"] == into - out == 427
    spent = agent.get("/v1/quota").data["spend"]["lifetime"]["used"]
    assert closing["closing_balances"]["house.revenue"] == spent == 3


@pytest.mark.usefixtures("provider")
def test_a_refusal_names_every_number_and_what_it_calls_left_can_be_spent(agent: Member) -> None:
    limit(agent, cap_day=5)
    assert agent.create(output_count=3).ok
    refused = agent.create(output_count=3)
    told = refused.error["recovery"]
    assert (refused.code, told["window"], told["cap"], told["used"], told["held"], told["needed"]) == (
        "SPEND_CAP_EXCEEDED",
        "day",
        5,
        3,
        0,
        3,
    )
    assert told["remaining"] == 2
    assert told["resets_at"].startswith(f"{timezone.now() + timedelta(days=1):%Y-%m-%d}T00:00:00")
    denied = Decision.objects.get(outcome="denied")
    assert (denied.counters["day"]["used"], denied.ledger_seq) == (3, account(agent).entry_seq)
    assert agent.create(output_count=told["remaining"]).ok
    assert agent.create().error["recovery"]["remaining"] == 0


def test_a_refund_is_never_more_than_was_paid_however_often_it_is_told(receipt: Receipt) -> None:
    for number in range(5):
        told = Reported("refund", f"re_{number}", receipt.payment_intent, 400, "succeeded", "", "", timezone.now())
        assert reversals.note(told)
        assert reversals.note(told) or Reversal.objects.filter(provider_id=f"re_{number}").count() == 1
    lots = ledger.lots_of_receipt(receipt.pk)
    assert sum(lot.reversed_credits + lot.indebted_credits for lot in lots) == 500
    assert ledger.verify() == []


def test_a_picture_whose_waiting_was_cut_off_is_found_by_its_key_and_charged_once(
    agent: Member, provider: FakeProvider
) -> None:
    """A gateway gave up: the call is repeated with its key, and the job read by its id."""
    cut = agent.post(
        "/v1/create", {"prompt": "A boat"}, headers={"idempotency-key": "run-001", "prefer": "respond-async"}
    )
    job = Job.objects.get()
    again = agent.create("A boat", key="run-001")
    assert again.data["job_id"] == job.pk == cut.data["job_id"]
    assert agent.get(f"/v1/jobs/{job.pk}").data["assets"]
    assert (len(provider.calls), UsageEvent.objects.count()) == (1, 1)


def test_an_agent_of_a_service_that_sells_nothing_is_told_so_and_owes_nothing(
    agent: Member, settings: LazySettings
) -> None:
    settings.FAKE_RAIL = False
    rails.rail.cache_clear()
    assert Buyer(agent).quote(credits=100).code == "PAYMENTS_NOT_CONFIGURED"
    assert (account(agent).debt_credits, account(agent).free_credits) == (0, 50)
