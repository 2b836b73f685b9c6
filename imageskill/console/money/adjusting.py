"""Adjusting credits: one person asks, and above the threshold another one approves."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import organizations
from accounts.freshness import fresh_required
from accounts.models import Organization
from accounts.staff import Staff
from billing import adjustments, standing
from billing.adjustments import CannotAdjustError
from billing.models import Adjustment
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.console.money.forms import AdjustmentForm
from imageskill.core.ids import prefix_of

PAGE: Final = "console_money"
_MOST: Final = 50


@staff_only
@require_GET
def listed(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show what waits for a second person, and what was decided."""
    before = request.GET.get("before", "")
    before = before if prefix_of(before) == "adj" else ""
    rows = adjustments.decided(before=before, most=_MOST + 1)
    return frame.show(
        request,
        "console/money/adjustments.html",
        PAGE,
        waiting=[] if before else adjustments.waiting(),
        decided=rows[:_MOST],
        older=rows[_MOST - 1].pk if len(rows) > _MOST else "",
        before=before,
        me=person.actor_id,
    )


@staff_only
@fresh_required
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show the form, for an organization if one is named; ask by it."""
    if request.method == "GET":
        named = request.GET.get("organization", "")
        return _form(request, person, AdjustmentForm(initial={"organization_id": named}), named)
    form = AdjustmentForm(request.POST)
    if not form.is_valid():
        return _form(request, person, form, form.data.get("organization_id", ""))
    told = form.cleaned_data

    def doing() -> str:
        try:
            row = adjustments.ask(
                adjustment_id=told["key"],
                organization_id=told["organization_id"],
                credits=form.signed_credits,
                reason=told["reason"],
                ticket=told["ticket"],
                by=person,
            )
        except CannotAdjustError as error:
            raise frame.CannotError(str(error)) from error
        if row.state == Adjustment.State.WAITING:
            return "It waits: more than one person may adjust alone within 24 hours, so a second one approves it."
        return _done(row)

    return frame.act(request, doing, reverse("console_adjustments"))


def _form(request: HttpRequest, person: Staff, form: AdjustmentForm, named: str) -> HttpResponseBase:
    """Render the form, with how the organization stands and what this person may still adjust alone."""
    organization = Organization.objects.filter(pk=named).first() if prefix_of(named) == "org" else None
    owner_id = organizations.successor_id(organization.pk) if organization is not None else ""
    return frame.show(
        request,
        "console/money/adjust.html",
        PAGE,
        form=form,
        organization=Organization.objects.get(pk=owner_id) if owner_id else None,
        was_merged=organization is not None and owner_id != organization.pk,
        standing=standing.of_workspace(owner_id) if owner_id else None,
        allowance=adjustments.allowance(owner_id, person.actor_id) if owner_id else None,
    )


@staff_only
@fresh_required
@require_POST
def approve(request: HttpRequest, person: Staff, adjustment_id: str) -> HttpResponseBase:
    """Let a waiting adjustment happen."""
    return _decided(request, lambda: _done(adjustments.approve(adjustment_id=adjustment_id, by=person)))


@staff_only
@fresh_required
@require_POST
def deny(request: HttpRequest, person: Staff, adjustment_id: str) -> HttpResponseBase:
    """End a waiting adjustment."""

    def denied() -> str:
        adjustments.deny(adjustment_id=adjustment_id, by=person)
        return "It is denied. No credit moved."

    return _decided(request, denied)


def _decided(request: HttpRequest, deciding: Callable[[], str]) -> HttpResponseBase:
    def doing() -> str:
        try:
            return deciding()
        except CannotAdjustError as error:
            raise frame.CannotError(str(error)) from error

    return frame.act(request, doing, reverse("console_adjustments"))


def _done(row: Adjustment) -> str:
    amount = f"{abs(row.credits):,} credit{'' if abs(row.credits) == 1 else 's'}"
    return f"{amount} {'added' if row.credits > 0 else 'taken'}. The owner sees it, with the reason."
