"""What an agent wrote, as staff can read it: nothing in it is invisible, and nothing turns the text around. Pure.

Stricter than for owners (`core/plain_text.py`): joiners and fillers are shown too, because whole sentences can be
hidden in them.
"""

import unicodedata
from typing import Final

from imageskill.core.plain_text import is_seen, written_out

_BLANK: Final = frozenset("\u00a0\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that show nothing although their category says that they do."""
_STYLES: Final = frozenset("\ufe0e\ufe0f")
"""Text or emoji style: one of them after a sign is usual, more hide something."""
_SELECTORS: Final = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


def visible(text: str) -> str:
    """Return a text with every invisible or direction-changing character written out as its code point."""
    return written_out(text, _stays)


def _stays(character: str, before: str) -> bool:
    if any(ord(character) in selectors for selectors in _SELECTORS):
        return (
            character in _STYLES
            and bool(before)
            and before not in _STYLES
            and unicodedata.category(before) == "So"
        )
    return character not in _BLANK and is_seen(character)


def one_line(text: str) -> str:
    """Return a text on one line, with what is invisible made visible."""
    return " ".join(visible(text).split())
