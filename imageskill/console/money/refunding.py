"""Refunds by staff: what would go back exactly, then once; the same way as an owner's own."""

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.freshness import fresh_required
from accounts.staff import Staff
from billing import refunds, staff_acts
from billing.models import Receipt, Reversal
from billing.staff_acts import CannotActError, Reason
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.console.money.forms import ReasonForm
from imageskill.console.money.orders import PAGE


@staff_only
@fresh_required
@require_GET
def ask(request: HttpRequest, person: Staff, receipt_id: str) -> HttpResponseBase:
    """Show exactly what would be refunded."""
    receipt = _found(receipt_id)
    return frame.show(
        request,
        "console/money/refund.html",
        PAGE,
        receipt=receipt,
        offer=refunds.offers([receipt]).get(receipt.pk),
        days=refunds.WINDOW.days,
        form=ReasonForm(),
        acts=staff_acts.acts_on(receipt.pk),
    )


@staff_only
@fresh_required
@require_POST
def confirm(request: HttpRequest, person: Staff, receipt_id: str) -> HttpResponseBase:
    """Refund what was shown; where the unused amount is another by now, nothing happens."""
    receipt = _found(receipt_id)
    shown = request.POST.get("credits", "")

    def doing() -> str:
        if not (shown.isascii() and shown.isdigit()):
            raise frame.CannotError("The refund was not asked for by the page that shows it.")
        reason = Reason(request.POST.get("reason", ""), request.POST.get("ticket", ""))
        try:
            reversal = staff_acts.refund(
                receipt=receipt, expected_credits=int(shown[:9]), reason=reason, by=person
            )
        except CannotActError as error:
            raise frame.CannotError(str(error)) from error
        return _told(reversal, int(shown[:9]))

    return frame.act(request, doing, reverse("console_refund", args=[receipt_id]))


def _told(reversal: Reversal, credits: int) -> str:
    money = f"${reversal.amount_cents / 100:.2f}"
    if reversal.effect == Reversal.Effect.NONE:
        raise frame.CannotError("Stripe refused this refund. The credits are available again.")
    if reversal.status == refunds.REQUESTED:
        return f"{credits} credits are set aside for {money}. Stripe has not answered; it is asked again."
    return f"{credits} credits went back; Stripe refunds {money} to the card they were paid with."


def _found(receipt_id: str) -> Receipt:
    receipt = Receipt.objects.select_related("organization").filter(pk=receipt_id).first()
    if receipt is None:
        raise Http404
    return receipt
