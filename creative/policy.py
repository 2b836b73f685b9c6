"""The content policy: classes of prompts that no provider is asked for, canvas included.

The classes and their words are data with a version (`policy.json`). This is the house's floor; each provider
has its own safety system above it.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from imageskill.core.errors import ApiError, ErrorCode


@dataclass(frozen=True, slots=True)
class PolicyClass:
    """A class of refused prompts: any of `phrases`, or a word of each side of a pair.

    The words of `aside` count for no pair: fixed terms that mean neither side, such as a naked eye.
    """

    class_id: str
    meaning: str
    phrases: re.Pattern[str] | None
    pairs: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]
    aside: re.Pattern[str] | None

    def matches(self, text: str) -> bool:
        """Say whether a normalized prompt falls into the class."""
        if self.phrases is not None and self.phrases.search(text):
            return True
        if self.aside is not None:
            text = self.aside.sub("|", text)
        return any(first.search(text) and second.search(text) for first, second in self.pairs)


@dataclass(frozen=True, slots=True)
class Policy:
    """All classes, and the version that refusals name."""

    version: str
    classes: tuple[PolicyClass, ...]


def check(prompt: str) -> None:
    """Raise CONTENT_POLICY_DENIED, naming the class, for a prompt that is refused."""
    policy = load()
    text = _normalized(prompt)
    for refused in policy.classes:
        if refused.matches(text):
            raise ApiError(
                ErrorCode.CONTENT_POLICY_DENIED,
                f"The prompt was refused: {refused.meaning} Nothing is charged.",
                reason=refused.class_id,
                policy_version=policy.version,
            )


@cache
def load() -> Policy:
    """Return the policy of the data file."""
    data = json.loads((Path(__file__).parent / "policy.json").read_text(encoding="utf-8"))
    return Policy(data["version"], tuple(_policy_class(row) for row in data["classes"]))


def _policy_class(row: dict[str, object]) -> PolicyClass:
    groups: list[list[str]] = row["any_of"]  # type: ignore[assignment] # the data file's own shape
    pairs: list[dict[str, list[str]]] = row["all_of"]  # type: ignore[assignment] # the data file's own shape
    aside: list[str] = row["aside"]  # type: ignore[assignment] # the data file's own shape
    words = [word for group in groups for word in group]
    return PolicyClass(
        class_id=str(row["id"]),
        meaning=str(row["meaning"]),
        phrases=_any_word(words) if words else None,
        pairs=tuple((_any_word(pair["first"]), _any_word(pair["second"])) for pair in pairs),
        aside=_any_word(aside) if aside else None,
    )


def _any_word(words: list[str]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(re.escape(word) for word in words) + r")\b")


def _normalized(prompt: str) -> str:
    """Return the prompt in lower case, compatibility forms and accents undone, as single-spaced words."""
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKD", prompt).lower()
        if not unicodedata.combining(character) and unicodedata.category(character) != "Cf"
    )
    return re.sub(r"[\W_]+", " ", plain)
