"""Quotes, packs and payment methods: the terms, and every way to ask for them wrongly."""

from typing import Any

import pytest
from django.conf import LazySettings

from billing.models import Quote
from imageskill.core.models import IdempotencyKey
from tests.cast import Caller, Member
from tests.payments.conftest import Buyer

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

CARD = "4242 4242 4242 4242"


def test_packs_and_methods_are_told_to_everybody(anonymous: Caller) -> None:
    packs = anonymous.get("/v1/credit-packs").data
    assert packs["default_pack_id"] == "starter-500"
    assert [
        (pack["pack_id"], pack["credits"], pack["amount_cents"], pack["amount_usd"]) for pack in packs["packs"]
    ] == [
        ("starter-500", 500, 500, "5.00"),
        ("builder-2000", 2000, 2000, "20.00"),
        ("studio-5000", 5000, 5000, "50.00"),
    ]
    assert packs["custom_quotes"] == {"supported": True, "min_credits": 1, "max_credits": 5000}
    methods = {row["method_id"]: row for row in anonymous.get("/v1/payment-methods").data["methods"]}
    assert (methods["fake"]["available"], methods["fake"]["live_money"]) == (True, False)
    assert (methods["stripe_checkout"]["available"], methods["stripe_checkout"]["unavailable_reason"]) == (
        False,
        "not_configured",
    )


def test_a_quote_says_its_terms_and_grants_nothing(buyer: Buyer) -> None:
    before = buyer.member.get("/v1/quota").data["limits"]
    quote = buyer.quote(pack_id="builder-2000", idempotency_key="quote-run-001").data
    assert set(quote) == {
        "quote_id", "state", "credits", "price_amount_cents", "currency", "expires_at", "accepted_payment_method",
        "idempotency_key", "pack_id", "pack", "live_money", "next_actions",
    }  # fmt: skip
    assert (quote["credits"], quote["price_amount_cents"], quote["accepted_payment_method"]) == (
        2000,
        2000,
        "fake",
    )
    assert (quote["idempotency_key"], quote["pack"]["name"], quote["live_money"]) == (
        "quote-run-001",
        "Builder",
        False,
    )
    advised = quote["next_actions"]["recommended_buy"]
    assert advised["command"] == (
        f"image-skill credits fake-purchase --quote-id {quote['quote_id']} "
        f"--idempotency-key {advised['purchase_idempotency_key']} --json"
    )
    assert buyer.member.get("/v1/quota").data["limits"] == before


def test_the_same_key_and_terms_are_the_same_quote_in_whatever_words(buyer: Buyer) -> None:
    first = buyer.quote(credits=10, idempotency_key="quote-run-001").data
    again = buyer.quote(credits=10, payment_method="fake", pack_id=None, idempotency_key="quote-run-001").data
    assert again == first
    assert Quote.objects.count() == 1


def test_the_same_key_with_other_terms_is_a_conflict_that_repeats_the_terms(buyer: Buyer) -> None:
    buyer.quote(credits=10, idempotency_key="quote-run-001")
    refused = buyer.quote(credits=11, idempotency_key="quote-run-001")
    assert (refused.code, refused.exit_code, refused.status) == ("CREDIT_QUOTE_CONFLICT", 2, 409)
    told = refused.error["recovery"]
    assert told["suggested_command"] == (
        "image-skill credits quote --credits 11 --payment-method fake "
        f"--idempotency-key {told['idempotency_key']} --json"
    )
    assert buyer.quote(credits=11, idempotency_key=told["idempotency_key"]).data["credits"] == 11


def test_keys_belong_to_the_agent(buyer: Buyer, stranger: Member) -> None:
    buyer.quote(credits=10, idempotency_key="quote-run-001")
    assert Buyer(stranger).quote(credits=99, idempotency_key="quote-run-001").status == 200


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"credits": 10, "pack_id": "starter-500"}, "credits"),
        ({"payment_method": "fake"}, "pack_id"),
        ({"credits": 0}, "credits"),
        ({"credits": 5001}, "credits"),
        ({"credits": "10"}, "credits"),
        ({"credits": True}, "credits"),
        ({"credits": 1.0}, "credits"),
        ({"pack_id": "starter-501"}, "pack_id"),
        ({"credits": 10, "payment_method": "cash"}, "payment_method"),
        ({"credits": 10, "card_number": CARD}, "card_number"),
        ({"credits": 10, "idempotency_key": CARD}, "idempotency_key"),
        ({"credits": 10, "idempotency_key": "sk_live_" + "a" * 24}, "idempotency_key"),
        ({"credits": 10, "idempotency_key": ""}, "idempotency_key"),
        ({"credits": 10, CARD: "1"}, "body"),
    ],
)
def test_bad_terms_are_refused_and_nothing_is_stored(buyer: Buyer, fields: dict[str, Any], named: str) -> None:
    refused = buyer.quote(**fields)
    assert (refused.code, refused.exit_code, refused.status) == ("INVALID_ARGUMENTS", 2, 400)
    assert named in refused.error["recovery"]["fields"]
    assert "4242" not in str(refused.body)
    assert "sk_live" not in str(refused.body)
    assert (Quote.objects.count(), IdempotencyKey.objects.count()) == (0, 0)


def test_the_keys_of_clients_are_no_card_numbers(buyer: Buyer) -> None:
    for number in range(20):
        key = f"quote-{1746700000000 + number * 7919}-{number:08x}"
        assert buyer.quote(credits=1, idempotency_key=key).status == 200


def test_without_play_money_the_method_has_to_be_named(buyer: Buyer, settings: LazySettings) -> None:
    settings.FAKE_RAIL = False
    settings.STRIPE_SECRET_KEY = "sk_test_" + "a" * 24
    for fields in ({"credits": 100}, {"credits": 100, "payment_method": "fake"}):
        refused = buyer.quote(**fields)
        assert refused.code == "INVALID_ARGUMENTS"
        assert refused.error["recovery"]["required_flag"] == "--payment-method stripe_checkout"
    quote = buyer.quote(credits=100, payment_method="stripe_checkout")
    assert (quote.data["accepted_payment_method"], quote.data["live_money"]) == ("stripe_checkout", False)
    refused = buyer.quote(credits=49, payment_method="stripe_checkout")
    assert refused.error["recovery"]["fields"]["credits"] == ["must cost at least 50 cents by stripe_checkout"]


def test_a_service_that_takes_no_payments_says_so(buyer: Buyer, settings: LazySettings) -> None:
    settings.FAKE_RAIL = False
    refused = buyer.quote(credits=100)
    assert (refused.code, refused.exit_code, refused.status) == ("PAYMENTS_NOT_CONFIGURED", 7, 503)
    assert refused.error["retryable"] is False


def test_an_unclaimed_agent_is_quoted_no_more_than_it_may_buy(buyer: Buyer) -> None:
    refused = buyer.quote(credits=2001)
    assert (refused.code, refused.exit_code, refused.status) == ("CAPABILITY_DENIED", 4, 403)
    told = refused.error["recovery"]
    assert (told["reason"], told["cap_day"], told["used_day"], told["needed"]) == (
        "unclaimed_purchase_limit",
        2000,
        0,
        2001,
    )
    bought = buyer.quote(credits=1500).data["quote_id"]
    assert buyer.buy(bought).status == 200
    assert buyer.quote(credits=501).code == "CAPABILITY_DENIED"
    assert buyer.quote(credits=500).status == 200


def test_a_quote_needs_a_token(anonymous: Caller) -> None:
    assert anonymous.post("/v1/credit-quotes", {"credits": 10}).code == "AUTH_REQUIRED"
