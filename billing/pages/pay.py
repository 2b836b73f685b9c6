"""The short address of a payment: it leads to the payment page, and afterwards says how the payment stands.

Whoever has the address may look: it shows the pack, the amount and the state, nothing else. GET changes nothing.
"""

import time
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import members, organizations
from accounts.models import User
from billing import fulfilment, packs, purchases, quotes
from billing.models import PaymentAttempt
from billing.rails.base import RailError

_STRIPE: Final = "checkout.stripe.com"
_LOOKS_SECONDS: Final = 600
_DIGITS: Final = 12
_LOOK_NO_MORE: Final = 286
"""What htmx understands as the end of looking."""
_WORDS: Final = {
    PaymentAttempt.State.CREATED: ("The payment page is being made", "Open this address again in a minute."),
    PaymentAttempt.State.ACTION_REQUIRED: (
        "Not paid yet",
        "If you have just paid, this takes a few seconds. You can close this page: the credits come without it.",
    ),
    PaymentAttempt.State.PROCESSING: (
        "Confirming the payment",
        "The bank is still working on it. You can close this page: the credits come without it.",
    ),
    PaymentAttempt.State.SUCCEEDED: ("Paid and credited", "The agent can use the credits now."),
    PaymentAttempt.State.FAILED: ("Not paid", "The payment failed. Nothing was charged."),
    PaymentAttempt.State.EXPIRED: ("Not paid", "The time to pay is over. Nothing was charged."),
}


@require_GET
@never_cache
def hand_off(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Lead to the payment page while it can be paid; else say how the payment stands."""
    attempt = purchases.by_address(reference)
    if attempt is None:
        return _unknown(request)
    if attempt.state == PaymentAttempt.State.ACTION_REQUIRED and may_lead_to(attempt.checkout_url):
        leading = HttpResponseRedirect(attempt.checkout_url)
        leading["Referrer-Policy"] = "no-referrer"
        return leading
    return _page(request, attempt)


@require_GET
@never_cache
def standing(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Say how a payment stands; the payer comes here from the payment page.

    Members of its workspace are led to the same on their credits page.
    """
    attempt = purchases.by_address(reference)
    if attempt is None:
        return _unknown(request)
    own = _of_member(request, attempt)
    if request.headers.get("HX-Request"):
        return _looked(request, attempt, own)
    return HttpResponseRedirect(own) if own else _page(request, attempt, looks=True)


@require_POST
@never_cache
def check(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Ask the payment provider now, at most once in five seconds, and go back to the page."""
    attempt = purchases.by_address(reference)
    if attempt is None:
        return _unknown(request)
    if attempt.session_id and purchases.may_be_checked(attempt):
        try:
            fulfilment.fulfil(session_id=attempt.session_id, method=attempt.quote.payment_method)
        except RailError:
            return _page(request, attempt, notice="The payment provider did not answer. Try again in a moment.")
    return HttpResponseRedirect(f"/pay/{attempt.pk}/return")


def may_lead_to(url: str) -> bool:
    """Say whether an address is the payment provider's own."""
    target = urlsplit(url)
    if target.scheme == "https" and target.hostname == _STRIPE:
        return True
    base = urlsplit(settings.STRIPE_API_BASE)
    return bool(settings.STRIPE_API_BASE) and (target.scheme, target.netloc) == (base.scheme, base.netloc)


def _looked(request: HttpRequest, attempt: PaymentAttempt, own: str | None) -> HttpResponse:
    """Answer a page that looks again by itself: with nothing as long as nothing has changed, and not for ever."""
    if own:
        return HttpResponse(status=204, headers={"HX-Redirect": own})
    if request.GET.get("state") != attempt.state:
        return _page(request, attempt, looks=True)
    since = request.GET.get("since", "")
    if since.isdecimal() and len(since) <= _DIGITS and time.time() - int(since) < _LOOKS_SECONDS:
        return HttpResponse(status=204)
    last = _page(request, attempt)
    last.status_code = _LOOK_NO_MORE
    return last


def _of_member(request: HttpRequest, attempt: PaymentAttempt) -> str | None:
    """Return the address of this payment on the credits page, for a signed-in member of its workspace."""
    if not isinstance(request.user, User):
        return None
    workspace_id = organizations.successor_id(attempt.organization_id)
    if members.workspace_of(request.user, workspace_id) is None:
        return None
    return reverse("credits_payment", args=[workspace_id, attempt.pk])


def _page(request: HttpRequest, attempt: PaymentAttempt, *, notice: str = "", looks: bool = False) -> HttpResponse:
    title, words = _WORDS[PaymentAttempt.State(attempt.state)]
    if attempt.user_id and attempt.state == PaymentAttempt.State.SUCCEEDED:
        words = "The workspace can use the credits now."
    pack = packs.find(attempt.quote.pack_id)
    ended = attempt.state in (PaymentAttempt.State.FAILED, PaymentAttempt.State.EXPIRED)
    under_way = attempt.state in (PaymentAttempt.State.ACTION_REQUIRED, PaymentAttempt.State.PROCESSING)
    shown: dict[str, Any] = {
        "title": title,
        "words": words,
        "notice": notice,
        "what": f"{pack.name}, {attempt.credits} credits" if pack else f"{attempt.credits} credits",
        "amount": f"${attempt.amount_cents / 100:.2f}",
        "reference": attempt.pk,
        "payable": attempt.state == PaymentAttempt.State.ACTION_REQUIRED,
        "checkable": under_way,
        "looks": f"state={attempt.state}&since={int(time.time())}" if looks and under_way else "",
        "command": quotes.terms_of_quote(attempt.quote).command() if ended and attempt.agent_id else "",
        "play_money": not attempt.live_money,
    }
    return render(request, "billing/pay.html", shown)


def _unknown(request: HttpRequest) -> HttpResponse:
    shown = {"title": "No such payment", "words": "This address leads to no payment. Ask the agent for a new one."}
    return render(request, "billing/pay.html", shown, status=404)
