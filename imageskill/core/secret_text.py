"""Text that must never be stored or echoed: tokens, provider and payment keys, card numbers."""

import re

# The full prefixes count anywhere; the short ones only where a word begins, or `task_7` were a secret.
_KEYS = re.compile(r"isk_[rc]_|[sr]k_(?:live|test)|whsec_|(?<![a-z0-9])(?:isk|sk|rk)_", re.IGNORECASE)
_CARD_LENGTHS = range(13, 20)
_CARD_FIRST_DIGITS = "23456"


def is_secret(text: str) -> bool:
    """Say whether `text` holds a key anywhere, or is as a whole a plausible card number."""
    return _KEYS.search(text) is not None or is_card_number(text)


def is_card_number(text: str) -> bool:
    """Say whether `text` as a whole, spaces and dashes removed, could be a card number.

    That is 13 to 19 digits, an issuer's first digit, and a correct check digit (Luhn).
    """
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) not in _CARD_LENGTHS or not digits.isascii() or not digits.isdigit():
        return False
    return digits[0] in _CARD_FIRST_DIGITS and _luhn(digits) == 0


def _luhn(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - two digits are added up
    return total % 10
