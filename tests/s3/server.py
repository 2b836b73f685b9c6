"""A small S3: objects of one bucket in memory, and failures on demand."""

import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "pictures-of-tests"
KEY_ID = "AKIDOFTHETESTS"
SECRET = "s3cr3t/of+the@tests"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/[^/]+/s3/aws4_request, ")


@dataclass
class Stored:
    """An object."""

    data: bytes
    content_type: str
    modified_at: datetime = field(default_factory=lambda: datetime.now(tz=UTC))  # noqa: TID251 - the store's clock


@dataclass
class Fault:
    """What the next matching requests meet: a status, `slow` (no answer) or `cut` (half of the body)."""

    method: str
    how: int | str
    times: int


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    key: str
    range: str | None


class LocalS3:
    """A store of one bucket, from `with` to the end of its block.

    `objects` is what it holds, `asked` what it was asked. A request without a signature of `KEY_ID`, or whose body
    is not the one that was signed, is refused with 403.
    """

    def __init__(self, page: int = 1000) -> None:
        self.objects: dict[str, Stored] = {}
        self.asked: list[Asked] = []
        self.page = page
        self.ignores_ranges = False
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def endpoint(self) -> str:
        """The address of the store."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def fail(self, how: int | str, *, method: str = "*", times: int = 1) -> None:
        """Have the next requests of a method fail."""
        with self._lock:
            self._faults.append(Fault(method, how, times))

    def fault_of(self, method: str) -> int | str | None:
        """Take the fault that this request meets."""
        with self._lock:
            for fault in self._faults:
                if fault.times > 0 and fault.method in ("*", method):
                    fault.times -= 1
                    return fault.how
        return None

    def count(self, method: str) -> int:
        """Count the requests of a method."""
        return sum(asked.method == method for asked in self.asked)


def _handler_of(store: LocalS3) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        pass

    Handler.store = store
    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: LocalS3

    def _serve(self) -> None:
        split = urlsplit(self.path)
        bucket, _, key = unquote(split.path).lstrip("/").partition("/")
        query = parse_qs(split.query, keep_blank_values=True)
        data = self.rfile.read(int(self.headers.get("content-length", "0")))
        self.store.asked.append(Asked(self.command, key, self.headers.get("range")))
        fault = self.store.fault_of(self.command)
        if fault == "slow":
            self.store.stopping.wait(30)
            self.close_connection = True
            return
        if isinstance(fault, int):
            self._refuse(fault, "Fault")
        elif not self._is_signed(query, data):
            self._refuse(403, "SignatureDoesNotMatch")
        elif bucket != BUCKET:
            self._refuse(404, "NoSuchBucket")
        elif not key:
            self._list(query)
        else:
            self._act(key, data, cut=fault == "cut")

    do_GET = do_PUT = do_HEAD = do_DELETE = _serve  # noqa: N815 - the names that http.server looks for

    def _is_signed(self, query: dict[str, list[str]], data: bytes) -> bool:
        if "X-Amz-Signature" in query:
            return query["X-Amz-Credential"][0].startswith(f"{KEY_ID}/") and self.command == "GET"
        match = _CREDENTIAL.match(self.headers.get("authorization", ""))
        digest = hashlib.sha256(data).hexdigest()
        return match is not None and match[1] == KEY_ID and self.headers.get("x-amz-content-sha256") == digest

    def _act(self, key: str, data: bytes, *, cut: bool) -> None:
        acts: dict[str, Callable[[], None]] = {
            "PUT": lambda: self._put(key, data),
            "DELETE": lambda: self._delete(key),
        }
        if self.command in acts:
            acts[self.command]()
            return
        found = self.store.objects.get(key)
        if found is None:
            self._refuse(404, "NoSuchKey")
            return
        self._send_object(found, cut=cut)

    def _put(self, key: str, data: bytes) -> None:
        self.store.objects[key] = Stored(data, self.headers.get("content-type", ""))
        self._answer(200, b"", {"ETag": '"0"'})

    def _delete(self, key: str) -> None:
        self.store.objects.pop(key, None)
        self._answer(204, b"")

    def _send_object(self, found: Stored, *, cut: bool) -> None:
        headers = {"Content-Type": found.content_type, "ETag": '"0"', "Accept-Ranges": "bytes"}
        data, status = found.data, 200
        match = _RANGE.fullmatch(self.headers.get("range", ""))
        if match and not self.store.ignores_ranges:
            start, last = int(match[1]), int(match[2] or len(data) - 1)
            headers["Content-Range"] = f"bytes {start}-{min(last, len(data) - 1)}/{len(data)}"
            data, status = data[start : last + 1], 206
        self._answer(status, data, headers, cut=cut)

    def _list(self, query: dict[str, list[str]]) -> None:
        prefix = query.get("prefix", [""])[0]
        after = query.get("continuation-token", query.get("start-after", [""]))[0]
        keys = [key for key in sorted(self.store.objects) if key.startswith(prefix) and key > after]
        shown = keys[: min(self.store.page, int(query.get("max-keys", ["1000"])[0]))]
        more = len(keys) > len(shown)
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.store.objects[key].data)}</Size>"
            f"<LastModified>{self.store.objects[key].modified_at:%Y-%m-%dT%H:%M:%S.000Z}</LastModified></Contents>"
            for key in shown
        )
        token = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if more else ""
        self._answer(
            200,
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{rows}</ListBucketResult>".encode(),
            {"Content-Type": "application/xml"},
        )

    def _refuse(self, status: int, code: str) -> None:
        told = f"<Error><Code>{code}</Code><Message>about {BUCKET}{self.path}</Message></Error>".encode()
        self._answer(status, told, {"Content-Type": "application/xml"})

    def _answer(
        self, status: int, data: bytes, headers: dict[str, str] | None = None, *, cut: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""
