"""Buying a pack, and the page on which one waits for it honestly: credited only when our own ledger says so."""

import hashlib
from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts import members, organizations
from accounts.models import Membership
from accounts.pages.people import in_workspace, show
from billing import buyers, buying, cancellations, history, packs
from billing.history import Purchase
from billing.models import PaymentAttempt
from billing.pages.pay import may_lead_to
from imageskill.core.errors import ApiError, invalid_fields
from imageskill.site.credits.doing import done, words_of
from imageskill.site.credits.words import STATES

CHECK_AFTER: Final = timedelta(minutes=2)
"""How long the page waits by itself before it offers to ask the payment provider again."""
_DIGITS: Final = 6


class SeeOther(HttpResponseRedirect):
    """Go on by GET."""

    status_code = 303


@require_POST
@in_workspace
def buy(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Begin a payment and lead to its page; the same form sent twice leads to the same one."""
    asked = request.POST
    try:
        attempt = buying.buy(
            by=buyers.of_place(place),
            pack_id=asked.get("pack_id") or None,
            credits=_amount(asked.get("credits", "")),
            once=asked.get("once", ""),
        )
    except ApiError as error:
        messages.error(request, words_of(error))
        return SeeOther(f"{reverse('credits', args=[place.organization_id])}#buy")
    if attempt.state == PaymentAttempt.State.ACTION_REQUIRED and may_lead_to(attempt.checkout_url):
        leading = SeeOther(attempt.checkout_url)
        leading["Referrer-Policy"] = "no-referrer"
        return leading
    return SeeOther(_page_of(place, attempt.pk))


def _amount(typed: str) -> int | None:
    """Return a typed amount of credits; None where there is none. INVALID_ARGUMENTS: it is no such number."""
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) <= _DIGITS):
        raise invalid_fields({"amount": [f"must be a whole number of credits, up to {packs.MAX_CUSTOM_CREDITS}"]})
    credits = int(typed)
    if not packs.MIN_CUSTOM_CREDITS <= credits <= packs.MAX_CUSTOM_CREDITS:
        raise invalid_fields({"amount": [f"must be a whole number of credits, up to {packs.MAX_CUSTOM_CREDITS}"]})
    return credits


@require_GET
@in_workspace
def payment(request: HttpRequest, place: Membership, reference: str) -> HttpResponseBase:
    """Show how a payment stands."""
    return show(request, "credits/payment.html", place, page="credits", **_shown(request, place, reference))


@require_GET
@in_workspace
def state(request: HttpRequest, place: Membership, reference: str) -> HttpResponseBase:
    """Return how a payment stands, for the page that waits for it."""
    told = _shown(request, place, reference)
    return render(
        request, "credits/payment_state.html", {"workspace": place.organization, "member": place, **told}
    )


@require_POST
@in_workspace
def cancel(request: HttpRequest, place: Membership, reference: str) -> HttpResponseBase:
    """Close a payment page that nobody shall pay."""
    purchase = _found(place, reference)

    def doing() -> str:
        closed = cancellations.cancel(attempt=purchase.attempt, by=buyers.of_place(place))
        if closed.canceled_at is not None:
            return "The payment page is closed. Nothing was charged."
        raise members.CannotError(f"It was too late to close this payment: it is {STATES[str(closed.state)][0]}.")

    return done(request, place, doing, "#waiting")


def _found(place: Membership, reference: str) -> Purchase:
    purchase = history.find(organizations.with_shells(place.organization_id), reference)
    if purchase is None:
        raise Http404
    return purchase


def _shown(request: HttpRequest, place: Membership, reference: str) -> dict[str, Any]:
    purchase = _found(place, reference)
    attempt = purchase.attempt
    now = int(timezone.now().timestamp())
    since = _since(request, now)
    pack = packs.find(attempt.quote.pack_id)
    return {
        "purchase": purchase,
        "attempt": attempt,
        "state": STATES[purchase.state],
        "what": f"{pack.name}, {attempt.credits} credits" if pack else "",
        "key_digest": hashlib.sha256(attempt.idempotency_key.encode()).hexdigest()[:12],
        "since": since,
        "may_check": bool(attempt.session_id) and now - since >= CHECK_AFTER.total_seconds(),
        "payable": attempt.state == PaymentAttempt.State.ACTION_REQUIRED and may_lead_to(attempt.checkout_url),
        "decides": place.role in buyers.DECIDES,
    }


def _since(request: HttpRequest, now: int) -> int:
    """Return since when this page waits, as it says itself; nothing but an offer depends on it."""
    told = request.GET.get("since", "")
    return min(int(told), now) if told.isascii() and told.isdigit() and len(told) <= len(str(now)) else now


def _page_of(place: Membership, attempt_id: str) -> str:
    return reverse("credits_payment", args=[place.organization_id, attempt_id])
