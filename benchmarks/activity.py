"""How long the activity browser takes at 1,000,000 events, beside 10,000 and 100,000 of them.

DATABASE_URL=postgres://... .venv/bin/python -m benchmarks.activity [EVENTS] [--small]; or BENCH_ROWS=10000000

All workspaces lie in one database, so a ratio says what the number of events costs, whatever the machine. Warm is
a page whose bars were counted before, cold one whose cache was emptied. It fails where the first page needs more
than 150 ms of the processor, and where what has to be flat takes more than twice what 10,000 events take.
benchmarks/throwaway.py tells of the database.
"""

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

from benchmarks import throwaway

throwaway.settle()

from django.core.cache import cache  # noqa: E402 - settings come first
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Agent, Membership, Organization, User  # noqa: E402
from creative.models import Asset, Job  # noqa: E402
from imageskill.site.activity import conditions, facets, query  # noqa: E402

EVENTS = 1_000_000
FEWER = (10_000, 100_000)
"""The workspaces beside it; the first is what the ratios are of."""
SMALL = (500, 1_000, 2_000)
DAYS = 90
AGENTS = 5
PICTURES = 300
"""So many of the newest jobs have a picture, more than pages show."""
TURNS, RUNS = 4, 5
LIMIT_MS = 150
BOUND = ("first page, cold", "first page, warm")
FLAT = ("first page, warm", "facets", "a pasted id")
FLAT_TIMES = 2
OTHERS = ("feedback.created", "asset.uploaded", "job.planned", "asset.deleted", "token.rotated")
PAGES = {
    "first page": "",
    "by type": "?q=type:asset.deleted",
    "by agent": "?q=agent:agent-3",
    "a week": "?q=created:7d",
    "by model": "?q=model:canvas.draft",
    "failed": "?q=status:failed",
    "words that nobody wrote": "?q=zeppelin",
}


def digits(number: int, length: int) -> str:
    """Return a number in base 36."""
    told = ""
    while number:
        number, digit = divmod(number, 36)
        told = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + told
    return told.rjust(length, "0")


