"""Comparing what the rows say with what the storage holds, and removing what belongs to nothing.

Both sides are read in the order of the code points of their keys, a page at a time, and walked together, so that
a million objects take no more memory than a thousand. What the walk suspects is asked again before it counts:
pictures come and go meanwhile.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Collate
from django.utils import timezone

from creative import storage
from creative.models import Asset, Attempt, Job
from creative.storage import Entry

YOUNG: Final = timedelta(hours=1)
"""How old bytes without a row must be before they count: their row may still be under way."""

_ROWS: Final = 20_000
_BATCH: Final = 500

Tell = Callable[[str], object]


@dataclass(slots=True)
class Found:
    """How many objects there are, live pictures without bytes, objects of nothing, and removed ones."""

    objects: int = 0
    lost: int = 0
    orphans: int = 0
    removed: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left that is wrong."""
        return not self.lost and self.removed == self.orphans


def check(*, mend: bool, tell: Tell) -> Found:
    """Compare rows and bytes; `tell` gets a line for each finding. StorageError: the storage cannot be listed.

    With `mend` bytes that belong to nothing are removed. A live picture whose bytes are missing is told and
    nothing more, because only a backup has them; its address answers 404 and says so.
    """
    found = Found()
    lost = _Batch(lambda keys: _tell_lost(keys, found, tell))
    orphans = _Batch(lambda keys: _end(_without_row(keys), found, tell, mend=mend))
    thumbnails = _Batch(lambda keys: _end(_without_asset(keys), found, tell, mend=mend))
    eldest = timezone.now() - YOUNG
    for key, entry in _unmatched(_keys_of_rows(), _counted(found)):
        if entry is None:
            lost.add(key)
        elif entry.modified_at < eldest:
            (thumbnails if key.startswith(storage.THUMBNAILS) else orphans).add(key)
    for batch in (lost, orphans, thumbnails):
        batch.end()
    return found


class _Batch:
    """Keys that are judged some hundreds at a time."""

    def __init__(self, judge: Callable[[list[str]], None]) -> None:
        self._judge = judge
        self._keys: list[str] = []

    def add(self, key: str) -> None:
        self._keys.append(key)
        if len(self._keys) >= _BATCH:
            self.end()

    def end(self) -> None:
        if self._keys:
            self._judge(self._keys)
        self._keys = []


def _counted(found: Found) -> Iterator[Entry]:
    for entry in storage.entries():
        found.objects += 1
        yield entry


def _keys_of_rows() -> Iterator[str]:
    """Return the keys that live pictures name, each once, by code points whatever the database's language is."""
    by_code_point = Collate("storage_key", "C" if connection.vendor == "postgresql" else "BINARY")
    live = Asset.objects.filter(deleted_at=None).annotate(key=by_code_point)
    page = live.order_by("key").values_list("key", flat=True).distinct()
    last = ""
    while keys := list(page.filter(key__gt=last)[:_ROWS]):
        yield from keys
        last = keys[-1]


def _unmatched(keys: Iterator[str], entries: Iterator[Entry]) -> Iterator[tuple[str, Entry | None]]:
    """Return keys without an entry, and entries without a key; both come in the same order."""
    key, entry = next(keys, None), next(entries, None)
    while key is not None or entry is not None:
        if entry is not None and (key is None or entry.key < key):
            yield entry.key, entry
            entry = next(entries, None)
        elif key is not None and (entry is None or key < entry.key):
            yield key, None
            key = next(keys, None)
        else:
            key, entry = next(keys, None), next(entries, None)


def _tell_lost(keys: list[str], found: Found, tell: Tell) -> None:
    missing = [key for key in keys if not storage.has(key)]
    live = Asset.objects.filter(storage_key__in=missing, deleted_at=None)
    for asset_id in live.order_by("pk").values_list("pk", flat=True):
        found.lost += 1
        tell(f"lost: {asset_id} has no bytes")


def _without_row(keys: list[str]) -> list[str]:
    """Return the keys that no live picture names and no job may still make a picture of."""
    named = set(Asset.objects.filter(storage_key__in=keys, deleted_at=None).values_list("storage_key", flat=True))
    job_ids = {job_id for key in keys if (job_id := storage.job_of_picture(key))}
    unfinished = Q(state=Attempt.State.STORED) | Q(job__state__in=[Job.State.QUEUED, Job.State.RUNNING])
    attempts = Attempt.objects.filter(unfinished, job_id__in=job_ids)
    under_way = set(attempts.values_list("job_id", flat=True))
    return [key for key in keys if key not in named and storage.job_of_picture(key) not in under_way]


def _without_asset(keys: list[str]) -> list[str]:
    """Return the keys of thumbnails whose asset is deleted or never was."""
    asset_ids = {storage.asset_of_thumbnail(key) for key in keys}
    live = set(Asset.objects.filter(pk__in=asset_ids, deleted_at=None).values_list("pk", flat=True))
    return [key for key in keys if storage.asset_of_thumbnail(key) not in live]


def _end(keys: list[str], found: Found, tell: Tell, *, mend: bool) -> None:
    for key in keys:
        found.orphans += 1
        gone = mend and storage.remove(key)
        found.removed += gone
        tell(f"{'removed' if gone else 'orphan'}: {key} belongs to nothing")
