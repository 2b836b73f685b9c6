"""The triage at 100,000 reports, against the same pages at 1,000 in the same process.

DATABASE_URL=postgres://... .venv/bin/python -m benchmarks.triage [REPORTS]

It prints how long each page takes, and how many times that of few reports. It fails where a page needs over 150 ms
of the processor or grows fourfold. benchmarks/throwaway.py tells of the database.
"""

import sys
import time

from benchmarks import throwaway
from benchmarks.throwaway import Taken

throwaway.settle()

from datetime import timedelta  # noqa: E402 - settings come first

from allauth.mfa.models import Authenticator  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts import staff  # noqa: E402
from accounts.models import Agent, Organization, User  # noqa: E402
from creative.feedback.vocabulary import LEVELS, TYPES  # noqa: E402
from creative.models import Feedback, FeedbackTerm  # noqa: E402

REPORTS = 100_000
FEW = 1_000
MOST_MILLISECONDS = 150
MOST_RATIO = 4
_BATCH = 5_000
_WORDS = ("background", "ratio", "cancel", "receipt", "approval", "timeout", "quota", "upload", "prompt", "edge")
_STATES = (*["received"] * 4, "needs_proof", "accepted", "fixed", "declined", "regressed")


def sign_in() -> Client:
    """Return the session of a member of staff, as a passkey leaves it."""
    user = User.objects.create_user("sam@example.com")
    key = Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "laptop"})
    staff.grant(user.email)
    client = throwaway.sign_in(user)
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
    throwaway.analyse()


def measure(client: Client) -> dict[str, Taken]:
    """Return how long each page takes."""
    newest = Feedback.objects.order_by("-pk").values_list("pk", flat=True)[0]
    return {
        name: throwaway.page(client, f"/console/feedback{path}")
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
    for name, taken in measure(client).items():
        ratio = taken.least_work / few[name].least_work
        is_slow = taken.least_work > MOST_MILLISECONDS or ratio > MOST_RATIO
        slow = slow or is_slow
        print(f"{name}: {taken}, {ratio:.1f} times that of few{', TOO SLOW' if is_slow else ''}")
    return int(slow)


if __name__ == "__main__":
    throwaway.prepare()
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else REPORTS))
