"""The gallery: a workspace's pictures and what was not made, newest first, whatever its size.

Ids sort by time after their prefix, so pictures and jobs are one stream with one cursor: the digits of an id. An
organization is read by its own index, merged shells each by theirs. Where a filter cannot follow an index, a page
looks at a bounded number of pictures, shows what fits and says how far back it looked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts import organizations
from accounts.models import Organization
from creative.models import Asset, Job, Rating
from imageskill.core.ids import moment_digits, prefix_of

PAGE: Final = 30
LOOKED_AT: Final = 2_000
"""How many pictures of an organization one page looks at where a filter follows no index."""

LARGE: Final = 1024
"""Pixels on the long side of a large picture."""

SIZES: Final = {
    "square": Q(width=F("height")),
    "wide": Q(width__gt=F("height")),
    "tall": Q(width__lt=F("height")),
    "large": Q(width__gte=LARGE) | Q(height__gte=LARGE),
    "small": Q(width__lt=LARGE, height__lt=LARGE),
}
UNRATED: Final = "unrated"
UNMADE: Final = "unmade"
UPLOAD: Final = "upload"

_UNMADE_STATES: Final = (Job.State.FAILED, Job.State.CANCELED)
_MOMENT_DIGITS: Final = 11


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose pictures: a workspace, with the shells that were merged into it."""

    workspace_id: str
    organization_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a page is narrowed to; empty means anything. Days are UTC; `until` is the last of them."""

    agent: str = ""
    model: str = ""
    operation: str = ""
    size: str = ""
    state: str = ""
    words: str = ""
    since: date | None = None
    until: date | None = None
    grouped: bool = False

    @property
    def follows_an_index(self) -> bool:
        """Whether every row of the index that is read fits."""
        return not (self.agent or self.model or self.operation or self.size or self.words or self.grouped) and (
            self.state in ("", UNMADE)
        )


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture on the wall, with what its label says; `price` is in credits and None of uploads."""

    asset: Asset
    price: int | None
    rating: str
    place: int
    variants: int

    @property
    def job(self) -> Job | None:
        """The job that made it; None of uploads."""
        return self.asset.job

    @property
    def key(self) -> str:
        """What tells it from other pictures: its id without the prefix."""
        return digits_of(self.asset.pk)

    @property
    def prompt(self) -> str:
        """What it was asked for by; empty of uploads."""
        return self.asset.job.prompt if self.asset.job is not None else ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the wall: pictures, and jobs without one; `looked_back_to` where it ended before it was full."""

    items: tuple[Tile | Job, ...]
    cursor: str | None
    looked_back_to: datetime | None


def scope_of(workspace: Organization) -> Scope:
    """Return a workspace with its merged shells."""
    return Scope(workspace.pk, tuple(organizations.with_shells(workspace.pk)))


def live_in(scope: Scope) -> QuerySet[Asset]:
    """Return the pictures of a workspace that were not deleted: the guarded door of every page."""
    return Asset.objects.filter(organization_id__in=scope.organization_ids, deleted_at=None)


def find(scope: Scope, asset_id: str) -> Asset | None:
    """Return one picture of a workspace with its job, hold and agent; None: missing, deleted, or another's."""
    if prefix_of(asset_id) != "image":
        return None
    return live_in(scope).select_related("job__hold", "agent").filter(pk=asset_id).first()


def chosen(scope: Scope, keys: Sequence[str], most: int) -> list[Asset]:
    """Return the live pictures among at most `most` keys, in the order in which they were chosen."""
    ids = [f"image_{key}" for key in dict.fromkeys(keys[:most])]
    known = [pk for pk in ids if prefix_of(pk) == "image"]
    rows = live_in(scope).select_related("job", "agent").filter(pk__in=known)
    found = {asset.pk: asset for asset in rows}
    return [found[pk] for pk in known if pk in found]


def digits_of(public_id: str) -> str:
    """Return an id without its prefix: a moment, then chance."""
    return public_id.rpartition("_")[2]


