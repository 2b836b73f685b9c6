"""A dangerous act needs a sign-in of the last five minutes: which acts those are, and what counts.

allauth asks nobody again who has neither a password nor a second factor, and most of our people sign in by mailed
codes alone. So this house keeps its own rule: the newest record of any way of signing in counts, for everybody.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

from allauth.mfa.models import Authenticator
from django.template.loader import render_to_string
from django.utils.crypto import get_random_string, salted_hmac

from accounts.models import User
from imageskill.core import outbox, tallies
from imageskill.core.units import unit_of_work

View = TypeVar("View", bound=Callable[..., Any])

LASTS: Final = timedelta(minutes=5)
CODE_LASTS: Final = timedelta(minutes=10)
CODE_TRIES: Final = 3
CODES_AN_HOUR: Final = 10

OF_ALLAUTH: Final = frozenset(
    {
        "account_email",
        "account_change_password",
        "account_set_password",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_add_webauthn",
        "mfa_edit_webauthn",
        "mfa_remove_webauthn",
        "mfa_generate_recovery_codes",
        "mfa_view_recovery_codes",
    }
)
"""The routes of the sign-in library that change or show how somebody signs in, by name."""

_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels and no digits: no words, nothing to mistake
_MARK: Final = "needs_a_fresh_sign_in"


def fresh_required(view: View) -> View:
    """Mark a page of ours as dangerous: the middleware lets nobody through without a fresh sign-in."""
    setattr(view, _MARK, True)
    return view


def is_dangerous(view: object, name: str | None) -> bool:
    """Say whether a route, by its view and its name, is in the registry."""
    return bool(getattr(view, _MARK, False)) or name in OF_ALLAUTH


def is_fresh(records: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether the newest of a session's sign-ins (`at` in seconds since the epoch) is recent enough."""
    newest = max((float(record.get("at", 0)) for record in records), default=0.0)
    return 0 <= time.time() - newest <= LASTS.total_seconds()


@dataclass(frozen=True, slots=True)
class Ways:
    """How somebody can show again who they are; a mailbox counts only for who has no second factor."""

    passkey: bool
    app: bool

    @property
    def mail(self) -> bool:
        """Whether a mailed code is enough."""
        return not (self.passkey or self.app)


def ways_of(user: User) -> Ways:
    """Return the ways that are open to a user."""
    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    return Ways(passkey=Authenticator.Type.WEBAUTHN in kinds, app=Authenticator.Type.TOTP in kinds)


@unit_of_work
def send_code(user: User) -> dict[str, Any] | None:
    """Mail a code and return what the session keeps of it (not the code); None when there were too many."""
    address = hashlib.sha256(user.email.lower().encode()).hexdigest()
    if not tallies.take("fresh_code", address, limit=CODES_AN_HOUR, period=tallies.HOUR):
        return None
    code = f"{get_random_string(4, _LETTERS)}-{get_random_string(4, _LETTERS)}"
    text = render_to_string("account/email/login_code_message.txt", {"code": code})
    outbox.write(kind="fresh_code", recipient=user.email, subject="Your code to go on", text=text)
    salt = secrets.token_hex(8)
    return {"salt": salt, "digest": _digest(code, salt), "at": time.time(), "user": user.pk}


def check_code(kept: Mapping[str, Any] | None, user: User, code: str) -> bool:
    """Say whether a typed code is the one that was mailed to this user, in time and within its tries."""
    if not kept or kept["user"] != user.pk or time.time() - kept["at"] > CODE_LASTS.total_seconds():
        return False
    # Counted in the database, so that tries at the same time cannot share one.
    if not tallies.take("fresh_try", kept["salt"], limit=CODE_TRIES, period=tallies.DAY):
        return False
    return secrets.compare_digest(_digest(code, kept["salt"]), kept["digest"])


def _digest(code: str, salt: str) -> str:
    letters = "".join(letter for letter in code.upper() if letter.isalnum())
    return salted_hmac(f"accounts.freshness:{salt}", letters, algorithm="sha256").hexdigest()