def events(
    organization_id: str, agents: Sequence[str], count: int, end: int, first: int = 0
) -> Iterator[tuple[Any, ...]]:
    """Yield events of the 90 days up to `end` in microseconds: three a job, and every tenth something else."""
    step = DAYS * 86_400_000_000 // count
    for number in range(first, count):
        moment = end - (count - number) * step
        key = digits(moment, 11) + digits(number, 14)
        job = f"job_{digits(end - (count - number // 3 * 3) * step, 11)}{digits(number // 3, 14)}"
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment / 1_000_000)) + "+00:00"
        agent = agents[number // 3 % len(agents)]
        kind = ("asset.created", "usage.credit_consumed", "job.completed")[number % 3]
        if number % 30 == 2:  # noqa: PLR2004 - instead of the end of every tenth job
            kind = OTHERS[number // 30 % len(OTHERS)]
        failed = kind == "job.completed" and number % 300 == 5  # noqa: PLR2004 - one in a hundred
        yield (
            *(f"evt_{key}", kind, organization_id, agent, "system", "runner", kind.split(".")[0], job, "create"),
            *("failed" if failed else "completed", "Create job completed", links_of(kind, job)),
            *(0, 0 if failed else 24, f"trace_{key}", at),
        )


def links_of(kind: str, job: str) -> str:
    """Return what an event links to, as JSON: the end of a job its picture too."""
    picture = f', "asset_ids": ["{job.replace("job_", "image_")}"]' if kind == "job.completed" else ""
    return f'{{"job_id": "{job}"{picture}}}'


EVENT_COLUMNS = (
    *("id", "type", "organization_id", "agent_id", "actor_type", "actor_id", "subject_type", "subject_id"),
    *("operation", "status", "summary", "links", "cost_micros", "credits", "trace_id", "occurred_at"),
)


def jobs(organization_id: str, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield the jobs whose ends are among some events; one model in ten is another."""
    for number, row in enumerate(row for row in rows if row[1] == "job.completed"):
        model = "canvas.draft" if number % 10 else "canvas.print"
        yield (
            *(row[7], organization_id, row[3], "tok_x", "create", row[9], "image.create", model, "", "A red boat"),
            *("{}", "{}", 1, 24, 24, 24, 0, "known", "v", "", row[14], 0, "", "", "", "allowed", row[15]),
        )


JOB_COLUMNS = (
    *(
        "id",
        "organization_id",
        "agent_id",
        "token_id",
        "operation",
        "state",
        "capability_id",
        "model_id",
        "intent",
    ),
    *("prompt", "parameters", "selection", "output_count", "credits_required", "credits_per_output"),
    *("settled_credits", "cost_micros", "pricing_confidence", "price_version", "retry_of", "trace_id"),
    *("lease_epoch", "error_code", "error_message", "error_reason", "safety_status", "created_at"),
)


def pictures(organization: Organization, rows: Sequence[tuple[Any, ...]]) -> None:
    """Give jobs among some events a picture each; its id is the job's, which no picture has otherwise."""
    Asset.objects.bulk_create(
        [
            Asset(
                id=row[7].replace("job_", "image_"),
                organization=organization,
                agent_id=row[3],
                job_id=row[7],
                kind="generated",
                position=0,
                storage_key=row[7],
                mime_type="image/png",
                content_length=1,
                width=1024,
                height=1024,
                sha256="0" * 64,
                created_at=timezone.now(),
                thumbnails_at=timezone.now(),
            )
            for row in rows
        ]
    )


REFERENCES = """
INSERT INTO core_eventreference (event_id, organization_id, agent_id, reference)
SELECT id, organization_id, agent_id, subject_id FROM core_activityevent WHERE organization_id = %s
"""


def workspace(user: User, count: int) -> Organization:
    """Make a workspace of so many events."""
    now = timezone.now() - timedelta(days=DAYS)
    organization = Organization.objects.create(name=f"Of {count}", created_at=now)
    Membership.objects.create(user=user, organization=organization, role="owner", created_at=now)
    made = [
        Agent.objects.create(
            organization=organization, name=f"agent-{number}", runtime="b", signup_network="b", created_at=now
        )
        for number in range(AGENTS)
    ]
    told = (organization.pk, [agent.pk for agent in made], count, time.time_ns() // 1000)
    throwaway.insert("core_activityevent", EVENT_COLUMNS, events(*told))
    with connection.cursor() as cursor:
        cursor.execute(REFERENCES, [organization.pk])
    throwaway.insert("creative_job", JOB_COLUMNS, jobs(organization.pk, events(*told)))
    newest = events(*told, first=max(0, count - 5 * PICTURES))
    ended = (row for row in newest if row[1] == "job.completed" and row[9] == "completed")
    pictures(organization, list(deque(ended, maxlen=PICTURES)))
    return organization


@dataclass(frozen=True, slots=True)
class Work:
    """Something to be done in a workspace, by its name; cold: with an empty cache each time."""

    name: str
    doing: Callable[[Client, Organization], object]
    is_cold: bool = False

    def taken(self, client: Client, place: Organization) -> throwaway.Taken:
        """Measure it."""

        def do() -> None:
            if self.is_cold:
                cache.clear()
            self.doing(client, place)

        return throwaway.take(do, runs=RUNS)

    def by_turns(self, client: Client, places: Sequence[Organization]) -> list[throwaway.Taken]:
        """Measure it everywhere by turns, so that what others ask of the machine meets all; keep the best."""
        turns = [[self.taken(client, place) for place in places] for _ in range(TURNS)]
        return [min(of_one, key=lambda taken: taken.least_work) for of_one in zip(*turns, strict=True)]


def page(words: str, status: int = 200) -> Callable[[Client, Organization], object]:
    """Return how a page is asked for, which has to be there."""

    def get(client: Client, place: Organization) -> None:
        answer = client.get(f"/w/{place.pk}/activity{words}")
        if answer.status_code != status:
            raise SystemExit(f"{words} answered {answer.status_code}")

    return get


def facets_alone(_client: Client, place: Organization) -> object:
    """Count what the first page counts beside its rows and bars."""
    agents = tuple(Agent.objects.filter(organization=place))
    scope = conditions.Scope((place.pk,), agents, UTC, timezone.now())
    asked = query.parse("")
    return facets.of(asked, conditions.of(asked, scope), scope)


def looked_up(client: Client, place: Organization) -> None:
    """Be led from a pasted id to its row: the newest job, which the last event is about."""
    job_id = Job.objects.filter(organization=place).values_list("pk", flat=True)[0]
    page(f"?q={job_id}", 302)(client, place)


WORK = (
    *(
        Work(f"{name}, {'cold' if is_cold else 'warm'}", page(words), is_cold)
        for name, words in PAGES.items()
        for is_cold in (True, False)
    ),
    Work("facets", facets_alone),
    Work("a pasted id", looked_up),
)


def faults(name: str, taken: Sequence[throwaway.Taken], *, is_large: bool) -> list[str]:
    """Return which promises do not hold; a few events say nothing of what many cost."""
    found = []
    most, times = taken[-1].least_work, taken[-1].least_work / taken[0].least_work
    if name in BOUND and most > LIMIT_MS:
        found.append(f"{name} took {most:.0f} ms of the processor; {LIMIT_MS} are allowed.")
    if is_large and name in FLAT and times > FLAT_TIMES:
        found.append(f"{name} took {times:.2f} times the least; {FLAT_TIMES} are allowed.")
    return found


def main() -> None:
    """Fill the database, measure each page in all workspaces, and fail where a promise does not hold."""
    given = sys.argv[1] if sys.argv[1:2] not in ([], ["--small"]) else os.environ.get("BENCH_ROWS", EVENTS)
    counts = SMALL if "--small" in sys.argv else (*FEWER, int(given))
    throwaway.prepare()
    user = User.objects.create_user("bench@example.com")
    began = time.monotonic()
    places = [workspace(user, count) for count in counts]
    throwaway.analyse()
    print(f"{connection.vendor}: filled in {time.monotonic() - began:.0f} s")
    client = throwaway.sign_in(user)
    broken = []
    print(f"Least ms of the processor at {', '.join(f'{count:,}' for count in counts)} events, as times of the")
    print("first, and by the clock at the last (median, shortest)", flush=True)
    for work in WORK:
        taken = work.by_turns(client, places)
        least = " ".join(f"{one.least_work:7.1f}" for one in taken)
        times = ", ".join(f"{one.least_work / taken[0].least_work:5.2f}" for one in taken[1:])
        print(
            f"{work.name:30} {least}  {times} times  {taken[-1].clock:6.1f} {taken[-1].shortest:6.1f}", flush=True
        )
        broken += faults(work.name, taken, is_large=counts is not SMALL)
    if broken:
        raise SystemExit("\n".join(broken))


if __name__ == "__main__":
    main()
