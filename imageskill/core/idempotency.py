"""Idempotency keys: one key, one body, one object; replays are presented afresh from the object.

A row is written in the transaction that makes the object, after the organization's lock, so a row never
stands for something that does not exist. Refusals store nothing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from imageskill.core import secret_text
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields
from imageskill.core.messages import Rows, Statement, ask, written
from imageskill.core.models import IdempotencyKey
from imageskill.core.statements import Select

LIFETIME = timedelta(hours=24)
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Claimed:
    """A caller's key as it came: whose it is, for which operation, with which body.

    `organization_ids`: the agent's organization, to which a new key is bound, then those of its history.
    """

    agent_id: str
    organization_ids: tuple[str, ...]
    operation: str
    key: str
    body_sha256: str


def from_call(
    *,
    header: str | None,
    body: Mapping[str, Any],
    agent_id: str,
    organization_ids: tuple[str, ...],
    operation: str,
    terms: Mapping[str, Any] | None = None,
) -> Claimed | None:
    """Return the key of a call (the header `Idempotency-Key` or the field of that name), None without one.

    The key stands for the body as sent, or for its `terms` where several bodies mean the same.
    INVALID_ARGUMENTS: both are given and differ, the key is not 1 to 255 printable characters, or it looks
    like a secret or a card number.
    """
    field = body.get("idempotency_key")
    if header is not None and field is not None and header != field:
        raise _invalid("must be the same in the header and in the body")
    key = header if header is not None else field
    if key is None:
        return None
    if not isinstance(key, str) or not 1 <= len(key) <= _LONGEST or not (key.isascii() and key.isprintable()):
        raise _invalid("must be 1 to 255 printable ASCII characters")
    if secret_text.is_secret(key):
        raise _invalid("must not look like a secret or a card number")
    return Claimed(agent_id, organization_ids, operation, key, _digest(terms if terms is not None else body))


_LATEST: Final = Select(
    lambda agent_id, organization_ids, operation, key: IdempotencyKey.objects.filter(
        agent_id=agent_id, organization_id__in=organization_ids, operation=operation, key=key
    ).order_by("-created_at")[:1]
)


def find(claimed: Claimed) -> IdempotencyKey | None:
    """Return the live row of the key, or None. IDEMPOTENCY_CONFLICT: it came with another body."""
    return ask(found(claimed))


def found(claimed: Claimed) -> Statement[IdempotencyKey | None]:
    """Return the statement behind `find`, to be sent with others."""
    latest = _LATEST.asked_first(
        agent_id=claimed.agent_id,
        organization_ids=claimed.organization_ids,
        operation=claimed.operation,
        key=claimed.key,
    )

    def checked(row: IdempotencyKey | None) -> IdempotencyKey | None:
        if row is None or row.created_at < timezone.now() - LIFETIME:
            return None
        if row.body_sha256 != claimed.body_sha256:
            raise ApiError(
                ErrorCode.IDEMPOTENCY_CONFLICT,
                "This idempotency key was used with another body. Repeat these terms with a fresh key.",
                reason="same_key_other_body",
            )
        return row

    return latest.then(checked)


def bind(claimed: Claimed, *, object_id: str) -> None:
    """Make the key stand for `object_id`, in the caller's transaction and under its lock."""
    ask(bound(claimed, object_id=object_id))


def bound(claimed: Claimed, *, object_id: str) -> Statement[Rows]:
    """Return the statement behind `bind`, to be sent with others."""
    given = (claimed.agent_id, claimed.organization_ids[0], claimed.operation, claimed.key)
    return written(_BIND, *given, claimed.body_sha256, object_id, timezone.now(), has_rows=False)


# One statement: a row of a key that is free again is written over.
_BIND: Final = """
INSERT INTO core_idempotencykey (agent_id, organization_id, operation, key, body_sha256, object_id, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (agent_id, organization_id, operation, key)
DO UPDATE SET body_sha256 = EXCLUDED.body_sha256, object_id = EXCLUDED.object_id, created_at = EXCLUDED.created_at
"""


def prune() -> int:
    """Remove the keys that are past their lifetime; return how many."""
    removed, _ = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - LIFETIME).delete()
    return removed


def _digest(body: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the body as sent: keys sorted, no default applied, without the key itself."""
    sent = {name: value for name, value in body.items() if name != "idempotency_key"}
    canonical = json.dumps(sent, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _invalid(problem: str) -> ApiError:
    return invalid_fields({"idempotency_key": [problem]})
