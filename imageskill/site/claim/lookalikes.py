"""Names that a person could take for each other. Pure."""

import unicodedata
from collections.abc import Iterable
from typing import Final

_TWINS: Final = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "3": "e", "5": "s", "8": "b", "|": "l", "\u0430": "a", "\u0435": "e"}
    | {"\u043e": "o", "\u0440": "p", "\u0441": "c", "\u0443": "y", "\u0445": "x", "\u0456": "l", "\u03bf": "o"}
)
_SHORTEST: Final = 5
"""Names shorter than this differ by a letter for good reasons."""


def skeleton(name: str) -> str:
    """Return a name without case, accents, dashes and spaces, with letters that look alike as one."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    twins = plain.translate(_TWINS).replace("rn", "m").replace("vv", "w")
    return "".join(letter for letter in twins if letter.isalnum() and letter.isascii()) or plain


def nearest(name: str, others: Iterable[str]) -> str | None:
    """Return the first of other names that looks like this one: the same skeleton, or one letter away."""
    own = skeleton(name)
    return next((other for other in others if _alike(own, skeleton(other))), None)


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) < _SHORTEST or abs(len(one) - len(other)) > 1:
        return False
    shorter, longer = sorted((one, other), key=len)
    at = next((place for place, letter in enumerate(shorter) if letter != longer[place]), len(shorter))
    rest = shorter[at:] if len(shorter) < len(longer) else shorter[at + 1 :]
    return rest == longer[at + 1 :]
