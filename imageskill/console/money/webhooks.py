"""The webhook inbox: what Stripe told, what became of it, and having it processed anew or never."""

from typing import Final

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.staff import Staff
from billing import inbox, staff_acts, webhook_events
from billing.models import StripeEvent
from billing.staff_acts import CannotActError, Reason
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.console.money.forms import ReasonForm
from imageskill.console.money.words import OUTCOMES

PAGE: Final = "console_webhooks"
KINDS: Final = (
    ("", "All types"),
    ("checkout.session.", "Payments"),
    ("refund.", "Refunds"),
    ("charge.", "Charges and disputes"),
    ("radar.", "Warnings of fraud"),
)


@staff_only
@require_GET
def webhooks(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show a page of events, and above it how long the oldest waits."""
    state, kind = request.GET.get("state", ""), request.GET.get("type", "")
    if state not in ("", *webhook_events.STATES) or kind not in dict(KINDS):
        raise Http404
    listed = webhook_events.page(state=state, kind=kind, cursor=request.GET.get("cursor", ""))
    return frame.show(
        request,
        "console/money/webhooks.html",
        PAGE,
        listed=listed,
        state=state,
        kind=kind,
        states=("", *webhook_events.STATES),
        kinds=KINDS,
        is_first="cursor" not in request.GET,
        oldest=inbox.oldest_waiting(),
    )


@staff_only
@require_GET
def webhook(request: HttpRequest, person: Staff, event_id: str) -> HttpResponseBase:
    """Show one event with its body, as plain text and without secrets."""
    event = _found(event_id)
    return frame.show(
        request,
        "console/money/webhook.html",
        PAGE,
        event=event,
        body=webhook_events.body(event),
        attempt=staff_acts.attempt_of(event),
        acts=staff_acts.acts_on(event.event_id),
        can_replay=webhook_events.can_replay(event),
        form=ReasonForm(),
        outcome=OUTCOMES.get(event.outcome, event.outcome),
        waits=event.state in ("received", "failed"),
    )


@staff_only
@require_POST
def replay(request: HttpRequest, person: Staff, event_id: str) -> HttpResponseBase:
    """Process an event anew."""
    _found(event_id)

    def doing() -> str:
        try:
            event = staff_acts.replay(event_id=event_id, by=person)
        except CannotActError as error:
            raise frame.CannotError(str(error)) from error
        if event.state == StripeEvent.State.FAILED:
            raise frame.CannotError(f"It failed again and is tried again by itself. {event.last_error}")
        return f"Processed: {OUTCOMES.get(event.outcome, event.outcome)}."

    return frame.act(request, doing, reverse("console_webhook", args=[event_id]))


@staff_only
@require_POST
def ignore(request: HttpRequest, person: Staff, event_id: str) -> HttpResponseBase:
    """Have an event never processed."""
    _found(event_id)

    def doing() -> str:
        reason = Reason(request.POST.get("reason", ""), request.POST.get("ticket", ""))
        try:
            staff_acts.ignore(event_id=event_id, reason=reason, by=person)
        except CannotActError as error:
            raise frame.CannotError(str(error)) from error
        return "It is ignored. Replay takes that back."

    return frame.act(request, doing, reverse("console_webhook", args=[event_id]))


def _found(event_id: str) -> StripeEvent:
    event = webhook_events.find(event_id)
    if event is None:
        raise Http404
    return event
