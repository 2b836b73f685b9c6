"""A refund racing holds: whoever is first, nothing is created, lost or held without cover."""

from threading import Barrier, Thread

import pytest
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone

from accounts.models import Agent
from billing import ledger, rails, reversals
from billing.models import CreditAccount, Receipt
from billing.rails.base import Reported
from tests.cast import Member, sign_up

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("provider"),
]


@pytest.fixture
def buyer(settings: LazySettings) -> Member:
    """An agent with 20 bought credits, no free ones, and a receipt that a refund can name."""
    settings.FAKE_RAIL, settings.PREVIEW_CREDITS = True, 0
    rails.rail.cache_clear()
    agent = sign_up("refund@gmail.com")
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="claimed")
    quote = agent.post("/v1/credit-quotes", {"credits": 20}).data["quote_id"]
    assert agent.post("/v1/credit-purchases", {"quote_id": quote, "idempotency_key": "k"}).ok
    Receipt.objects.update(payment_intent="pi_1")
    return agent


@pytest.mark.parametrize("cents", [10, 20])
def test_a_refund_among_thirty_creates_leaves_the_books_right(buyer: Member, cents: int) -> None:
    barrier, made = Barrier(31), []

    def create() -> None:
        barrier.wait(60)
        made.append(buyer.create().ok)
        connection.close()

    def refund() -> None:
        barrier.wait(60)
        reversals.note(Reported("refund", "re_1", "pi_1", cents, "succeeded", "", "", timezone.now()))
        connection.close()

    threads = [Thread(target=create) for _ in range(30)] + [Thread(target=refund)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    account = CreditAccount.objects.get(organization_id=buyer.row.organization_id)
    spent = made.count(True)
    # What is left is what was bought, less what was spent and what went back; below zero it is a debt.
    assert account.paid_credits - account.debt_credits == 20 - spent - cents
    assert account.paid_credits == 0 or account.debt_credits == 0
    assert account.held_credits == 0
    assert ledger.verify() == []
