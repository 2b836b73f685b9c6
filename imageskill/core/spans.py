"""Spans of work for OpenTelemetry. Without a tracer, which `imageskill.tracing` brings, they are nothing at all.

What is told of a span are words of the house and numbers: routes, codes, providers, models, job ids. Never a
prompt, a path, an address or a value of a statement.
"""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol

from django.http import HttpRequest

Told = str | int | float | bool

_TRACEPARENT: Final = re.compile(r"^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")


class Span(Protocol):
    """Some work that is under way."""

    def rename(self, name: str) -> None:
        """Give it the name that is known only now."""
        ...

    def tell(self, **attributes: Told) -> None:
        """Add attributes; `__` in a name stands for a dot."""
        ...

    def fail(self, kind: str) -> None:
        """Say that the work failed, and by what kind of error."""
        ...


class Tracer(Protocol):
    """What makes spans."""

    def begin(
        self, name: str, *, kind: str, parent: str, attributes: dict[str, Told]
    ) -> AbstractContextManager[Span]:
        """Begin a span; `parent` is a caller's traceparent, which is linked and never followed."""
        ...


class _Nothing:
    """The span of a service without a tracer."""

    def rename(self, name: str) -> None:
        """Do nothing."""

    def tell(self, **attributes: Told) -> None:
        """Do nothing."""

    def fail(self, kind: str) -> None:
        """Do nothing."""


_nothing: Final = _Nothing()
_tracers: list[Tracer] = []


def use(tracer: Tracer | None) -> None:
    """Have spans made by this tracer from now on; None: by none."""
    _tracers[:] = [tracer] if tracer is not None else []


@contextmanager
def span(name: str, *, kind: str = "internal", parent: str = "", **attributes: Told) -> Iterator[Span]:
    """Tell of the work inside the block. `kind`: server, client, consumer or internal."""
    if not _tracers:
        yield _nothing
        return
    with _tracers[0].begin(name, kind=kind, parent=parent, attributes=attributes) as made:
        yield made


def parent_of(request: HttpRequest) -> str:
    """Return a caller's well-formed traceparent, else an empty string."""
    given = request.headers.get("traceparent", "")
    return given if _TRACEPARENT.match(given) else ""
