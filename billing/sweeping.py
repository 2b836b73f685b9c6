"""Periodic work of payments: nothing depends on a browser that stays open, or on a webhook that arrives."""

import logging
from datetime import timedelta
from typing import Final

from django.utils import timezone

from billing import fulfilment, inbox, purchases, rails, refunds, reversals
from billing.models import PaymentAttempt, PaymentMethod
from billing.rails.base import RailError
from imageskill.core.errors import ApiError

logger = logging.getLogger("imageskill.payments")
_RETRY: Final = timedelta(minutes=5)
_EVENTS_KEPT: Final = timedelta(days=30)
"""How long Stripe lists its events."""


def sweep() -> int:
    """Finish what was begun: sessions never kept, sessions paid or over, events that failed; return how many."""
    done = _open_lost_sessions() + _check_sessions()
    done += inbox.process_waiting() + refunds.finish_begun()
    return done + reversals.attach_waiting()


def _open_lost_sessions() -> int:
    done = 0
    for attempt in purchases.waiting_for_session(before=timezone.now()):
        if not rails.is_enabled(attempt.quote.payment_method):
            continue
        _put_off(attempt)
        try:
            kept = purchases.open_session(attempt=attempt, actor=purchases.SWEEPER)
        except ApiError as error:
            logger.warning("session not opened", exc_info=error)
            continue
        done += 1
        if kept.quote.payment_method == PaymentMethod.FAKE and kept.session_id:
            fulfilment.fulfil(session_id=kept.session_id, method=PaymentMethod.FAKE)
    return done


def _check_sessions() -> int:
    due = PaymentAttempt.objects.filter(
        state__in=(PaymentAttempt.State.ACTION_REQUIRED, PaymentAttempt.State.PROCESSING),
        next_check_at__lte=timezone.now(),
    )
    done = 0
    for attempt in due.select_related("quote").order_by("next_check_at")[:100]:
        if not rails.is_enabled(attempt.quote.payment_method):
            continue
        _put_off(attempt)
        try:
            fulfilment.fulfil(session_id=attempt.session_id or "", method=attempt.quote.payment_method)
        except RailError as error:
            logger.warning("session not read", exc_info=error)
            continue
        done += 1
    return done


def _put_off(attempt: PaymentAttempt) -> None:
    """Look at this attempt again later, whatever happens now."""
    PaymentAttempt.objects.filter(pk=attempt.pk, next_check_at__isnull=False).update(
        next_check_at=timezone.now() + _RETRY
    )


def fetch_missed_events() -> int:
    """Ask Stripe for the events of the last 30 days and process those that never came; return how many."""
    if not rails.is_enabled(PaymentMethod.STRIPE_CHECKOUT):
        return 0
    return inbox.fetch_missed(since=timezone.now() - _EVENTS_KEPT)
