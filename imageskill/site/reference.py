"""Pages of docs/ that are made from the code, so that they cannot say anything else."""

from collections.abc import Callable, Mapping
from typing import Final

from imageskill.core.errors import ErrorCode
from imageskill.core.events import EventType

_RETRYABLE = {True: "yes", False: "no", None: "by case"}


def errors_page() -> str:
    """Return docs/errors.md: the catalogue of errors."""
    rows = [
        f"| `{code.name}` | {code.spec.exit_code} | {code.spec.http_status} | "
        f"{_RETRYABLE[code.spec.retryable]} | {code.spec.meaning} |"
        for code in ErrorCode
    ]
    return "\n".join([_ERRORS_HEAD, *rows, _ERRORS_TAIL])


def events_page() -> str:
    """Return docs/events.md: the registry of activity events."""
    rows = [
        f"| `{spec.name}` | {spec.subject} | {', '.join(f'`{link}`' for link in sorted(spec.links)) or 'none'} | "
        f"{'every caller' if spec.since == '0.1.0' else '`image-skill-contract: latest`'} |"
        for spec in (member.value for member in EventType)
    ]
    return "\n".join([_EVENTS_HEAD, *rows, ""])


_ERRORS_HEAD = """\
# Errors

Made from `imageskill/core/errors.py` by `manage.py write_reference`; do not edit it here.

Every refusal is an envelope with `ok: false` and `error{code, message, retryable, recovery}`, and the header
`x-image-skill-exit-code`, from which a client takes its exit code. The text of a message may change, a code may
not.

`retryable: true` means that repeating the very same call with the same idempotency key makes a new attempt and
cannot charge twice. For `create` it is computed: with a key it is true for every failure of the server's side
except a storage failure; without one only where no job was made.

| code | exit | HTTP | retryable | meaning |
|---|---|---|---|---|"""

_ERRORS_TAIL = """
`QUOTA_EXCEEDED` is 402 when credits are missing, and 429 when the free jobs of the day are used up.
"""

_EVENTS_HEAD = """\
# Events

Made from `imageskill/core/events.py` by `manage.py write_reference`; do not edit it here.

`GET /v1/activity` lists what happened, newest first. Every event carries the links `job_id`, `asset_ids`,
`usage_event_id` and `feedback_id`, empty where they do not apply. `job.completed` is written at every end of a
job; `status` tells which. What people do in a workspace (`invitation.*`, `member.*`, `workspace.*`) names no
agent: it is shown to the members on their pages, and to no agent.

| type | subject | links | who gets it |
|---|---|---|---|"""

PAGES: Final[Mapping[str, Callable[[], str]]] = {"errors.md": errors_page, "events.md": events_page}
"""File under docs/ -> what makes it."""
