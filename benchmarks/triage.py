"""The triage at 100,000 reports, against the same pages at 1,000 in the same process.

Run `python -m benchmarks.triage [REPORTS]` with DATABASE_URL naming an empty database of PostgreSQL, or without
one for SQLite in a throwaway folder. It prints the median of each page, the processor's own time of it, and how
many times that of few reports it takes. It fails where a page needs over 150 ms of it or grows fourfold.
"""

import os
import secrets
import statistics
import sys
import tempfile
import time

REPORTS = 100_000
FEW = 1_000
MOST_MILLISECONDS = 150
MOST_RATIO = 4
_RUNS = 15
_BATCH = 5_000


def settle() -> None:
    """Give the process made-up settings, where it has none."""
    folder = tempfile.mkdtemp(prefix="imageskill-triage-")
    os.environ.setdefault("DATA_DIR", folder)
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imageskill.settings")


settle()

import django  # noqa: E402 - settings come first

django.setup()

from datetime import timedelta  # noqa: E402

from allauth.mfa.models import Authenticator  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts import staff  # noqa: E402
from accounts.models import Agent, Organization, User  # noqa: E402
from creative.feedback.vocabulary import LEVELS, TYPES  # noqa: E402
from creative.models import Feedback, FeedbackTerm  # noqa: E402

_WORDS = ("background", "ratio", "cancel", "receipt", "approval", "timeout", "quota", "upload", "prompt", "edge")
_STATES = (*["received"] * 4, "needs_proof", "accepted", "fixed", "declined", "regressed")


def sign_in() -> Client:
    """Return the session of a member of staff, as a passkey leaves it."""
    user = User.objects.create_user("sam@example.com")
    key = Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "laptop"})
    staff.grant(user.email)
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "mfa", "id": key.pk, "type": "webauthn", "at": time.time()}
    ]
    session["account_authentication_methods_user"] = user.pk
    session.save()
    return client


def report(agent: Agent, at: int) -> Feedback:
    """Return one report of many, not saved: states, types, severities and ages are mixed."""
    now = timezone.now()
    return Feedback(
        organization_id=agent.organization_id,
        agent=agent,
        state=_STATES[at % len(_STATES)],
        type=TYPES[at % len(TYPES)],
        severity=LEVELS[at % len(LEVELS)],
        title=f"Report {at} of {_WORDS[at % 10]} and {_WORDS[at % 7]}",
        command_key=f"command {at % 40}",
        error_code=("TIMEOUT", "SPEND_CAP_EXCEEDED", "")[at % 3],
        quality_score=50,
        is_weak=False,
        priority=40_000 + at % 9_001,
        snoozed_at=now if at % 100 == 1 else None,
        triaged_at=now - timedelta(minutes=at % 900) if at % 2 else None,
        state_changed_at=now,
        trace_id="trace_0",
        created_at=now - timedelta(hours=at % 500),
        last_reported_at=now,
    )


def fill(agent: Agent, start: int, end: int) -> None:
    """Add reports, each with its words."""
    for first in range(start, end, _BATCH):
        places = range(first, min(first + _BATCH, end))
        rows = Feedback.objects.bulk_create([report(agent, at) for at in places], batch_size=1_000)
        FeedbackTerm.objects.bulk_create(
            [
                FeedbackTerm(feedback_id=row.pk, term=word, of=4)
                for at, row in zip(places, rows, strict=True)
                for word in {_WORDS[at % 10], _WORDS[at % 7], f"word{at % 977}", f"rare{at}"}
            ],
            batch_size=2_000,
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def milliseconds(client: Client, path: str) -> tuple[float, float]:
    """Return the median time of a page, after asking for it once: by the clock, and of the processor."""
    took, worked = [], []
    for _ in range(_RUNS + 1):
        began, began_working = time.perf_counter(), time.process_time()
        answer = client.get(path)
        took.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - began_working) * 1000)
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP's own
            raise SystemExit(f"{path}: {answer.status_code}")
    return statistics.median(took[1:]), statistics.median(worked[1:])


def measure(client: Client) -> dict[str, tuple[float, float]]:
    """Return how long each page takes."""
    newest = Feedback.objects.order_by("-pk").values_list("pk", flat=True)[0]
    return {
        name: milliseconds(client, f"/console/feedback{path}")
        for name, path in (
            ("the first page", ""),
            ("a type", "?tab=new&type=praise"),
            ("done", "?tab=done"),
            ("snoozed", "?tab=snoozed"),
            ("a report", f"/{newest}"),
            ("a search", f"/{newest}/search?q=background+ratio"),
        )
    }


def main(number: int) -> int:
    """Measure with few reports and with many; return 1 where a page is slow or grows."""
    now = timezone.now()
    place = Organization.objects.create(name="Large", created_at=now)
    agent = Agent.objects.create(
        organization=place, name="atlas-7", runtime="python", signup_network="loopback", created_at=now
    )
    client = sign_in()
    fill(agent, 0, FEW)
    few = measure(client)
    fill(agent, FEW, number)
    slow = False
    print(f"{number:,} reports against {FEW:,} ({connection.vendor})")
    for name, (took, work) in measure(client).items():
        ratio = took / few[name][0]
        is_slow = work > MOST_MILLISECONDS or ratio > MOST_RATIO
        slow = slow or is_slow
        print(f"{name}: {took:.1f} ms, of the processor {work:.1f} ms, {ratio:.1f} times that of few", end="")
        print(", TOO SLOW" if is_slow else "")
    return int(slow)


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else REPORTS))
