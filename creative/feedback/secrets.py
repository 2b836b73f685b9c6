"""Keys, tokens and card numbers in a report: it is refused before anything of it is stored, and not echoed."""

import re
from collections.abc import Mapping
from typing import Any, Final

from imageskill.core import secret_text
from imageskill.core.errors import ApiError, invalid_fields

# Keys of other houses, by the form that each of them documents for secret scanners.
_FOREIGN: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-[A-Za-z0-9_-]{16,}|xai-[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}|xox[abprs]-[A-Za-z0-9-]{10,}|glpat-[A-Za-z0-9_-]{16,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{32}"
    r")|-----BEGIN [A-Z ]*PRIVATE KEY-----|(?i:bearer\s+(?!isk_|\$|\[|<)[a-z0-9._~+/-]{20,})"
)
_DIGITS: Final = re.compile(r"(?<![0-9A-Za-z_])[0-9](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z_])")
_REFUSAL: Final = "must not hold a token, a key or a card number"


def holds_secret(text: str) -> bool:
    """Say whether a text holds, anywhere, what looks like a token, a key or a card number."""
    if secret_text.is_secret(text) or _FOREIGN.search(text) is not None:
        return True
    return any(secret_text.is_card_number(found) for found in _DIGITS.findall(text))


def refuse_secrets(sent: Mapping[str, Any], known: frozenset[str]) -> None:
    """Look through a body as it was sent, its unknown fields too. INVALID_ARGUMENTS names the `known` field."""
    for name, value in sent.items():
        if holds_secret(name) or _found(value):
            raise _refusal(name if name in known else "body")


def _found(value: object) -> bool:
    if isinstance(value, str):
        return holds_secret(value)
    if isinstance(value, dict):
        return any(holds_secret(name) or _found(item) for name, item in value.items())
    if isinstance(value, list):
        return any(_found(item) for item in value)
    return isinstance(value, int) and holds_secret(str(value))


def _refusal(field: str) -> ApiError:
    refused = invalid_fields({field: [_REFUSAL]})
    refused.recovery["reason"] = "secret_in_feedback"
    return refused
