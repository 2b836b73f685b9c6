"""Writing the activity ledger: the registry of event types, and the only function that adds a line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from django.utils import timezone

from imageskill.core import trace
from imageskill.core.messages import Statement, send
from imageskill.core.models import ActivityEvent, EventReference
from imageskill.core.rows import inserted

SEED = "0.1.0"
LATEST = "latest"


class ActingFor(Protocol):
    """Who does something: an agent, a human, a session of staff, or the system."""

    @property
    def actor_type(self) -> str:
        """`agent`, `human`, `session` or `system`."""
        ...

    @property
    def actor_id(self) -> str:
        """The public id, or the name of a part of the system."""
        ...


@dataclass(frozen=True, slots=True)
class System:
    """The service itself as an actor, by the name of its part."""

    actor_id: str
    actor_type: str = "system"


@dataclass(frozen=True, slots=True)
class Human:
    """A person as an actor, by the user's public id."""

    actor_id: str
    actor_type: str = "human"


@dataclass(frozen=True, slots=True)
class EventSpec:
    """A type's name, its subject, the links it may carry, and the contract from which callers get it.

    Events of people name no agent, so no agent ever reads them: they are for the members of their workspace.
    """

    name: str
    subject: str
    links: frozenset[str]
    since: str = SEED


_JOB_LINKS = frozenset({"job_id", "asset_ids", "usage_event_id"})
_PAYMENT_LINKS = frozenset({"quote_id", "payment_attempt_id", "receipt_id", "credit_event_id"})


class EventType(Enum):
    """The closed registry. Those of the seed contract reach every caller; later ones only who asks for them."""

    JOB_COMPLETED = EventSpec("job.completed", "job", _JOB_LINKS)
    ASSET_CREATED = EventSpec("asset.created", "asset", _JOB_LINKS)
    ASSET_UPLOADED = EventSpec("asset.uploaded", "asset", _JOB_LINKS)
    USAGE_CREDIT_CONSUMED = EventSpec("usage.credit_consumed", "usage", _JOB_LINKS)
    FEEDBACK_CREATED = EventSpec("feedback.created", "feedback", frozenset({"feedback_id"}))
    CHECKOUT_SESSION_CREATED = EventSpec(
        "payment.checkout_session.created",
        "payment",
        frozenset({"quote_id", "payment_attempt_id", "checkout_session_id"}),
    )
    CREDITS_PAYMENT_BACKED_GRANTED = EventSpec("credits.payment_backed_granted", "credit", _PAYMENT_LINKS)
    ASSET_DELETED = EventSpec("asset.deleted", "asset", _JOB_LINKS, LATEST)
    JOB_PLANNED = EventSpec("job.planned", "job", _JOB_LINKS, LATEST)
    CREDITS_REFUNDED = EventSpec("credits.payment_backed_refunded", "credit", _PAYMENT_LINKS, LATEST)
    CREDITS_DISPUTED = EventSpec("credits.payment_backed_disputed", "credit", _PAYMENT_LINKS, LATEST)
    CREDITS_REINSTATED = EventSpec("credits.payment_backed_reinstated", "credit", _PAYMENT_LINKS, LATEST)
    CREDITS_REFUND_REQUESTED = EventSpec("credits.refund_requested", "credit", _PAYMENT_LINKS, LATEST)
    CREDITS_ADJUSTED = EventSpec("credits.adjusted", "credit", frozenset({"feedback_id"}), LATEST)
    CREDITS_ALERT_SET = EventSpec("credits.alert_set", "credit", frozenset(), LATEST)
    CHECKOUT_SESSION_CANCELED = EventSpec(
        "payment.checkout_session.canceled",
        "payment",
        frozenset({"quote_id", "payment_attempt_id", "checkout_session_id"}),
        LATEST,
    )
    PAYMENT_REVIEWED = EventSpec("payment.reviewed", "payment", _PAYMENT_LINKS, LATEST)
    FEEDBACK_STATUS_CHANGED = EventSpec("feedback.status_changed", "feedback", frozenset({"feedback_id"}), LATEST)
    APPROVAL_REQUESTED = EventSpec("approval.requested", "job", _JOB_LINKS, LATEST)
    APPROVAL_DECIDED = EventSpec("approval.decided", "job", _JOB_LINKS, LATEST)
    MANDATE_SET = EventSpec("mandate.set", "agent", frozenset(), LATEST)
    TOKEN_ROTATED = EventSpec("token.rotated", "token", frozenset(), LATEST)
    TOKEN_REVOKED = EventSpec("token.revoked", "token", frozenset(), LATEST)
    TOKEN_REJECTED = EventSpec("token.rejected", "token", frozenset(), LATEST)
    AGENT_PAUSED = EventSpec("agent.paused", "agent", frozenset(), LATEST)
    AGENT_RESUMED = EventSpec("agent.resumed", "agent", frozenset(), LATEST)
    AGENT_RELEASED = EventSpec("agent.released", "agent", frozenset(), LATEST)
    AGENT_MOVED = EventSpec("agent.moved", "agent", frozenset(), LATEST)
    AGENT_RENAMED = EventSpec("agent.renamed", "agent", frozenset(), LATEST)
    AGENT_GRANTS_SET = EventSpec("agent.grants_set", "agent", frozenset(), LATEST)
    AGENT_QUARANTINED = EventSpec("agent.quarantined", "agent", frozenset(), LATEST)
    AGENT_FREED = EventSpec("agent.freed", "agent", frozenset(), LATEST)
    AGENT_REVOKED = EventSpec("agent.revoked", "agent", frozenset(), LATEST)
    AGENT_EXPIRED = EventSpec("agent.expired", "agent", frozenset(), LATEST)
    PROVIDER_SWITCHED = EventSpec("provider.switched", "provider", frozenset(), LATEST)
    CLAIM_REQUESTED = EventSpec("claim.requested", "claim", frozenset(), LATEST)
    CLAIM_APPROVED = EventSpec("claim.approved", "claim", frozenset(), LATEST)
    CLAIM_DENIED = EventSpec("claim.denied", "claim", frozenset(), LATEST)
    SHARE_MADE = EventSpec("share.made", "share", frozenset({"asset_ids"}), LATEST)
    SHARE_REVOKED = EventSpec("share.revoked", "share", frozenset({"asset_ids"}), LATEST)
    CLAIM_DISOWNED = EventSpec("claim.disowned", "claim", frozenset(), LATEST)
    CLAIM_ATTEMPTED = EventSpec("claim.attempted", "claim", frozenset(), LATEST)
    CONTACT_CHANGE_ASKED = EventSpec("contact.change_asked", "agent", frozenset(), LATEST)
    INVITATION_SENT = EventSpec("invitation.sent", "invitation", frozenset(), LATEST)
    INVITATION_WITHDRAWN = EventSpec("invitation.withdrawn", "invitation", frozenset(), LATEST)
    INVITATION_DECLINED = EventSpec("invitation.declined", "invitation", frozenset(), LATEST)
    MEMBER_JOINED = EventSpec("member.joined", "member", frozenset(), LATEST)
    MEMBER_ROLE_CHANGED = EventSpec("member.role_changed", "member", frozenset(), LATEST)
    MEMBER_REMOVED = EventSpec("member.removed", "member", frozenset(), LATEST)
    MEMBER_SIGN_IN_CHANGED = EventSpec("member.sign_in_changed", "member", frozenset(), LATEST)
    WORKSPACE_RENAMED = EventSpec("workspace.renamed", "workspace", frozenset(), LATEST)
    WORKSPACE_VIEWED = EventSpec("workspace.viewed", "workspace", frozenset(), LATEST)
    PICTURE_LET_BACK = EventSpec("picture.let_back", "picture", frozenset(), LATEST)
    PRICE_CHANGED = EventSpec("price.changed", "price", frozenset(), LATEST)


