"""Sessions of people that are over: what they leave in the database."""

from datetime import timedelta
from typing import Final

from allauth.account.models import EmailConfirmation
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef
from django.utils import timezone

BATCH: Final = 1_000
"""Rows of each kind that one run removes at most; what is left goes with the next."""

_SETTLED: Final = timedelta(hours=1)


def clear() -> int:
    """Remove sessions that ended, and what the sign-in library noted of them; return how many rows went."""
    now = timezone.now()
    over = Session.objects.filter(expire_date__lt=now).values_list("pk", flat=True)[:BATCH]
    removed = Session.objects.filter(pk__in=list(over)).delete()[0]
    # A session that begins right now has its note first; an hour later it has both or is gone.
    alive = Session.objects.filter(pk=OuterRef("session_key"))
    notes = UserSession.objects.filter(~Exists(alive), created_at__lt=now - _SETTLED)
    removed += UserSession.objects.filter(pk__in=list(notes.values_list("pk", flat=True)[:BATCH])).delete()[0]
    return int(removed + EmailConfirmation.objects.all_expired().delete()[0])
