"""Questions to servers that may hang, answered within a deadline.

Each question has at most one thread in this process: while a server hangs, callers hear so at once instead of
hanging with it, and no threads pile up. Who asks while it is being asked gets the same answer.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import connections

T = TypeVar("T")

logger = logging.getLogger("imageskill.health")


class Asking(Generic[T]):
    """A question that was put, and its answer once there is one."""

    def __init__(self, answer: T) -> None:
        """Begin the deadline; `answer` is what is said until there is another."""
        self.began = time.monotonic()
        self.ended = 0.0
        self.done = threading.Event()
        self.answer = answer


class Probe(Generic[T]):
    """A question: `answer` waits at most `seconds` for it, and says `otherwise` where none came."""

    def __init__(
        self, name: str, ask: Callable[[], T], *, otherwise: T, seconds: float = 3.0, kept_seconds: float = 0.0
    ) -> None:
        """Take the question. What it raises is logged under its name, and answers `otherwise`."""
        self._name = name
        self._ask = ask
        self._otherwise = otherwise
        self._seconds = seconds
        self._kept_seconds = kept_seconds
        self._guard = threading.Lock()
        self._asking: Asking[T] | None = None

    def begin(self) -> Asking[T]:
        """Put the question, unless it is under way or its last answer is still kept."""
        with self._guard:
            asking = self._asking
            if asking is None or (asking.done.is_set() and time.monotonic() - asking.ended >= self._kept_seconds):
                asking = self._asking = Asking(self._otherwise)
                name = f"probe-{self._name}"
                threading.Thread(target=self._run, args=(asking,), name=name, daemon=True).start()
            return asking

    def answer(self, asking: Asking[T] | None = None) -> T:
        """Return the answer to a question that was put, or to one that is put now, within its deadline."""
        asking = asking or self.begin()
        left = asking.began + self._seconds - time.monotonic()
        return asking.answer if asking.done.wait(max(0.0, left)) else self._otherwise

    def forget(self) -> None:
        """Ask anew the next time."""
        with self._guard:
            self._asking = None

    def _run(self, asking: Asking[T]) -> None:
        try:
            asking.answer = self._ask()
        except Exception as error:  # whatever a server or a library does, it is not fit
            logger.warning("probe failed", exc_info=error, extra={"fields": {"probe": self._name}})
        finally:
            connections.close_all()
            asking.ended = time.monotonic()
            asking.done.set()
