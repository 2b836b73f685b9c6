"""How much happened when: bars over the time of a query, each with the query of its own time."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Any, Final

from billing.models import Mandate
from billing.windows import window
from imageskill.core.ids import moment_digits
from imageskill.site.activity import clocks, stream
from imageskill.site.activity.conditions import Conditions, Scope
from imageskill.site.activity.counts import Counts
from imageskill.site.activity.query import Query

BUDGET: Final = 120_000
"""So many events are counted at most; a bar that reaches its share is told as at least that."""
COMPARED: Final = 50_000
"""A period before with more events than these is not compared."""
USUAL_DAYS: Final = 7
MOST_REFUSALS: Final = 5_000
MOST_BARS: Final = 48
WIDTH: Final = 960
HEIGHT: Final = 88

_DAY = timedelta(days=1)
_STEPS: Final = (
    *(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 3, 6, 12)),
    *(timedelta(days=days) for days in (1, 2, 7, 30, 91, 365, 3650)),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its time (half-open), its counts, its place in the drawing, and the query of its time."""

    start: datetime
    end: datetime
    count: int
    refused: int
    is_capped: bool
    x: float
    width: float
    height: float
    refused_height: float
    query: str

    @property
    def last(self) -> datetime:
        """The last minute that belongs to it."""
        return self.end - timedelta(minutes=1)

    @property
    def y(self) -> float:
        """The upper edge."""
        return round(HEIGHT - self.height, 2)

    @property
    def refused_y(self) -> float:
        """The upper edge of what was refused, which stands on the rest."""
        return round(max(0.0, HEIGHT - self.height - self.refused_height), 2)


@dataclass(frozen=True, slots=True)
class Histogram:
    """All bars; `before` counts the period of the same length before it, None where it was not counted.

    `counted_from` is set where the search stopped before the beginning. `resets` are places of cap resets.
    """

    bars: tuple[Bar, ...]
    start: datetime
    end: datetime
    total: int
    refused: int
    before: int | None
    is_capped: bool
    counted_from: datetime | None
    resets: tuple[float, ...]

    @property
    def last(self) -> datetime:
        """The last minute of it all."""
        return self.end - timedelta(minutes=1)

    @property
    def edge_format(self) -> str:
        """How its ends are written: with the time where it is shorter than two days."""
        return "j M, H:i" if self.end - self.start < 2 * _DAY else "j M Y"

    @property
    def difference(self) -> str:
        """How the period compares with the one before it."""
        if self.before is None or self.is_capped:
            return ""
        if self.before == 0:
            return ""
        part = round(100 * (self.total - self.before) / self.before)
        if part == 0:
            return f"as many as in the period before ({self.before:,})"
        return f"{abs(part):,} % {'more' if part > 0 else 'fewer'} than in the period before ({self.before:,})"


def of(query: Query, conditions: Conditions, scope: Scope) -> Histogram:
    """Count a query over its time, or over the last 7 days. At most four queries, of bounded work."""
    start, end = _time(conditions, scope)
    edges = _edges(start, end, scope.zone)
    told, before, cap, counted_from = _counts(conditions, edges, scope.now)
    refused = _refused(conditions, edges)
    highest = max((count + more for count, more in zip(told, refused, strict=True)), default=0) or 1
    each = WIDTH / len(told)
    bars = [
        Bar(
            start=edges[place],
            end=edges[place + 1],
            count=count,
            refused=refused[place],
            is_capped=cap is not None and count >= cap,
            x=round(place * each, 2),
            width=round(max(each - 2, 1), 2),
            height=_height(count, highest),
            refused_height=_height(refused[place], highest),
            query=str(query.only("created", created(edges[place], edges[place + 1], scope.zone))),
        )
        for place, count in enumerate(told)
    ]
    return Histogram(
        bars=tuple(bars),
        start=edges[0],
        end=edges[-1],
        total=sum(told),
        refused=sum(refused),
        before=before,
        is_capped=any(bar.is_capped for bar in bars) or counted_from is not None,
        counted_from=counted_from,
        resets=tuple(_resets(conditions, edges, each)),
    )


