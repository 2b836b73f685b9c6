"""Paying for an agent and claiming it by its code, in a real browser: as who paid, and as somebody else."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from creative import thumbnails
from tests.local_stripe import LocalStripe
from tests.local_stripe.paying import PAYER
from tests.pages.claim.claimants import asking, code_of
from tests.pages.looking import look, look_here
from tests.pages.people import make_user, sign_in, take_session
from tests.payments.conftest import Checkout

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("long_code")]

STRANGER = "mallory@example.com"


def test_it_is_paid_for_and_claimed_by_its_payer_and_by_nobody_else(
    page: Page, context: BrowserContext, stripe_behind_a_server: LocalStripe, screenshots: Path | None
) -> None:
    agent = asking(None)
    stripe_behind_a_server.delivery = "lost"  # else it may tell of the payment before anybody can press the button
    page.goto(str(Checkout(agent).begin().data["checkout_handoff_url"]))
    page.wait_for_url(f"{stripe_behind_a_server.url}/pay/*")
    page.get_by_label("Email").fill(PAYER)
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("button", name="Check again now")).to_be_visible()
    page.get_by_role("button", name="Check again now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Paid and credited")
    assert agent.row.claim_state == "payment_backed_unclaimed"
    for prompt in ("A lighthouse at dusk", "A paper boat on a quiet sea"):
        assert agent.create(prompt).ok
    while thumbnails.make_missing():
        pass

    make_user(STRANGER)
    take_session(context, sign_in(STRANGER))
    page.goto("/claim")
    expect(page.get_by_role("heading", name="Paid for with your address")).to_have_count(0)
    page.get_by_label("Code").fill(code_of(agent))
    page.get_by_role("button", name="Open the request").click()
    expect(page.get_by_role("alert")).to_contain_text("This code opens nothing for you.")
    expect(page.get_by_role("alert")).to_contain_text("or else for the one that paid for it")
    look_here(page, screenshots, name="claim paid by another")

    make_user(PAYER)
    take_session(context, sign_in(PAYER))
    look(page, "/claim", screenshots, name="claim start with a paid agent")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_label("Code").fill(code_of(agent))
    page.get_by_role("button", name="Open the request").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Claim atlas-7")
    expect(page.get_by_text("because you paid for its credits")).to_be_visible()
    look_here(page, screenshots, name="claim review of a paid agent")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="Allow it within these limits").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("atlas-7 is yours")
    assert (agent.row.claim_state, agent.row.contact) == ("claimed", PAYER)


def test_who_has_just_paid_learns_of_it_without_a_click(
    page: Page, stripe_behind_a_server: LocalStripe, screenshots: Path | None
) -> None:
    page.goto(str(Checkout(asking(None)).begin().data["checkout_handoff_url"]))
    page.wait_for_url(f"{stripe_behind_a_server.url}/pay/*")
    page.get_by_role("button", name="Pay", exact=True).click()
    page.wait_for_url("**/return")
    expect(page.get_by_role("heading", level=1)).to_have_text("Paid and credited")
    # It has the end of it, and asks no more.
    expect(page.locator("[hx-get]")).to_have_count(0)
    look_here(page, screenshots, name="pay done")
