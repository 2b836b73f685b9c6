"""Orders that are paid at their provider and not credited here: asked again, never granted by hand."""

from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.staff import Staff
from billing import refunds, staff_acts
from billing.fulfilment import Outcome
from billing.models import Receipt
from billing.staff_acts import CannotActError
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.console.money.words import OUTCOMES, flag

PAGE: Final = "console_money"
_BAD: Final = (Outcome.MISMATCH, Outcome.FOREIGN)


@staff_only
@require_GET
def orders(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show the orders that a reference names, or those that something is odd about."""
    asked = request.GET.get("q", "").strip()[:128]
    found = staff_acts.orders(asked)
    receipts = {row.attempt_id: row for row in Receipt.objects.filter(attempt__in=found).order_by("-pk")}
    offers = refunds.offers(list(receipts.values()))
    listed = [
        (order, flag(order.flag), receipt, offers.get(receipt.pk) if receipt else None)
        for order in found
        for receipt in [receipts.get(order.pk)]
    ]
    return frame.show(request, "console/money/orders.html", PAGE, orders=listed, asked=asked)


@staff_only
@require_POST
def check(request: HttpRequest, person: Staff, attempt_id: str) -> HttpResponseBase:
    """Read an order from its provider again, and do what that says."""

    def doing() -> str:
        try:
            outcome = staff_acts.check_order(attempt_id=attempt_id, by=person)
        except CannotActError as error:
            raise frame.CannotError(str(error)) from error
        told = f"Its provider was asked: {OUTCOMES.get(outcome, outcome)}."
        if outcome in _BAD:
            raise frame.CannotError(told)
        return told

    return frame.act(request, doing, f"{reverse('console_orders')}?q={attempt_id}")
