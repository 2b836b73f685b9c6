"""Sentry: loaded only where SENTRY_DSN is set.

An event is made here, of what may be told, instead of by the library, of whatever it finds: the class of each
error and the lines it passed through, the constant words of the log line, the trace id. No message of an error, no
value of a variable, no request, no header, no user, no machine's name. `before_send` lets nothing else out.
"""

import atexit
import logging
from types import TracebackType
from typing import Any, Final, cast

import sentry_sdk
from django.conf import settings
from sentry_sdk.types import Event, Hint

from imageskill import __version__
from imageskill.core import trace

_HOUSE: Final = ("imageskill", "accounts", "billing", "creative")
_MOST_FRAMES: Final = 50
_MOST_CAUSES: Final = 5
_ALLOWED: Final = frozenset(
    {
        "event_id",
        "timestamp",
        "level",
        "logger",
        "message",
        "exception",
        "tags",
        "release",
        "environment",
        "platform",
    }
)


class SentryHandler(logging.Handler):
    """Sends each record of an error as an event."""

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record. What fails here is told nowhere: a log line stands already."""
        try:
            sentry_sdk.capture_event(event_of(record))
        except Exception:  # noqa: BLE001 - telling of a fault must not make another
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - as its parent
        """Do nothing: the parent would print the record."""


def event_of(record: logging.LogRecord) -> Event:
    """Return a record as an event."""
    is_ours = record.name.partition(".")[0] in _HOUSE
    event: Event = {
        # Only our own lines have constant words; their arguments stay out.
        "message": str(record.msg) if is_ours and not record.args else f"{record.name} reports an error",
        "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
        "logger": record.name,
        "tags": {"trace_id": trace.current()},
    }
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        event["exception"] = {"values": _chain(error)}
    return event


def _chain(error: BaseException) -> list[dict[str, Any]]:
    """Return an error and what caused it, the cause first."""
    told: list[dict[str, Any]] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(told) < _MOST_CAUSES:
        seen.add(id(current))
        kind = type(current)
        values = {"type": kind.__qualname__, "module": kind.__module__, "value": _number(current)}
        told.append(values | {"stacktrace": {"frames": _frames(current.__traceback__)}})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return told[::-1]


def _number(error: BaseException) -> str:
    """Return the database's number of an error, which quotes nothing; else nothing."""
    return str(getattr(error, "sqlstate", None) or "")


def _frames(traceback: TracebackType | None) -> list[dict[str, Any]]:
    frames: list[dict[str, Any]] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        module = str(traceback.tb_frame.f_globals.get("__name__", "?"))
        frames.append(
            {
                "module": module,
                "function": code.co_name,
                "lineno": traceback.tb_lineno,
                "in_app": module.partition(".")[0] in _HOUSE,
            }
        )
        traceback = traceback.tb_next
    return frames[-_MOST_FRAMES:]


def only_allowed(event: Event, hint: Hint) -> Event | None:
    """Return an event without anything that the library added."""
    return cast("Event", {name: value for name, value in event.items() if name in _ALLOWED})


def connect(dsn: str, **options: Any) -> None:  # noqa: ANN401 - options of the library
    """Have events sent to an address, without anything that the library would add by itself."""
    sentry_sdk.init(
        dsn=dsn,
        release=__version__,
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        # Nothing of a person is sent by default (`send_default_pii`); to say so is deprecated.
        send_client_reports=False,
        auto_session_tracking=False,
        max_breadcrumbs=0,
        attach_stacktrace=False,
        traces_sample_rate=None,
        server_name="-",
        before_send=only_allowed,
        shutdown_timeout=2,
        **options,
    )


def start() -> None:
    """Report the errors that this process logs from now on."""
    connect(settings.SENTRY_DSN)
    logging.getLogger().addHandler(SentryHandler(logging.ERROR))
    atexit.register(sentry_sdk.flush, 2)
