"""Events and refusals in one stream, newest first, page by page.

A place in it is a `key`: 25 digits that sort by time, those of an event's id, or a decision's instant and number.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Q, QuerySet

from billing.models import Decision
from imageskill.core.ids import moment_digits
from imageskill.core.models import ActivityEvent
from imageskill.site.activity.conditions import Conditions
from imageskill.site.activity.filters import ASKED, REFUSED
from imageskill.site.activity.refusals import PREFIX

WINDOW: Final = 20_000
"""So many events are passed over at most while a page is looked for; the next page goes on from there."""

_TIME_DIGITS = 11
_NUMBER_DIGITS = 14
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_KEY = re.compile(r"[0-9a-z]{25}")
_LARGEST = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that happened, or that was not allowed to."""

    key: str
    event: ActivityEvent | None = None
    decision: Decision | None = None

    @property
    def reference(self) -> str:
        """Its public id."""
        if self.event is not None:
            return self.event.pk
        return f"{PREFIX}{self.decision.pk}" if self.decision is not None else ""

    @property
    def moment(self) -> datetime:
        """When it happened."""
        if self.event is not None:
            return self.event.occurred_at
        return self.decision.decided_at if self.decision is not None else moment_of(self.key)

    @property
    def type(self) -> str:
        """The event's type, or one of the two of refusals."""
        if self.event is not None:
            return self.event.type
        return REFUSED if self.decision is not None and self.decision.outcome == "denied" else ASKED

    @property
    def agent_id(self) -> str:
        """Whose it is; empty for what people did to the workspace itself."""
        one = self.event or self.decision
        return one.agent_id if one is not None else ""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, where the next page begins, and how far was searched if that was not to the end."""

    rows: tuple[Row, ...]
    next_key: str | None
    searched_to: datetime | None = None


def page(conditions: Conditions, *, limit: int, before: str | None = None) -> Page:
    """Return the newest rows, or those before a key. At most four queries."""
    found, floor = _events(conditions, limit + 1, before)
    refused = [row for row in _refusals(conditions, limit + 1, before) if floor is None or row.key >= floor]
    rows = sorted([*map(of_event, found), *refused], key=lambda row: row.key, reverse=True)
    if len(rows) > limit:
        return Page(tuple(rows[:limit]), rows[limit - 1].key)
    return Page(tuple(rows), floor, moment_of(floor) if floor is not None else None)


def after(conditions: Conditions, *, key: str, limit: int) -> list[Row]:
    """Return what came after a key, newest first: the newest `limit` of it."""
    start = max(moment_of(key), conditions.start or _EPOCH)
    newer = conditions.during(start, conditions.end)
    return [row for row in page(newer, limit=limit).rows if row.key > key]


def of_event(event: ActivityEvent) -> Row:
    """Return an event as a row."""
    return Row(event.pk.removeprefix("evt_"), event=event)


def of_decision(decision: Decision) -> Row:
    """Return a refusal as a row."""
    return Row(moment_digits(decision.decided_at) + _base36(decision.pk), decision=decision)


def key_of(text: str | None) -> str | None:
    """Return a key that was handed back; None: it is none."""
    return text if text is not None and _KEY.fullmatch(text) else None


def key_at(moment: datetime) -> str:
    """Return the key before whatever happened at an instant."""
    return moment_digits(moment) + "0" * _NUMBER_DIGITS


def moment_of(key: str) -> datetime:
    """Return the instant of a key."""
    return _EPOCH + timedelta(microseconds=int(key[:_TIME_DIGITS], 36))


def newest(arms: Sequence[QuerySet[ActivityEvent]], count: int) -> QuerySet[ActivityEvent]:
    """Return the newest events of several ranges, each read in its own index and no further than needed."""
    if len(arms) == 1:
        return arms[0].order_by("-pk")[:count]
    first, *others = (
        ActivityEvent.objects.filter(pk__in=one.order_by("-pk").values("pk")[:count]).order_by() for one in arms
    )
    return first.union(*others, all=True).order_by("-pk")[:count]


def floor_of(conditions: Conditions, count: int) -> str | None:
    """Return the key of the oldest of the newest `count` events that the index leads to; None: there are fewer.

    What has to fit besides is not looked at, so this reads an index alone.
    """
    arms = list(conditions.arms())
    if not arms:
        return None
    if len(arms) == 1:
        ids = list(arms[0].order_by("-pk").values_list("pk", flat=True)[count - 1 : count])
    else:
        ids = [event.pk for event in newest(arms, count)[count - 1 : count]]
    return ids[0].removeprefix("evt_") if ids else None


def above(conditions: Conditions, floor: str | None) -> Conditions:
    """Return the conditions for what is not older than a floor."""
    if floor is None:
        return conditions
    at = moment_of(floor)
    return conditions.during(at if conditions.start is None else max(at, conditions.start), conditions.end)


def _events(conditions: Conditions, count: int, before: str | None) -> tuple[Sequence[ActivityEvent], str | None]:
    """Return the newest events that fit, and the floor if the search ended there with too few."""
    bounded = replace(conditions, before=before)
    if bounded.event_ids == ():
        return [], None
    floor = None if bounded.is_cheap else floor_of(bounded, WINDOW)
    arms = [one.filter(bounded.fits) for one in bounded.arms()]
    if not arms:
        return [], None
    if floor is not None:
        arms = [one.filter(pk__gte=f"evt_{floor}") for one in arms]
    found = list(newest(arms, count))
    return found, floor if len(found) < count else None


def _refusals(conditions: Conditions, count: int, before: str | None) -> list[Row]:
    rows = conditions.decisions()
    if before is not None:
        moment = moment_of(before)
        number = min(int(before[_TIME_DIGITS:], 36), _LARGEST)
        rows = rows.filter(Q(decided_at__lt=moment) | Q(decided_at=moment, pk__lt=number))
    return [of_decision(one) for one in rows.order_by("-decided_at", "-pk")[:count]]


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits.rjust(_NUMBER_DIGITS, "0")
