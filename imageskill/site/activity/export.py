"""The rows of a query as a file: CSV for a table, JSON lines as the exact form. Written as they are read.

Each line of JSON carries the SHA-256 of itself upon the line before, and names the ledger entries of its job by
their own hashes, which stand in the monthly statements. The last line closes, so that a file cut short shows.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from billing.models import LedgerEntry
from creative.models import Job
from imageskill.core.instants import instant
from imageskill.site.activity import labels, stream
from imageskill.site.activity.conditions import Conditions, Scope
from imageskill.site.activity.labels import Label
from imageskill.site.activity.stream import Row

CONTRACT: Final = "image-skill.activity-export.v1"
CHUNK: Final = 500
COLUMNS: Final = (
    *("at", "id", "type", "sentence", "outcome", "status", "code", "agent_id", "agent_name", "actor_type"),
    *("actor_id", "credits", "model", "job_id", "asset_ids", "trace_id"),
)
PROMPT: Final = "prompt"

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class _Read:
    """A chunk of rows with what a file tells of them besides."""

    shown: Sequence[Label]
    prompts: dict[str, str]
    hashes: dict[str, list[dict[str, Any]]]


def as_csv(conditions: Conditions, scope: Scope) -> Iterator[str]:
    """Yield a table with a heading; text that a spreadsheet would take for a formula gets a `'` in front."""
    columns = (*COLUMNS, *(() if scope.is_viewer else (PROMPT,)))
    yield _csv_line(columns)
    for read in _chunks(conditions, scope, with_hashes=False):
        for label in read.shown:
            cells = _cells(label, read, scope)
            yield _csv_line([cells[name] for name in columns])


def as_json_lines(conditions: Conditions, scope: Scope, *, query: str) -> Iterator[str]:
    """Yield an opening line, a line a row, and a closing line with the number of rows and the last hash."""
    head = hashlib.sha256(b"").hexdigest()
    rows = 0
    opening = {"contract": CONTRACT, "organization_id": scope.organization_ids[0], "query": query}
    yield _json({**opening, "exported_at": instant(scope.now)})
    for read in _chunks(conditions, scope, with_hashes=True):
        for label in read.shown:
            content = _json(_content(label, read, scope)).rstrip("\n")
            head = hashlib.sha256((head + content).encode()).hexdigest()
            rows += 1
            yield _json({"row": content, "sha256": head})
    yield _json({"rows": rows, "last_sha256": head, "complete": True})


def _chunks(conditions: Conditions, scope: Scope, *, with_hashes: bool) -> Iterator[_Read]:
    """Read page after page by the key of the last row: each is let go before the next is read."""
    key: str | None = None
    while True:
        page = stream.page(conditions, limit=CHUNK, before=key)
        shown = labels.of(page.rows, scope)
        job_ids = {label.job.pk for label in shown if label.job is not None}
        yield _Read(
            shown,
            {} if scope.is_viewer else dict(Job.objects.filter(pk__in=job_ids).values_list("pk", "prompt")),
            _hashes(job_ids) if with_hashes else {},
        )
        if page.next_key is None:
            return
        key = page.next_key


def _hashes(job_ids: set[str]) -> dict[str, list[dict[str, Any]]]:
    told: dict[str, list[dict[str, Any]]] = {}
    rows = LedgerEntry.objects.filter(hold__job_id__in=job_ids).order_by("organization_id", "seq")
    for job_id, organization_id, seq, sha256 in rows.values_list(
        "hold__job_id", "organization_id", "seq", "sha256"
    ):
        told.setdefault(job_id, []).append({"organization_id": organization_id, "seq": seq, "sha256": sha256})
    return told


def _cells(label: Label, read: _Read, scope: Scope) -> dict[str, str | int]:
    content = _content(label, read, scope)
    links = content["links"]
    return {
        **{name: content.get(name) or "" for name in COLUMNS},
        "credits": content["credits"] if content["credits"] is not None else "",
        "asset_ids": " ".join(links.get("asset_ids", [])),
        "job_id": labels.job_id_of(label.row),
        PROMPT: content.get(PROMPT) or "",
    }


def _actor_id(row: Row) -> str:
    """Return who did it by id; of staff, owners are told the role alone."""
    if row.event is None:
        return row.agent_id
    return "staff" if row.event.actor_type == "session" else row.event.actor_id


def _content(label: Label, read: _Read, scope: Scope) -> dict[str, Any]:
    row, event, decision = label.row, label.row.event, label.row.decision
    told: dict[str, Any] = {
        "at": instant(row.moment),
        "id": row.reference,
        "type": row.type,
        "sentence": label.sentence,
        "outcome": label.outcome,
        "status": event.status if event is not None else label.outcome,
        "code": label.code,
        "agent_id": row.agent_id,
        "agent_name": label.agent_name,
        "actor_type": event.actor_type if event is not None else "agent",
        "actor_id": _actor_id(row),
        "credits": event.credits if event is not None else None,
        "model": label.model,
        "trace_id": event.trace_id if event is not None else "",
        "links": labels.links_for(event, scope) if event is not None else {},
    }
    if decision is not None:
        told["refusal"] = {
            "reason": decision.reason,
            "needed_credits": decision.needed_credits,
            "counters": decision.counters,
            "count": decision.count,
            "last_at": instant(decision.last_at),
        }
    job_id = labels.job_id_of(row)
    if job_id in read.prompts:
        told[PROMPT] = read.prompts[job_id]
    if job_id in read.hashes and row.type == "job.completed":
        told["ledger_entries"] = read.hashes[job_id]
    return told


def _csv_line(cells: Sequence[str | int]) -> str:
    file = io.StringIO()
    csv.writer(file).writerow([_guarded(cell) if isinstance(cell, str) else cell for cell in cells])
    return file.getvalue()


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":")) + "\n"
