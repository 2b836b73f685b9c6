"""How long the first page of the activity browser takes at 1,000,000 events, beside one at 1,000.

DATABASE_URL=postgres://... .venv/bin/python -m benchmarks.activity [EVENTS] [--small]; or BENCH_ROWS=10000000

Both workspaces lie in one database, so the ratio says what the number of events costs, whatever the machine. It
fails where the first page needs more than 150 ms of the processor. benchmarks/throwaway.py tells of the database.
"""

import os
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from benchmarks import throwaway

throwaway.settle()

from django.db import connection  # noqa: E402 - settings come first
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Agent, Membership, Organization, User  # noqa: E402
from creative.models import Asset, Job  # noqa: E402

EVENTS = 1_000_000
FEW = 1_000
DAYS = 90
AGENTS = 5
PICTURES = 300
"""So many of the newest jobs have a picture, more than pages show."""
LIMIT_MS = 150
BOUND = ("first page",)
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


def events(organization_id: str, agents: Sequence[str], count: int, end: int) -> Iterator[tuple[Any, ...]]:
    """Yield events of the 90 days up to `end` in microseconds: three a job, and every tenth something else."""
    step = DAYS * 86_400_000_000 // count
    for number in range(count):
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


def workspace(name: str, user: User, count: int) -> str:
    """Make a workspace of so many events, and return its id."""
    now = timezone.now() - timedelta(days=DAYS)
    organization = Organization.objects.create(name=name, created_at=now)
    Membership.objects.create(user=user, organization=organization, role="owner", created_at=now)
    made = [
        Agent.objects.create(
            organization=organization, name=f"agent-{number}", runtime="b", signup_network="b", created_at=now
        )
        for number in range(AGENTS)
    ]
    told = (organization.pk, [agent.pk for agent in made], count, time.time_ns() // 1000)
    throwaway.insert("core_activityevent", EVENT_COLUMNS, events(*told))
    throwaway.insert("creative_job", JOB_COLUMNS, jobs(organization.pk, events(*told)))
    ended = (row for row in events(*told) if row[1] == "job.completed" and row[9] == "completed")
    pictures(organization, list(deque(ended, maxlen=PICTURES)))
    return str(organization.pk)


def prepared(count: int) -> tuple[Client, str, str]:
    """Return a signed-in client and the ids of both workspaces, over a filled and analysed database."""
    throwaway.prepare()
    user = User.objects.create_user("bench@example.com")
    began = time.monotonic()
    many, few = workspace("Many", user, count), workspace("Few", user, FEW)
    throwaway.analyse()
    print(f"{connection.vendor}: filled in {time.monotonic() - began:.0f} s")
    return throwaway.sign_in(user), many, few


def looked_up(client: Client, organization_id: str) -> throwaway.Taken:
    """Measure how long it takes to be led from a pasted id to its row."""
    job_id = Job.objects.filter(organization_id=organization_id).values_list("pk", flat=True)[0]
    return throwaway.take(lambda: client.get(f"/w/{organization_id}/activity?q={job_id}"))


def main() -> None:
    """Fill the database, measure each page in both workspaces, and fail over the limit."""
    given = sys.argv[1] if sys.argv[1:2] not in ([], ["--small"]) else os.environ.get("BENCH_ROWS", EVENTS)
    count = FEW if "--small" in sys.argv else int(given)
    client, many, few = prepared(count)
    slow = []
    print(f"{count:,} events, and how many times what {FEW:,} events take")
    for name, query in PAGES.items():
        taken, base = (throwaway.page(client, f"/w/{one}/activity{query}") for one in (many, few))
        print(f"{name:24} {taken}, {taken.least_work / base.least_work:.2f} times")
        if name in BOUND and taken.least_work > LIMIT_MS:
            slow.append(f"{name} took {taken.least_work:.0f} ms of the processor; {LIMIT_MS} are allowed.")
    taken, base = (looked_up(client, one) for one in (many, few))
    print(f"{'a pasted id':24} {taken}, {taken.least_work / base.least_work:.2f} times")
    if slow:
        raise SystemExit("\n".join(slow))


if __name__ == "__main__":
    main()
