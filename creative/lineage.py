"""Lineage: which picture an edit was made of, and the family tree that grows from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from creative import gallery
from creative.gallery import Scope
from creative.models import Asset, Job, JobInput, SharedPicture

MOST_LEVELS: Final = 8
"""How far a tree is followed up, and down."""

MOST_PICTURES: Final = 60
_ALIVE: Final = (Job.State.AWAITING_APPROVAL, Job.State.QUEUED, Job.State.RUNNING, Job.State.COMPLETED)


@dataclass(slots=True)
class Node:
    """A picture of the tree and those that were made of it. `is_gone`: deleted; it keeps its place."""

    asset: Asset
    is_here: bool
    children: "list[Node]"

    @property
    def is_gone(self) -> bool:
        """Whether there is nothing left to show."""
        return self.asset.deleted_at is not None


@dataclass(frozen=True, slots=True)
class Family:
    """The tree around one picture; `is_whole` false: it goes on beyond what is shown."""

    roots: tuple[Node, ...]
    is_whole: bool

    @property
    def is_alone(self) -> bool:
        """Whether there is nothing but the picture itself."""
        return len(self.roots) == 1 and not self.roots[0].children


@dataclass(frozen=True, slots=True)
class Uses:
    """Where a picture is used: by how many edits, in how many open links, and by a job that still needs it."""

    edits: int
    links: int
    needed_by: str


def family(scope: Scope, asset: Asset) -> Family:
    """Return the tree of a picture: its first ancestor's siblings at the top, every edit below what it changed."""
    first, is_whole = _first_of(scope, asset)
    roots = [Node(row, row.pk == asset.pk, []) for row in _variants(scope, first)]
    level, count = roots, len(roots)
    for _ in range(MOST_LEVELS):
        made = _made_of(scope, [node.asset.pk for node in level], MOST_PICTURES + 1 - count)
        below = []
        for parent in level:
            parent.children = [Node(row, row.pk == asset.pk, []) for row in made.get(parent.asset.pk, [])]
            below += parent.children
        count += len(below)
        level = below
        if not below or count > MOST_PICTURES:
            break
    return Family(tuple(roots), is_whole and not level)


def sources(scope: Scope, job: Job) -> list[tuple[str, Asset]]:
    """Return what went into a job, each with its role, the deleted ones too."""
    rows = JobInput.objects.filter(job=job, asset__organization_id__in=scope.organization_ids)
    ordered = rows.select_related("asset").order_by("role", "position")
    return [(row.role, row.asset) for row in ordered]


def _first_of(scope: Scope, asset: Asset) -> tuple[Asset, bool]:
    """Return the earliest known ancestor, and whether the climb ended there by itself."""
    for _ in range(MOST_LEVELS):
        if not asset.job_id:
            return asset, True
        of = JobInput.objects.filter(job_id=asset.job_id, role=JobInput.Role.INPUT)
        row = of.filter(asset__organization_id__in=scope.organization_ids).select_related("asset").first()
        if row is None:
            return asset, True
        asset = row.asset
    return asset, False


def _variants(scope: Scope, first: Asset) -> list[Asset]:
    """Return a picture with those that the same job delivered; a deleted one only if it is the first itself."""
    if not first.job_id:
        return [first]
    rows = Asset.objects.filter(job_id=first.job_id, organization_id__in=scope.organization_ids)
    return [row for row in rows.order_by("position") if row.deleted_at is None or row.pk == first.pk]


def _made_of(scope: Scope, asset_ids: Sequence[str], most: int) -> dict[str, list[Asset]]:
    """Return the live pictures of the edits of each of these pictures."""
    if not asset_ids or most <= 0:
        return {}
    edits = JobInput.objects.filter(role=JobInput.Role.INPUT, asset_id__in=asset_ids)
    own = edits.filter(job__organization_id__in=scope.organization_ids, job__state=Job.State.COMPLETED)
    of_job = dict(own.order_by("job_id").values_list("job_id", "asset_id")[:most])
    rows = gallery.live_in(scope).filter(job_id__in=of_job).order_by("job_id", "position")[:most]
    made: dict[str, list[Asset]] = {}
    for row in rows:
        made.setdefault(of_job[row.job_id or ""], []).append(row)
    return made


def uses(scope: Scope, asset_ids: Iterable[str]) -> dict[str, Uses]:
    """Return where each of a bounded number of pictures is used, the unused ones too."""
    ids = list(asset_ids)
    into = JobInput.objects.filter(asset_id__in=ids, job__state__in=_ALIVE)
    own = into.filter(job__organization_id__in=scope.organization_ids)
    edits: dict[str, set[str]] = {}
    waiting: dict[str, str] = {}
    for asset_id, job_id, state in own.values_list("asset_id", "job_id", "job__state"):
        edits.setdefault(asset_id, set()).add(job_id)
        if state != Job.State.COMPLETED:
            waiting[asset_id] = job_id
    links: dict[str, set[str]] = {}
    shared = SharedPicture.objects.filter(asset_id__in=ids, link__organization_id=scope.workspace_id)
    still = shared.filter(link__revoked_at=None, link__ends_at__gt=timezone.now())
    for asset_id, link_id in still.values_list("asset_id", "link_id"):
        links.setdefault(asset_id, set()).add(link_id)
    return {pk: Uses(len(edits.get(pk, ())), len(links.get(pk, ())), waiting.get(pk, "")) for pk in ids}
