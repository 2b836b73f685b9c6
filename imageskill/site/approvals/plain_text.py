"""What an agent wrote, as a person can read it: nothing in it is invisible, and nothing turns the text around."""

import unicodedata
from typing import Final

_KEPT: Final = frozenset("\n\t\u200c\u200d")
"""Line ends and tabs, and the joiners without which some scripts and emoji fall apart."""
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def plain(text: str) -> str:
    """Return a text with every invisible or direction-changing character written out as its code point."""
    return "".join(character if _is_seen(character) else f"⟨U+{ord(character):04X}⟩" for character in text)


def _is_seen(character: str) -> bool:
    return character in _KEPT or unicodedata.category(character) not in _UNSEEN


def one_line(text: str) -> str:
    """Return a text on one line, plain."""
    return " ".join(plain(text).split())
