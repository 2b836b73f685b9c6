"""A process with a clock of its own: `python -m tests.races.ticker TICKS`; it begins with a line on its input.

Its only work leaves two organizations named after the process, and takes a while, so that runs at once would show.
"""

import os
import sys
import time

import django

django.setup()

# These load models, so Django comes first.
from django.utils import timezone  # noqa: E402

from accounts.models import Organization  # noqa: E402
from imageskill.core.units import unit_of_work  # noqa: E402
from imageskill.flows import clock  # noqa: E402

WORK = clock.Work("tests", 0, "tests.races.ticker.work")


@unit_of_work
def note(what: str) -> None:
    """Leave a row; its key tells the order."""
    Organization.objects.create(name=f"{what} {os.getpid()}", created_at=timezone.now())


def work() -> None:
    """Begin, take a while, end."""
    note("begin")
    time.sleep(0.005)
    note("end")


def main(ticks: int) -> int:
    """Tick so often, as fast as it goes; return how often the work was this process's."""
    clock.WORKS = (WORK,)  # type: ignore[misc] # a table for this process only
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    return sum(len(clock.run_due()) for _ in range(ticks))


if __name__ == "__main__":
    sys.stdout.write(f"{main(int(sys.argv[1]))}\n")
