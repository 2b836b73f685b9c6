"""One reading of the numbers of all processes that share DATA_DIR, whichever of them is asked.

Each process writes what it counted into a file of its own every few seconds. A file that nobody renews is added to
the sums of those that are gone and removed, so that no counter falls when a process ends. A process that is killed
loses what it counted in its last seconds; a counter is no book.
"""

import atexit
import fcntl
import json
import logging
import os
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from prometheus_client import Metric
from prometheus_client.registry import Collector

from imageskill.core import metrics

logger = logging.getLogger("imageskill.metrics")

PERIOD_SECONDS: Final = 5.0
GONE_AFTER_SECONDS: Final = 60.0
"""A file this old belongs to a process that has ended, or that a debugger or a suspended machine keeps."""
_GONE: Final = "gone"

Series = tuple[str, tuple[tuple[str, str], ...]]
"""The name of a sample and its labels, ordered."""
Sums = dict[Series, float]


class Publisher:
    """Writes this process's numbers where every process finds them."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; nothing is written before the first `publish`."""
        self._folder = folder
        self._base: Sums = {}
        self._written: Sums = {}
        self._path: Path | None = None

    def publish(self) -> None:
        """Write what was counted since the process began. OSError: the folder cannot be written.

        Was the file counted among those that are gone, for the process stood still, only what came after follows.
        """
        with _alone(self._folder):
            counted = _own()
            if self._path is not None and not self._path.exists():
                self._base, self._path = self._written, None
            if self._path is None:
                self._path = self._folder / f"{os.getpid()}-{secrets.token_hex(8)}.json"
            _write(self._path, {key: value - self._base.get(key, 0.0) for key, value in counted.items()})
            self._written = counted


@cache
def publisher(place: Path) -> Publisher:
    """Return the one that this process writes with."""
    return Publisher(place)


def publish_for_ever(place: Path) -> None:
    """Publish every few seconds; while the folder cannot be written, say so once."""
    pause, failing = threading.Event(), False
    while True:
        try:
            publisher(place).publish()
            failing = False
        except OSError as error:
            if not failing:
                logger.warning("metrics not published", exc_info=error)
            failing = True
        pause.wait(PERIOD_SECONDS)


def start() -> None:
    """Begin to publish in a thread of this process, and once more at its end."""
    atexit.register(_publish_last)
    threading.Thread(target=publish_for_ever, args=(folder(),), name="metrics", daemon=True).start()


def _publish_last() -> None:
    with suppress(OSError):
        publisher(folder()).publish()


def folder() -> Path:
    """Return where the files lie."""
    return Path(settings.DATA_DIR) / "metrics"


def current(place: Path) -> Sums:
    """Return the sums over all processes, with what this one counted up to now. OSError: as `sums`."""
    publisher(place).publish()
    return sums(place)


def sums(place: Path) -> Sums:
    """Return the sums over all processes. OSError: the folder cannot be read and written."""
    with _alone(place):
        gone = place / f"{_GONE}.json"
        kept = _read(gone)
        living: list[Sums] = []
        ended: list[Path] = []
        for path in sorted(place.glob("*.json")):
            if path == gone:
                continue
            if time.time() - path.stat().st_mtime > GONE_AFTER_SECONDS:
                ended.append(path)
            else:
                living.append(_read(path))
        if ended:
            kept = _added([kept, *map(_read, ended)])
            _write(gone, kept)
            for path in ended:
                path.unlink(missing_ok=True)
    return _added([kept, *living])


def _added(parts: Iterable[Mapping[Series, float]]) -> Sums:
    total: defaultdict[Series, float] = defaultdict(float)
    for part in parts:
        for key, value in part.items():
            total[key] += value
    return dict(total)


def _own() -> Sums:
    """Return this process's samples; when a counter was begun is nobody's sum."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in metrics.REGISTRY.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


class Totals(Collector):
    """The sums of all processes as families of metrics, with the names and words of this process's own."""

    def __init__(self, totals: Mapping[Series, float] | None) -> None:
        """Take the sums; None: those of this process alone."""
        self._totals = _own() if totals is None else totals

    def collect(self) -> Iterator[Metric]:
        """Return the families."""
        for known in metrics.REGISTRY.collect():
            family = Metric(known.name, known.documentation, known.type)
            endings = ("_bucket", "_count", "_sum") if known.type == "histogram" else ("_total",)
            names = {f"{known.name}{ending}" for ending in endings}
            for (name, labels), value in sorted(self._totals.items(), key=_in_order):
                if name in names:
                    family.add_sample(name, dict(labels), value)
            yield family


def _in_order(item: tuple[Series, float]) -> tuple[str, tuple[tuple[str, str], ...], float]:
    (name, labels), _ = item
    told = dict(labels)
    bound = float(told.pop("le", "0"))
    return name, tuple(sorted(told.items())), bound


def _read(path: Path) -> Sums:
    """Return a file's numbers; one that is missing or broken has none."""
    try:
        rows = json.loads(path.read_text())
        return {
            (name, tuple((label, word) for label, word in labels)): float(value) for name, labels, value in rows
        }
    except (OSError, ValueError, TypeError):
        return {}


def _write(path: Path, numbers: Mapping[Series, float]) -> None:
    aside = path.with_suffix(".writing")
    aside.write_text(json.dumps([[name, labels, value] for (name, labels), value in numbers.items()]))
    aside.replace(path)


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Let one process at a time read and write; each takes milliseconds, and none waits longer than a second."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = time.monotonic() + 1
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if time.monotonic() > end:
                raise TimeoutError("the metrics of all processes are being read elsewhere")
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)
