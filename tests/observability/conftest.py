"""Stand-ins on loopback for those who are told: a collector of traces, a Sentry, and the lines of the log."""

import gzip
import io
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sentry_sdk
from django.conf import LazySettings
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from imageskill import faults, tracing
from imageskill.core import spans
from imageskill.logging import JsonFormatter
from imageskill.site import metrics

TOKEN = "a word that only the scraper knows, of this suite"


@dataclass
class Ear:
    """A server that takes whatever is sent to it."""

    heard: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Path, headers, and the body as it was before it was compressed."""
    status: int = 200
    port: int = 0

    @property
    def everything(self) -> str:
        return "\n".join(f"{path}\n{headers}\n{body.decode('latin-1')}" for path, headers, body in self.heard)


@pytest.fixture
def ear() -> Iterator[Ear]:
    """A server on a free port of loopback."""
    told = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            told.heard.append((self.path, str(self.headers), body))
            self.send_response(told.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield told
    server.shutdown()
    thread.join(10)
    server.server_close()


@dataclass(frozen=True)
class Told:
    """A span as the collector got it."""

    name: str
    trace_id: int
    attributes: dict[str, Any]
    links: list[int]
    is_error: bool


def spans_in(ear: Ear) -> list[Told]:
    """Return the spans that a collector has got."""
    found = []
    for path, _, body in ear.heard:
        if path != "/v1/traces":
            continue
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for of_scope in of_resource.scope_spans:
                for one in of_scope.spans:
                    values = {
                        pair.key: getattr(pair.value, str(pair.value.WhichOneof("value")))
                        for pair in one.attributes
                    }
                    links = [int.from_bytes(link.trace_id) for link in one.links]
                    number = int.from_bytes(one.trace_id)
                    found.append(Told(one.name, number, values, links, one.status.code == 2))
    return found


@pytest.fixture
def traced(ear: Ear) -> Iterator[Callable[[], list[Told]]]:
    """Trace this test, and return what sends the spans and tells what arrived."""
    provider = tracing.provider_to(OTLPSpanExporter(endpoint=f"http://127.0.0.1:{ear.port}/v1/traces"))
    spans.use(tracing.OpenTelemetry(provider))

    def arrived() -> list[Told]:
        provider.force_flush(60_000)
        return spans_in(ear)

    yield arrived
    spans.use(None)
    provider.shutdown()


@pytest.fixture
def reported(ear: Ear) -> Iterator[Callable[[], str]]:
    """Report this test's errors, and return what tells all that Sentry's server got."""
    faults.connect(f"http://key@127.0.0.1:{ear.port}/1")
    handler = faults.SentryHandler(logging.ERROR)
    logging.getLogger().addHandler(handler)

    def arrived() -> str:
        sentry_sdk.flush(60)
        return ear.everything

    yield arrived
    logging.getLogger().removeHandler(handler)
    sentry_sdk.get_client().close(timeout=2)
    sentry_sdk.init(default_integrations=False, auto_enabling_integrations=False)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the service writes to standard error meanwhile, as it writes it."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield told
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def metered(settings: LazySettings, tmp_path: Any) -> Iterator[None]:
    """Let the numbers be asked for, and lie in a folder of this test."""
    settings.METRICS_TOKEN = TOKEN
    settings.DATA_DIR = tmp_path
    metrics.ROWS.forget()
    yield
    metrics.ROWS.forget()
