"""What a few words name: an agent, a person, or anything that leads to one. Each kind is asked by an index.

A hit says whose it is and never what an agent was asked to paint.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet
from django.urls import NoReverseMatch, reverse

from accounts import contacts, staff, tokens
from accounts.models import Agent, AgentToken, Claim, Membership, Organization, User
from billing.models import Hold, PaymentAttempt, Quote, Receipt, Reversal, StripeEvent, UsageEvent
from creative.feedback.plain_text import one_line
from creative.models import Asset, Feedback, Job
from imageskill.core.ids import prefix_of
from imageskill.core.models import ActivityEvent, EventReference

MOST: Final = 20
"""So many hits of one kind are shown."""
LONGEST: Final = 200
_OF_AGENTS: Final[dict[str, type[Model]]] = {
    "tok": AgentToken,
    "claim": Claim,
    "job": Job,
    "image": Asset,
    "hold": Hold,
    "usage": UsageEvent,
    "quote": Quote,
    "payatt": PaymentAttempt,
    "receipt": Receipt,
}
"""Rows by the prefix of their id that lead to an agent, or where a person bought to a workspace."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found; `href` is empty where the console has no page of it."""

    kind: str
    name: str
    detail: str
    href: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found; `exact` is where its only hit is."""

    hits: list[Hit]

    @property
    def exact(self) -> str:
        """Return the address of the only hit; empty if there are several, or none with a page."""
        return self.hits[0].href if len(self.hits) == 1 else ""


def find(text: str) -> Found:
    """Return what a text names: an id of any kind, an address, a token or its first characters, a name."""
    asked = text.replace("\0", "").strip()[:LONGEST]
    return Found(_way_to(asked)(asked) if asked else [])


def _way_to(asked: str) -> Callable[[str], list[Hit]]:
    """Return how something is looked for, by its form."""
    by_prefix = _BY_PREFIX.get(prefix_of(asked) or "")
    if by_prefix is not None:
        return by_prefix
    if contacts.is_address(asked):
        return _of_address
    return next((way for start, way in _BY_START.items() if asked.startswith(start)), _named)


def _agent_hit(agent: Agent, about: str = "", detail: str = "") -> Hit:
    told = f"?{urlencode({'about': about})}" if about else ""
    said = detail or f"{agent.get_claim_state_display().lower()}, in {one_line(agent.organization.name)}"
    return Hit("Agent", one_line(agent.name), said, f"{reverse('console_agent', args=[agent.pk])}{told}")


def _agents(rows: Q, about: str = "") -> list[Hit]:
    found = Agent.objects.select_related("organization").filter(rows).order_by("-pk")[:MOST]
    return [_agent_hit(agent, about) for agent in found]


def _of_token(text: str) -> list[Hit]:
    """Return whose a token is: a whole one by its digest, else by its first characters."""
    is_whole = tokens.PATTERN.fullmatch(text) is not None
    rows = Q(sha256=tokens.digest(text)) if is_whole else Q(prefix=text[: tokens.PREFIX_LENGTH])
    ids = list(AgentToken.objects.filter(rows).order_by("-pk").values_list("agent_id", flat=True)[:MOST])
    return _agents(Q(pk__in=ids))


def _people(address: str) -> list[Hit]:
    """Return the workspaces of whoever signs in with an address."""
    user = staff.with_address(address).first()
    if user is None:
        return []
    places = Membership.objects.select_related("organization").filter(user=user).order_by("pk")[:MOST]
    hits = [_workspace_hit(place.organization, f"{place.role} is {user.email}") for place in places]
    return hits or [Hit("Person", user.email, "in no workspace", "")]


def _of_address(address: str) -> list[Hit]:
    """Return where somebody signs in with an address, and the agents that name it as their contact."""
    return [*_people(address), *_agents(Q(contact_digest=contacts.digest(address)))]


def _workspace_hit(place: Organization, detail: str) -> Hit:
    return Hit("Workspace", one_line(place.name), detail, reverse("console_workspace", args=[place.pk]))


def _workspace(organization_id: str) -> list[Hit]:
    """Return who is in a workspace: its agents, those of the shells merged into it by what they are now."""
    places = Membership.objects.select_related("user", "organization").filter(organization_id=organization_id)
    members = list(places.order_by("pk")[:MOST])
    people = [Hit("Person", place.user.email, place.role, "") for place in members]
    own = [_workspace_hit(place.organization, "its own page") for place in members[:1]]
    return [*own, *_agents(Q(organization_id=organization_id) | Q(shell_id=organization_id)), *people]


def _person(user_id: str) -> list[Hit]:
    user = User.objects.filter(pk=user_id).first()
    return _people(user.email) if user is not None else []


def _of_agents(reference: str) -> list[Hit]:
    model = _OF_AGENTS[prefix_of(reference) or ""]
    return _rows(QuerySet(model).filter(pk=reference), model.__name__, reference)


def _rows(rows: Iterable[Model], kind: str, reference: str) -> list[Hit]:
    """Return whose some rows are: an agent's, or the workspace's for which a person bought."""
    told = [(getattr(row, "agent_id", None), getattr(row, "organization_id", None)) for row in rows]
    agents = _agents(Q(pk__in={agent_id for agent_id, _ in told if agent_id}), reference)
    places = Organization.objects.filter(pk__in={place for agent_id, place in told if not agent_id and place})
    return [*agents, *(_workspace_hit(place, f"{kind} {reference}, by a person") for place in places)]


def _receipt_of_credit(reference: str) -> list[Hit]:
    return _rows(Receipt.objects.filter(credit_event_id=reference), "Receipt", reference)


def _reversal(reference: str) -> list[Hit]:
    rows = Reversal.objects.select_related("receipt").filter(pk=reference)
    return _rows([row.receipt for row in rows if row.receipt is not None], "Reversal", reference)


def _sessions(reference: str) -> list[Hit]:
    attempts: Sequence[Model] = list(PaymentAttempt.objects.filter(session_id=reference))
    return _rows(attempts or Receipt.objects.filter(session_id=reference), "Payment", reference)


def _intent(reference: str) -> list[Hit]:
    return _rows(PaymentAttempt.objects.filter(payment_intent=reference)[:MOST], "Payment", reference)


def _report(reference: str) -> list[Hit]:
    row = Feedback.objects.filter(pk=reference).first()
    if row is None:
        return []
    return [Hit("Report", one_line(row.title), row.state, reverse("console_feedback_item", args=[row.pk]))]


def _event(reference: str) -> list[Hit]:
    """Return whose an event of ours is; the payment provider's have ids of the same beginning."""
    event = ActivityEvent.objects.filter(pk=reference).first()
    if event is None:
        return _stripe_events(reference)
    if event.agent_id:
        return _agents(Q(pk=event.agent_id), reference)
    places = Organization.objects.filter(pk=event.organization_id)
    return [_workspace_hit(place, event.summary) for place in places]


