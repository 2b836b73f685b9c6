"""What several operations take beside their bodies: pages of lists, headers, ids in paths."""

from typing import Final

PAGED: Final = {
    "limit": {
        "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
        "description": "Page size.",
    },
    "cursor": {"schema": {"type": "string"}, "description": "The `next_cursor` of the page before."},
}
"""The query of every list."""

HEADERS: Final = {
    "idempotency-key": {
        "schema": {"type": "string", "maxLength": 255},
        "description": "The same as the field `idempotency_key`.",
    },
    "prefer": {
        "schema": {"type": "string"},
        "description": "`wait=SECONDS` (0 to 240) or `respond-async`: how long to wait for the job's end.",
    },
    "image-skill-contract": {
        "schema": {"type": "string", "enum": ["latest"]},
        "description": "`latest` shows events of types that came after the first contract.",
    },
}
"""Request headers that some operations read."""

REFERENCES: Final = {
    "Models": "An id; for models `default` and aliases too.",
    "Pictures": "The id of a picture.",
    "Records": "An id.",
    "Feedback": "The id of a report.",
}
"""What stands in a path, by tag."""
