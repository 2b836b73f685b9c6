"""Mail: written as a row in the transaction it tells of, sent afterwards by the clock."""

import logging
from datetime import datetime, timedelta
from email.errors import MessageError

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Count, Min, Q
from django.utils import timezone
from django.utils.module_loading import import_string

from imageskill.core.models import Outbox
from imageskill.core.units import forbid_inside

logger = logging.getLogger("imageskill.mail")

_BATCH = 50
_MOST_ATTEMPTS = 8
_LEASE = timedelta(minutes=5)


def write(*, kind: str, recipient: str, subject: str, text: str) -> Outbox:
    """Put a mail into the outbox, as part of the caller's transaction, and return its row."""
    now = timezone.now()
    return Outbox.objects.create(
        kind=kind, recipient=recipient, subject=subject, text=text, created_at=now, next_try_at=now
    )


def given_up(mail: Outbox) -> bool:
    """Say whether a mail that was not sent will not be tried again."""
    return mail.sent_at is None and mail.attempts >= _MOST_ATTEMPTS and mail.next_try_at <= timezone.now()


def waiting() -> tuple[int, datetime | None, int]:
    """Return how many mails wait, since when the first of them, and how many were given up."""
    told = Outbox.objects.filter(sent_at=None).aggregate(
        waiting=Count("pk", filter=Q(attempts__lt=_MOST_ATTEMPTS)),
        oldest=Min("created_at", filter=Q(attempts__lt=_MOST_ATTEMPTS)),
        given_up=Count("pk", filter=Q(attempts__gte=_MOST_ATTEMPTS)),
    )
    return told["waiting"], told["oldest"], told["given_up"]


def send_waiting() -> int:
    """Send what is due; a failure is tried again with growing pauses. Return how many were sent."""
    forbid_inside("sending mail")
    sent = 0
    now = timezone.now()
    waiting = Outbox.objects.filter(sent_at=None, next_try_at__lte=now, attempts__lt=_MOST_ATTEMPTS)
    for mail in waiting.order_by("pk")[:_BATCH]:
        # Leased by the guarded UPDATE, so that two clocks do not send the same mail.
        leased = waiting.filter(pk=mail.pk, attempts=mail.attempts).update(
            attempts=mail.attempts + 1, next_try_at=now + _LEASE
        )
        if leased and _send(mail):
            Outbox.objects.filter(pk=mail.pk).update(sent_at=timezone.now())
            sent += 1
    return sent


def _send(mail: Outbox) -> bool:
    try:
        message = EmailMessage(
            mail.subject, mail.text, settings.DEFAULT_FROM_EMAIL, [mail.recipient], headers=_headers(mail)
        )
        message.send()
    except (OSError, ValueError, MessageError) as error:
        # SMTP's exceptions are OSErrors; the others are a mail that cannot be put into lines.
        logger.warning("mail not sent", exc_info=error, extra={"fields": {"kind": mail.kind}})
        return False
    return True


def _headers(mail: Outbox) -> dict[str, str]:
    """Return the headers that a kind of mail has besides: the setting names what makes them."""
    path = settings.MAIL_HEADERS.get(mail.kind)
    headers: dict[str, str] = import_string(path)(mail.recipient) if path else {}
    return headers


def prune() -> int:
    """Remove mails that were sent a week ago; return how many."""
    removed, _ = Outbox.objects.filter(sent_at__lt=timezone.now() - timedelta(days=7)).delete()
    return removed
