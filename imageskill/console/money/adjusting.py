"""Adjusting credits: one person asks, and above the threshold another one approves."""

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
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
from creative.feedback.plain_text import one_line
from creative.models import Feedback
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.console.money.forms import AdjustmentForm
from imageskill.core import secret_text
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
        report = _report(request.GET.get("feedback", ""))
        named = report.organization_id if report is not None else request.GET.get("organization", "")
        initial = {"organization_id": named, "feedback_id": report.pk if report is not None else ""}
        return _form(request, person, AdjustmentForm(initial=initial), named)
    form = AdjustmentForm(request.POST)
    if not form.is_valid():
        return _form(request, person, form, form.data.get("organization_id", ""))
    told = form.cleaned_data
    report = _report(told["feedback_id"])
    try:
        messages.success(request, _asked(form, report, person))
    except CannotAdjustError as error:
        messages.error(request, str(error))
        if not Adjustment.objects.filter(pk=told["key"]).exists():
            return _form(request, person, _without_secrets(form), told["organization_id"])
    back = reverse("console_adjustments") if report is None else reverse("console_feedback_item", args=[report.pk])
    return HttpResponseRedirect(back)


def _asked(form: AdjustmentForm, report: Feedback | None, person: Staff) -> str:
    """Ask by a valid form; return the words for what happened."""
    told = form.cleaned_data
    if told["feedback_id"] and (report is None or not _is_of(report, told["organization_id"])):
        raise CannotAdjustError("The report is not this workspace's. Nothing was adjusted.")
    row = adjustments.ask(
        adjustment_id=told["key"],
        organization_id=told["organization_id"],
        credits=form.signed_credits,
        reason=told["reason"],
        ticket=told["ticket"],
        feedback_id=told["feedback_id"],
        by=person,
    )
    if row.state == Adjustment.State.WAITING:
        return "It waits: more than one person may adjust alone within 24 hours, so a second one approves it."
    return _done(row)


def _without_secrets(form: AdjustmentForm) -> AdjustmentForm:
    """Return a refused form as it was typed, but for what looks like a key or a card number."""
    typed = {name: "" if secret_text.is_secret(str(value)) else value for name, value in form.data.items()}
    return AdjustmentForm(typed)


def _report(feedback_id: str) -> Feedback | None:
    """Return the report that an adjustment makes good, if one is named."""
    return Feedback.objects.filter(pk=feedback_id).first() if prefix_of(feedback_id) == "sig" else None


def _is_of(report: Feedback, organization_id: str) -> bool:
    """Say whether a report is an organization's, as it is now: it may have been merged since."""
    if not Organization.objects.filter(pk=organization_id).exists():
        return False
    own = (report.organization_id, organizations.successor_id(report.organization_id))
    return organizations.successor_id(organization_id) in own


def _form(request: HttpRequest, person: Staff, form: AdjustmentForm, named: str) -> HttpResponseBase:
    """Render the form, with how the organization stands and what this person may still adjust alone."""
    organization = Organization.objects.filter(pk=named).first() if prefix_of(named) == "org" else None
    owner_id = organizations.successor_id(organization.pk) if organization is not None else ""
    report = _report(str(form["feedback_id"].value() or ""))
    return frame.show(
        request,
        "console/money/adjust.html",
        PAGE,
        form=form,
        report=report,
        report_title=one_line(report.title) if report is not None else "",
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
