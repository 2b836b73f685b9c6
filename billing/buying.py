"""A person buys credits for a workspace: quote, attempt and session in one act that a double click repeats.

The form carries a once-token. It is the key of the quote and of the purchase, so the same form sent twice finds
the same attempt, and a changed one is refused.
"""

import hashlib
import re
from typing import Final

from billing import fulfilment, purchases, quotes, rails
from billing.buyers import Human
from billing.models import PaymentAttempt, PaymentMethod
from billing.rails.base import RailError
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields
from imageskill.core.idempotency import Claimed

_ONCE: Final = re.compile(r"[a-z0-9]{16,64}")


def method() -> str | None:
    """Return how a person pays here: at Stripe, else with play money; None where nothing is sold."""
    order = (PaymentMethod.STRIPE_CHECKOUT, PaymentMethod.FAKE)
    return next((str(kind) for kind in order if rails.is_enabled(kind)), None)


def buy(*, by: Human, pack_id: str | None, credits: int | None, once: str) -> PaymentAttempt:
    """Return the attempt to pay a pack or a number of credits, with its session; play money is paid at once.

    INVALID_ARGUMENTS, CREDIT_QUOTE_CONFLICT (the token stands for something else), CAPABILITY_DENIED (the role),
    RATE_LIMITED, PAYMENTS_NOT_CONFIGURED, PAYMENT_PROVIDER_FAILURE (the same form may be sent again).
    """
    if not _ONCE.fullmatch(once):
        raise invalid_fields({"once": ["is missing; load the page again"]})
    by_what = method()
    if by_what is None:
        raise quotes.not_configured()
    terms = quotes.terms_of(credits=credits, pack_id=pack_id, payment_method=by_what)
    key = f"page-{once}"
    quote = quotes.create(actor=by, terms=terms, key=_claimed(by, quotes.OPERATION, key, str(terms.canonical())))
    attempt = purchases.begin(
        actor=by,
        quote_id=quote.pk,
        method=by_what,
        key=_claimed(by, purchases.OPERATION, key, quote.pk),
    )
    if by_what == PaymentMethod.FAKE and attempt.session_id:
        try:
            fulfilment.fulfil(session_id=attempt.session_id, method=PaymentMethod.FAKE)
        except RailError as error:
            raise ApiError(ErrorCode.PAYMENT_PROVIDER_FAILURE, error.message) from error
        attempt.refresh_from_db()
    return attempt


def _claimed(by: Human, operation: str, key: str, terms: str) -> Claimed:
    return Claimed(
        agent_id=by.user_id,
        organization_ids=by.organization_ids,
        operation=operation,
        key=key,
        body_sha256=hashlib.sha256(terms.encode()).hexdigest(),
    )
