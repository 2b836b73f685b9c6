"""The words of a report: which are usual, what others are read as, and the keys by which reports are alike."""

import re
from collections.abc import Mapping
from typing import Final

from imageskill.core.errors import ErrorCode

TYPES: Final = ("user_feedback", "bug_report", "feature_request", "documentation", "question", "praise")
LEVELS: Final = ("low", "medium", "high", "critical")
CONFIDENCES: Final = ("low", "medium", "high")
NEXT_STATES: Final = ("watch", "investigate", "fix", "document", "answer", "none")

_USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "type": TYPES,
    "severity": LEVELS,
    "confidence": CONFIDENCES,
    "next_state": NEXT_STATES,
}
_DEFAULTS: Final = {"type": "user_feedback", "severity": "medium", "confidence": "medium", "next_state": "watch"}
_SAME: Final[Mapping[str, Mapping[str, str]]] = {
    "type": {
        **dict.fromkeys(("feedback", "user", "general"), "user_feedback"),
        **dict.fromkeys(("bug", "defect", "error", "issue", "incident"), "bug_report"),
        **dict.fromkeys(("feature", "idea", "request", "enhancement", "suggestion"), "feature_request"),
        **dict.fromkeys(("docs", "doc"), "documentation"),
        "thanks": "praise",
    },
    "severity": {
        **dict.fromkeys(("minor", "trivial", "info", "none", "p3", "p4"), "low"),
        **dict.fromkeys(("moderate", "normal", "p2"), "medium"),
        **dict.fromkeys(("major", "severe", "serious", "p1"), "high"),
        **dict.fromkeys(("blocker", "blocking", "urgent", "fatal", "p0"), "critical"),
    },
    "confidence": {
        **dict.fromkeys(("unsure", "guess", "weak"), "low"),
        **dict.fromkeys(("moderate", "likely"), "medium"),
        **dict.fromkeys(("certain", "sure", "confirmed", "very_high"), "high"),
    },
    "next_state": {"ignore": "none", "triage": "investigate", "docs": "document", "reply": "answer"},
}
_LONGEST_WORD: Final = 48
_NO_WORD: Final = re.compile(r"[^a-z0-9]+")
_ERROR_CODE: Final = re.compile(r"(?<![A-Za-z_])[A-Z]+(?:_[A-Z]+)*(?![A-Za-z_])")
_CODES: Final = frozenset(code.name for code in ErrorCode)
_COMMAND_WORD: Final = re.compile(r"[a-z][a-z-]*")
_MOST_COMMAND_WORDS: Final = 3
_LONGEST_COMMAND: Final = 64


def word(field: str, sent: str | None) -> tuple[str, str | None]:
    """Return the word under which a field is kept, and the warning where that is not the word that was sent.

    `type` and `next_state` keep a word that is not usual; `severity` and `confidence` have levels only.
    """
    if sent is None or not sent.strip():
        return _DEFAULTS[field], None
    slug = _NO_WORD.sub("_", sent.strip().lower()).strip("_")[:_LONGEST_WORD]
    usual = _USUAL[field]
    read = _SAME[field].get(slug, slug)
    if read not in usual and (not read or field in ("severity", "confidence")):
        read = _DEFAULTS[field]
    if read == sent and read in usual:
        return read, None
    return read, f"{field} was taken as {read}; the usual words are {', '.join(usual)}."


def command_key(command: str) -> str:
    """Return the command without its program, options and values: `image-skill create --json` is `create`."""
    found: list[str] = []
    for part in command.lower().split(maxsplit=_MOST_COMMAND_WORDS + 1)[: _MOST_COMMAND_WORDS + 1]:
        if part == "image-skill" and not found:
            continue
        if not _COMMAND_WORD.fullmatch(part) or len(found) == _MOST_COMMAND_WORDS:
            break
        found.append(part)
    return " ".join(found)[:_LONGEST_COMMAND]


def error_code(*texts: str) -> str:
    """Return the first of the service's error codes that the texts name, or an empty string."""
    for text in texts:
        for found in _ERROR_CODE.findall(text):
            if found in _CODES:
                return str(found)
    return ""
