"""The prices in force: those of the data files, and over them what staff has put in force since.

Every plan asks the database for them, so a change holds for each process from its next plan on. What was planned
before keeps its price: a hold carries its credits and its version, and a waiting approval that became dearer ends
as `plan_changed` when somebody approves it.
"""

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from json import dumps, loads
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from creative import tellings
from creative.catalogue import building, integrity, loader
from creative.catalogue.costs import default_cost
from creative.catalogue.entries import ModelEntry, Price
from creative.catalogue.loader import Catalogue
from creative.models import PriceVersion
from imageskill.core.events import ActingFor
from imageskill.core.units import unit_of_work

LONGEST_REASON: Final = 150
_LATELY_SECONDS: Final = 10.0
_Laid = tuple[tuple[str, str, str], ...]
"""Model, version of the file, and the price as text, of each price that lies over a file's."""


class PriceMovedError(Exception):
    """Somebody else changed the price meanwhile: look at it again."""


class BadPriceError(Exception):
    """This can be no price; the text says why."""


@dataclass(frozen=True, slots=True)
class Version:
    """A price of a model with where it comes from; `row` is None for the data file's own."""

    price: Price
    row: PriceVersion | None
    in_force: bool


def catalogue() -> Catalogue:
    """Return the catalogue with the prices in force at this moment; one query."""
    rows = PriceVersion.objects.filter(ended_at=None, document__isnull=False)
    return laid([(row.model_id, row.file_version, dumps(row.document)) for row in rows])


def laid(rows: Iterable[tuple[str, str, str]]) -> Catalogue:
    """Return the catalogue with prices in force as just read: model, version of the file, document as JSON."""
    _last.laid = tuple(
        sorted((model, version, dumps(loads(text), sort_keys=True)) for model, version, text in rows)
    )
    _last.at = time.monotonic()
    return last_read()


def lately() -> Catalogue:
    """Return the catalogue for what is only told: its prices were in force at most ten seconds ago."""
    return last_read() if time.monotonic() - _last.at < _LATELY_SECONDS else catalogue()


def last_read() -> Catalogue:
    """Return the catalogue as this process read it last, for what may not ask the database: adapters."""
    return _laid_over(loader.current(), _last.laid)


def forget() -> None:
    """Have this process read the prices again before it tells any."""
    _last.at = -math.inf


class _Read:
    """The prices that this process read last, and when, by the monotonic clock."""

    laid: _Laid = ()
    at = -math.inf


_last: Final = _Read()


@lru_cache(maxsize=8)
def _laid_over(base: Catalogue, laid: _Laid) -> Catalogue:
    prices = {
        model: loads(text) for model, file_version, text in laid if _file_version(base, model) == file_version
    }
    if not prices:
        return base
    entries = [
        replace(entry, price=building.price(prices[entry.id])) if entry.id in prices else entry
        for entry in base.order
    ]
    return Catalogue.of(entries, base.capabilities)


def _file_version(base: Catalogue, model_id: str) -> str | None:
    entry = base.find(model_id)
    return entry.price.version if entry is not None and entry.id == model_id else None


def standing(model_id: str) -> PriceVersion | None:
    """Return the last change of a model's price; None: its price was never changed here."""
    return PriceVersion.objects.filter(model_id=model_id, ended_at=None).first()


def versions(entry: ModelEntry) -> list[Version]:
    """Return every price that a model has had here, the newest first, the data file's own last."""
    last = standing(entry.id)
    own = loader.current().find(entry.id) or entry
    lies = last is not None and last.document is not None and last.file_version == own.price.version
    rows = PriceVersion.objects.filter(model_id=entry.id, document__isnull=False).order_by("-number")
    told = [
        Version(building.price(row.document), row, lies and last is not None and row.pk == last.pk)
        for row in rows
        if row.document is not None
    ]
    return [*told, Version(own.price, None, not lies)]


def with_price(entry: ModelEntry, price: Price) -> ModelEntry:
    """Return a model as it would be with another price."""
    return replace(entry, price=price)


def document_of(price: Price) -> dict[str, Any]:
    """Return a price as a data file has it."""
    return building.price_document(price)


def drafted(entry: ModelEntry, changes: Mapping[str, Any]) -> ModelEntry:
    """Return a model with another price, nothing of it kept. BadPriceError: it can be none.

    `changes` are parts of the price's document; the version and the day are made here.
    """
    number = (standing(entry.id) or PriceVersion(number=0)).number + 1
    today = timezone.now().date().isoformat()
    document = {
        **document_of(entry.price),
        **changes,
        "version": f"{entry.id}/{today}.{number}",
        "as_of": today,
    }
    faults = loader.faults_of(document, "price")
    if faults:
        raise BadPriceError("; ".join(faults))
    draft = replace(entry, price=building.price(document))
    others = [other for other in loader.current().order if other.id != entry.id]
    contradictions = integrity.problems([*others, draft])
    if contradictions:
        raise BadPriceError("; ".join(contradictions))
    if _is_free(draft) and not _is_free(loader.current().find(entry.id) or entry):
        raise BadPriceError(
            f"{entry.id} would cost nothing by default, so free credits, which anybody has, would buy all of it; "
            "only a data file makes a model free"
        )
    return draft


def _is_free(entry: ModelEntry) -> bool:
    return default_cost(entry).micros_per_image == 0


@unit_of_work
def change(draft: ModelEntry, *, reason: str, actor: ActingFor, seen: int) -> PriceVersion:
    """Put a drafted price in force; whoever used the model lately finds it in the activity.

    `seen` is the number of the change that the person was shown, 0 for none. PriceMovedError: it is not the last.
    """
    return _put(draft.id, draft.price.version, document_of(draft.price), reason=reason, actor=actor, seen=seen)


@unit_of_work
def restore(model_id: str, *, reason: str, actor: ActingFor, seen: int) -> PriceVersion:
    """Put the data file's own price back in force. PriceMovedError: as for `change`."""
    own = loader.current().find(model_id)
    if own is None:
        raise LookupError(model_id)
    return _put(model_id, own.price.version, None, reason=reason, actor=actor, seen=seen)


def _put(
    model_id: str, version: str, document: dict[str, Any] | None, *, reason: str, actor: ActingFor, seen: int
) -> PriceVersion:
    now = timezone.now()
    ended = PriceVersion.objects.filter(model_id=model_id, number=seen, ended_at=None).update(ended_at=now)
    if ended != (seen > 0):
        raise PriceMovedError(model_id)
    own = loader.current().find(model_id)
    try:
        row = PriceVersion.objects.create(
            model_id=model_id,
            number=seen + 1,
            version=version,
            file_version=own.price.version if own is not None else "",
            document=document,
            reason=reason[:LONGEST_REASON],
            actor_id=actor.actor_id,
            created_at=now,
        )
    except IntegrityError as error:
        raise PriceMovedError(model_id) from error
    tellings.of_price(model_id, version, reason=row.reason, actor=actor)
    transaction.on_commit(forget)
    return row
