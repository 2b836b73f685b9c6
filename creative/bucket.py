"""Pictures in a bucket that speaks S3: one request a write, ranges passed through, everything bounded in time."""

import contextlib
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from django.conf import settings
from django.core.files.base import ContentFile, File
from storages.backends.s3 import S3Storage  # type: ignore[import-untyped]

from creative.storage import Entry, Stream

_CHUNK: Final = 128 * 1024
_CONNECT_SECONDS: Final = 3
_TIMEOUT_SECONDS: Final = 20
_TRIES: Final = 3
_READING_SECONDS: Final = 10
_READING_TRIES: Final = 2
_PROBE_SECONDS: Final = 3
_PROBED_FOR: Final = 10.0
_PROBE: Final = "probe"
_PAGE: Final = 1000


class BucketError(OSError):
    """The bucket refuses, does not answer, or breaks off; the message names no bucket and no key."""


class _Telling(contextlib.AbstractContextManager[None]):
    """Turns the library's errors into FileNotFoundError and BucketError, whose words are our own."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, ClientError):
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            code = str(error.response.get("Error", {}).get("Code", ""))
            if status == HTTPStatus.NOT_FOUND and code != "NoSuchBucket":
                raise FileNotFoundError("no such object") from None
            raise BucketError(f"the bucket answers {status}") from error
        if isinstance(error, BotoCoreError):
            raise BucketError(f"the bucket does not answer ({type(error).__name__})") from error


class _Body:
    """The body of an answer, as it comes."""

    def __init__(self, body: Any, length: int) -> None:  # noqa: ANN401 - the library has no types
        """Take the library's body and the length of the whole object."""
        self.length = length
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        """Return the pieces. BucketError: it breaks off before its end."""
        with _Telling():
            while piece := self._body.read(_CHUNK):
                yield piece

    def close(self) -> None:
        """Let the connection go."""
        self._body.close()


class Bucket(S3Storage):  # type: ignore[misc]
    """A private bucket. No access list is sent: whoever made the bucket keeps it closed."""

    def __init__(self, *, timeout_seconds: int = _TIMEOUT_SECONDS, **options: str) -> None:
        """Take `bucket_name`, `location` (a prefix), the library's other options, and how long a try waits."""
        super().__init__(**options, client_config=_config(tries=_TRIES, seconds=timeout_seconds))
        self._reading = _config(tries=_READING_TRIES, seconds=min(timeout_seconds, _READING_SECONDS))
        self._making = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._session: Any = None
        self._probing = threading.Lock()
        self._probed: tuple[float, bool] | None = None

    def _client(self, config: Config, name: str) -> Any:  # noqa: ANN401 - the library has no types
        """Return the one client of this name; unlike the library's resources it serves all threads."""
        with self._making:
            if name not in self._clients:
                self._session = self._session or self._create_session()
                self._clients[name] = self._session.client(
                    "s3", region_name=self.region_name, endpoint_url=self.endpoint_url, config=config
                )
            return self._clients[name]

    @property
    def _s3(self) -> Any:  # noqa: ANN401 - the library has no types
        return self._client(self.client_config, "work")

    @property
    def _reader(self) -> Any:  # noqa: ANN401 - the library has no types
        """Return the client whose calls somebody waits for: it gives up sooner, because it holds a web thread."""
        return self._client(self._reading, "reading")

    def _place(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket_name, "Key": self._normalize_name(name)}

    def _save(self, name: str, content: "File[bytes]") -> str:
        with _Telling():
            written = self._get_write_parameters(name, content)
            self._s3.put_object(**self._place(name), Body=content.read(), **written)
        return name

    def open(self, name: str, mode: str = "rb") -> "File[bytes]":
        """Return an object's bytes, all of them, as a file in memory."""
        body = self.read(name, 0, None)
        with contextlib.closing(body):
            return ContentFile(b"".join(body))

    def delete(self, name: str) -> None:
        """Remove an object; a missing one is no error."""
        with contextlib.suppress(FileNotFoundError), _Telling():
            self._s3.delete_object(**self._place(name))

    def exists(self, name: str) -> bool:
        """Say whether there is such an object."""
        try:
            with _Telling():
                self._reader.head_object(**self._place(name))
        except FileNotFoundError:
            return False
        return True

    def read(self, name: str, start: int, length: int | None) -> Stream:
        """Return a part of an object; the bucket sends that part only."""
        asked = {}
        if start or length is not None:
            last = "" if length is None else str(start + length - 1)
            asked["Range"] = f"bytes={start}-{last}"
        with _Telling():
            answer = self._reader.get_object(**self._place(name), **asked)
        body, whole = answer["Body"], answer["ContentLength"]
        if asked:
            told = answer.get("ContentRange", "")
            if not told.startswith(f"bytes {start}-"):
                body.close()
                raise BucketError("the bucket does not answer with the part that was asked for")
            whole = int(told.rpartition("/")[2])
        return _Body(body, whole)

    def entries(self) -> Iterator[Entry]:
        """Return all objects below the prefix, a page at a time, in the order of the bucket's own listing."""
        prefix = f"{self.location.strip('/')}/" if self.location else ""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket_name, Prefix=prefix, PaginationConfig={"PageSize": _PAGE}
        )
        with _Telling():
            for page in pages:
                for item in page.get("Contents", ()):
                    key = item["Key"].removeprefix(prefix)
                    if key and key != _PROBE:
                        yield Entry(key, item["LastModified"])

    def has_room(self) -> bool:
        """Say whether a small object could be written, at most ten seconds ago.

        While one thread finds out, the others tell what was true last.
        """
        known = self._probed
        if known is not None and time.monotonic() - known[0] < _PROBED_FOR:
            return known[1]
        if not self._probing.acquire(blocking=known is None):
            return known is not None and known[1]
        try:
            if self._probed is known:
                self._probed = (time.monotonic(), self._takes_a_probe())
            return self._probed is not None and self._probed[1]
        finally:
            self._probing.release()

    def _takes_a_probe(self) -> bool:
        try:
            with _Telling():
                impatient = self._client(_config(tries=1, seconds=_PROBE_SECONDS), "probe")
                impatient.put_object(**self._place(_PROBE), Body=b"", ContentType="text/plain")
        except OSError:
            return False
        return True

    def internal_path(self, name: str) -> str | None:
        """Return None: what a proxy would be told is a signed address."""
        return None

    def signed_address(self, name: str, *, mime_type: str, seconds: int) -> str | None:
        """Return an address that the bucket itself answers for so many seconds."""
        with _Telling():
            address: str = self._s3.generate_presigned_url(
                "get_object", Params=self._place(name) | {"ResponseContentType": mime_type}, ExpiresIn=seconds
            )
        return address


def _config(*, tries: int, seconds: int) -> Config:
    """Return how the bucket is spoken to. Checksums of newer APIs are left out: not every store knows them."""
    return Config(
        connect_timeout=min(_CONNECT_SECONDS, seconds),
        read_timeout=seconds,
        retries={"total_max_attempts": tries, "mode": "standard"},
        max_pool_connections=max(settings.WEB_THREADS, settings.WORKER_THREADS) + settings.JOB_THREADS + 4,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        signature_version="s3v4",
        s3={"payload_signing_enabled": True},
    )
