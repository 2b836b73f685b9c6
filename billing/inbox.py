"""The webhook inbox: an event is stored before it does anything, and its effect comes with `processed`.

Transaction 1 stores it, or finds it. Then the object that it is about is read again from the provider, outside of
any transaction. Transaction 2 is the effect and `processed` together. An error is transaction 3, `failed`: the
answer is a 500, so that the provider sends it again, and our own sweeper tries it too.
"""

import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from billing import fulfilment, rails, reversals
from billing.fulfilment import Outcome
from billing.models import PaymentMethod, StripeEvent
from billing.rails.base import Reported, Session
from billing.rails.stripe_checkout import StripeCheckout
from imageskill.core import metrics
from imageskill.core.secret_text import is_secret
from imageskill.core.units import unit_of_work

logger = logging.getLogger("imageskill.inbox")

KEPT: Final = timedelta(days=90)
"""How long the raw payload of an event is kept; it may hold a payer's address."""
LONGEST_PAUSE: Final = timedelta(hours=1)
ALARM_AT: Final = 6
"""At which failure of an event staff are told, once: half an hour after it came."""
_READINGS: Final = 10
_OPEN = (StripeEvent.State.RECEIVED, StripeEvent.State.FAILED)


class NotProcessedError(Exception):
    """The event could not be processed now; it is stored and is tried again."""


def receive(payload: Mapping[str, Any]) -> StripeEvent:
    """Store a verified event, or return the one that came before under the same id."""
    known = StripeEvent.objects.filter(event_id=payload["id"]).first()
    return known or _store(payload)


@unit_of_work
def _store(payload: Mapping[str, Any]) -> StripeEvent:
    now = timezone.now()
    live = bool(payload.get("livemode"))
    ours = live == rails.rail(PaymentMethod.STRIPE_CHECKOUT).live_money
    try:
        with transaction.atomic():
            return StripeEvent.objects.create(
                event_id=payload["id"],
                type=str(payload["type"])[:96],
                object_id=str(payload["data"]["object"].get("id", ""))[:128],
                api_version=str(payload.get("api_version") or "")[:64],
                livemode=live,
                payload=dict(payload),
                state=StripeEvent.State.RECEIVED if ours else StripeEvent.State.IGNORED,
                outcome="" if ours else "other_livemode",
                received_at=now,
                next_try_at=now + timedelta(minutes=2) if ours else None,
            )
    except IntegrityError:
        return StripeEvent.objects.get(event_id=payload["id"])


def process(event: StripeEvent) -> None:
    """Do what an event asks for, once. NotProcessedError: not now; it is marked and tried again."""
    if event.state not in _OPEN:
        return
    try:
        outcome = _effect(event)
    except Exception as error:
        _failed(event, error)
        metrics.webhook_failed()
        logger.warning("webhook event not processed", exc_info=error, extra={"fields": {"type": event.type}})
        raise NotProcessedError(event.event_id) from error
    metrics.webhook_done((timezone.now() - event.received_at).total_seconds())
    logger.info("webhook event processed", extra={"fields": {"type": event.type, "outcome": outcome}})


def _effect(event: StripeEvent) -> str:
    stripe = rails.rail(PaymentMethod.STRIPE_CHECKOUT)
    assert isinstance(stripe, StripeCheckout)  # noqa: S101 - tells the type checker which rail this is
    if event.type.startswith("checkout.session."):
        return _with_session(event.pk, stripe.session(event.object_id))
    readers: dict[str, Callable[[str], list[Reported]]] = {
        "refund.": lambda refund_id: [stripe.refund(refund_id)],
        "charge.refunded": lambda charge_id: stripe.refunds_of(stripe.intent_of(charge_id)),
        "charge.dispute.": lambda dispute_id: [stripe.dispute(dispute_id)],
        "radar.early_fraud_warning.": lambda warning_id: [stripe.warning(warning_id)],
    }
    for prefix, read in readers.items():
        if event.type.startswith(prefix):
            return _noted(event, read)
    return _done(event.pk, StripeEvent.State.IGNORED, "other_type")


def _noted(event: StripeEvent, read: Callable[[str], list[Reported]]) -> str:
    """Store what was read; where a later reading was stored meanwhile, read again."""
    for _ in range(_READINGS):
        if _with_reports(event.pk, read(event.object_id)):
            return "noted"
    raise NotProcessedError(event.event_id)


