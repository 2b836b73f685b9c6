"""How long the first page of the activity browser takes at 1,000,000 events, beside one at 1,000.

DATABASE_URL=postgres://... .venv/bin/python -m benchmarks.activity [EVENTS]

The database must be empty: it is migrated, filled (COPY on PostgreSQL, executemany on SQLite) and left for you to
look at; without DATABASE_URL it is a SQLite file that goes afterwards. Both workspaces lie in one database, so the
ratio says what the number of events costs, whatever the machine.
"""

import logging
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import django
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

EVENTS = 1_000_000
FEW = 1_000
DAYS = 90
AGENTS = 5
TIMES = 7
LIMIT_MS = 150
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


def environment(folder: str) -> dict[str, str]:
    """Return the settings of the measured service."""
    return {
        "DATABASE_URL": f"sqlite:///{folder}/activity.sqlite3",
        **os.environ,
        "DATA_DIR": folder,
        "BASE_URL": "http://testserver",
        "DJANGO_SETTINGS_MODULE": "imageskill.settings",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "IDENTITY_KEY": secrets.token_urlsafe(48),
    }


def insert(table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows the fastest way that the database has."""
    names = ", ".join(columns)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(columns))
    with connection.cursor() as cursor:
        cursor.connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608 - ours
        cursor.connection.commit()


def digits(number: int, length: int) -> str:
    """Return a number in base 36."""
    told = ""
    while number:
        number, digit = divmod(number, 36)
        told = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + told
    return told.rjust(length, "0")


def events(organization_id: str, agents: Sequence[str], count: int) -> Iterator[tuple[Any, ...]]:
    """Yield events of 90 days: three a job, and every tenth something else."""
    end = time.time_ns() // 1000
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
            *("failed" if failed else "completed", "Create job completed", f'{{"job_id": "{job}"}}'),
            *(0, 0 if failed else 24, f"trace_{key}", at),
        )


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


def workspace(name: str, user: Any, count: int) -> str:  # noqa: ANN401 - a model of a project loaded late
    """Make a workspace of so many events, and return its id."""
    now = timezone.now() - timedelta(days=DAYS)
    organization = apps.get_model("accounts", "Organization").objects.create(name=name, created_at=now)
    apps.get_model("accounts", "Membership").objects.create(
        user=user, organization=organization, role="owner", created_at=now
    )
    made = [
        apps.get_model("accounts", "Agent").objects.create(
            organization=organization, name=f"agent-{number}", runtime="b", signup_network="b", created_at=now
        )
        for number in range(AGENTS)
    ]
    agents = [agent.pk for agent in made]
    insert("core_activityevent", EVENT_COLUMNS, events(organization.pk, agents, count))
    insert("creative_job", JOB_COLUMNS, jobs(organization.pk, events(organization.pk, agents, count)))
    return str(organization.pk)


def measure(client: Client, path: str) -> float:
    """Return the median milliseconds of a page over HTTP's handler, after one that warms up."""
    taken = []
    for number in range(TIMES + 1):
        began = time.perf_counter()
        answer = client.get(path)
        if number:
            taken.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP's own
            raise SystemExit(f"{path} answered {answer.status_code}")
    return statistics.median(taken)


def main() -> None:
    """Fill the database, measure each page in both workspaces, and fail over the limit."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(environment(folder))
        django.setup()
        logging.disable(logging.WARNING)
        client, many, few = prepared(count)
        print(f"{'':24} {count:>12,} events {FEW:>8,} events   ratio")
        worst = 0.0
        for name, query in PAGES.items():
            at_many, at_few = (measure(client, f"/w/{one}/activity{query}") for one in (many, few))
            worst = max(worst, at_many) if name == "first page" else worst
            print(f"{name:24} {at_many:>16.1f} ms {at_few:>12.1f} ms {at_many / at_few:>7.2f}")
        connection.close()
    if worst > LIMIT_MS:
        raise SystemExit(f"The first page took {worst:.0f} ms; {LIMIT_MS} are allowed.")


def prepared(count: int) -> tuple[Client, str, str]:
    """Return a signed-in client and the ids of both workspaces, over a filled and analysed database."""
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    user = apps.get_model("accounts", "User").objects.create_user("bench@example.com")
    began = time.monotonic()
    many, few = workspace("Many", user, count), workspace("Few", user, FEW)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    print(f"{connection.vendor}: filled in {time.monotonic() - began:.0f} s")
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client, many, few


if __name__ == "__main__":
    main()
