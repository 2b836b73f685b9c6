"""The first page of a gallery of a million pictures, against reading thirty rows by their key.

Run `python -m benchmarks.gallery [PICTURES]` with DATABASE_URL naming an empty database of PostgreSQL, or without
one for SQLite in a throwaway folder. It prints the median of each page, the processor's own time of it in this
process, which others on the machine do not lengthen, and how often the plain reading fits into the page.
"""

import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

PICTURES = 1_000_000
_RUNS = 15
_SHOWN = 30


def settle() -> None:
    """Give the process made-up settings, where it has none."""
    folder = tempfile.mkdtemp(prefix="imageskill-gallery-")
    os.environ.setdefault("DATA_DIR", folder)
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imageskill.settings")


settle()

import django  # noqa: E402 - settings come first

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Agent, Membership, Organization, Role, User  # noqa: E402
from creative.models import Asset, Job  # noqa: E402

_NUMBERS = (
    "WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {count})"
)


def padded(digits: int) -> str:
    """Return SQL that writes `number` with leading zeros."""
    if connection.vendor == "postgresql":
        return f"lpad(number::text, {digits}, '0')"
    return f"printf('%0{digits}d', number)"


def multiply(table: str, key: str, count: int, written: dict[str, str]) -> None:
    """Copy one row of a table `count` times, with some columns written by SQL of their own."""
    with connection.cursor() as cursor:
        names = [column.name for column in connection.introspection.get_table_description(cursor, table)]
        values = ", ".join(written.get(name, f'pattern."{name}"') for name in names)
        columns = ", ".join(f'"{name}"' for name in names)
        cursor.execute(
            f'{_NUMBERS.format(count=count)} INSERT INTO "{table}" ({columns}) SELECT {values} '  # noqa: S608 - our own
            f'FROM numbers CROSS JOIN "{table}" pattern WHERE pattern.id = %s',
            [key],
        )


def fill(count: int) -> tuple[Organization, User]:
    """Make a workspace with so many pictures, each of a job of its own, one job in fifty without a picture."""
    now = timezone.now()
    user = User.objects.create_user("ada@example.com")
    workspace = Organization.objects.create(name="Large", created_at=now)
    Membership.objects.create(user=user, organization=workspace, role=Role.OWNER, created_at=now)
    agent = Agent.objects.create(
        organization=workspace, name="atlas-7", runtime="python", signup_network="loopback", created_at=now
    )
    job = Job.objects.create(
        organization=workspace,
        agent=agent,
        token_id="tok_0",  # noqa: S106 - no token
        operation="create",
        state="completed",
        capability_id="image.create",
        model_id="canvas.draft",
        prompt="Two red boats on a quiet sea at dawn, painted calmly, with a lighthouse far away",
        parameters={"seed": 7, "aspect_ratio": "3:2"},
        selection={"reason": "requested", "defaults_applied": []},
        output_count=1,
        credits_required=1,
        credits_per_output=1,
        settled_credits=1,
        cost_micros=0,
        pricing_confidence="known",
        price_version="canvas.draft/1",
        trace_id="trace_0",
        created_at=now,
    )
    asset = Asset.objects.create(
        organization=workspace,
        agent=agent,
        job=job,
        kind="generated",
        position=0,
        storage_key="pictures/0",
        mime_type="image/png",
        content_length=1,
        width=1536,
        height=1024,
        sha256="0" * 64,
        created_at=now,
        thumbnails_at=now,
    )
    state = "CASE WHEN number % 50 = 0 THEN 'failed' ELSE 'completed' END"
    multiply("creative_job", job.pk, count, {"id": f"'job_0h' || {padded(23)}", "state": state})
    written = {"id": f"'image_0h' || {padded(34)}", "job_id": f"'job_0h' || {padded(23)}"}
    multiply("creative_asset", asset.pk, count, written)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return workspace, user


def milliseconds(doing: Callable[[], object]) -> tuple[float, float]:
    """Return the median time of doing something, after doing it once: by the clock, and of the processor."""
    doing()
    took, worked = [], []
    for _ in range(_RUNS):
        began, began_working = time.perf_counter(), time.process_time()
        doing()
        took.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - began_working) * 1000)
    return statistics.median(took), statistics.median(worked)


def measure(workspace: Organization, user: User) -> None:
    """Print how long each page takes."""
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    keys = list(Asset.objects.order_by("-pk").values_list("pk", flat=True)[:_SHOWN])
    plain, plain_work = milliseconds(
        lambda: list(Asset.objects.select_related("job", "agent").filter(pk__in=keys))
    )
    print(f"thirty rows by their keys: {plain:.1f} ms, of the processor {plain_work:.1f} ms")
    path = f"/w/{workspace.pk}/gallery"
    for name, query in (
        ("the first page", ""),
        ("deep in the middle", f"?after=0h{PICTURES // 2:034}"),
        ("a prompt's words that nothing has", "?q=unicorn"),
        ("a model that nothing has", "?model=canvas.edit"),
        ("not rated, one tile a job", "?state=unrated&group=on"),
        ("not made", "?state=unmade"),
    ):
        answer = client.get(path + query)
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP's own
            raise SystemExit(f"{name}: {answer.status_code}")
        took, work = milliseconds(lambda query=query: client.get(path + query))  # type: ignore[misc]
        print(f"{name}: {took:.1f} ms, of the processor {work:.1f} ms, {took / plain:.0f} times that")


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    number = int(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    started = time.perf_counter()
    made = fill(number)
    print(f"{number:,} pictures in {time.perf_counter() - started:.0f} s ({connection.vendor})")
    measure(*made)
