"""A provider on the loopback that answers in 20 ms, and the adapter that puts it behind `canvas`.

`python -m benchmarks.provider serve PORT` is the provider, `python -m benchmarks.provider work` a worker that
calls it; `benchmarks.application` is the web server that does. BENCH_PROVIDER_PORT says where it is,
BENCH_PROVIDER_MS how long it takes.
"""

import asyncio
import http.client
import io
import os
import sys
import threading

import django
from django.core.management import call_command
from PIL import Image

from creative import registry
from creative.providers.base import Picture, ProviderCall, ProviderResult

ADAPTER = "benchmarks.provider.Loopback"
SECONDS = float(os.environ.get("BENCH_PROVIDER_MS", "20")) / 1000
PIXELS = 64
_TIMEOUT_SECONDS = 120


def png() -> bytes:
    """Return a plain picture."""
    file = io.BytesIO()
    Image.new("RGB", (PIXELS, PIXELS), "teal").save(file, "PNG")
    return file.getvalue()


class Loopback:
    """Calls the provider over HTTP, with a connection that each thread keeps."""

    resumable = False
    cancellable = False

    def __init__(self) -> None:
        """Connect with the first call of each thread."""
        self._kept = threading.local()

    def generate(self, call: ProviderCall) -> ProviderResult:
        """Return what the provider answers."""
        connection = getattr(self._kept, "connection", None)
        if connection is None:
            port = int(os.environ["BENCH_PROVIDER_PORT"])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
            self._kept.connection = connection
        connection.request("POST", "/", call.prompt.encode())
        return ProviderResult((Picture(connection.getresponse().read(), "image/png"),))

    def probe(self) -> None:
        """Be there."""


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {len(_PNG)}\r\n\r\n".encode()
    try:
        while True:
            asked = await reader.readuntil(b"\r\n\r\n")
            lines = asked.lower().split(b"\r\n")
            length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
            await reader.readexactly(length)
            await asyncio.sleep(SECONDS)
            writer.write(head + _PNG)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


_PNG = png()


async def _serve(port: int) -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


def main(words: list[str]) -> None:
    """Be the provider, or a worker that calls it."""
    if words[:1] == ["serve"]:
        asyncio.run(_serve(int(words[1])))
        return
    django.setup()
    registry.ADAPTERS["canvas"] = ADAPTER
    call_command("worker")


if __name__ == "__main__":
    main(sys.argv[1:])
