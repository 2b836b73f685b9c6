"""Events and refusals of the tests' own, made by the functions that make them in life."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Agent, Organization
from billing.models import Decision, Mandate
from imageskill.core import events, trace
from imageskill.core.events import EventType, System
from imageskill.core.models import ActivityEvent

COUNTERS = {"day": {"cap": 20, "used": 18, "held": 0, "resets_at": "2026-11-22T00:00:00+00:00"}}


def make_agent(organization: Organization, name: str = "atlas-7") -> Agent:
    return Agent.objects.create(
        organization=organization, name=name, runtime="tests", signup_network="x", created_at=timezone.now()
    )


def happen(
    agent: Agent, kind: EventType = EventType.ASSET_UPLOADED, status: str = "uploaded", **told: Any
) -> ActivityEvent:
    """Let something happen to an agent; `told` replaces what the event stores."""
    trace.enter(told.pop("trace_id", "trace_0hodr617mc3htpzfv3cuso56x"))
    return events.record(
        kind,
        **{
            "actor": System("tests"),
            "organization_id": agent.organization_id,
            "agent_id": agent.pk,
            "subject_id": "image_0hodr617mc3htpzfv3cuso56x",
            "operation": "upload",
            "status": status,
            "summary": "Picture uploaded",
            **told,
        },
    )


def refuse(agent: Agent, *, reason: str = "cap_day", needed: int = 24, seconds_ago: float = 0) -> Decision:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    mandate = Mandate.objects.filter(agent=agent).first() or Mandate.objects.create(
        agent=agent,
        organization=agent.organization,
        version=1,
        cap_day=20,
        time_zone="Europe/Berlin",
        lifetime_starts_at=at,
        actor_type="human",
        actor_id="usr_x",
        created_at=at,
    )
    return Decision.objects.create(
        organization=agent.organization,
        agent=agent,
        mandate=mandate,
        outcome="denied",
        reason=reason,
        needed_credits=needed,
        counters=COUNTERS,
        ledger_seq=1,
        decided_at=at,
        last_at=at,
    )