def page(scope: Scope, wanted: Wanted, *, after: str = "", limit: int = PAGE) -> Page:
    """Return a page of the wall below a cursor."""
    top = _top(wanted, after)
    bottom = moment_digits(_start_of(wanted.since)) if wanted.since else ""
    floor = None if wanted.follows_an_index else _floor(scope, wanted, top)
    lowest = max(bottom, floor or "")
    found: list[str] = []
    if wanted.state != UNMADE:
        found += _pictures(scope, wanted, top, lowest, limit + 1)
    if wanted.state in ("", UNMADE) and not wanted.size and wanted.operation != UPLOAD:
        found += _unmade(scope, wanted, top, lowest, limit + 1)
    found.sort(key=digits_of, reverse=True)
    shown = found[:limit]
    items = _with_labels(scope, shown)
    if len(found) > limit:
        return Page(items, digits_of(shown[-1]), None)
    if floor is not None and floor > bottom:
        return Page(items, floor, _moment_of(floor))
    return Page(items, None, None)


def _top(wanted: Wanted, after: str) -> str:
    """Return the digits below which the page begins; the empty text: at the newest."""
    until = wanted.until if wanted.until is not None and wanted.until < date.max else None
    end = moment_digits(_start_of(until) + timedelta(days=1)) if until else ""
    cursor = after if prefix_of(f"image_{after}") == "image" else ""
    return min(end, cursor) if end and cursor else end or cursor


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _moment_of(digits: str) -> datetime:
    return datetime.fromtimestamp(int(digits[:_MOMENT_DIGITS], 36) / 1_000_000, tz=UTC)


def _between(column: str, prefix: str, top: str, lowest: str) -> Q:
    bounds = {}
    if top:
        bounds[f"{column}__lt"] = f"{prefix}_{top}"
    if lowest:
        bounds[f"{column}__gte"] = f"{prefix}_{lowest}"
    return Q(**bounds)


def _drivers(scope: Scope, wanted: Wanted) -> list[tuple[QuerySet[Any], str, str]]:
    """Return what is read in order of time: rows, the column of their picture, and the way to its columns."""
    if wanted.state in Rating.State.values:
        rated = Rating.objects.filter(organization_id=scope.workspace_id, state=wanted.state)
        return [(rated, "asset_id", "asset__")]
    live = Asset.objects.filter(deleted_at=None)
    if wanted.agent:
        own = live.filter(agent_id=wanted.agent, organization_id__in=scope.organization_ids)
        return [(own, "pk", "")]
    return [(live.filter(organization_id=each), "pk", "") for each in scope.organization_ids]


def _floor(scope: Scope, wanted: Wanted, top: str) -> str | None:
    """Return the digits down to which a page looks; None: to the very end."""
    floors: list[str] = []
    for rows, column, _ in _drivers(scope, wanted) if wanted.state != UNMADE else ():
        floors += _nth(rows.filter(_between(column, "image", top, "")), column)
    if wanted.state in ("", UNMADE):
        for organization_id in scope.organization_ids:
            rows = Job.objects.filter(organization_id=organization_id, state__in=_UNMADE_STATES)
            floors += _nth(rows.filter(_between("pk", "job", top, "")), "pk")
    return max(floors, default=None)


def _nth(rows: QuerySet[Any], column: str) -> list[str]:
    ids = rows.order_by(f"-{column}").values_list(column, flat=True)[LOOKED_AT : LOOKED_AT + 1]
    return [digits_of(pk) for pk in ids]


def _pictures(scope: Scope, wanted: Wanted, top: str, lowest: str, limit: int) -> list[str]:
    found: list[str] = []
    for rows, column, way in _drivers(scope, wanted):
        narrowed = rows.filter(_between(column, "image", top, lowest), *_narrowing(scope, wanted, way))
        if way:
            narrowed = narrowed.filter(**{f"{way}deleted_at": None})
        found += narrowed.order_by(f"-{column}").values_list(column, flat=True)[:limit]
    return found