def created(start: datetime, end: datetime, zone: tzinfo) -> str:
    """Return a half-open time as the value of `created`, to the minute, in a zone."""
    first, last = start.astimezone(zone), (end - timedelta(minutes=1)).astimezone(zone)
    if first.time() == time() and end.astimezone(zone).time() == time():
        days = (first.date(), last.date())
        return f"{days[0]}" if days[0] == days[1] else f"{days[0]}..{days[1]}"
    return f"{first:%Y-%m-%dT%H:%M}..{last:%Y-%m-%dT%H:%M}"


def _height(count: int, highest: int) -> float:
    """Return a height; whatever happened at all can be seen."""
    return round(max(2.0, count / highest * HEIGHT), 2) if count else 0.0


def _time(conditions: Conditions, scope: Scope) -> tuple[datetime, datetime]:
    end = conditions.end or window("day", scope.now, scope.zone).end
    start = conditions.start
    if start is None:
        first = (end - timedelta(seconds=1)).astimezone(scope.zone).date() - timedelta(days=USUAL_DAYS - 1)
        start = datetime.combine(first, time(), tzinfo=scope.zone).astimezone(UTC)
    return (start, end) if start < end else (start, start + _DAY)


def _edges(start: datetime, end: datetime, zone: tzinfo) -> list[datetime]:
    """Return the edges of at most 48 bars; those of a day and more begin at midnight in the zone."""
    step = next((one for one in _STEPS if (end - start) / one <= MOST_BARS), _STEPS[-1])
    edges = [start]
    while edges[-1] < end:
        if step < _DAY:
            edges.append(edges[-1] + step)
        else:
            following = edges[-1].astimezone(zone).date() + step
            edges.append(datetime.combine(following, time(), tzinfo=zone).astimezone(UTC))
    edges[-1] = end
    return edges


def _counts(
    conditions: Conditions, edges: Sequence[datetime], now: datetime
) -> tuple[list[int], int | None, int | None, datetime | None]:
    """Return the counts, that of the period before, the most a bar tells, and where counting began if late."""
    if conditions.is_cheap and conditions.event_ids is None:
        cap = BUDGET // (len(edges) - 1)
        known = Counts(conditions, now)
        bars = known.of([(start, end, cap) for start, end in pairwise(edges)])
        if max(bars) >= cap:
            # Such a total is not compared.
            return bars, None, cap, None
        (before,) = known.of([(edges[0] - (edges[-1] - edges[0]), edges[0], COMPARED)])
        return bars, before if before < COMPARED else None, cap, None
    wanted = conditions.during(edges[0], edges[-1])
    floor = stream.floor_of(wanted, stream.WINDOW)
    keys = stream.above(wanted, floor).events().filter(conditions.fits).values_list("pk", flat=True)
    bounds = [f"evt_{moment_digits(edge)}" for edge in edges]
    told = [0] * (len(edges) - 1)
    for key in keys:
        told[min(max(bisect_right(bounds, key) - 1, 0), len(told) - 1)] += 1
    return told, None, None, stream.moment_of(floor) if floor is not None else None


def _refused(conditions: Conditions, edges: Sequence[datetime]) -> list[int]:
    told = [0] * (len(edges) - 1)
    rows = conditions.during(edges[0], edges[-1]).decisions()
    for moment in rows.order_by("-decided_at").values_list("decided_at", flat=True)[:MOST_REFUSALS]:
        told[min(bisect_right(edges, moment) - 1, len(told) - 1)] += 1
    return told


def _resets(conditions: Conditions, edges: Sequence[datetime], each: float) -> list[float]:
    """Return where the caps of the one agent that was asked for begin anew: its shortest window with a cap."""
    if conditions.asked_agents is None or len(conditions.asked_agents) != 1:
        return []
    versions = Mandate.objects.filter(
        agent_id=conditions.asked_agents[0], organization_id=conditions.organization_ids[0]
    )
    mandate = versions.order_by("-version").first()
    name = next((one for one in ("day", "week", "month") if mandate and getattr(mandate, f"cap_{one}")), None)
    if mandate is None or name is None:
        return []
    places: list[float] = []
    at = edges[0]
    zone = clocks.zone_named(mandate.time_zone)
    while len(places) < MOST_BARS and (at := window(name, at, zone).end) < edges[-1]:
        place = bisect_right(edges, at) - 1
        part: Any = (at - edges[place]) / (edges[place + 1] - edges[place])
        places.append(round((place + part) * each, 2))
    return places
