"""The purchases of a workspace, for ever, and the same as a table."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from accounts import organizations
from accounts.models import Membership, Role
from accounts.pages.people import in_workspace, show
from billing import history
from billing.history import Purchase
from imageskill.core.instants import instant
from imageskill.site.credits import tables
from imageskill.site.credits.words import STATES

_HEAD = (
    "begun_at",
    "state",
    "credits",
    "paid_cents",
    "refunded_cents",
    "currency",
    "live_money",
    "asked_by",
    "asked_by_name",
    "payment_method",
    "quote_id",
    "payment_attempt_id",
    "receipt_id",
    "credited_at",
    "receipt_url",
)


@require_GET
@in_workspace
def history_of(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Show a page of purchases."""
    found, older = history.page(organizations.with_shells(place.organization_id), before=request.GET.get("before"))
    return show(
        request,
        "credits/purchases.html",
        place,
        page="credits",
        purchases=[(one, STATES[one.state]) for one in found],
        older=older,
        is_first=not request.GET.get("before"),
    )


@require_GET
@in_workspace
def as_csv(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Return all purchases as a table; it names payers, so viewers do not get it."""
    if place.role == Role.VIEWER:
        raise PermissionDenied
    rows = _rows(history.every(organizations.with_shells(place.organization_id)))
    name = f"purchases-{place.organization_id}.csv"
    return tables.attachment(tables.lines(_HEAD, rows), name=name, content_type="text/csv")


def _rows(purchases: Iterable[Purchase]) -> Iterable[list[tables.Cell]]:
    for one in purchases:
        attempt, receipt = one.attempt, one.receipt
        yield [
            instant(attempt.created_at),
            one.state,
            one.credits,
            receipt.paid_cents if receipt else 0,
            one.refunded_cents,
            "USD",
            "yes" if attempt.live_money else "no",
            attempt.agent_id or attempt.user_id,
            attempt.agent.name if attempt.agent else attempt.user.email if attempt.user else "",
            attempt.quote.payment_method,
            attempt.quote_id,
            attempt.pk,
            receipt.pk if receipt else "",
            instant(receipt.created_at) if receipt else "",
            receipt.receipt_url if receipt else "",
        ]
