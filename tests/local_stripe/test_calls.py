"""The real library opens, reads, closes and lists sessions, refunds, disputes and events."""

import time
from typing import Any

import pytest
import stripe

from tests.local_stripe import LocalStripe
from tests.local_stripe.conftest import Open


def test_a_session_is_opened_and_read_again(local: LocalStripe, client: stripe.StripeClient, opened: Open) -> None:
    session = opened()
    found = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items", "payment_intent"]})
    assert session.id.startswith("cs_test_")
    assert (found.status, found.payment_status, found.amount_total, found.currency) == (
        "open",
        "unpaid",
        1000,
        "usd",
    )
    assert found.metadata is not None
    assert found.metadata.to_dict() == {"attempt": "payatt_1", "0": "a key that is a number"}
    assert found.payment_intent is None
    assert found.line_items is not None
    assert found.line_items.data[0].description == "100 credits"
    assert found.url == f"{local.url}/pay/{session.id}"
    assert local.calls == {"POST /v1/checkout/sessions": 1, f"GET /v1/checkout/sessions/{session.id}": 1}
    assert local.requests[0].version == "2026-10-28.endive"


def test_a_paid_session_has_a_payment_with_our_metadata(
    local: LocalStripe, client: stripe.StripeClient, opened: Open
) -> None:
    session = opened()
    local.pay(session.id, discount_percent=50, tax_cents=80)
    found: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    assert (found.status, found.payment_status, found.url) == ("complete", "paid", None)
    assert (found.amount_subtotal, found.amount_total) == (1000, 580)
    assert (found.total_details.amount_discount, found.total_details.amount_tax) == (500, 80)
    assert found.payment_intent.metadata.to_dict() == {"attempt": "payatt_1"}
    assert found.payment_intent.latest_charge.amount == 580
    assert found.customer_details.email == "payer@example.com"


def test_a_session_that_costs_nothing_has_no_payment(local: LocalStripe, opened: Open) -> None:
    paid = local.pay(opened().id, discount_percent=100)
    assert (paid["payment_status"], paid["amount_total"], paid["payment_intent"]) == (
        "no_payment_required",
        0,
        None,
    )


def test_a_session_expires_when_asked_and_when_its_time_is_over(
    local: LocalStripe, client: stripe.StripeClient, opened: Open
) -> None:
    closed, late = opened(), opened()
    assert client.v1.checkout.sessions.expire(closed.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="status of `expired`"):
        client.v1.checkout.sessions.expire(closed.id)
    local.rewrite(late.id, expires_at=int(time.time()) - 1)
    assert client.v1.checkout.sessions.retrieve(late.id).status == "expired"
    assert [event["type"] for event in local.events] == ["checkout.session.expired"] * 2


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
        ({"payment_intent_data": {"amount": 5}}, "parameter_unknown", "payment_intent_data[amount]"),
        ({"mode": "subscription"}, None, "mode"),
        ({"line_items": []}, "parameter_missing", "line_items"),
        ({"success_url": "/back"}, "url_invalid", "success_url"),
        ({"expires_at": 29 * 60}, None, "expires_at"),
        ({"expires_at": 24 * 3600 + 60}, None, "expires_at"),
        ({"cents": 49}, "amount_too_small", None),
    ],
)
def test_it_refuses_what_stripe_refuses(
    local: LocalStripe, opened: Open, fields: dict[str, Any], code: str | None, param: str | None
) -> None:
    if "expires_at" in fields:
        fields = {"expires_at": int(time.time()) + fields["expires_at"]}
    if "cents" in fields:
        price = {"currency": "usd", "unit_amount": fields["cents"], "product_data": {"name": "1 credit"}}
        fields = {"line_items": [{"quantity": 1, "price_data": price}]}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        opened(**fields)
    assert (refused.value.http_status, refused.value.code, refused.value.param) == (400, code, param)
    assert local.events == []


def test_unknown_ids_and_keys_are_refused(local: LocalStripe, client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.retrieve("re_nobody")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    other = stripe.StripeClient("sk_test_other", base_addresses={"api": local.url})
    with pytest.raises(stripe.AuthenticationError):
        other.v1.events.list()


def test_refunds_count_on_the_charge_until_they_fail(
    local: LocalStripe, client: stripe.StripeClient, opened: Open
) -> None:
    intent = local.pay(opened().id)["payment_intent"]
    asked: Any = {"payment_intent": intent, "amount": 400, "metadata": {"reversal": "rev_1"}}
    given = client.v1.refunds.create(asked, {"idempotency_key": "rev_1"})
    local.refund(intent, 100, status="pending")
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        client.v1.refunds.create({"payment_intent": intent, "amount": 501})
    charge = client.v1.charges.retrieve(str(given.charge))
    assert (charge.amount_refunded, charge.refunded, charge.payment_intent) == (500, False, intent)
    local.update_refund(given.id, "failed")
    assert client.v1.refunds.retrieve(given.id).status == "failed"
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 100
    listed = client.v1.refunds.list({"payment_intent": intent, "limit": 1})
    assert (len(listed.data), listed.has_more, len(list(listed.auto_paging_iter()))) == (1, True, 2)
    assert client.v1.refunds.list({"payment_intent": "pi_other"}).data == []


def test_disputes_and_warnings_are_told_and_read(
    local: LocalStripe, client: stripe.StripeClient, opened: Open
) -> None:
    intent = local.pay(opened().id)["payment_intent"]
    warning = local.early_fraud_warning(intent)
    opened_dispute = local.dispute(intent, 1000)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": intent})
    local.update_dispute(opened_dispute["id"], "won", funds="reinstated")
    found = client.v1.disputes.list({"payment_intent": intent}).data[0]
    told: Any = client.v1.radar.early_fraud_warnings.retrieve(warning["id"], {"expand": ["charge"]})
    assert refused.value.code == "charge_disputed"
    assert (found.id, found.status, found.amount) == (opened_dispute["id"], "won", 1000)
    assert [moved.amount for moved in found.balance_transactions] == [-1000, 1000]
    # A dispute of the charge ends its warning: nothing can be done about it any more.
    assert (warning["actionable"], told.actionable, told.charge.amount, told.charge.disputed) == (
        True,
        False,
        1000,
        True,
    )
    assert [event["type"] for event in local.events] == [
        "checkout.session.completed",
        "radar.early_fraud_warning.created",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "radar.early_fraud_warning.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]


def test_events_are_listed_in_pages_the_newest_first(
    local: LocalStripe, client: stripe.StripeClient, opened: Open
) -> None:
    intent = local.pay(opened().id)["payment_intent"]
    for _ in range(3):
        local.refund(intent, 100)
    newest_first = [event["id"] for event in local.events[::-1]]
    since: Any = {"created": {"gte": int(time.time()) - 60}, "limit": 2}
    listed = list(client.v1.events.list(since).auto_paging_iter())
    assert [event.id for event in listed] == newest_first
    assert listed[0].api_version == "2026-10-28.endive"
    refunds = client.v1.events.list({"types": ["refund.created"], "limit": 100}).data
    assert [event.type for event in refunds] == ["refund.created"] * 3
    assert client.v1.events.list({"created": {"gte": int(time.time()) + 60}}).data == []
    colour: Any = {"colour": "red"}
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter: colour"):
        client.v1.events.list(colour)


def test_live_objects_say_so() -> None:
    with LocalStripe(livemode=True) as live:
        session = live.foreign_session()
        live.pay(session["id"])
        assert live.secret_key.startswith("sk_live_")
        assert session["id"].startswith("cs_live_")
        assert session["livemode"]
        assert session["metadata"] == {}
        assert live.events[0]["livemode"]