BY_NAME = {member.value.name: member.value for member in EventType}
SEED_NAMES = frozenset(name for name, spec in BY_NAME.items() if spec.since == SEED)


def record(
    event_type: EventType,
    *,
    actor: ActingFor,
    organization_id: str,
    agent_id: str,
    subject_id: str,
    operation: str,
    status: str,
    summary: str,
    links: Mapping[str, str | list[str]] | None = None,
    cost_micros: int | None = None,
    credits: int | None = None,
) -> ActivityEvent:
    """Add one event and the references under which it can be found; part of the caller's transaction.

    `cost_micros` is in millionths of a USD. ValueError: a link that the type does not carry.
    """
    event = draft(
        event_type,
        actor=actor,
        organization_id=organization_id,
        agent_id=agent_id,
        subject_id=subject_id,
        operation=operation,
        status=status,
        summary=summary,
        links=links,
        cost_micros=cost_micros,
        credits=credits,
    )
    record_all([event])
    return event


def draft(
    event_type: EventType,
    *,
    actor: ActingFor,
    organization_id: str,
    agent_id: str,
    subject_id: str,
    operation: str,
    status: str,
    summary: str,
    links: Mapping[str, str | list[str]] | None = None,
    cost_micros: int | None = None,
    credits: int | None = None,
) -> ActivityEvent:
    """Return the same event unwritten, for `record_all`."""
    spec = event_type.value
    links = dict(links or {})
    if set(links) - spec.links:
        raise ValueError(f"{spec.name} carries no {sorted(set(links) - spec.links)}")
    return ActivityEvent(
        type=spec.name,
        organization_id=organization_id,
        agent_id=agent_id,
        actor_type=actor.actor_type,
        actor_id=actor.actor_id,
        subject_type=spec.subject,
        subject_id=subject_id,
        operation=operation,
        status=status,
        summary=summary,
        links=links,
        cost_micros=cost_micros,
        credits=credits,
        trace_id=trace.current(),
        occurred_at=timezone.now(),
    )


def record_all(drafts: Iterable[ActivityEvent]) -> None:
    """Add events in their order, with their references: two statements, however many they are."""
    send(*recorded(drafts))


def recorded(drafts: Iterable[ActivityEvent]) -> list[Statement[None]]:
    """Return the statements behind `record_all`, to be sent with others; none where there are no events."""
    written = tuple(drafts)
    references = [
        EventReference(
            event_id=event.pk,
            organization_id=event.organization_id,
            agent_id=event.agent_id,
            reference=reference,
        )
        for event in written
        for reference in sorted(set(_references(event)))
    ]
    return [inserted(*written), inserted(*references)] if written else []


def _references(event: ActivityEvent) -> Iterable[str]:
    yield event.subject_id
    if event.trace_id:
        yield event.trace_id
    for link in event.links.values():
        yield from [link] if isinstance(link, str) else link
