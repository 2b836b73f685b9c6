"""Quotes: the terms of a purchase, fixed for a day. A quote grants nothing and takes nothing."""

import shlex
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from accounts import organizations
from billing import buyers, packs, rails
from billing.buyers import Buyer
from billing.models import PaymentMethod, Quote
from billing.packs import Pack
from imageskill.core import idempotency, ids
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields
from imageskill.core.idempotency import Claimed
from imageskill.core.units import unit_of_work

LIFETIME: Final = timedelta(hours=24)
OPERATION: Final = "credit_quote"
METHODS_COMMAND: Final = "image-skill credits methods --json"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is to be bought, and how it is paid."""

    credits: int
    pack: Pack | None
    payment_method: str

    @property
    def amount_cents(self) -> int:
        """The price."""
        return packs.price_cents(self.credits)

    def command(self, key: str | None = None) -> str:
        """Return the command that asks for these terms."""
        what = f"--pack {self.pack.pack_id}" if self.pack else f"--credits {self.credits}"
        keyed = f" --idempotency-key {shlex.quote(key)}" if key else ""
        return f"image-skill credits quote {what} --payment-method {self.payment_method}{keyed} --json"

    def canonical(self) -> dict[str, Any]:
        """Return what a key stands for: the same terms in other words are the same quote."""
        return {
            "credits": self.credits,
            "pack_id": self.pack.pack_id if self.pack else None,
            "payment_method": self.payment_method,
        }


def terms_of(*, credits: int | None, pack_id: str | None, payment_method: str | None) -> Terms:
    """Return the terms of a request. INVALID_ARGUMENTS: not exactly one amount, no such pack, no such method."""
    if (credits is None) == (pack_id is None):
        problem = "exactly one of credits and pack_id is required"
        raise invalid_fields({"credits": [problem], "pack_id": [problem]}, message=problem)
    pack = packs.find(pack_id) if pack_id is not None else None
    if pack_id is not None and pack is None:
        known = ", ".join(pack.pack_id for pack in packs.PACKS)
        raise invalid_fields({"pack_id": [f"must be one of {known}"]})
    method = payment_method or rails.default_method()
    if method is None or (method == PaymentMethod.FAKE and not rails.is_enabled(method)):
        raise _method_required()
    if not rails.is_enabled(method):
        raise not_configured()
    wanted = pack.credits if pack else credits or 0
    least = rails.least_cents(method)
    if packs.price_cents(wanted) < least:
        raise invalid_fields({"credits": [f"must cost at least {least} cents by {method}"]})
    return Terms(wanted, pack, method)


def create(*, actor: Buyer, terms: Terms, key: Claimed | None) -> Quote:
    """Return the quote of these terms: a new one, or that of an earlier call with the same key.

    CREDIT_QUOTE_CONFLICT: the key stands for other terms. CAPABILITY_DENIED: an unclaimed agent would buy more
    than it may.
    """
    try:
        return _create(actor, terms, key)
    except ApiError as error:
        if error.code is not ErrorCode.IDEMPOTENCY_CONFLICT:
            raise
        fresh = f"quote-{ids.new_id('quote').removeprefix('quote_')}"
        raise ApiError(
            ErrorCode.CREDIT_QUOTE_CONFLICT,
            "This idempotency key belongs to a quote with other terms. Ask for these terms with a fresh key.",
            reason="same_key_other_terms",
            idempotency_key=fresh,
            suggested_command=terms.command(fresh),
        ) from None


@unit_of_work
def _create(actor: Buyer, terms: Terms, key: Claimed | None) -> Quote:
    organizations.lock(actor.organization_id)
    row = idempotency.find(key) if key is not None else None
    if row is not None:
        return visible_to(actor, row.object_id)
    buyers.check_amount(actor, terms.credits)
    now = timezone.now()
    quote_id = ids.new_id("quote")
    quote = Quote.objects.create(
        id=quote_id,
        organization_id=actor.organization_id,
        **buyers.column_of(actor),
        credits=terms.credits,
        amount_cents=terms.amount_cents,
        pack_id=terms.pack.pack_id if terms.pack else "",
        payment_method=terms.payment_method,
        live_money=rails.rail(terms.payment_method).live_money,
        idempotency_key=key.key if key is not None else f"quote-{quote_id.removeprefix('quote_')}",
        created_at=now,
        expires_at=now + LIFETIME,
    )
    if key is not None:
        idempotency.bind(key, object_id=quote.pk)
    return quote


def visible_to(actor: Buyer, reference: str) -> Quote:
    """Return the caller's quote. QUOTE_NOT_FOUND: missing, or another buyer's."""
    quote = None
    if ids.prefix_of(reference) == "quote":
        own = Quote.objects.filter(**buyers.column_of(actor), organization_id__in=actor.organization_ids)
        quote = own.filter(pk=reference).first()
    if quote is None:
        raise ApiError(ErrorCode.QUOTE_NOT_FOUND, suggested_command="image-skill credits packs list --json")
    return quote


def terms_of_quote(quote: Quote) -> Terms:
    """Return the terms that a quote fixed."""
    return Terms(quote.credits, packs.find(quote.pack_id), quote.payment_method)


def purchase_key(quote: Quote) -> str:
    """Return the key under which the quote is best bought: the same one each time it is shown."""
    return f"buy-{quote.pk.removeprefix('quote_')}"


def buy_command(quote: Quote) -> str:
    """Return the command that buys the quote."""
    act = "fake-purchase" if quote.payment_method == PaymentMethod.FAKE else "buy --provider stripe"
    return f"image-skill credits {act} --quote-id {quote.pk} --idempotency-key {purchase_key(quote)} --json"


def status_command(quote: Quote) -> str:
    """Return the command that tells how the quote stands."""
    return f"image-skill credits status --quote-id {quote.pk} --json"


def _method_required() -> ApiError:
    open_methods = [method for method in PaymentMethod.values if rails.is_enabled(method)]
    if not open_methods:
        return not_configured()
    return ApiError(
        ErrorCode.INVALID_ARGUMENTS,
        f"payment_method must be {' or '.join(open_methods)}: this service takes no play money.",
        fields={"payment_method": [f"must be {' or '.join(open_methods)}"]},
        required_flag=f"--payment-method {open_methods[0]}",
        suggested_command=METHODS_COMMAND,
    )


def not_configured() -> ApiError:
    """Return the refusal of a service that takes no payments of a kind."""
    return ApiError(
        ErrorCode.PAYMENTS_NOT_CONFIGURED,
        "This service takes no payments of that kind.",
        retryable=False,
        suggested_command=METHODS_COMMAND,
    )
