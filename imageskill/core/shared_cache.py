"""Redis, and while it is away this process's own memory: limits go on counting, and nobody is locked out.

What is kept here may be lost at any moment: counts of calls and of tries, and places to wait. What guards money or
mail is a row in the database (`tallies`).
"""

import logging
import math
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.core.cache import DEFAULT_CACHE_ALIAS, caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from imageskill.core import metrics

logger = logging.getLogger("imageskill.cache")

AWAY_SECONDS = 5.0
"""How long an unreachable Redis is not asked again, so that its timeouts do not add up."""

# Redis does nothing else between the look and the removal: no other holder can come in between.
_REMOVE: Final = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0"

# Of the whole process: Django gives each thread a cache object of its own.
_away_until: dict[str, float] = {}


class _Redis(RedisCache):
    def remove(self, key: str, number: int) -> bool:
        """Remove a value that is still this number, in one step; say whether it was."""
        key = self.make_and_validate_key(key)
        return bool(self._cache.get_client(key, write=True).eval(_REMOVE, 1, key, number))


class _Memory(LocMemCache):
    def remove(self, key: str, number: int) -> bool:
        """Remove a value that is still this number; say whether it was."""
        return bool(self.get(key) == number and self.delete(key))


class RedisOrMemory(BaseCache):
    """A cache that all processes share while Redis answers, and that each has for itself while it does not."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        """Take Django's own parameters of a Redis cache."""
        super().__init__(params)
        self._shared = _Redis(server, params)
        self._own = _Memory(server, {})
        self._server = server

    def _ask(self, method: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the method takes
        if time.monotonic() >= _away_until.get(self._server, 0.0):
            try:
                return getattr(self._shared, method)(*args, **kwargs)
            except (RedisError, OSError) as error:
                _away_until[self._server] = time.monotonic() + AWAY_SECONDS
                logger.warning("shared cache away", exc_info=error)
                metrics.cache_was_away()
        return getattr(self._own, method)(*args, **kwargs)

    def answers(self) -> bool:
        """Ask Redis now, whenever it was last found away."""
        try:
            self._shared.has_key("answers")
        except (RedisError, OSError):
            return False
        return True

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:  # noqa: ANN401 - as its parent
        """Store a value where there is none; say whether there was none."""
        return bool(self._ask("add", key, value, timeout=timeout, version=version))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:  # noqa: ANN401 - as its parent
        """Return a value, or the default."""
        return self._ask("get", key, default=default, version=version)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:  # noqa: ANN401 - as its parent
        """Store a value."""
        self._ask("set", key, value, timeout=timeout, version=version)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:  # noqa: ANN401 - as its parent
        """Give a value more time; say whether there is one."""
        return bool(self._ask("touch", key, timeout=timeout, version=version))

    def delete(self, key: str, version: int | None = None) -> bool:
        """Remove a value; say whether there was one."""
        return bool(self._ask("delete", key, version=version))

    def remove(self, key: str, number: int) -> bool:
        """Remove a value that is still this number; say whether it was."""
        # Also what this process stored while Redis was away, so that it does not count when Redis is away again.
        own = self._own.remove(key, number)
        return bool(self._ask("remove", key, number)) or own

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add to a number and return it. ValueError: there is none."""
        return int(self._ask("incr", key, delta=delta, version=version))

    def has_key(self, key: str, version: int | None = None) -> bool:
        """Say whether there is a value."""
        return bool(self._ask("has_key", key, version=version))

    def clear(self) -> None:
        """Remove everything."""
        self._own.clear()
        self._ask("clear")

    def close(self, **kwargs: Any) -> None:  # noqa: ANN401 - as its parent
        """Let connections go at the end of a request, as the cache below does."""
        self._shared.close(**kwargs)


@contextmanager
def place(name: str, *, of: int, seconds: float) -> Iterator[bool]:
    """Hold one of so many places of this name, counted over all processes; yield False where all are taken.

    Who holds one must be done after `seconds`: then the place of a process that died is free again. While the
    cache is away each process counts its own places, as it does calls.
    """
    holder, taken = secrets.randbits(62), ""
    try:
        taken = _take([f"{name}:{number}" for number in range(of)], holder, seconds)
        free = bool(taken)
    except Exception as error:
        logger.warning("shared cache away", exc_info=error)
        metrics.cache_was_away()
        free = True
    try:
        yield free
    finally:
        if taken:
            _give_back(taken, holder)


def _take(keys: list[str], holder: int, seconds: float) -> str:
    """Return the key of the place that was taken; an empty one where there is none."""
    # A second more, so that no place is free again before its holder is done.
    timeout = math.ceil(seconds) + 1
    return next((key for key in keys if caches[DEFAULT_CACHE_ALIAS].add(key, holder, timeout=timeout)), "")


def _give_back(key: str, holder: int) -> None:
    """Free a place, unless it has come to somebody else since; what cannot be freed its timeout ends."""
    cache = caches[DEFAULT_CACHE_ALIAS]
    try:
        if isinstance(cache, RedisOrMemory):
            cache.remove(key, holder)
        elif cache.get(key) == holder:
            cache.delete(key)
    except Exception as error:
        logger.warning("shared cache away", exc_info=error)
        metrics.cache_was_away()
