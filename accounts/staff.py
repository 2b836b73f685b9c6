"""Staff: who may open the console, and who the admin. The rights need a second factor that was there before them.

Otherwise a mailbox would be enough: whoever reads it could sign in by code, add a factor and go on as staff.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import QuerySet, Value
from django.db.models.functions import Lower

from accounts.models import User
from imageskill.core.units import unit_of_work

logger = logging.getLogger("imageskill.staff")

FACTORS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""What counts as a second factor; recovery codes help back in, and open no console."""
_ADDED: Final = frozenset({"totp_activated", "webauthn_added"})
_REMOVED: Final = frozenset({"totp_deactivated", "webauthn_removed"})


class CannotGrantError(Exception):
    """Nobody became staff; the text says why."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff as an actor, by the user's public id; owners are shown the role alone."""

    actor_id: str
    actor_type: str = "session"


@unit_of_work
def grant(address: str, *, is_superuser: bool = False) -> User:
    """Make staff of who signs in with an address, and end the sessions that began before.

    `is_superuser` opens the admin too; without it a superuser is staff like the others from now on.
    CannotGrantError: nobody has the address, or the account has no second factor yet.
    """
    user = _locked(address)
    if not _factors_of(user.pk):
        raise CannotGrantError(
            f"{user.email} has no second factor. Add a passkey or an app for codes first, then grant the rights."
        )
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=is_superuser)
    _end_sessions(user)
    user.refresh_from_db()
    return user


@unit_of_work
def revoke(address: str) -> User:
    """Take every right of staff from an account and end its sessions. CannotGrantError: nobody has the address."""
    user = _locked(address)
    User.objects.filter(pk=user.pk).update(is_staff=False, is_superuser=False)
    _end_sessions(user)
    user.refresh_from_db()
    return user


@unit_of_work
def after_sign_in(user_id: str) -> bool:
    """Take the rights of staff from who has just signed in without having any factor; say whether that was so."""
    return _drop_below(user_id, 1)


@unit_of_work
def after_change(user_id: str, change: str) -> bool:
    """Take the rights of staff from who lost the last factor, or added the first one only now.

    `change` is the library's name of what happened. Returns whether rights were taken.
    """
    if change in _REMOVED:
        return _drop_below(user_id, 1)
    return change in _ADDED and _drop_below(user_id, 2)


def used_a_factor(user: User, records: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether a session's sign-ins used an app or a passkey that the account still has."""
    used = [
        record["id"]
        for record in records
        if record.get("method") == "mfa" and record.get("type") in FACTORS and "id" in record
    ]
    return bool(used) and Authenticator.objects.filter(user=user, pk__in=used, type__in=FACTORS).exists()


def colleagues() -> dict[str, str]:
    """Return the address of each member of staff by the user's id, in the order of addresses."""
    return dict(User.objects.filter(is_staff=True, is_active=True).order_by("email").values_list("pk", "email"))


def with_address(address: str) -> QuerySet[User]:
    """Return the user who signs in with an address, whatever its case: by the expression that is indexed."""
    return User.objects.alias(lowered=Lower("email")).filter(lowered=Lower(Value(address)))


def _locked(address: str) -> User:
    user = with_address(address).select_for_update(no_key=True).filter(is_active=True).first()
    if user is None:
        raise CannotGrantError(f"Nobody signs in with {address}.")
    return user


def _factors_of(user_id: str) -> int:
    return int(Authenticator.objects.filter(user_id=user_id, type__in=FACTORS).count())


def _drop_below(user_id: str, fewest: int) -> bool:
    held = User.objects.select_for_update(no_key=True).filter(pk=user_id, is_staff=True)
    if not held.exists() or _factors_of(user_id) >= fewest:
        return False
    User.objects.filter(pk=user_id).update(is_staff=False, is_superuser=False)
    logger.warning("rights of staff taken: no second factor", extra={"fields": {"user_id": user_id}})
    return True


def _end_sessions(user: User) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()
