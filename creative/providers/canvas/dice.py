"""Chance that repeats: each part of a picture throws dice of its own, all drawn from the picture's seed."""

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A stream of chance; the same key gives the same stream in every process."""

    def __init__(self, key: str) -> None:
        """Begin the stream of a key."""
        self._key = key
        seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
        self._random = random.Random(seed)  # noqa: S311 - pictures, no secrets

    def of(self, part: str) -> "Dice":
        """Return the stream of a part, untouched by what other parts throw."""
        return Dice(f"{self._key}/{part}")

    def between(self, low: float, high: float) -> float:
        """Return a number from `low` to `high`."""
        return low + (high - low) * self._random.random()

    def whole(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def chance(self, share: float) -> bool:
        """Return True in `share` of all throws."""
        return self._random.random() < share

    def one_of(self, things: Sequence[T]) -> T:
        """Return one of the things."""
        return things[int(self._random.random() * len(things))]

    def noise(self, count: int) -> bytes:
        """Return so many random bytes."""
        return self._random.randbytes(count)
