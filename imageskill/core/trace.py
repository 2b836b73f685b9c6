"""The trace id of the work at hand: minted here for every request and every job, never taken from a caller."""

from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("trace_id", default="")


def current() -> str:
    """Return the trace id in force, or an empty string outside of any work."""
    return _current.get()


def enter(trace_id: str) -> None:
    """Make `trace_id` the one in force for this thread's work."""
    _current.set(trace_id)
