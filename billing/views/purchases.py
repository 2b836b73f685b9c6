"""Buying credits over HTTP. Nothing here takes a card, a wallet or a receipt: such fields are refused unread."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from accounts.permissions import caller
from billing import fulfilment, packs, purchase_status, purchases, quota, quotes
from billing.models import PaymentMethod
from billing.presenters import purchases as presenters
from billing.rails.base import RailError
from imageskill.core import idempotency, secret_text
from imageskill.core.api import ApiView
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields
from imageskill.core.fields import ChoiceField, TextField, WholeField


class MoneyView(ApiView):
    """An operation whose body holds no field but its own, and no secret in any of them."""

    strict_body = True

    def read(self, request: Request) -> dict[str, Any]:
        """Return the body, unless something in it looks like a secret or a card number."""
        raw = super().read(request)
        if any(secret_text.is_secret(name) for name in raw):
            raise invalid_fields({"body": ["must not name a field like a secret or a card number"]})
        refused = [name for name, value in raw.items() if isinstance(value, str) and secret_text.is_secret(value)]
        if refused:
            raise invalid_fields({name[:64]: ["must not look like a secret or a card number"] for name in refused})
        return raw


class PaymentMethodList(ApiView):
    """`GET /v1/payment-methods`."""

    command = "image-skill credits methods"
    anonymous = True

    def get(self, request: Request) -> HttpResponse:
        """List how credits are paid here."""
        return self.answer(presenters.methods_json())


class CreditPackList(ApiView):
    """`GET /v1/credit-packs`."""

    command = "image-skill credits packs list"
    anonymous = True

    def get(self, request: Request) -> HttpResponse:
        """List what credits are sold in."""
        return self.answer(presenters.packs_json())


class CreditQuoteCreate(MoneyView):
    """`POST /v1/credit-quotes`."""

    command = "image-skill credits quote"
    grant = "credits.buy"

    class Input(serializers.Serializer[Any]):
        credits = WholeField(
            required=False,
            allow_null=True,
            min_value=packs.MIN_CUSTOM_CREDITS,
            max_value=packs.MAX_CUSTOM_CREDITS,
        )
        pack_id = TextField(required=False, allow_null=True, max_length=32)
        payment_method = ChoiceField(choices=PaymentMethod.values, required=False, allow_null=True)
        idempotency_key = TextField(required=False, allow_null=True, trim_whitespace=False, max_length=255)

    def post(self, request: Request) -> HttpResponse:
        """Fix the terms of a purchase for a day."""
        actor = caller(request)
        data = self.parse(request)
        terms = quotes.terms_of(
            credits=data.get("credits"), pack_id=data.get("pack_id"), payment_method=data.get("payment_method")
        )
        key = idempotency.from_call(
            header=request.headers.get("idempotency-key"),
            body=data,
            terms=terms.canonical(),
            agent_id=actor.actor_id,
            organization_ids=actor.organization_ids,
            operation=quotes.OPERATION,
        )
        quote = quotes.create(actor=actor, terms=terms, key=key)
        told = presenters.quote_json(quote) | presenters.debt_json(quote, quota.of_agent(actor.agent))
        return self.answer(told)


class _Purchase(MoneyView):
    """Buying a quote by one method."""

    grant = "credits.buy"

    class Input(serializers.Serializer[Any]):
        quote_id = TextField(max_length=64)
        idempotency_key = TextField(required=False, allow_null=True, trim_whitespace=False, max_length=255)

    def key_of(self, request: Request, data: Mapping[str, Any]) -> idempotency.Claimed:
        """Return the call's key. INVALID_ARGUMENTS: money moves under a key only."""
        actor = caller(request)
        key = idempotency.from_call(
            header=request.headers.get("idempotency-key"),
            body=data,
            terms={"quote_id": data["quote_id"]},
            agent_id=actor.actor_id,
            organization_ids=actor.organization_ids,
            operation=purchases.OPERATION,
        )
        if key is None:
            raise invalid_fields({"idempotency_key": ["is required"]})
        return key


class CheckoutSessionCreate(_Purchase):
    """`POST /v1/credit-purchases/stripe-checkout-sessions`."""

    command = "image-skill credits buy"

    def post(self, request: Request) -> HttpResponse:
        """Open a hosted payment page; nothing is granted before it is paid."""
        data = self.parse(request)
        attempt = purchases.begin(
            actor=caller(request),
            quote_id=data["quote_id"],
            method=PaymentMethod.STRIPE_CHECKOUT,
            key=self.key_of(request, data),
        )
        return self.answer(presenters.checkout_json(attempt))


class FakePurchaseCreate(_Purchase):
    """`POST /v1/credit-purchases`: play money."""

    command = "image-skill credits fake-purchase"

    def post(self, request: Request) -> HttpResponse:
        """Pay a quote with play money; a repeat tells the first receipt and grants nothing."""
        data, actor = self.parse(request), caller(request)
        attempt = purchases.begin(
            actor=actor,
            quote_id=data["quote_id"],
            method=PaymentMethod.FAKE,
            key=self.key_of(request, data),
        )
        try:
            done = fulfilment.fulfil(session_id=attempt.session_id or "", method=PaymentMethod.FAKE)
        except RailError as error:
            raise ApiError(ErrorCode.PAYMENT_PROVIDER_FAILURE, error.message) from error
        if done.receipt is None:
            raise ApiError(
                ErrorCode.PAYMENT_PROVIDER_FAILURE, "The payment does not match its order.", retryable=False
            )
        replayed = done.outcome is fulfilment.Outcome.ALREADY_GRANTED
        return self.answer(presenters.purchase_json(done.receipt, quota.of_agent(actor.agent), replayed=replayed))


class PurchaseStatus(ApiView):
    """`GET /v1/credit-purchases/status`."""

    command = "image-skill credits status"
    query_fields = frozenset(purchase_status.REFERENCES)

    def get(self, request: Request) -> HttpResponse:
        """Say how a purchase stands; without a reference, the balance."""
        actor = caller(request)
        asked = request.query_params
        references = {name: asked[name] for name in purchase_status.REFERENCES if name in asked}
        standing = purchase_status.find(actor=actor, references=references)
        now = quota.of_agent(actor.agent)
        if standing is None:
            return self.answer(presenters.balance_json(now))
        return self.answer(presenters.status_json(standing, now))
