"""Where pictures are decoded: at most two processes beside this one, started when they are needed.

Each does one picture at a time and lives on for the next. One that takes too long is killed; one that dies is
replaced, and its picture tried once more, because somebody else may have killed it.
"""

import atexit
import contextlib
import logging
import math
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any, Final

from creative.images import kinds
from creative.images.kinds import NotAPicture
from creative.images.worker import read_message, write_message

logger = logging.getLogger("imageskill.images")

PLACES: Final = 2
WALL_SECONDS: Final = 60.0
MEMORY_BYTES: Final = 1_600 * 1024 * 1024
"""Address space of one process: a picture of 50 megapixels, its copy while it is converted, and the codecs."""

_PICTURES_A_PROCESS = 500
_ROOT = Path(__file__).resolve().parent.parent.parent
_COMMAND: Final = (sys.executable, "-B", "-s", "-m", "creative.images.worker")
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}


class Busy(Exception):  # noqa: N818 - it says how things are
    """Every place stayed taken for as long as the caller would wait."""


class _Lost(Exception):  # noqa: N818 - it says what happened
    """The process died over a picture, or was killed because it took too long."""

    def __init__(self, *, too_slow: bool) -> None:
        super().__init__("the process is gone")
        self.too_slow = too_slow


class _End:
    """An end of a pipe, waited for until an instant by the monotonic clock. TimeoutError: it came."""

    def __init__(self, pipe: IO[bytes], event: int, until: float) -> None:
        self._number = pipe.fileno()
        self._ready = select.poll()
        self._ready.register(self._number, event)
        self._until = until

    def read(self, size: int, /) -> bytes:
        self._wait()
        return os.read(self._number, size)

    def write(self, part: memoryview, /) -> int:
        self._wait()
        return os.write(self._number, part)

    def _wait(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0 or not self._ready.poll(math.ceil(left * 1000)):
            raise TimeoutError


class _Bench:
    """One process."""

    def __init__(self, memory_bytes: int) -> None:
        # A session of its own: Ctrl-C at a terminal ends the service first, and the process by its closed input.
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            (*_COMMAND, str(memory_bytes)),
            bufsize=0,
            cwd=_ROOT,
            env=_ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for pipe in self._pipes():
            # The process's ends still wait; this one waits with `_End`, which knows for how long.
            os.set_blocking(pipe.fileno(), False)
        self._done = 0

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it can take another picture."""
        return self._process.poll() is None and self._done < _PICTURES_A_PROCESS

    def do(self, order: dict[str, Any], data: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Return the process's answer."""
        self._done += 1
        try:
            answer = self._exchange(order, data, time.monotonic() + seconds)
        except TimeoutError:
            self._process.kill()
            raise _Lost(too_slow=True) from None
        except OSError:
            answer = None
        if answer is None:
            raise _Lost(too_slow=self._is_out_of_seconds())
        return answer

    def _is_out_of_seconds(self) -> bool:
        """Say whether the kernel ended the process because it took more processor time than it was allowed."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout=5) == -signal.SIGXCPU
        return False

    def _exchange(self, order: dict[str, Any], data: bytes, until: float) -> tuple[dict[str, Any], bytes] | None:
        sink, source = self._pipes()
        write_message(_End(sink, select.POLLOUT, until), order, data)
        return read_message(_End(source, select.POLLIN, until))

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """Return what the process reads and what it writes."""
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("the process was started with pipes")
        return self._process.stdin, self._process.stdout

    def end(self) -> None:
        """End the process and take note of its death."""
        self._process.kill()
        self.let_go()
        self._process.wait()

    def let_go(self) -> None:
        """Close this end of the pipes."""
        for pipe in self._pipes():
            with contextlib.suppress(OSError):
                pipe.close()


class Workshop:
    """The places and their processes."""

    def __init__(
        self, places: int = PLACES, seconds: float = WALL_SECONDS, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        """Take the number of places, the seconds that a picture may take on the wall's clock, and the memory."""
        self._number = places
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._abandoned: list[_Bench] = []
        self._idle: list[_Bench] = []
        self._open()

    def _open(self) -> None:
        self._places = threading.BoundedSemaphore(self._number)
        self._guard = threading.Lock()

    def do(self, order: dict[str, Any], data: bytes, *, patience: float) -> tuple[dict[str, Any], bytes]:
        """Have a picture worked on and return the answer.

        NotAPicture: it is none, or two processes died over it. Busy: no place was free for `patience` seconds, or
        no process can be started.
        """
        if not self._places.acquire(timeout=patience):
            raise Busy
        try:
            told, made = self._try_twice(order, data)
        finally:
            self._places.release()
        if "refused" in told:
            raise NotAPicture(told["refused"], reason=told["reason"])
        return told, made

    def _try_twice(self, order: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        for is_last in (False, True):
            bench = self._take()
            try:
                answer = bench.do(order, data, self._seconds)
            except _Lost as lost:
                bench.end()
                logger.warning("picture process lost", extra={"fields": {"too_slow": lost.too_slow}})
                if is_last or lost.too_slow:
                    break
            except BaseException:
                bench.end()
                raise
            else:
                self._put_back(bench)
                return answer
        raise NotAPicture("the picture takes too much time or memory", reason="too_dear")

    def _take(self) -> _Bench:
        while True:
            with self._guard:
                bench = self._idle.pop() if self._idle else None
            if bench is None:
                return self._started()
            if bench.is_alive:
                return bench
            bench.end()

    def _started(self) -> _Bench:
        try:
            return _Bench(self._memory_bytes)
        except OSError as error:
            # No memory or no process number is left: as if every place were taken.
            logger.exception("no picture process can be started")
            raise Busy from error

    def _put_back(self, bench: _Bench) -> None:
        if not bench.is_alive:
            bench.end()
            return
        with self._guard:
            self._idle.append(bench)

    def pids(self) -> list[int]:
        """Return the numbers of the processes that wait for a picture."""
        with self._guard:
            return [bench.pid for bench in self._idle]

    def close(self) -> None:
        """End the processes that wait; those at work end by their closed input."""
        with self._guard:
            idle, self._idle = self._idle, []
        for bench in idle:
            bench.end()

    def forget(self) -> None:
        """Begin anew in a forked process: the parent's processes are the parent's."""
        self._open()
        self._abandoned += self._idle
        self._idle = []
        for bench in self._abandoned:
            bench.let_go()


workshop: Final = Workshop()
atexit.register(workshop.close)
os.register_at_fork(after_in_child=workshop.forget)


def is_ours(data: bytes, mime_type: str) -> bool:
    """Say whether what a process gave back begins as what it says it is: it may have been taken over."""
    return mime_type in kinds.KEPT and kinds.sniff(data) == mime_type