@unit_of_work
def _with_session(event_pk: int, session: Session) -> str:
    outcome = fulfilment.apply(session).outcome
    ours = outcome is not Outcome.FOREIGN
    return _mark(event_pk, StripeEvent.State.PROCESSED if ours else StripeEvent.State.IGNORED, outcome)


@unit_of_work
def _with_reports(event_pk: int, reports: list[Reported]) -> bool:
    """Store the reports and mark the event together; False: one of them is out of date, nothing is stored."""
    if not all(reversals.note(reported) for reported in reports):
        transaction.set_rollback(True)
        return False
    _mark(event_pk, StripeEvent.State.PROCESSED, "noted")
    return True


@unit_of_work
def _done(event_pk: int, state: StripeEvent.State, outcome: str) -> str:
    return _mark(event_pk, state, outcome)


def _mark(event_pk: int, state: StripeEvent.State, outcome: str) -> str:
    StripeEvent.objects.filter(pk=event_pk, state__in=_OPEN).update(
        state=state, outcome=outcome[:64], processed_at=timezone.now(), next_try_at=None
    )
    return outcome


@unit_of_work
def _failed(event: StripeEvent, error: Exception) -> None:
    pause = min(timedelta(minutes=1) * 2 ** min(event.attempts, 10), LONGEST_PAUSE)
    StripeEvent.objects.filter(pk=event.pk, state__in=_OPEN).update(
        state=StripeEvent.State.FAILED,
        attempts=F("attempts") + 1,
        next_try_at=timezone.now() + pause,
        last_error=_told(error),
    )
    if event.attempts + 1 == ALARM_AT:
        fields = {"event_id": event.event_id, "type": event.type, "received_at": event.received_at.isoformat()}
        logger.error("a webhook event keeps failing", extra={"fields": fields})


def _told(error: Exception) -> str:
    """Return what an error says, with its kind, and without anything that looks like a key."""
    text = f"{type(error).__name__}: {error}"
    return "".join("[removed]" if is_secret(word) else word for word in re.split(r"(\s+)", text))[:500]


def oldest_waiting() -> StripeEvent | None:
    """Return the event that waits for its effect the longest, or None where none waits."""
    return StripeEvent.objects.filter(state__in=_OPEN).order_by("received_at").first()


@unit_of_work
def replay(*, event_id: str) -> StripeEvent:
    """Have a stored event processed anew, as staff may ask for; its effect still comes once."""
    event = StripeEvent.objects.get(event_id=event_id)
    StripeEvent.objects.filter(pk=event.pk).update(state=StripeEvent.State.RECEIVED, next_try_at=timezone.now())
    event.refresh_from_db()
    return event


@unit_of_work
def ignore(*, event_id: str) -> bool:
    """Have an event that still waits never processed, as staff may decide. False: it does not wait any more."""
    waiting = StripeEvent.objects.filter(event_id=event_id, state__in=_OPEN)
    now = timezone.now()
    return bool(
        waiting.update(
            state=StripeEvent.State.IGNORED, outcome="ignored_by_staff", processed_at=now, next_try_at=None
        )
    )


def process_waiting() -> int:
    """Process the events that failed, or were received by a process that died; return how many succeeded."""
    due = StripeEvent.objects.filter(state__in=_OPEN, next_try_at__lte=timezone.now())
    succeeded = 0
    for event in due.order_by("next_try_at")[:100]:
        try:
            process(event)
        except NotProcessedError:
            continue
        succeeded += 1
    return succeeded


def fetch_missed(*, since: datetime) -> int:
    """Store and process the events that Stripe has and never delivered; return how many there were."""
    stripe = rails.rail(PaymentMethod.STRIPE_CHECKOUT)
    assert isinstance(stripe, StripeCheckout)  # noqa: S101 - tells the type checker which rail this is
    missed = 0
    for payload in stripe.events_since(since):
        if StripeEvent.objects.filter(event_id=payload["id"]).exists():
            continue
        missed += 1
        try:
            process(receive(payload))
        except NotProcessedError:
            continue
    return missed


@unit_of_work
def prune() -> int:
    """Forget the raw payloads that are past their time; return how many."""
    old = StripeEvent.objects.filter(received_at__lt=timezone.now() - KEPT, payload__isnull=False)
    return old.exclude(state__in=_OPEN).update(payload=None)
