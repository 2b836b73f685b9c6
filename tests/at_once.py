"""Acts that begin at the same moment."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from django.db import connection

from accounts.members import CannotError
from imageskill.core.errors import ApiError


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Let all acts begin at the same moment, each in a thread; return answers and refusals in order."""
    barrier = Barrier(len(acts))
    told: list[Any] = [None] * len(acts)

    def begin(number: int, act: Callable[[], Any]) -> None:
        barrier.wait(60)
        try:
            told[number] = act()
        except (CannotError, ApiError) as error:
            told[number] = error
        finally:
            connection.close()

    threads = [Thread(target=begin, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return told
