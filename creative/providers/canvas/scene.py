"""Reading a prompt: which place, time, weather and things its words name, and in which colours."""

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from creative.providers.canvas import words
from creative.providers.canvas.colour import Colour

MOST_WORDS: Final = 400
"""Words after these are not read."""
_WORD = re.compile(r"[^\W\d_]+")
_REACH: Final = 3
"""How many words before a thing may still describe it."""


def _index(table: dict[str, str]) -> dict[str, str]:
    return {word: meaning for meaning, line in table.items() for word in line.split()}


_COLOUR_OF: Final = {word: name for name, (_, line) in words.COLOURS.items() for word in line.split()}
_TABLES: Final = {
    "time": _index(words.TIMES),
    "season": _index(words.SEASONS),
    "weather": _index(words.WEATHERS),
    "place": _index(words.PLACES),
    "subject": _index(words.SUBJECTS),
    "mood": _index(words.MOODS),
    "form": _index(words.FORMS),
    "motif": _index(words.MOTIFS),
    "material": _index(words.MATERIALS),
}
_COUNT_OF: Final = {word: count for count, line in words.COUNTS.items() for word in line.split()}
_AFTER_NOUN: Final = frozenset(words.AFTER_NOUN.split())
_SIZE_OF: Final = {word: size for size, line in words.SIZES.items() for word in line.split()}


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing that the prompt names, with its own colour, number and size where it has one."""

    kind: str
    colour: Colour | None = None
    count: int = 1
    size: float = 1.0


@dataclass(slots=True)
class Scene:
    """What a prompt asks for; empty where it says nothing."""

    found: dict[str, list[str]] = field(default_factory=dict)
    things: list[Thing] = field(default_factory=list)
    colours: list[Colour] = field(default_factory=list)
    place_colours: dict[str, Colour] = field(default_factory=dict)
    detail: float = 0.6
    """How much is drawn, 0 to 1."""

    def some(self, count: float) -> int:
        """Return how many of something are drawn where `count` is usual."""
        return max(1, round(count * (0.4 + self.detail)))

    def first(self, kind: str, otherwise: str = "") -> str:
        """Return the first meaning of a kind, or the given one."""
        return self.found.get(kind, [otherwise])[0]

    def has(self, kind: str, meaning: str) -> bool:
        """Say whether the prompt has a meaning."""
        return meaning in self.found.get(kind, [])


def read(prompt: str) -> Scene:
    """Return what the words of a prompt say."""
    scene = Scene()
    told = [word.lower() for word in _WORD.findall(prompt[: MOST_WORDS * 24])][:MOST_WORDS]
    pairs = [f"{first}-{second}" for first, second in pairwise(told)]
    taken = -1
    for place, word in enumerate(told):
        if place <= taken:
            continue
        if place < len(pairs) and _known(pairs[place]):
            candidates, taken = [pairs[place]], place + 1
        else:
            candidates = [word, *_singular(word)]
        around = _around(told, place)
        for candidate in candidates:
            _understand(scene, candidate, around, plural=candidate != word)
    if any(thing.kind in ("vase", "pot") for thing in scene.things):
        # The flowers that a prompt names stand in its vase: they are no things of their own.
        scene.things = [thing for thing in scene.things if thing.kind != "flower"]
    return scene


def _around(told: list[str], place: int) -> list[str]:
    """Return the words that may describe the one at a place: those before it, and a Romance colour behind it."""
    before: list[str] = []
    for word in told[max(0, place - _REACH) : place]:
        if word not in _AFTER_NOUN:
            # What stands before another noun belongs to that one.
            before = [] if word in _TABLES["subject"] or word in _TABLES["place"] else [*before, word]
    return before + [word for word in told[place + 1 : place + 2] if word in _AFTER_NOUN]


def _known(word: str) -> bool:
    return word in _COLOUR_OF or any(word in table for table in _TABLES.values())


def _singular(word: str) -> list[str]:
    """Return what a plural may be the plural of; the first that the vocabulary knows."""
    if word in words.PLURALS:
        return [words.PLURALS[word]]
    guesses = []
    if word.endswith("ies"):
        guesses.append(word[:-3] + "y")
    if word.endswith("ves"):
        guesses.append(word[:-3] + "f")
    if word.endswith("es"):
        guesses.append(word[:-2])
    if word.endswith("s"):
        guesses.append(word[:-1])
    known = [guess for guess in guesses if any(guess in table for table in _TABLES.values())]
    return known[:1] if not any(word in table for table in _TABLES.values()) else []


def _understand(scene: Scene, word: str, before: list[str], *, plural: bool) -> None:
    if word in _COLOUR_OF:
        colour = words.COLOURS[_COLOUR_OF[word]][0]
        if colour not in scene.colours:
            scene.colours.append(colour)
    for kind, table in _TABLES.items():
        meaning = table.get(word)
        if meaning is None:
            continue
        if meaning not in scene.found.setdefault(kind, []):
            scene.found[kind].append(meaning)
            if kind == "subject":
                scene.things.append(_thing(meaning, word, before, plural=plural))
            elif kind == "place" and (tint := _tint(before)) is not None:
                scene.place_colours[meaning] = tint


def _thing(kind: str, word: str, before: list[str], *, plural: bool) -> Thing:
    counts = [_COUNT_OF[word] for word in before if word in _COUNT_OF]
    sizes = [_SIZE_OF[word] for word in before if word in _SIZE_OF]
    return Thing(
        kind=kind,
        colour=_tint([word, *before] if before and before[-1] in _AFTER_NOUN else [*before, word]),
        count=counts[-1] if counts else words.PAIRS.get(kind, 3) if plural and "-" not in word else 1,
        size=sizes[-1] if sizes else 1.0,
    )


def _tint(before: list[str]) -> Colour | None:
    named = [_COLOUR_OF[word] for word in before if word in _COLOUR_OF]
    return words.COLOURS[named[-1]][0] if named else None
