"""Failures on demand: the next calls of a kind go wrong, before their effect or after it."""

import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

How = int | Literal["timeout", "drop"]
When = Literal["before", "after"]


@dataclass(slots=True)
class Fault:
    """What goes wrong, for how many more calls."""

    method: str
    path: str
    how: How
    when: When
    saved: bool
    left: int


class Faults:
    """The failures that are asked for, in the order they were."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Ask for a failure."""
        with self._lock:
            self._waiting.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the failure of this call, if it is to fail."""
        with self._lock:
            for fault in self._waiting:
                if fault.left and fnmatchcase(method, fault.method) and fnmatchcase(path, fault.path):
                    fault.left -= 1
                    return fault
        return None

    def clear(self) -> None:
        """Forget what was asked for and has not happened."""
        with self._lock:
            self._waiting.clear()
