"""Processes that die within a create: `python -m tests.crashes.nursery ROUNDS`, in a database of its own.

Django and the routes are loaded once; each create runs in a forked process, so that a kill costs no start. Such a
process kills itself with SIGKILL at a chosen point: before or after its n-th commit, inside the provider, or
between the stored bytes and the commit that tells of them. Afterwards another one sweeps, and says what is left.
"""

import contextlib
import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

import django

django.setup()

# These load models, so Django comes first.
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.backends.base.base import BaseDatabaseWrapper  # noqa: E402

from billing.models import Hold  # noqa: E402
from creative import registry, storage, sweeping  # noqa: E402
from creative.models import Asset, Job  # noqa: E402
from creative.queue.threads import pool  # noqa: E402
from imageskill.flows import invariants  # noqa: E402
from tests import doubles  # noqa: E402
from tests.cast import Caller, sign_up  # noqa: E402

KEY = "run-001"
BEFORE, AFTER, PROVIDER, STORED = "before", "after", "provider", "stored"
AT_ONCE, IN_TURN = "at once", "in turn"
_LONGEST_SECONDS = 90


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


class Commits:
    """Counts the commits of this process from now on, and dies at one of them."""

    def __init__(self, moment: str = "", number: int = 0) -> None:
        self.count = 0
        commit = BaseDatabaseWrapper._commit

        def counted(wrapper: BaseDatabaseWrapper) -> None:
            self.count += 1
            mine = self.count == number
            if mine and moment == BEFORE:
                die()
            commit(wrapper)
            if mine and moment == AFTER:
                die()

        BaseDatabaseWrapper._commit = counted  # type: ignore[method-assign] # a test-only hook, in a process that ends


def forked(work: Callable[[], object]) -> tuple[Any, int]:
    """Run work in a process of its own; return what it returned (None if it died) and the signal that ended it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        with contextlib.suppress(Exception), os.fdopen(writing, "w") as told:
            told.write(json.dumps(work()))
            code = 0
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as told:
        text = told.read()
    _, status = os.waitpid(child, 0)
    return (json.loads(text) if text else None), os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def create(token: str, way: str, moment: str = "", number: int = 0) -> int:
    """Create one picture over the wire, on the way to death or to the end; return the commits it took.

    `way`: on a thread that is free, or by waiting for its turn.
    """
    if way == IN_TURN:
        mock.patch.object(pool, "reserve", return_value=None).start()  # in a process that ends
    commits = Commits(moment, number)
    provider = registry.provider("canvas")
    assert isinstance(provider, doubles.FakeProvider)
    if moment == PROVIDER:
        provider.behaviour = lambda _: die()  # type: ignore[assignment, return-value] # nobody sees what it returns
    if moment == STORED:
        write = storage.write
        storage.write = lambda key, data: (write(key, data), die())  # type: ignore[assignment, func-returns-value]
    answer = Caller(token).create(key=KEY)
    assert answer.status == 200, answer.body
    return commits.count


def first_create(mail: str, way: str) -> int:
    """Create one picture as a new agent; return the commits it took."""
    return create(str(sign_up(mail).token), way)


def recover() -> bool:
    """Sweep until every job is at its end; say whether it came to that."""
    unfinished = Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])
    end = time.monotonic() + _LONGEST_SECONDS
    while unfinished.exists() and time.monotonic() < end:
        sweeping.sweep()
        time.sleep(0.1)
    return not unfinished.exists()


def is_whole(asset: Asset) -> bool:
    """Say whether the bytes of an asset are those that its row tells of."""
    file = storage.open_read(asset.storage_key)
    if file is None:
        return False
    with file:
        return hashlib.sha256(file.read()).hexdigest() == asset.sha256


def findings(token: str) -> dict[str, Any]:
    """Say what is left of one agent's create, and what a repeat with its key answers."""
    caller = Caller(token)
    agent_id = caller.get("/v1/whoami").data["agent"]["agent_id"]
    jobs = Job.objects.filter(agent_id=agent_id)
    states = sorted(jobs.values_list("state", flat=True))
    holds = Hold.objects.filter(agent_id=agent_id)
    charged = sum(holds.values_list("settled_credits", flat=True))
    assets = list(Asset.objects.filter(agent_id=agent_id))
    again = caller.create(key=KEY)
    return {
        "states": states,
        "open_holds": holds.filter(state=Hold.State.OPEN).count(),
        "charged": charged,
        "pictures": len(assets),
        "readable": sum(is_whole(asset) for asset in assets),
        "again": again.status,
        "again_error": again.body["error"],
        "charged_after": sum(holds.values_list("settled_credits", flat=True)),
        "remaining": caller.get("/v1/quota").data["limits"]["remaining_credits"],
    }


def load() -> None:
    """Load what a first request loads, routes and middleware, and open nothing that the forked would share."""
    assert Caller().get("/v1/whoami").status == 401
    assert connection.connection is None


def main(rounds: int) -> dict[str, Any]:
    """Kill a create at each point, so many times; then sweep, and tell everything."""
    registry.ADAPTERS["canvas"] = "tests.doubles.FakeProvider"
    load()
    forked(lambda: call_command("migrate", verbosity=0))
    commits = {
        way: forked(partial(first_create, mail, way))[0]
        for way, mail in ((AT_ONCE, "counting@gmail.com"), (IN_TURN, "counting.too@example.com"))
    }
    # Once taken, all jobs go the same way: the two commits after that, stored and completed, are looked at once.
    ends = {AT_ONCE: commits[AT_ONCE], IN_TURN: commits[IN_TURN] - 2}
    points = [
        (way, moment, number)
        for way, last in ends.items()
        for number in range(1, last + 1)
        for moment in (BEFORE, AFTER)
    ]
    points += [(AT_ONCE, PROVIDER, 0), (AT_ONCE, STORED, 0)]
    kills = [point for point in points for _ in range(rounds if point[0] == AT_ONCE else rounds // 2)]
    tokens, _ = forked(lambda: [str(sign_up(f"owner{number}@gmail.com").token) for number in range(len(kills))])
    died = [
        forked(lambda token=token, point=point: create(token, *point))[1]  # type: ignore[misc] # bound per turn
        for token, point in zip(tokens, kills, strict=True)
    ]
    quiet, _ = forked(recover)
    left, _ = forked(lambda: [findings(token) for token in tokens])
    offences, _ = forked(invariants.reconcile)
    return {
        "database": connection.vendor,
        "commits": commits,
        "points": kills,
        "signals": died,
        "quiet": quiet,
        "left": left,
        "offences": offences,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[1]))))
