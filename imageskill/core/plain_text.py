"""What an agent wrote, as a person can read it: nothing in it is invisible, and nothing turns it around. Pure."""

import unicodedata
from collections.abc import Callable, Iterator
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


def cleaned(text: str) -> str:
    """Return a name on one line without what is invisible in it or turns it around; possibly nothing is left.

    A joiner stays only inside a script that needs it: between Latin letters it makes two names that look alike.
    """
    seen = "".join(character for character in text if character in _JOINERS or _is_of_a_name(character))
    return " ".join("".join(_without_idle_joiners(seen)).split())


def _is_of_a_name(character: str) -> bool:
    # What this version of Unicode does not know yet may be somebody's emoji.
    return character.isspace() or unicodedata.category(character) not in _UNSEEN - {"Cn", "Co"}


def _without_idle_joiners(text: str) -> Iterator[str]:
    for before, character, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if character not in _JOINERS or not (before.isascii() or after.isascii()):
            yield character


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
