"""Refunding what is unused, from the page: the exact amount, once, within the window, by an owner."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts import organizations
from accounts.models import Agent, Membership, Organization, Role
from billing import ledger, refunds, standing
from billing.models import CreditLot, PaymentAttempt, Receipt, Reversal
from imageskill.core.models import ActivityEvent
from imageskill.core.units import unit_of_work
from tests.billing import books
from tests.local_stripe import LocalStripe
from tests.pages.people import join, make_user, make_workspace, said, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


class Bought:
    """A workspace that bought 500 credits for real money, and its owner's browser."""

    def __init__(self, stripe: LocalStripe) -> None:
        self.stripe = stripe
        self.organization: Organization = make_workspace(make_user())
        self.client: Client = sign_in()
        self.here = f"/w/{self.organization.pk}/credits"
        self.client.post(f"{self.here}/buy", {"once": "a" * 32, "pack_id": "starter-500"})
        stripe.pay(str(PaymentAttempt.objects.get().session_id))
        stripe.deliver_all()
        self.receipt = Receipt.objects.get()
        self.page = f"{self.here}/receipts/{self.receipt.pk}/refund"

    def spend(self, credits: int) -> None:
        agent, _ = Agent.objects.get_or_create(
            organization=self.organization,
            name="atlas-7",
            runtime="tests",
            signup_network="loopback",
            defaults={"created_at": timezone.now()},
        )
        spend(agent, credits)

    def confirm(self, credits: int | str, client: Client | None = None) -> list[str]:
        return said((client or self.client).post(f"{self.page}/confirm", {"credits": credits}))

    def words(self, path: str = "") -> str:
        content = self.client.get(f"{self.here}{path}").content.decode()
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content))


@unit_of_work
def spend(agent: Agent, credits: int) -> None:
    organizations.lock(agent.organization_id)
    held = books.set_aside(agent, (CreditLot.objects.get(organization=agent.organization), credits))
    books.settle(held, credits)


@pytest.fixture
def bought(live: LocalStripe) -> Bought:
    return Bought(live)


def test_the_exact_unused_amount_goes_back_once(bought: Bought) -> None:
    bought.spend(180)
    assert "Refund 320 credits" in bought.words()
    page = bought.client.get(bought.page)
    assert b"$3.20" in page.content
    assert b'name="credits" value="320"' in page.content
    assert bought.confirm(320) == ["320 credits went back; Stripe refunds $3.20 to the card they were paid with."]
    reversal = Reversal.objects.get()
    assert (reversal.amount_cents, reversal.status, reversal.effect) == (320, "succeeded", "takes")
    assert (standing.of_workspace(bought.organization.pk).available, ledger.verify()) == (0, [])
    for _ in range(4):
        assert "Nothing of this receipt can be refunded" in bought.confirm(320)[0]
    assert bought.stripe.count("POST", "/v1/refunds") == 1
    page = bought.words()
    assert "partly refunded" in page
    assert "$3.20 refunded" in page
    assert "Refund 320" not in page
    event = ActivityEvent.objects.get(type="credits.refund_requested")
    assert (event.actor_type, event.credits, event.links["receipt_id"]) == ("human", 320, bought.receipt.pk)
    bought.stripe.deliver_all()
    assert Reversal.objects.count() == 1


def test_all_of_it_is_refunded_and_the_history_says_so(bought: Bought) -> None:
    bought.confirm(500)
    assert "refunded" in bought.words("/purchases")
    rows = b"".join(bought.client.get(f"{bought.here}/purchases.csv").streaming_content).decode()
    assert ",refunded,500,500,500,USD,yes," in rows
    # What the agents' API tells of the same purchase is the same word.
    assert "Nothing can be refunded" in bought.words(f"/receipts/{bought.receipt.pk}/refund")


def test_an_amount_that_changed_since_it_was_shown_refunds_nothing(bought: Bought) -> None:
    bought.spend(1)
    assert bought.confirm(500) == ["499 credits of it are unused now, not 500: nothing was refunded."]
    assert not Reversal.objects.exists()
    for wrong in ("", "x", "-1"):
        assert bought.confirm(wrong) == ["The refund was not asked for by the page that shows it."]
    assert standing.of_workspace(bought.organization.pk).available == 499


def test_after_the_window_nothing_is_offered(bought: Bought) -> None:
    with time_machine.travel(bought.receipt.created_at + refunds.WINDOW + timedelta(seconds=1)):
        assert refunds.offers([bought.receipt]) == {}
        client = sign_in()
        assert b"Nothing can be refunded" in client.get(bought.page).content
        assert "Nothing of this receipt" in bought.confirm(500, client)[0]
    assert not Reversal.objects.exists()


def test_an_admin_sees_it_and_only_an_owner_refunds(bought: Bought) -> None:
    join(make_user("bo@example.com"), bought.organization, Role.ADMIN)
    admin = sign_in("bo@example.com")
    assert b"Owners of this workspace refund." in admin.get(bought.page).content
    assert b"Refund 500 credits" not in admin.get(bought.here).content
    assert bought.confirm(500, admin) == ["Your role in this workspace does not allow this."]
    Membership.objects.filter(user__email="bo@example.com").update(role=Role.VIEWER)
    assert admin.post(f"{bought.page}/confirm", {"credits": "500"}).status_code == 403
    assert not Reversal.objects.exists()


def test_a_stripe_that_does_not_answer_leaves_the_credits_out_of_reach_and_is_asked_again(bought: Bought) -> None:
    bought.stripe.fail(500, times=9, method="POST", path="/v1/refunds")
    assert "is asked again" in bought.confirm(500)[0]
    told = standing.of_workspace(bought.organization.pk)
    assert (told.available, told.frozen) == (0, 500)
    assert "500 frozen" in bought.words()
    bought.stripe.stop_failing()
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert refunds.finish_begun() == 1
    assert Reversal.objects.get().status == "succeeded"
    assert (standing.of_workspace(bought.organization.pk).frozen, ledger.verify()) == (0, [])


def test_a_refusal_by_stripe_gives_the_credits_again(bought: Bought) -> None:
    bought.stripe.fail(400, method="POST", path="/v1/refunds")
    assert bought.confirm(500) == ["Stripe refused this refund. The credits are available again."]
    assert standing.of_workspace(bought.organization.pk).available == 500


def test_a_dispute_is_told_and_blocks_a_refund(bought: Bought) -> None:
    bought.stripe.dispute(bought.receipt.payment_intent, 500)
    bought.stripe.deliver_all()
    page = bought.words()
    assert "disputed" in page
    assert "500 frozen" in page
    assert "Refund 500" not in page


def test_another_workspace_s_receipt_is_not_found(bought: Bought) -> None:
    other = make_workspace(make_user("bo@example.com"))
    client = sign_in("bo@example.com")
    path = f"/w/{other.pk}/credits/receipts/{bought.receipt.pk}/refund"
    assert client.get(path).status_code == 404
    assert client.post(f"{path}/confirm", {"credits": "500"}).status_code == 404
    assert not Reversal.objects.exists()
