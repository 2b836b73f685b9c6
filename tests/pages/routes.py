"""Every route outside /v1, and an address of each with ids that the studio has.

A route with a new kind of argument needs a sample of it in SAMPLES; one that is open to everybody needs its reason
in OPEN.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts import members
from accounts.models import AgentToken, Claim, Invitation
from billing import adjustments
from billing.models import Adjustment, PaymentAttempt, Receipt, StripeEvent
from creative import gallery, sharing
from creative.models import Feedback, Quarantine
from tests.cast import sign_up
from tests.feedback.reports import report
from tests.pages.studio import Studio

INSIDE: Final = re.compile(r"w/<(str:)?organization_id>/")
API: Final = re.compile(r"v1(/|$)")
GROUP: Final = re.compile(r"\(\?P<(\w+)>[^()]*\)")
"""An argument of a route that is a regular expression."""
ARGUMENT: Final = re.compile(r"<(?:\w+:)?(\w+)>")

OPEN: Final = {
    "": "the front page",
    "healthz": "tells that the service is well",
    "livez": "tells that the process is there",
    "metrics": "proves itself by METRICS_TOKEN; without it there is no such page",
    "skill.md": "a document",
    "llms.txt": "a document",
    "cli.md": "a document",
    "changelog": "what changed; nobody's data",
    "styleguide": "parts of pages without anybody's data",
    "webhooks/stripe": "proves itself by its signature",
    "a/<str:name>": "the id of a picture is the key to its bytes",
}
"""Routes that ask nobody who they are, and why they need not."""

OPEN_UNDER: Final = {
    "account/": "the sign-in library's and ours, before and while somebody signs in",
    "pay/": "whoever pays for an agent has no account; the reference is the key",
    "s/": "a share link; its token is the key",
    "claim": "its own doors: a code, a mailed link, and the contact that has signed in",
}

STAFF: Final = ("console", "admin/")
"""Under these are the pages of staff, which are there for nobody else."""

ALIKE: Final = re.compile(r"admin/(?!accounts/agent/|billing/ledgerentry/)\w+/\w+/")
"""Tables of the admin have the same two routes, made by the same lines: one with acts and one without are walked.

That each of them stands behind its door, tests/console/test_admin_door.py asks.
"""

Sample = Callable[[Studio], object]


def _claim(studio: Studio) -> Claim:
    agent = sign_up(studio.owner.email, name="waiting")
    assert agent.post("/v1/agent-claims", {"contact": studio.owner.email}).ok
    return Claim.objects.filter(agent_id=agent.agent_id).latest("pk")


def _adjustment(studio: Studio) -> Adjustment:
    now = timezone.now()
    return Adjustment.objects.create(
        organization=studio.organization,
        credits=5000,
        reason="Pictures came out black",
        ticket="T-1",
        state=Adjustment.State.WAITING,
        requested_by=studio.owner,
        created_at=now,
        expires_at=now + adjustments.WAITS,
    )


def _webhook() -> StripeEvent:
    return StripeEvent.objects.create(
        event_id="evt_1",
        type="refund.created",
        object_id="re_1",
        livemode=False,
        payload={"id": "evt_1", "data": {"object": {"id": "re_1"}}},
        received_at=timezone.now(),
    )


def _quarantine(studio: Studio) -> Quarantine:
    """Return bytes in quarantine that no picture has: the studio's pictures stay."""
    told = {"reason": "unlawful", "actor_id": "operator", "created_at": timezone.now()}
    return Quarantine.objects.get_or_create(sha256="a" * 64, defaults=told)[0]


def _share(studio: Studio) -> sharing.Made:
    scope = gallery.scope_of(studio.organization)
    return sharing.make(scope=scope, user=studio.owner, pictures=studio.assets[-1:], days=7)


def _invitation(studio: Studio) -> Invitation:
    standing = Invitation.objects.filter(organization=studio.organization).first()
    return standing or members.invite(by=studio.place, email="cy@example.com", role="viewer")


def _feedback(studio: Studio) -> Feedback:
    return Feedback.objects.first() or Feedback.objects.get(pk=report(studio.agent).data["feedback_id"])


SAMPLES: Final[dict[str, Sample]] = {
    "organization_id": lambda studio: studio.organization.pk,
    "agent_id": lambda studio: studio.agent.agent_id,
    "asset_id": lambda studio: studio.assets[-1].pk,
    "job_id": lambda studio: studio.waiting_job_id,
    "feedback_id": lambda studio: _feedback(studio).pk,
    "token_id": lambda studio: AgentToken.objects.filter(agent_id=studio.agent.agent_id).latest("pk").pk,
    "user_id": lambda studio: studio.owner.pk,
    "invitation_id": lambda studio: _invitation(studio).pk,
    "link_id": lambda studio: _share(studio).link.pk,
    "token": lambda studio: _share(studio).token,
    "position": lambda _studio: 0,
    "width": lambda _studio: 320,
    "chain": lambda studio: studio.organization.pk,
    "month": lambda _studio: f"{timezone.now():%Y-%m}",
    "reference": lambda _studio: PaymentAttempt.objects.latest("pk").pk,
    "link": lambda studio: _claim(studio).link,
    "word": lambda _studio: "no-word",
    "name": lambda studio: f"{studio.assets[-1].pk}-320.webp",
    "pk": lambda _studio: 1,
    "form": lambda _studio: "csv",
    "attempt_id": lambda _studio: PaymentAttempt.objects.latest("pk").pk,
    "receipt_id": lambda _studio: Receipt.objects.latest("pk").pk,
    "adjustment_id": lambda studio: _adjustment(studio).pk,
    "event_id": lambda _studio: _webhook().event_id,
    "object_id": lambda studio: studio.agent.agent_id,
    "model_id": lambda _studio: "canvas.draft",
    "sha256": lambda studio: _quarantine(studio).pk,
}
"""For each argument of a route, by its name: one that exists in the studio."""


@dataclass(frozen=True)
class Route:
    """A route of the url map: its pattern in full, its name and its view."""

    pattern: str
    name: str
    view: Any

    @property
    def arguments(self) -> list[str]:
        return ARGUMENT.findall(self.pattern)

    @property
    def is_inside(self) -> bool:
        return INSIDE.match(self.pattern) is not None

    @property
    def is_for_staff(self) -> bool:
        return self.pattern.startswith(STAFF)

    @property
    def is_open(self) -> bool:
        return self.pattern in OPEN or self.pattern.startswith(tuple(OPEN_UNDER))

    def __str__(self) -> str:
        return f"{self.name or 'a route'} ({self.pattern})"


def walk(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Return every route of the url map with its pattern in full, those of the wire too."""
    for entry in resolver.url_patterns:
        pattern = before + GROUP.sub(r"<\1>", str(entry.pattern)).strip("^$").replace("\\", "")
        if isinstance(entry, URLResolver):
            yield from walk(entry, pattern)
        else:
            yield pattern, entry


ROUTES: Final = [
    Route(pattern, entry.name or "", entry.callback)
    for pattern, entry in walk(get_resolver())
    if not (API.match(pattern) or ALIKE.match(pattern))
]
WALKED: Final = [route for route in ROUTES if set(route.arguments) <= set(SAMPLES)]
"""All of them, once each argument has a sample."""


def path_of(route: Route, samples: dict[str, object]) -> str:
    """Return an address of a route, with the studio's own ids."""
    return "/" + ARGUMENT.sub(lambda found: str(samples[found[1]]), route.pattern)
