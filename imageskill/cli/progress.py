"""A line on stderr that shows that something is going on, where a person is looking."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def line(doing: str) -> Iterator[None]:
    """Show what is being done and for how long; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()
    shower = threading.Thread(target=_show, args=(doing, over), daemon=True)
    shower.start()
    try:
        yield
    finally:
        over.set()
        shower.join(1)
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _show(doing: str, over: threading.Event) -> None:
    began = time.monotonic()
    while not over.wait(1):
        sys.stderr.write(f"\r\x1b[Kimage-skill: {doing}, {time.monotonic() - began:.0f} s")
        sys.stderr.flush()