def _stripe_events(reference: str) -> list[Hit]:
    try:
        page = f"{reverse('console_webhooks')}?{urlencode({'q': reference})}"
    except NoReverseMatch:
        page = ""
    rows = StripeEvent.objects.filter(event_id=reference)
    return [Hit("Webhook", row.event_id, f"{row.type}, {row.state}", page) for row in rows]


def _trace(reference: str) -> list[Hit]:
    rows = EventReference.objects.filter(reference=reference).exclude(agent_id="").order_by("agent_id")
    return _agents(Q(pk__in=list(rows.values_list("agent_id", flat=True).distinct()[:MOST])), reference)


def _named(name: str) -> list[Hit]:
    """Return the agents of exactly this name."""
    return _agents(Q(name=name))


_BY_PREFIX: Final[dict[str, Callable[[str], list[Hit]]]] = {
    **dict.fromkeys(_OF_AGENTS, _of_agents),
    "agt": lambda reference: _agents(Q(pk=reference)),
    "org": _workspace,
    "usr": _person,
    "credit_event": _receipt_of_credit,
    "reversal": _reversal,
    "sig": _report,
    "evt": _event,
    "trace": _trace,
}
_BY_START: Final[dict[str, Callable[[str], list[Hit]]]] = {
    "isk_r_": _of_token,
    "cs_": _sessions,
    "pi_": _intent,
    "evt_": _stripe_events,
}
"""What others have given ids of their own form, and tokens."""
