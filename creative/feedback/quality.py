"""How much a report gives to act on, what it lacks, and the words that say so. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

WEAK_BELOW: Final = 40
"""A score under this is a weak signal: a title and a body and nothing else."""

_WEIGHTS: Final[Mapping[str, int]] = {
    "title": 10,
    "body": 20,
    "command": 15,
    "expected": 15,
    "actual": 15,
    "evidence": 15,
    "proof_needed": 10,
}
_SHORTEST: Final[Mapping[str, int]] = {"title": 8, "body": 40}
_ASKED: Final[Mapping[str, str]] = {
    "title": "a short concrete title",
    "body": "what happened, what was expected and why it matters",
    "command": "the command or workflow",
    "expected": "the result you expected",
    "actual": "the result you got",
    "evidence": "an id of a job, asset, event, trace or receipt of yours",
    "proof_needed": "what would prove that it is handled",
}


@dataclass(frozen=True, slots=True)
class Quality:
    """A score from 0 to 100, and the fields that would raise it, heaviest first."""

    score: int
    missing: list[str]

    @property
    def is_weak(self) -> bool:
        """Say whether there is little to act on."""
        return self.score < WEAK_BELOW


def of(texts: Mapping[str, str], *, has_evidence: bool) -> Quality:
    """Rate a report by its texts and by whether it cites anything that is the reporter's own."""
    missing = [name for name in _WEIGHTS if name != "evidence" and _is_short(name, texts.get(name, ""))]
    if not has_evidence:
        missing.append("evidence")
    missing.sort(key=lambda name: (-_WEIGHTS[name], list(_WEIGHTS).index(name)))
    return Quality(sum(_WEIGHTS.values()) - sum(_WEIGHTS[name] for name in missing), missing)


def _is_short(name: str, text: str) -> bool:
    return len(text.strip()) < _SHORTEST.get(name, 1)


def guidance(quality: Quality, texts: Mapping[str, str], *, weak_is_meant: bool) -> list[str]:
    """Return what to tell the reporter; `weak_is_meant`: it knows that the report says little."""
    told = []
    if quality.missing and not weak_is_meant:
        asked = "; ".join(f"{name} ({_ASKED[name]})" for name in quality.missing)
        told.append(f"Received with a quality of {quality.score} of 100. What would help next time: {asked}.")
    if "--prompt" in texts.get("command", "").replace("--prompt-file", ""):
        told.append("Leave prompts out of feedback: cite the job's id, it is enough to find the rest.")
    return told
