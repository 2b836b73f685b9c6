"""The query bar: a text of filters and words, read without losing anything. Pure.

`agent:atlas-7 -status:ok credits:>10 created:2026-10-01.. "red boat"`: filters all have to fit, values with commas
between them are alternatives, `-` excludes, words are looked for. What cannot be read stays in the query as a
`Fault` with the reason, and filters nothing.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from imageskill.site.activity.filters import KEYS, ONCE, fault_of

LONGEST: Final = 1_000
"""Characters of a query."""
MOST_TOKENS: Final = 30

_BARE = re.compile(r'[^\s",:-][^\s",:]*')
_BARE_VALUE = re.compile(r'[^\s",]+')


@dataclass(frozen=True, slots=True)
class Term:
    """One filter: any of `values`, or none of them."""

    key: str
    values: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        """Return the filter as it is typed."""
        return f"{'-' * self.negated}{self.key}:{','.join(_quoted(value, _BARE_VALUE) for value in self.values)}"


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a quoted phrase, to look for."""

    text: str
    negated: bool = False

    def __str__(self) -> str:
        """Return the word as it is typed."""
        return "-" * self.negated + _quoted(self.text, _BARE)


@dataclass(frozen=True, slots=True)
class Fault:
    """A part that cannot be read, as it was typed, and why."""

    text: str
    why: str

    def __str__(self) -> str:
        """Return the part as it was typed."""
        return self.text


Token = Term | Word | Fault


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked for, in the order it was typed."""

    tokens: tuple[Token, ...] = ()

    def __str__(self) -> str:
        """Return the text that reads as this query."""
        return " ".join(str(token) for token in self.tokens)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The filters."""
        return tuple(token for token in self.tokens if isinstance(token, Term))

    @property
    def words(self) -> tuple[Word, ...]:
        """The words to look for."""
        return tuple(token for token in self.tokens if isinstance(token, Word))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What cannot be read."""
        return tuple(token for token in self.tokens if isinstance(token, Fault))

    def of(self, key: str) -> tuple[Term, ...]:
        """Return the filters of one key."""
        return tuple(term for term in self.terms if term.key == key)

    def value(self, key: str) -> str | None:
        """Return the value of a key that has one at most."""
        return next((term.values[0] for term in self.of(key) if not term.negated), None)

    def without(self, place: int) -> "Query":
        """Return the query without the token at a place."""
        return Query(self.tokens[:place] + self.tokens[place + 1 :])

    def only(self, key: str, value: str) -> "Query":
        """Return the query with this value alone for its key."""
        others = tuple(token for token in self.tokens if not (isinstance(token, Term) and token.key == key))
        return Query((*others, Term(key, (value,))))

    def excluding(self, key: str, value: str) -> "Query":
        """Return the query without whatever has this value."""
        wanted = Term(key, (value,))
        others = tuple(token for token in self.tokens if token != wanted)
        return Query((*others, Term(key, (value,), negated=True)))

    def dropping(self, *keys: str) -> "Query":
        """Return the query without any filter of these keys."""
        return Query(tuple(token for token in self.tokens if not (isinstance(token, Term) and token.key in keys)))


def parse(text: str) -> Query:
    """Read a query; whatever is typed, this returns one, and `parse(str(query)) == query`."""
    if len(text) > LONGEST:
        return Query((Fault(text[:40] + "\N{HORIZONTAL ELLIPSIS}", f"A query has at most {LONGEST} characters."),))
    tokens: list[Token] = []
    seen: set[str] = set()
    for raw in _split(text):
        token = _read(raw)
        if len(tokens) >= MOST_TOKENS:
            tokens.append(Fault(raw.text, f"A query has at most {MOST_TOKENS} parts."))
            break
        if isinstance(token, Term) and token.key in ONCE and token.key in seen:
            token = Fault(raw.text, f"{token.key} stands in a query once.")
        elif isinstance(token, Term):
            seen.add(token.key)
        tokens.append(token)
    return Query(tuple(tokens))


@dataclass(frozen=True, slots=True)
class _Raw:
    """One part of the text: as typed, and its characters with whether each was quoted."""

    text: str
    characters: tuple[tuple[str, bool], ...]
    closed: bool


def _split(text: str) -> Iterator[_Raw]:
    start, place = -1, 0
    quoted = False
    characters: list[tuple[str, bool]] = []
    while place < len(text):
        character = text[place]
        if character == '"':
            start = place if start < 0 else start
            if quoted and text[place + 1 : place + 2] == '"':
                characters.append(('"', True))
                place += 1
            else:
                quoted = not quoted
                characters.append(("", True))
        elif character.isspace() and not quoted:
            if start >= 0:
                yield _Raw(text[start:place], tuple(characters), closed=True)
            start, characters = -1, []
        else:
            start = place if start < 0 else start
            characters.append((character, quoted))
        place += 1
    if start >= 0:
        yield _Raw(text[start:] if not quoted else text[start:].rstrip(), tuple(characters), closed=not quoted)


def _read(raw: _Raw) -> Token:
    if not raw.closed:
        return Fault(raw.text, "The quotation mark is not closed.")
    if not raw.text.isprintable():
        return Fault(raw.text, "This holds characters that cannot be looked for.")
    characters = list(raw.characters)
    negated = characters[0] == ("-", False)
    if negated:
        characters = characters[1:]
    colon = next((place for place, one in enumerate(characters) if one == (":", False)), None)
    if colon is None:
        text = "".join(character for character, _ in characters)
        return Word(text, negated) if text.strip() else Fault(raw.text, "There is nothing to look for.")
    key = "".join(character for character, _ in characters[:colon])
    if key not in KEYS:
        near = difflib.get_close_matches(key, KEYS, 1)
        hint = f"Is it {near[0]}?" if near else f"There are {', '.join(KEYS)}; quote what is only to be found."
        return Fault(raw.text, f"No filter is called {key or 'nothing'}. {hint}")
    values = _values(characters[colon + 1 :])
    why = fault_of(key, values, negated=negated)
    return Fault(raw.text, why) if why else Term(key, values, negated)


def _values(characters: list[tuple[str, bool]]) -> tuple[str, ...]:
    values = [""]
    for character, quoted in characters:
        if character == "," and not quoted:
            values.append("")
        else:
            values[-1] += character
    return tuple(dict.fromkeys(values))


def _quoted(text: str, bare: "re.Pattern[str]") -> str:
    return text if bare.fullmatch(text) else '"' + text.replace('"', '""') + '"'
