"""OpenTelemetry: loaded only where OTEL_EXPORTER_OTLP_ENDPOINT names a collector (OTLP over HTTP).

A trace's id is the service's own, in another notation: the digits after `trace_` are a number in base 36, and
OpenTelemetry writes the same number in hexadecimal. So a job that a worker runs stands in the trace of the request
that asked for it, and a caller's traceparent is a link. Statements are told with placeholders, never with values,
and errors by their kind, never by their words.
"""

import atexit
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.conf import settings
from django.db import connection
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from imageskill import __version__
from imageskill.core import spans, trace
from imageskill.core.messages import BETWEEN
from imageskill.core.spans import Told

logger = logging.getLogger("imageskill.tracing")

_KINDS: Final = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}
_LONGEST_STATEMENT: Final = 1000
_QUIET_SECONDS: Final = 60.0
_FULL: Final = 1 << 128


def number_of(trace_id: str) -> int | None:
    """Return a trace id of the service as OpenTelemetry's number; None for what is none."""
    try:
        number = int(trace_id.removeprefix("trace_"), 36)
    except ValueError:
        return None
    return number if 0 < number < _FULL else None


class OwnIds(IdGenerator):
    """Takes the trace id of the work at hand; work without one gets one by chance."""

    def __init__(self) -> None:
        """Keep who makes the other ids."""
        self._chance = RandomIdGenerator()

    def generate_span_id(self) -> int:
        """Return the id of a span."""
        return self._chance.generate_span_id()

    def generate_trace_id(self) -> int:
        """Return the id of a trace."""
        return number_of(trace.current()) or self._chance.generate_trace_id()


class TellingExporter(SpanExporter):
    """Says once a minute that the collector takes no spans, where the library would quote what it said."""

    def __init__(self, inner: SpanExporter) -> None:
        """Take what sends."""
        self._inner = inner
        self._said_at = -_QUIET_SECONDS

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send some spans."""
        result = self._inner.export(spans)
        if result is not SpanExportResult.SUCCESS and time.monotonic() - self._said_at >= _QUIET_SECONDS:
            self._said_at = time.monotonic()
            logger.warning("traces not exported", extra={"fields": {"spans": len(spans)}})
        return result

    def shutdown(self) -> None:
        """Send no more."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send what waits."""
        return self._inner.force_flush(timeout_millis)


class _Made:
    """A span of OpenTelemetry's, told as the house tells."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def rename(self, name: str) -> None:
        """Give it another name."""
        self._span.update_name(name)

    def tell(self, **attributes: Told) -> None:
        """Add attributes."""
        self._span.set_attributes(_dotted(attributes))

    def fail(self, kind: str) -> None:
        """Mark it as failed."""
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR))


class OpenTelemetry:
    """Makes the spans of the house."""

    def __init__(self, provider: TracerProvider) -> None:
        """Take where finished spans go."""
        self._tracer = provider.get_tracer("imageskill", __version__)

    @contextmanager
    def begin(self, name: str, *, kind: str, parent: str, attributes: dict[str, Told]) -> Iterator[_Made]:
        """Begin a span. The outermost one of a thread's work also tells the statements of its connection."""
        made = self._tracer.start_as_current_span(
            name,
            kind=_KINDS[kind],
            attributes={"imageskill.trace_id": trace.current(), **_dotted(attributes)},
            links=_links(parent),
            record_exception=False,
            set_status_on_exception=False,
        )
        with made as span:
            told = _Made(span)
            try:
                if self._statement in connection.execute_wrappers:
                    yield told
                else:
                    with connection.execute_wrapper(self._statement):
                        yield told
            except Exception as error:
                told.fail(type(error).__qualname__)
                raise

    def _statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: ANN401, FBT001 - Django's signature
        """Tell of a statement, with its placeholders."""
        made = self._tracer.start_as_current_span(
            sql.split(maxsplit=1)[0].upper()[:16] if sql.strip() else "statement",
            kind=SpanKind.CLIENT,
            attributes=_of_message(str(sql)),
            record_exception=False,
            set_status_on_exception=False,
        )
        with made as span:
            try:
                return execute(sql, params, many, context)
            except Exception as error:
                _Made(span).fail(type(error).__qualname__)
                raise


def _of_message(sql: str) -> dict[str, Told]:
    """Return what is told of a message to the database: each of its statements, as far as it is not too long."""
    statements = sql.split(BETWEEN)
    text = BETWEEN.join(one[:_LONGEST_STATEMENT] for one in statements)
    told: dict[str, Told] = {"db.system.name": connection.vendor, "db.query.text": text}
    return told | ({"db.operation.batch.size": len(statements)} if len(statements) > 1 else {})


def _dotted(attributes: dict[str, Told]) -> dict[str, Told]:
    return {name.replace("__", "."): value for name, value in attributes.items()}


def _links(parent: str) -> list[Link]:
    """Return a link to the caller's own span; its trace is not ours to continue."""
    if not parent:
        return []
    _, trace_id, span_id, flags = parent.split("-")
    told = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return [Link(told)]


def provider_to(exporter: SpanExporter) -> TracerProvider:
    """Return what collects finished spans and sends them in batches; OTEL_TRACES_SAMPLER decides which."""
    named = {"service.name": os.environ.get("OTEL_SERVICE_NAME", "image-skill"), "service.version": __version__}
    provider = TracerProvider(resource=Resource.create(named), id_generator=OwnIds(), shutdown_on_exit=False)
    sender = TellingExporter(exporter)
    provider.add_span_processor(BatchSpanProcessor(sender))
    return provider


def start() -> None:
    """Trace this process from now on."""
    endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip("/")
    provider = provider_to(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces"))
    atexit.register(provider.shutdown)
    spans.use(OpenTelemetry(provider))
