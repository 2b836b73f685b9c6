"""Noticing that few credits are left, in the act that moves them: each fall is noticed once.

Below `low_credits` an account is low, and stays so until `rearm_credits` are available again. So credits that go
up and down around the threshold, as holds do, make one notice and no storm.
"""

from django.utils import timezone

from billing.models import AlertDelivery, CreditAccount


def watch(*, account: CreditAccount, low_credits: int | None, rearm_credits: int | None) -> None:
    """Watch for a level from now on, or no more (None); the caller holds the organization's lock.

    Who is below it already is not told of a fall that was before.
    """
    account.low_credits, account.rearm_credits = low_credits, rearm_credits
    account.is_low = low_credits is not None and account.available_credits < low_credits
    account.save(update_fields=["low_credits", "rearm_credits", "is_low"])


def note(account: CreditAccount) -> None:
    """Write down a fall below the level, or that it is reached again; the caller saves the account."""
    if account.low_credits is None or account.rearm_credits is None:
        return
    available = account.available_credits
    if not account.is_low and available < account.low_credits:
        account.is_low = True
        AlertDelivery.objects.create(
            organization_id=account.organization_id,
            kind=AlertDelivery.Kind.CROSSING,
            threshold_credits=account.low_credits,
            available_credits=available,
            created_at=timezone.now(),
        )
    elif account.is_low and available >= account.rearm_credits:
        account.is_low = False
