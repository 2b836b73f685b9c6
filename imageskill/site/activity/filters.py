"""The filters of the query bar: their names, what they take, and why a value cannot be used. Pure."""

import difflib
import re
from collections.abc import Callable
from datetime import date, time
from typing import Final

from imageskill.core import events

MOST_VALUES: Final = 12
LONGEST_ID: Final = 128

REFUSED: Final = "spend.refused"
ASKED: Final = "spend.approval_asked"
REFUSALS: Final = (REFUSED, ASKED)
"""Types of what was asked for and not allowed, which is no event of the registry."""

OUTCOMES: Final = {
    "ok": (),
    "refused": ("denied", "refused", "rejected", "declined"),
    "failed": ("failed",),
    "canceled": ("canceled", "withdrawn", "expired"),
    "waiting": ("waiting", "requested", "action_required", "needs_proof", "asked"),
}
"""Each outcome with the statuses that it stands for; `ok` is every other status."""

PRESETS: Final = {"today": "Today", "7d": "7 days", "30d": "30 days"}
ACTORS: Final = ("agent", "human", "session", "system")
KEYS: Final = {
    "agent": "an agent's name or id",
    "type": "what happened, such as job.completed",
    "model": "the model of a job",
    "provider": "who runs the model",
    "status": "ok, refused, failed, canceled or waiting",
    "actor": "agent, human, session or system",
    "money": "in or out",
    "credits": "an amount: 10, >10, 10..20",
    "created": "a time: today, 7d, 30d, 2026-10-01..",
    "id": "any id: a job, a picture, a trace",
    "show": "all, for every step of a job",
}
ONCE: Final = frozenset({"credits", "created", "show"})
"""Filters that stand in a query once, with one value."""
NEVER_NOT: Final = frozenset({"created", "show", "id"})
_STATUS = re.compile(r"[a-z][a-z0-9_ ]{0,31}")
_AMOUNT = re.compile(r"(>=|<=|>|<)?([0-9]{1,9})|([0-9]{0,9})\.\.([0-9]{0,9})")
_DAY = re.compile(r"(2[01][0-9]{2}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2}(?::[0-9]{2})?))?")


def amounts(value: str) -> tuple[int | None, int | None]:
    """Return the least and the most of a credits value, both inclusive; None is open."""
    match = _AMOUNT.fullmatch(value)
    if match is None:
        raise ValueError(value)
    sign, number, low, high = match.groups()
    if number is None:
        return (int(low) if low else None, int(high) if high else None)
    amount = int(number)
    bounds: dict[str | None, tuple[int | None, int | None]] = {
        None: (amount, amount),
        ">": (amount + 1, None),
        ">=": (amount, None),
        "<": (None, amount - 1),
        "<=": (None, amount),
    }
    return bounds[sign]


def span(value: str) -> tuple[tuple[date, time | None] | None, tuple[date, time | None] | None]:
    """Return both ends of a time value that is no preset: a day, with a time where one is given; None is open."""
    low, dots, high = value.partition("..")
    if not dots:
        return _moment(low), _moment(low)
    return _moment(low) if low else None, _moment(high) if high else None


def outcome_of(status: str) -> str:
    """Return the outcome that a status stands for."""
    return next((name for name, statuses in OUTCOMES.items() if status in statuses), "ok")


def fault_of(key: str, values: tuple[str, ...], *, negated: bool) -> str:
    """Return why a filter cannot be used; empty: it can."""
    if not all(value.strip() for value in values):
        return f"{key} needs {KEYS[key]}."
    if len(values) > MOST_VALUES:
        return f"At most {MOST_VALUES} values may stand after {key}."
    if negated and key in NEVER_NOT:
        return f"{key} cannot be excluded."
    if key in ONCE and len(values) > 1:
        return f"{key} takes one value."
    return next((why for value in values if (why := _CHECKS[key](value))), "")


def _check_type(value: str) -> str:
    known = (*events.BY_NAME, *REFUSALS)
    if value in known:
        return ""
    near = difflib.get_close_matches(value, known, 1)
    return f"No event is of the type {value}." + (f" Is it {near[0]}?" if near else "")


def _check_amount(value: str) -> str:
    if not _AMOUNT.fullmatch(value) or value == "..":
        return "credits is a number of at most nine digits: 10, >10, <=10, 10..20."
    low, high = amounts(value)
    return "This range ends before it begins." if low is not None and high is not None and low > high else ""


def _check_created(value: str) -> str:
    if value in PRESETS:
        return ""
    try:
        low, high = span(value)
    except ValueError:
        return "created is today, 7d, 30d, a day as 2026-10-01, or a range: 2026-10-01..2026-10-31."
    if low is None and high is None:
        return "A range needs at least one end."
    if low and high and (low[0], low[1] or time.min) > (high[0], high[1] or time.max):
        return "This range ends before it begins."
    return ""


def _moment(text: str) -> tuple[date, time | None]:
    match = _DAY.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return date.fromisoformat(match[1]), time.fromisoformat(match[2]) if match[2] else None


def _one_of(*known: str) -> Callable[[str], str]:
    return lambda value: "" if value in known else f"This is one of {', '.join(known)}."


def _at_most(length: int) -> Callable[[str], str]:
    return lambda value: "" if len(value) <= length else f"This has more than {length} characters."


_CHECKS: Final[dict[str, Callable[[str], str]]] = {
    "agent": _at_most(120),
    "type": _check_type,
    "model": _at_most(64),
    "provider": _at_most(64),
    "status": lambda value: "" if _STATUS.fullmatch(value) else f"status is {KEYS['status']}.",
    "actor": _one_of(*ACTORS),
    "money": _one_of("in", "out"),
    "credits": _check_amount,
    "created": _check_created,
    "id": lambda value: "" if value.isascii() and len(value) <= LONGEST_ID else "No id looks like this.",
    "show": _one_of("all"),
}
