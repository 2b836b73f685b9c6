"""Contact addresses: checking, digesting, redacting. The digest counts one mailbox once."""

import hashlib
import hmac

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

_DOTLESS_DOMAINS = frozenset({"gmail.com", "googlemail.com"})
_LONGEST = 254
_validate = EmailValidator()


def is_address(text: str) -> bool:
    """Say whether `text` is an e-mail address that mail can be sent to.

    Quoted names and numbers for a host are refused: they spell one mailbox in many ways.
    """
    if len(text) > _LONGEST or not text.isascii() or '"' in text or text.endswith("]"):
        return False
    try:
        _validate(text)
    except ValidationError:
        return False
    return True


def digest(address: str) -> str:
    """Return the HMAC by which a mailbox is counted: lower case, without +tag, without dots at gmail.

    The key is IDENTITY_KEY, so that rotating SECRET_KEY opens no allowance anew.
    """
    local, _, domain = address.strip().lower().rpartition("@")
    local = local.split("+", 1)[0]
    if domain in _DOTLESS_DOMAINS:
        local, domain = local.replace(".", ""), "gmail.com"
    return hmac.new(settings.IDENTITY_KEY.encode(), f"{local}@{domain}".encode(), hashlib.sha256).hexdigest()


def domain_of(address: str) -> str:
    """Return the mail domain in lower case."""
    return address.rpartition("@")[2].lower()


def redact(address: str) -> str | None:
    """Return `h***@example.com`, or None without an address."""
    if not address:
        return None
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
