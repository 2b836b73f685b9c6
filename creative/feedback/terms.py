"""The telling words of a text: few, in a fixed order, the same on every database."""

import re
import unicodedata
from collections import Counter
from typing import Final

MOST_TERMS: Final = 12
_LONGEST_TEXT: Final = 4000
_SHORTEST, _LONGEST = 3, 32
_PLURAL_FROM: Final = 5
_WORD: Final = re.compile(r"[^\W_]+")
_COMMON: Final = frozenset(
    {
        *("about", "after", "again", "all", "also", "and", "any", "are", "because", "been", "before", "but"),
        *("can", "cannot", "could", "did", "does", "doing", "for", "from", "get", "gets", "got", "had", "has"),
        *("have", "her", "his", "how", "into", "its", "just", "like", "made", "make", "more", "most", "not"),
        *("now", "off", "one", "only", "other", "our", "out", "over", "she", "should", "some", "such", "than"),
        *("that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "too", "under"),
        *("use", "used", "using", "very", "was", "way", "were", "what", "when", "where", "which", "while"),
        *("who", "why", "will", "with", "would", "you", "your", "image", "skill", "please", "agent"),
    }
)


def of(*texts: str) -> list[str]:
    """Return at most twelve terms of texts, the most telling first; a text that comes earlier counts for more."""
    weights: Counter[str] = Counter()
    for place, text in enumerate(texts):
        for found in _words(text):
            weights[found] += len(texts) - place
    ranked = sorted(weights, key=lambda term: (-weights[term], -len(term), term))
    return ranked[:MOST_TERMS]


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text[:_LONGEST_TEXT]).casefold()
    words = (found.group()[:_LONGEST] for found in _WORD.finditer(folded))
    return [_singular(word) for word in words if len(word) >= _SHORTEST and word not in _COMMON]


def _singular(word: str) -> str:
    ends = word.endswith("s") and not word.endswith("ss") and len(word) >= _PLURAL_FROM
    return word[:-1] if ends else word
