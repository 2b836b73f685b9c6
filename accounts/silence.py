"""Mailboxes that want no mail about claims: who owns one says so once, and may take it back.

Only mail that agents cause is held back; what a person asks for, a code to sign in for one, always comes.
"""

from django.utils import timezone

from accounts import contacts
from accounts.models import SilencedMailbox
from imageskill.core.units import unit_of_work


@unit_of_work
def begin(mailbox: str, *, reason: str) -> None:
    """Hold back mail to a mailbox (a digest of `contacts.digest`) from now on; a repeat changes nothing."""
    SilencedMailbox.objects.bulk_create(
        [SilencedMailbox(digest=mailbox, reason=reason, created_at=timezone.now())], ignore_conflicts=True
    )


@unit_of_work
def end(address: str) -> None:
    """Let mail come to an address again."""
    SilencedMailbox.objects.filter(digest=contacts.digest(address)).delete()


def holds_back(address: str) -> bool:
    """Say whether mail about claims to an address is held back."""
    return SilencedMailbox.objects.filter(digest=contacts.digest(address)).exists()
