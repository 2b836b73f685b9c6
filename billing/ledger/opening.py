"""Accounts and grants."""

from django.utils import timezone

from billing.ledger.posting import AVAILABLE, HOUSE_ALLOWANCE, Movement, post
from billing.models import CreditAccount, CreditLot, EntryKind, LotKind
from imageskill.core.events import ActingFor


def account_of(organization_id: str) -> CreditAccount:
    """Return the organization's account, made on first touch; call it under the organization's lock."""
    account, _ = CreditAccount.objects.get_or_create(organization_id=organization_id)
    return account


def grant(*, organization_id: str, kind: LotKind, credits: int, source: str, actor: ActingFor) -> CreditLot:
    """Give an organization a lot of credits, and return it."""
    account = account_of(organization_id)
    lot = CreditLot.objects.create(
        organization_id=organization_id,
        kind=kind,
        source=source,
        granted_credits=credits,
        available_credits=credits,
        created_at=timezone.now(),
    )
    movement = Movement(EntryKind.GRANT, HOUSE_ALLOWANCE, AVAILABLE, credits, lot)
    post(account, [movement], actor=actor, reason=source)
    add_available(account, kind, credits)
    account.save()
    return lot


def add_available(account: CreditAccount, kind: str, credits: int) -> None:
    """Add to (or take from) what is available of a kind; the caller saves."""
    column = f"{LotKind(kind).value}_credits"
    setattr(account, column, getattr(account, column) + credits)
