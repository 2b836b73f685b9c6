"""Answers for people: tables and lines in place of JSON, without characters that would command a terminal."""

from __future__ import annotations

import shutil

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from imageskill.cli.output import Answer

_COLUMNS = {
    "models": ("id", "display_name", "supports", "status", "credits_required", "latency_class"),
    "packs": ("pack_id", "name", "credits", "amount_usd"),
    "methods": ("method_id", "status", "live_money", "requires_browser"),
    "jobs": ("job_id", "operation", "status", "created_at", "finished_at"),
    "assets": ("asset_id", "kind", "mime_type", "width", "height", "url"),
    "events": ("occurred_at", "type", "status", "summary", "event_id"),
    "feedback": ("feedback_id", "state", "title"),
    "capabilities": ("id", "description", "status"),
    "files": ("path", "content_length", "verified"),
    "commands": ("command", "meaning"),
}
_WIDEST_CELL = 60
_LONGEST_VALUE = 400
_DEEPEST = 4


def told(answer: Answer) -> str:
    """Return an answer as text for a person."""
    if answer.text and answer.envelope["ok"]:
        return answer.text
    envelope = answer.envelope
    lines: list[str] = []
    error = envelope.get("error")
    if error:
        lines.append(f"{error.get('code')}: {_plain(error.get('message'))}")
        lines += [f"  {row}" for row in _rows(error.get("recovery") or {}, 1)]
    lines += [f"Note: {_plain(warning)}" for warning in envelope.get("warnings") or ()]
    data = envelope.get("data") or {}
    tables = {name: rows for name, rows in data.items() if name in _COLUMNS and _is_table(rows)}
    lines += _rows({name: value for name, value in data.items() if name not in tables}, 0)
    for name, rows in tables.items():
        lines += ["", *_table(_COLUMNS[name], rows)] if rows else [f"{name}: none"]
    if error:
        lines.append(f"trace: {_plain(envelope.get('trace_id'))}")
    return "\n".join(lines).strip("\n")


def _is_table(rows: object) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def _table(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> list[str]:
    shown = [name for name in columns if any(row.get(name) not in (None, "", []) for row in rows)]
    cells = [[name.replace("_", " ") for name in shown]]
    cells += [[_cell(name, row.get(name)) for name in shown] for row in rows]
    widths = [max(len(line[place]) for line in cells) for place in range(len(shown))]
    screen = shutil.get_terminal_size((200, 24)).columns
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()[: max(screen, 80)]
        for line in cells
    ]


def _cell(name: str, value: object) -> str:
    text = _value(value)
    # An id, an address or a path that is cut is of no use.
    whole = name in ("url", "path", "command") or name.endswith("id")
    return text if whole or len(text) <= _WIDEST_CELL else text[: _WIDEST_CELL - 3] + "..."


def _rows(values: dict[str, Any], depth: int) -> list[str]:
    """Return the values as indented lines, without those that are empty."""
    lines = []
    for name, value in values.items():
        label = "  " * depth + _plain(name).replace("_", " ")
        if value in (None, "", [], {}):
            continue
        if isinstance(value, dict) and depth < _DEEPEST:
            inner = _rows(value, depth + 1)
            lines += [f"{label}:", *inner] if inner else []
        elif _is_table(value) and depth < _DEEPEST:
            for number, row in enumerate(value, start=1):
                lines += [f"{label} {number}:", *_rows(row, depth + 1)]
        else:
            lines.append(f"{label}: {_value(value)}")
    return lines


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value)
    text = _plain(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "..."


def _plain(value: object) -> str:
    """Return text without control, bidi and other characters that do not print."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value))