def _narrowing(scope: Scope, wanted: Wanted, way: str) -> list[Any]:
    """Return the conditions on a picture, where `way` leads from the row that is read to the picture."""
    told: dict[str, object] = {}
    if wanted.agent:
        told[f"{way}agent_id"] = wanted.agent
    if wanted.model:
        # A rating knows its model: PostgreSQL would rather read every job than look up each of the rated ones.
        told["model_id" if way else "job__model_id"] = wanted.model
    if wanted.operation == UPLOAD:
        told[f"{way}kind"] = Asset.Kind.UPLOADED
    elif wanted.operation:
        told[f"{way}job__operation"] = wanted.operation
    if wanted.words:
        told[f"{way}job__prompt__icontains"] = wanted.words
    conditions: list[Any] = [Q(**told)]
    if wanted.size in SIZES:
        fits = SIZES[wanted.size]
        conditions.append(Exists(Asset.objects.filter(fits, pk=OuterRef(f"{way}pk"))) if way else fits)
    if wanted.state == UNRATED:
        rated = Rating.objects.filter(organization_id=scope.workspace_id, asset_id=OuterRef(f"{way}pk"))
        conditions.append(~Exists(rated))
    if wanted.grouped:
        first = {"job_id": OuterRef(f"{way}job_id"), "position__lt": OuterRef(f"{way}position")}
        conditions.append(~Exists(Asset.objects.filter(deleted_at=None, **first)))
    return conditions


def _unmade(scope: Scope, wanted: Wanted, top: str, lowest: str, limit: int) -> list[str]:
    """Return the jobs that ended without a picture."""
    given = {
        "agent_id": wanted.agent,
        "model_id": wanted.model,
        "operation": wanted.operation,
        "prompt__icontains": wanted.words,
    }
    told = {column: value for column, value in given.items() if value}
    found: list[str] = []
    for organization_id in scope.organization_ids:
        own = Job.objects.filter(organization_id=organization_id, state__in=_UNMADE_STATES)
        rows = own.filter(_between("pk", "job", top, lowest), **told)
        found += rows.order_by("-pk").values_list("pk", flat=True)[:limit]
    return found


def _with_labels(scope: Scope, ids: Sequence[str]) -> tuple[Tile | Job, ...]:
    pictures = Asset.objects.select_related("job", "agent").filter(
        pk__in=[pk for pk in ids if prefix_of(pk) == "image"], deleted_at=None
    )
    jobs = Job.objects.select_related("agent").filter(pk__in=[pk for pk in ids if prefix_of(pk) == "job"])
    items: dict[str, Tile | Job] = {tile.asset.pk: tile for tile in tiles(scope, list(pictures))}
    items |= {job.pk: job for job in jobs}
    return tuple(items[pk] for pk in ids if pk in items)


def tiles(scope: Scope, pictures: Sequence[Asset]) -> list[Tile]:
    """Return pictures with what their labels say; the jobs have been read with them."""
    places = _places(pictures)
    judged = ratings_of(scope, [asset.pk for asset in pictures])
    made = []
    for asset in pictures:
        all_of_it = places.get(asset.job_id or "", [])
        live = [pk for pk, is_live in all_of_it if is_live]
        made.append(
            Tile(
                asset=asset,
                price=price(asset.job, len(all_of_it)) if asset.job is not None else None,
                rating=judged.get(asset.pk, ""),
                place=live.index(asset.pk) + 1 if asset.pk in live else 1,
                variants=max(1, len(live)),
            )
        )
    return made


def ratings_of(scope: Scope, asset_ids: Iterable[str]) -> dict[str, str]:
    """Return the workspace's judgement of each of these pictures that has one."""
    rows = Rating.objects.filter(organization_id=scope.workspace_id, asset_id__in=list(asset_ids))
    return dict(rows.values_list("asset_id", "state"))


def _places(pictures: Sequence[Asset]) -> dict[str, list[tuple[str, bool]]]:
    """Return every picture that each job delivered, in order, and whether it is still there."""
    job_ids = {asset.job_id for asset in pictures if asset.job_id}
    rows = Asset.objects.filter(job_id__in=job_ids).order_by("job_id", "position")
    places: dict[str, list[tuple[str, bool]]] = {}
    for job_id, pk, deleted_at in rows.values_list("job_id", "pk", "deleted_at"):
        places.setdefault(job_id or "", []).append((pk, deleted_at is None))
    return places


def price(job: Job, delivered: int) -> int:
    """Return the credits that one of the pictures of a job was charged: each costs the same."""
    return job.settled_credits // delivered if delivered else 0
