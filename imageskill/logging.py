"""Logs: one JSON object a line, with the trace id, without secrets, prompts or paths.

Errors are told by their class and the places they passed through. Their messages stay out, because
a message may quote a row, a prompt or a path; a database error adds its SQLSTATE, a system error its name.
"""

import errno
import json
import logging
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from imageskill.core import trace

# These tell more in what they fill in than a log may have, as where the database is and who asks it.
_FILLED_IN = ("psycopg",)
_QUOTING = ("stripe", "urllib3", "httpx", "botocore", "boto3", "opentelemetry", "sentry_sdk")


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON; `extra={"fields": {...}}` adds fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            "trace_id": trace.current(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _error_json(record.exc_info[1], record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=str)


def _message(record: logging.LogRecord) -> str:
    return str(record.msg) if str(record.name).partition(".")[0] in _FILLED_IN else record.getMessage()


def _error_json(error: BaseException, traceback: TracebackType | None) -> dict[str, Any]:
    told: dict[str, Any] = {"class": f"{type(error).__module__}.{type(error).__qualname__}"}
    sqlstate = getattr(error.__cause__, "sqlstate", None)
    if sqlstate:
        told["sqlstate"] = sqlstate
    if isinstance(error, OSError) and error.errno:
        told["errno"] = errno.errorcode.get(error.errno, error.errno)
    if error.__cause__ is not None:
        told["cause"] = type(error.__cause__).__qualname__
    told["frames"] = list(_frames(traceback))[-12:]
    return told


def _frames(traceback: TracebackType | None) -> list[str]:
    frames = []
    while traceback is not None:
        frame = traceback.tb_frame
        frames.append(f"{frame.f_globals.get('__name__', '?')}:{traceback.tb_lineno}:{frame.f_code.co_name}")
        traceback = traceback.tb_next
    return frames


def logging_config() -> dict[str, Any]:
    """Return Django's LOGGING: everything to standard error, as JSON, the framework's own chatter off."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "imageskill.logging.JsonFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            # Each answer has an access line of our own; the framework's lines would quote the path.
            "django.request": {"level": "CRITICAL"},
            "django.security": {"level": "CRITICAL"},
            "django.server": {"level": "CRITICAL"},
            # Libraries log addresses with ids, and what a server said, which may quote what it was asked.
            **{name: {"level": "CRITICAL"} for name in _QUOTING},
            "procrastinate": {"level": "WARNING"},
            # DEBUG is off, so Django would mail errors; there is no such mailbox.
            "django": {"handlers": [], "level": "WARNING", "propagate": True},
        },
    }
