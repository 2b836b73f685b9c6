"""Staff's money pages in a browser: two people adjust together, and every page reads well in four states."""

from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Organization
from accounts.staff import Staff
from billing import adjustments, findings, inbox
from billing.findings import Found
from billing.models import CreditAccount, PaymentAttempt, Receipt, StripeEvent
from imageskill.core.ids import new_id
from imageskill.flows import cap_proofs, invariants
from tests.billing.books import give, new_agent, set_aside
from tests.console.desk import desk, enter, make_staff
from tests.local_stripe import LocalStripe
from tests.pages.looking import look, look_here
from tests.pages.people import take_session
from tests.payments.conftest import Checkout

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_people_adjust_together_in_their_browsers(page: Page, context: BrowserContext) -> None:
    agent = new_agent()
    give(agent, 50)
    sam, kim = make_staff("sam@example.com"), make_staff("kim@example.com")
    take_session(context, enter(sam))
    page.goto(f"/console/money/adjustments/new?organization={agent.organization_id}")
    page.get_by_label("Credits", exact=True).fill("1500")
    page.get_by_label("Reason").fill("Pictures of 3 May came out black")
    page.get_by_label("Ticket").fill("T-1")
    page.get_by_role("button", name="Adjust the credits").click()
    expect(page.get_by_role("status")).to_contain_text("a second one approves it")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    context.clear_cookies()
    take_session(context, enter(kim))
    page.goto("/console/money")
    page.get_by_role("link", name="Adjustments").click()
    expect(page.get_by_text("asked by sam@example.com")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status")).to_contain_text("1,500 credits added")
    expect(page.get_by_text("approved by kim@example.com")).to_be_visible()
    account = CreditAccount.objects.get(pk=agent.organization_id)
    assert (account.free_credits, account.promo_credits) == (50, 1500)


def test_the_money_page_reads_well(page: Page, context: BrowserContext, screenshots: Path | None) -> None:
    agent = new_agent()
    Organization.objects.update(name="Studio North")
    lot = give(agent, 500)
    invariants.check(full=True)
    cap_proofs.check()
    take_session(context, desk())
    look(page, "/console/money", screenshots, name="money right")
    set_aside(agent, (lot, 24))
    CreditAccount.objects.filter(pk=agent.organization_id).update(debt_credits=120, frozen_credits=60)
    wrong = [
        Found("lot.held", str(row), agent.organization_id, f"lot.held {row}: expected 24, found 25")
        for row in range(12)
    ]
    for _ in range(2):
        findings.record(found=wrong, full=True, began_at=timezone.now())
    look(page, "/console/money", screenshots, name="money wrong")


def test_webhooks_and_orders_read_well(
    page: Page, context: BrowserContext, screenshots: Path | None, checkout: Checkout, stripe: LocalStripe
) -> None:
    take_session(context, desk())
    look(page, "/console/webhooks", screenshots, name="webhooks empty")
    look(page, "/console/money/orders", screenshots, name="orders empty")
    checkout.begin()
    stripe.pay(checkout.session_id)
    for row in stripe.events:
        inbox.receive(row)
    failed = StripeEvent.objects.filter(type="checkout.session.completed")
    failed.update(state="failed", attempts=3, last_error="RailError: Stripe does not answer now.")
    event_id = failed.get().event_id
    look(page, "/console/webhooks", screenshots, name="webhooks")
    look(page, f"/console/webhooks/{event_id}", screenshots, name="webhook")
    page.get_by_role("button", name="Replay the event").click()
    expect(page.get_by_role("status")).to_contain_text("the credits were added")
    PaymentAttempt.objects.update(flag="late_money")
    Receipt.objects.update(live_money=True)
    look(page, "/console/money/orders", screenshots, name="orders")
    look(page, f"/console/money/receipts/{Receipt.objects.get().pk}/refund", screenshots, name="refund")


def test_adjustments_read_well(page: Page, context: BrowserContext, screenshots: Path | None) -> None:
    agent = new_agent()
    Organization.objects.update(name="Studio North")
    give(agent, 500)
    kim = Staff(make_staff("kim@example.com").pk)
    take_session(context, desk())
    look(page, "/console/money/adjustments", screenshots, name="adjustments empty")
    for credits in (200, -50, 5000):
        adjustments.ask(
            adjustment_id=new_id("adj"),
            organization_id=agent.organization_id,
            credits=credits,
            reason="Pictures of 3 May came out black",
            ticket="T-1",
            by=kim,
        )
    look(page, "/console/money/adjustments", screenshots, name="adjustments")
    new = f"/console/money/adjustments/new?organization={agent.organization_id}"
    look(page, new, screenshots, name="adjust")
    page.get_by_role("button", name="Adjust the credits").click()
    expect(page.locator(".errorlist").first).to_be_visible()
    look_here(page, screenshots, name="adjust wrong")
