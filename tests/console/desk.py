"""Staff at its desk, and reports to work on, made as rows: the way they come is tested elsewhere."""

import itertools
import time
from typing import Any

from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts import staff
from accounts.models import Agent, Organization, User
from creative.feedback import priority, similar
from creative.models import Feedback
from imageskill.core.ids import new_id
from tests.pages.people import make_user

STAFF = "sam@example.com"
_numbers = itertools.count(1)


def add_passkey(user: User) -> Authenticator:
    """Give an account a passkey; in a browser a device makes it."""
    return Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "laptop"})


def enter(user: User, *, record: dict[str, Any] | None = None) -> Client:
    """Return the session that a sign-in leaves: by the account's passkey, or with another record."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    key = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).first()
    session = client.session
    kind = {"method": "mfa", "id": key.pk, "type": "webauthn", "passwordless": True} if key else {"method": "code"}
    session["account_authentication_methods"] = [{"at": time.time(), **(record or kind)}]
    session["account_authentication_methods_user"] = user.pk
    session.save()
    return client


def make_staff(address: str = STAFF) -> User:
    user = make_user(address)
    add_passkey(user)
    return staff.grant(address)


def desk(address: str = STAFF) -> Client:
    """Sign a new member of staff in, with the passkey."""
    return enter(make_staff(address))


def make_agent(name: str = "atlas-7", organization: Organization | None = None) -> Agent:
    now = timezone.now()
    place = organization or Organization.objects.create(name=f"Studio {next(_numbers)}", created_at=now)
    return Agent.objects.create(
        organization=place, name=name, runtime="tests", signup_network="loopback", created_at=now
    )


def make_report(agent: Agent, title: str = "Edit loses the background", **fields: Any) -> Feedback:
    """Make a report as the intake leaves it, with its terms and its priority."""
    now = timezone.now()
    told = {
        "type": "bug_report",
        "severity": "medium",
        "confidence": "high",
        "next_state": "watch",
        "body": "After an edit the background is black.",
        "command": "image-skill edit --json",
        "command_key": "edit",
        "expected": "A transparent background",
        "actual": "A black background",
        "proof_needed": "An edited picture with an alpha channel",
        "quality_score": 85,
        "is_weak": False,
        "trace_id": new_id("trace"),
        "created_at": now,
        "last_reported_at": now,
    }
    row = Feedback.objects.create(organization=agent.organization, agent=agent, title=title, **(told | fields))
    similar.index(row)
    priority.refresh(row.pk)
    row.refresh_from_db()
    return row


def many(agent: Agent, number: int, **fields: Any) -> None:
    """Make so many plain reports at once."""
    now = timezone.now()
    told = {
        "type": "bug_report",
        "severity": "medium",
        "quality_score": 10,
        "is_weak": True,
        "trace_id": "trace_0",
        "created_at": now,
        "last_reported_at": now,
    } | fields
    Feedback.objects.bulk_create(
        [
            Feedback(organization=agent.organization, agent=agent, title=f"Report {at}", priority=at % 7, **told)
            for at in range(number)
        ],
        batch_size=500,
    )


def act(client: Client, row: Feedback, name: str, **sent: Any) -> Any:
    """Send a form of an act, as the page of the report shows it."""
    row.refresh_from_db()
    return client.post(f"/console/feedback/{row.pk}/{name}", {"state": row.state, "tab": "new", **sent})
