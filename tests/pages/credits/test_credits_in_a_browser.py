"""The credits page in a real browser: bought, paid, waited for, refunded, tried; and how each page looks."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from billing import alerts, buyers, findings, ledger, rails
from billing.models import CreditAccount, CreditLot, LotKind, PaymentAttempt, Receipt, SpendBucket
from imageskill.core import outbox
from imageskill.core.models import Outbox
from imageskill.core.units import unit_of_work
from tests.local_stripe import LocalStripe
from tests.pages.credits.test_credits_closing import prepared
from tests.pages.credits.test_credits_numbers import TESTS, hold_some
from tests.pages.looking import look
from tests.pages.people import make_user, make_workspace, sign_in, take_session
from tests.pages.studio import Studio, make_studio

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_pack_is_bought_with_play_money(page: Page, context: BrowserContext, settings: LazySettings) -> None:
    settings.FAKE_RAIL = True
    rails.rail.cache_clear()
    organization = make_workspace(make_user())
    take_session(context, sign_in())
    page.goto(f"/w/{organization.pk}/credits")
    page.get_by_role("link", name="Buy credits").click()
    page.get_by_role("button", name="Buy 500 credits for $5.00").click()
    expect(page.locator("#progress")).to_contain_text("500 credits came in")
    page.get_by_role("link", name="Back to credits").first.click()
    expect(page.get_by_role("link", name="Available: 500 credits, the entries behind it")).to_have_text("500")
    page.get_by_role("link", name="Available: 500 credits, the entries behind it").click()
    expect(page.get_by_role("region", name="Entries")).to_contain_text("+500")
    assert Receipt.objects.get().user_id is not None


def test_a_pack_is_paid_at_stripe_and_credited_without_a_reload(
    page: Page, context: BrowserContext, stripe_behind_a_server: LocalStripe
) -> None:
    organization = make_workspace(make_user())
    take_session(context, sign_in())
    page.goto(f"/w/{organization.pk}/credits")
    page.get_by_role("button", name="Buy 2,000 credits for $20.00").click()
    page.wait_for_url(f"{stripe_behind_a_server.url}/pay/*")
    page.get_by_label("Bank debit").check()
    page.get_by_role("button", name="Pay", exact=True).click()
    attempt = PaymentAttempt.objects.get()
    page.wait_for_url(f"**/w/{organization.pk}/credits/payments/{attempt.pk}")
    expect(page.locator("#progress")).to_contain_text("the bank is still working on it")
    expect(page.locator("#progress")).to_contain_text("You can close this page")
    page.evaluate("window.sameDocument = true")
    stripe_behind_a_server.settle_async(str(attempt.session_id), ok=True)
    expect(page.locator("#progress")).to_contain_text("2,000 credits came in")
    assert page.evaluate("window.sameDocument") is True
    receipt = page.get_by_role("link", name="Open Stripe's receipt").get_attribute("href")
    assert receipt == Receipt.objects.get().receipt_url != ""
    assert page.locator("#progress").get_attribute("hx-get") is None
    assert CreditAccount.objects.get(organization=organization).paid_credits == 2000


def test_a_lost_webhook_is_made_good_by_asking_stripe_again(
    page: Page, context: BrowserContext, stripe_behind_a_server: LocalStripe
) -> None:
    stripe_behind_a_server.delivery = "lost"
    organization = make_workspace(make_user())
    take_session(context, sign_in())
    page.goto(f"/w/{organization.pk}/credits")
    page.get_by_role("button", name="Buy 500 credits for $5.00").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.locator("#progress")).to_contain_text("Not paid yet.")
    expect(page.get_by_role("button", name="Check with Stripe again")).to_have_count(0)
    waited = int(timezone.now().timestamp()) - 130
    page.goto(f"{page.url}?since={waited}")
    page.get_by_role("button", name="Check with Stripe again").click()
    expect(page.locator("#progress")).to_contain_text("500 credits came in")


def test_a_person_pays_what_an_agent_prepared(
    page: Page, context: BrowserContext, stripe_behind_a_server: LocalStripe
) -> None:
    studio = make_studio()
    attempt = prepared(studio)
    take_session(context, sign_in())
    page.goto(f"/w/{studio.organization.pk}/credits")
    expect(page.locator("#waiting")).to_contain_text("asked for by atlas-7")
    page.locator("#waiting").get_by_role("link", name="Pay $5.00").click()
    page.wait_for_url(f"{stripe_behind_a_server.url}/pay/*")
    page.get_by_role("button", name="Pay", exact=True).click()
    page.wait_for_url(f"**/credits/payments/{attempt.pk}")
    expect(page.locator("#progress")).to_contain_text("500 credits came in")
    expect(page.get_by_role("main")).to_contain_text("atlas-7")
    assert Receipt.objects.get(attempt=attempt).agent_id == studio.agent.agent_id


def test_a_person_closes_what_an_agent_prepared(
    page: Page, context: BrowserContext, stripe_behind_a_server: LocalStripe
) -> None:
    studio = make_studio()
    attempt = prepared(studio)
    take_session(context, sign_in())
    page.goto(f"/w/{studio.organization.pk}/credits")
    page.get_by_role("button", name="Close the payment of 500 credits").click()
    expect(page.get_by_text("The payment page is closed. Nothing was charged.")).to_be_visible()
    expect(page.locator("#waiting")).to_have_count(0)
    assert stripe_behind_a_server.object(str(attempt.session_id))["status"] == "expired"


def test_unused_credits_are_refunded(
    page: Page, context: BrowserContext, stripe_behind_a_server: LocalStripe
) -> None:
    organization = make_workspace(make_user())
    take_session(context, sign_in())
    page.goto(f"/w/{organization.pk}/credits")
    page.get_by_role("button", name="Buy 500 credits for $5.00").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.locator("#progress")).to_contain_text("came in")
    page.goto(f"/w/{organization.pk}/credits")
    page.get_by_role("link", name="Refund 500 credits").click()
    page.get_by_role("button", name="Refund 500 credits, $5.00").click()
    expect(page.get_by_text("500 credits went back; Stripe refunds $5.00")).to_be_visible()
    expect(page.locator("#purchases")).to_contain_text("refunded")
    assert (CreditAccount.objects.get().paid_credits, ledger.verify()) == (0, [])


def test_the_alert_is_set_and_tried(page: Page, context: BrowserContext, live_server: Any) -> None:
    organization = make_workspace(make_user())
    take_session(context, sign_in())
    page.goto(f"/w/{organization.pk}/credits")
    page.get_by_label("Below this many credits").fill("250")
    page.get_by_role("button", name="Set the alert").click()
    expect(page.locator("#alert")).to_contain_text("less than 250 credits are available")
    page.get_by_role("button", name="Send a test mail").click()
    expect(page.locator("#alert")).to_contain_text("on its way")
    outbox.send_waiting()
    alerts.deliver()
    assert Outbox.objects.get(kind=alerts.MAIL).sent_at is not None
    page.reload()
    expect(page.locator("#alert .deliveries")).to_contain_text("sent")


def test_the_numbers_stay_true_without_a_reload(page: Page, context: BrowserContext) -> None:
    studio = make_studio()
    take_session(context, sign_in())
    page.clock.install()
    page.goto(f"/w/{studio.organization.pk}/credits")
    expect(page.locator("#held")).to_contain_text("no job runs now")
    hold_some(studio.agent.row, 7)
    page.clock.run_for(10_000)  # after which the page asks
    expect(page.locator("#held")).to_contain_text("1 running job")


def test_each_page_looks_right(
    page: Page, context: BrowserContext, stripe_behind_a_server: LocalStripe, screenshots: Path | None
) -> None:
    studio = lively(make_studio())
    attempt = prepared(studio)
    take_session(context, sign_in())
    here = f"/w/{studio.organization.pk}/credits"
    done = PaymentAttempt.objects.filter(state="succeeded").latest("pk")
    pages = {
        "main": "",
        "ledger": "/ledger?view=available",
        "ledger-held": "/ledger?view=held",
        "ledger-job": f"/ledger?job={studio.jobs[-1].pk}",
        "books": "/books",
        "purchases": "/purchases",
        "payment-open": f"/payments/{attempt.pk}",
        "payment-done": f"/payments/{done.pk}",
    }
    for name, path in pages.items():
        look(page, f"{here}{path}", screenshots, name=f"credits-looks-{name}")


def test_an_empty_page_and_a_refund_look_right(
    page: Page, context: BrowserContext, stripe_behind_a_server: LocalStripe, screenshots: Path | None
) -> None:
    organization = make_workspace(make_user())
    client = sign_in()
    take_session(context, client)
    here = f"/w/{organization.pk}/credits"
    look(page, here, screenshots, name="credits-looks-empty")
    client.post(f"{here}/buy", {"once": "a" * 32, "pack_id": "starter-500"})
    stripe_behind_a_server.pay(str(PaymentAttempt.objects.get().session_id))
    look(page, f"{here}/receipts/{Receipt.objects.get().pk}/refund", screenshots, name="credits-looks-refund")


def lively(studio: Studio) -> Studio:
    """Let a studio have lived for a while: spending on several days, a hold, a debt of none, an alert, a check."""
    now = timezone.now()

    @unit_of_work
    def more() -> None:
        lot = CreditLot.objects.filter(organization=studio.organization).latest("pk")
        ledger.grant(
            organization_id=studio.organization.pk, kind=LotKind.PROMO, credits=120, source="tests", actor=TESTS
        )
        ledger.freeze(lots=[lot], credits=40, reference="tests", actor=TESTS)

    more()
    hold_some(studio.agent.row, 6)
    for days in range(1, 7):
        SpendBucket.objects.create(
            organization=studio.organization,
            agent=studio.agent.row,
            start=now.replace(minute=0, second=0, microsecond=0) - timedelta(days=days),
            settled_credits=11 * days,
        )
    member = studio.place
    alerts.set_alert(by=_human(member), threshold_credits=600, user_id=member.user_id)
    alerts.set_alert(by=_human(member), threshold_credits=200, user_id=member.user_id)
    alerts.send_test(by=_human(member))
    findings.record(found=[], full=True, began_at=now)
    return studio


def _human(member: Any) -> Any:
    return buyers.of_place(member)
