"""Giving unused credits back for their money: first what it is exactly, then once."""

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET, require_POST

from accounts import members, organizations
from accounts.freshness import fresh_required
from accounts.models import Membership
from accounts.pages.people import in_workspace, show
from billing import buyers, history, refunds
from billing.history import Purchase
from billing.models import Receipt, Reversal
from imageskill.site.credits.doing import done

_DIGITS = 12


@require_GET
@fresh_required
@in_workspace
def ask(request: HttpRequest, place: Membership, reference: str) -> HttpResponseBase:
    """Show exactly what would be refunded."""
    purchase, receipt = _found(place, reference)
    return show(
        request,
        "credits/refund.html",
        place,
        page="credits",
        purchase=purchase,
        receipt=receipt,
        offer=purchase.offer,
        days=refunds.WINDOW.days,
    )


@require_POST
@fresh_required
@in_workspace
def confirm(request: HttpRequest, place: Membership, reference: str) -> HttpResponseBase:
    """Refund what was shown; where the unused amount is another by now, nothing happens."""
    _, receipt = _found(place, reference)
    shown = request.POST.get("credits", "")

    def doing() -> str:
        if not (shown.isascii() and shown.isdigit() and len(shown) <= _DIGITS):
            raise members.CannotError("The refund was not asked for by the page that shows it.")
        reversal = refunds.refund_unused(receipt=receipt, by=buyers.of_place(place), expected_credits=int(shown))
        return _told(reversal, int(shown))

    return done(request, place, doing, "#purchases")


def _told(reversal: Reversal, credits: int) -> str:
    money = f"${reversal.amount_cents / 100:.2f}"
    if reversal.effect == Reversal.Effect.NONE:
        raise members.CannotError("Stripe refused this refund. The credits are available again.")
    if reversal.status == refunds.REQUESTED:
        return (
            f"{credits} credits are set aside for a refund of {money}. Stripe has not answered; it is asked again."
        )
    return f"{credits} credits went back; Stripe refunds {money} to the card they were paid with."


def _found(place: Membership, reference: str) -> tuple[Purchase, Receipt]:
    purchase = history.find(organizations.with_shells(place.organization_id), reference)
    if purchase is None or purchase.receipt is None:
        raise Http404
    return purchase, purchase.receipt
