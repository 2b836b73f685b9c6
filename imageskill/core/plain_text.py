"""What an agent wrote, as a person can read it: nothing in it is invisible, and nothing turns it around. Pure."""

import unicodedata
from collections.abc import Callable
from typing import Final

_KEPT: Final = frozenset("\n\t")
_JOINERS: Final = frozenset("\u200c\u200d")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def plain(text: str) -> str:
    """Return a text with every invisible or direction-changing character written out as its code point.

    The joiners stay, without which some scripts and emoji fall apart. Staff reads stricter: creative/feedback.
    """
    return written_out(text, lambda character, _before: character in _JOINERS or is_seen(character))


def one_line(text: str) -> str:
    """Return a text on one line, plain."""
    return " ".join(plain(text).split())


def is_seen(character: str) -> bool:
    """Say whether a character shows something by its category; line ends and tabs do."""
    return character in _KEPT or unicodedata.category(character) not in _UNSEEN


def written_out(text: str, stays: Callable[[str, str], bool]) -> str:
    """Return a text with each character that does not stay as its code point; `stays` also gets the one before."""
    shown, before = [], ""
    for character in text:
        shown.append(character if stays(character, before) else f"⟨U+{ord(character):04X}⟩")
        before = character
    return "".join(shown)
