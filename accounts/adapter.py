"""How the sign-in library works in this house: mail goes the outbox's way, addresses come from one place."""

import base64
import hashlib
import hmac
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url
from allauth.core import context as allauth_context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.httpkit import headed_redirect_response
from allauth.core.ratelimit import respond_429
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import contacts, emails, members, staff
from imageskill.core import network, outbox, tallies
from imageskill.core.units import unit_of_work

MAILS_AN_HOUR: Final = 12
"""How many mails about signing in one address gets in an hour, whoever asks for them."""

# Requests are typed as Any: a module without HTTP names no class of it.


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # the library has no types
    """Signing in and up, and what is mailed about it."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This address and this password do not belong together.",
        "enter_current_password": "Type the password that you have now.",
        "incorrect_code": "This is not the code of the newest mail. Compare it, or send a new one.",
        "incorrect_password": "This is not your password.",
        "invalid_password_reset": "This code is over. Ask for a new one.",
        "rate_limited": "Too many tries in a short time. Try again in a few minutes.",
        "same_as_current": "This is the one that you have now.",
        "too_many_login_attempts": "Too many tries. Try again in five minutes, or sign in by a mailed code.",
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Put the mail into the outbox; a page that asks for too many is answered 429, known address or not."""
        address = hashlib.sha256(email.lower().encode()).hexdigest()
        if not tallies.take("account_mail", address, limit=MAILS_AN_HOUR, period=tallies.HOUR):
            raise ImmediateHttpResponse(respond_429(allauth_context.request))
        place = get_next_redirect_url(allauth_context.request)
        self._write(template_prefix, email, {"way_on": emails.way_on(place or ""), **context})

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,  # noqa: ANN401 - the library's
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell the owner of an account and the owner's workspaces of a change, once that is committed.

        It is never held back, as other mail is that somebody asks for too often.
        """
        request = allauth_context.request
        told = {
            "timestamp": timezone.now(),
            "ip": self.get_client_ip(request),
            "user_agent": self.get_http_user_agent(request)[:200],
            **(context or {}),
        }
        # The library changes some of it in transactions of its own, in which no unit of work can begin.
        # The library asks `can_delete_authenticator` for an app only, not for a passkey.
        transaction.on_commit(lambda: staff.after_change(user.pk, template_prefix.rpartition("/")[2]))
        transaction.on_commit(lambda: self._tell(template_prefix, user, email or user.email, told))

    @unit_of_work
    def _tell(self, template_prefix: str, user: Any, email: str, told: dict[str, Any]) -> None:  # noqa: ANN401
        self._write(template_prefix, email, told)
        members.record_sign_in_change(user_id=user.pk, change=template_prefix.rpartition("/")[2])

    @unit_of_work
    def _write(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        told = {"request": allauth_context.request, "base_url": settings.BASE_URL, "email": email, **context}
        mail = self.render_mail(template_prefix, email, told)
        kind = template_prefix.rpartition("/")[2]
        outbox.write(kind=kind[:32], recipient=email, subject=mail.subject, text=str(mail.body))

    def post_login(self, request: Any, user: Any, *, signup: bool, **kwargs: Any) -> Any:  # noqa: ANN401
        """Record the mailed code by which somebody signed up, which the library takes for no way of signing in."""
        if signup:
            record_authentication(request, user, method="code", email=user.email)
        if user.is_staff:
            staff.after_sign_in(user.pk)
        return super().post_login(request, user, signup=signup, **kwargs)

    def respond_email_verification_sent(self, request: Any, user: Any) -> Any:  # noqa: ANN401 - the library's
        """Go to the page of the code, and keep where somebody wanted to go, known address or not."""
        place = get_next_redirect_url(request)
        return headed_redirect_response(
            "account_email_verification_sent", query={"next": place} if place else None
        )

    def get_client_ip(self, request: Any) -> str:  # noqa: ANN401 - see above
        """Return the caller's address as far as the proxies can be trusted."""
        return str(network.client_address(request) or "0.0.0.0")  # noqa: S104 - nothing listens there

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:  # noqa: ANN401 - the library's
        """Return False: FreshSignInMiddleware guards the same routes, and everybody."""
        return False

    def clean_email(self, email: str) -> str:
        """Return an address that mail can be sent to; refuse the rest as any wrong address."""
        if not contacts.is_address(email):
            raise self.validation_error("invalid_email")
        return email


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc] # the library has no types
    """Second factors: secrets are sealed, and staff keep the last one."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": "Staff keep at least one second step.",
        "cannot_generate_recovery_codes": "Recovery codes come with the first passkey or app.",
        "incorrect_code": "This is not a code of now. Type the one that the app shows, or a recovery code.",
    }

    def encrypt(self, text: str) -> str:
        """Return a secret sealed for the database."""
        return _seal().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return a sealed secret in clear."""
        return _seal().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Say whether a factor may go: not the last one of staff."""
        if not authenticator.user.is_staff:
            return True
        factors = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
        others = Authenticator.objects.filter(user=authenticator.user, type__in=factors).exclude(
            pk=authenticator.pk
        )
        return bool(others.exists())


def _seal() -> Fernet:
    # IDENTITY_KEY never changes: a rotated SECRET_KEY must lock nobody out.
    key = hmac.new(
        settings.IDENTITY_KEY.encode(), b"accounts.adapter: secrets of factors", hashlib.sha256
    ).digest()
    return Fernet(base64.urlsafe_b64encode(key))
