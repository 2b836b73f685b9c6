"""Payments that an agent, or anybody, has begun: people pay or close them, and money that came first is kept."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models import Membership, Organization, Role
from billing import buyers, buying, cancellations, ledger, standing, sweeping
from billing.models import PaymentAttempt
from imageskill.core.errors import ApiError
from imageskill.core.models import ActivityEvent
from tests.local_stripe import LocalStripe
from tests.pages.credits.test_credits_buying import ONCE, here, send, words
from tests.pages.people import make_user, make_workspace, said, sign_in
from tests.pages.studio import Studio, make_studio

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def organization(db: None) -> Organization:
    return make_workspace(make_user())


@pytest.fixture
def client(organization: Organization) -> Client:
    return sign_in()


def test_what_an_agent_prepared_is_paid_or_closed_by_people_and_never_changed(stripe: LocalStripe) -> None:
    studio = make_studio()
    attempt = prepared(studio)
    client = sign_in()
    base = here(studio.organization)
    page = words(client, base)
    assert "Waiting to be paid" in page
    assert "asked for by atlas-7" in page
    assert "Pay $5.00" in page
    told = words(client, f"{base}/payments/{attempt.pk}")
    for word in (attempt.quote_id, attempt.pk, "cannot be changed", "sha256"):
        assert word in told
    assert attempt.idempotency_key not in told
    assert client.get(f"/pay/{attempt.pk}").url == attempt.checkout_url
    closed = client.post(f"{base}/payments/{attempt.pk}/cancel", {"amount_cents": "1"})
    assert said(closed) == ["The payment page is closed. Nothing was charged."]
    attempt.refresh_from_db()
    assert (attempt.state, attempt.amount_cents) == ("expired", 500)
    assert attempt.canceled_by == studio.owner.pk
    assert stripe.object(str(attempt.session_id))["status"] == "expired"
    event = ActivityEvent.objects.get(type="payment.checkout_session.canceled")
    assert (event.actor_type, event.agent_id) == ("human", studio.agent.agent_id)
    assert "Waiting to be paid" not in words(client, base)
    again = client.post(f"{base}/payments/{attempt.pk}/cancel")
    assert ActivityEvent.objects.filter(type="payment.checkout_session.canceled").count() == 1
    assert again.status_code == 302
    status = studio.agent.get(f"/v1/credit-purchases/status?payment_attempt_id={attempt.pk}").data
    assert status["state"] == "expired"


def prepared(studio: Studio) -> PaymentAttempt:
    """Have the studio's agent begin a payment."""
    asked = studio.agent.post("/v1/credit-quotes", {"credits": 500, "payment_method": "stripe_checkout"})
    body = {"quote_id": asked.data["quote_id"], "idempotency_key": "prepared-for-a-person"}
    begun = studio.agent.post("/v1/credit-purchases/stripe-checkout-sessions", body)
    return PaymentAttempt.objects.get(pk=begun.data["payment_attempt_id"])


def test_money_that_came_before_the_closing_is_credited(
    organization: Organization, client: Client, stripe: LocalStripe
) -> None:
    send(client, organization)
    attempt = PaymentAttempt.objects.get()
    stripe.delivery = "lost"
    stripe.pay(str(attempt.session_id))
    answer = client.post(here(organization, f"/payments/{attempt.pk}/cancel"))
    assert said(answer) == ["It was too late to close this payment: it is credited."]
    assert (standing.of_workspace(organization.pk).available, ledger.verify()) == (500, [])
    attempt.refresh_from_db()
    assert (attempt.state, attempt.canceled_at) == ("succeeded", None)


def test_a_stripe_that_is_away_closes_nothing(
    organization: Organization, client: Client, stripe: LocalStripe
) -> None:
    send(client, organization)
    attempt = PaymentAttempt.objects.get()
    stripe.fail(500, times=9)
    answer = client.post(here(organization, f"/payments/{attempt.pk}/cancel"))
    assert "may still be open" in said(answer)[0]
    attempt.refresh_from_db()
    assert (attempt.state, attempt.canceled_at) == ("action_required", None)


def test_a_payment_page_that_was_never_opened_can_be_closed(
    organization: Organization, client: Client, stripe: LocalStripe
) -> None:
    stripe.fail(500, times=9, method="POST", path="/v1/checkout/sessions")
    send(client, organization)
    attempt = PaymentAttempt.objects.get()
    closed = client.post(here(organization, f"/payments/{attempt.pk}/cancel"))
    assert said(closed) == ["The payment page is closed. Nothing was charged."]
    stripe.stop_failing()
    with time_machine.travel(attempt.created_at + timedelta(minutes=3)):
        sweeping.sweep()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.session_id) == ("expired", None)
    page = words(Client(), f"/pay/{attempt.pk}/return")
    assert "Not paid" in page
    assert "the agent runs" not in page


def test_who_lost_the_role_meanwhile_neither_buys_nor_closes(
    organization: Organization, client: Client, stripe: LocalStripe
) -> None:
    send(client, organization)
    by = buyers.of_place(Membership.objects.get())
    Membership.objects.update(role=Role.VIEWER)
    attempt = PaymentAttempt.objects.get()
    with pytest.raises(ApiError, match="role"):
        cancellations.cancel(attempt=attempt, by=by)
    with pytest.raises(ApiError, match="role"):
        buying.buy(by=by, pack_id="starter-500", credits=None, once=ONCE[::-1])
    assert PaymentAttempt.objects.count() == 1


def test_an_agent_never_sees_what_a_person_bought(stripe: LocalStripe) -> None:
    studio = make_studio()
    client = sign_in()
    send(client, studio.organization)
    attempt = PaymentAttempt.objects.get(user=studio.owner)
    answer = studio.agent.get(f"/v1/credit-purchases/status?payment_attempt_id={attempt.pk}")
    assert answer.code == "QUOTE_NOT_FOUND"
    assert studio.agent.get(f"/v1/credit-purchases/status?quote_id={attempt.quote_id}").code == "QUOTE_NOT_FOUND"
    events = studio.agent.get("/v1/activity?limit=100").data
    assert attempt.pk not in str(events)
