"""What an owner allows an agent, as one thing: its limits and its grants; raised only by who signed in just now.

Lowering is in force at once. Raising anything is told to every owner by mail, with a way back that leads to a
page: the page acts, the link does not.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.template.loader import render_to_string

from accounts import agents, emails, grants
from accounts.members import CannotError
from accounts.models import Agent, Membership, Role
from billing import mandates
from billing.mandates import Terms
from billing.models import Mandate
from imageskill.core import outbox
from imageskill.core.errors import invalid_fields
from imageskill.core.events import EventType, Human
from imageskill.core.units import unit_of_work

UNDONE_WITHIN: Final = timedelta(days=30)
KNOWN: Final = (*grants.UNCLAIMED, *grants.CLAIM_MAY_ADD)
_SALT: Final = "limits.undo"


class RaisesError(CannotError):
    """What was asked for raises limits, and nobody has confirmed that with a fresh sign-in."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Limits and grants together; the grants are sorted."""

    terms: Terms
    grants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did: the version in force now, and the names of what was raised."""

    mandate: Mandate
    raised: tuple[str, ...]


def allowed_now(agent: Agent, mandate: Mandate | None) -> Allowed:
    """Return what an agent is allowed."""
    return Allowed(Terms.of(mandate), tuple(sorted(agent.grants)))


def raised(before: Allowed, after: Allowed) -> tuple[str, ...]:
    """Return the names of what `after` widens: limits, and `grants` for any new one."""
    wider = mandates.raised(before.terms, after.terms)
    return wider if set(after.grants) <= set(before.grants) else (*wider, "grants")


@unit_of_work
def change(*, by: Membership, agent_id: str, after: Allowed, based_on: int, is_confirmed: bool) -> Changed:
    """Put other limits and grants in force; `based_on` is the version that the member was shown, 0 for none.

    RaisesError: something is raised, and that is not confirmed. CannotError: as for `agents.standing`, or somebody
    else has set limits since. INVALID_ARGUMENTS: impossible limits or grants.
    """
    agent = agents.standing(by, agent_id)
    earlier = mandates.current(agent_id=agent.pk, organization_id=agent.organization_id)
    if based_on != (earlier.version if earlier is not None else 0):
        raise CannotError("Somebody has set other limits meanwhile. They are shown now; nothing of yours is set.")
    before = allowed_now(agent, earlier)
    wider = raised(before, after)
    if wider and not is_confirmed:
        raise RaisesError("This raises limits: confirm it.")
    if after.grants != before.grants:
        _grant(agent, after.grants, by)
    summary = "Limits raised" if wider else "Limits set"
    mandate = mandates.set_terms(agent=agent, terms=after.terms, actor=Human(by.user_id), summary=summary)
    if wider:
        _tell_owners(agent, by, before, mandate)
    return Changed(mandate, wider)


def check_grants(granted: Collection[str]) -> None:
    """Raise INVALID_ARGUMENTS for a grant that no owner can give."""
    unknown = sorted(set(granted) - set(KNOWN))
    if unknown:
        raise invalid_fields({"grants": [f"must be among {', '.join(sorted(KNOWN))}"]})


def _grant(agent: Agent, granted: Collection[str], by: Membership) -> None:
    check_grants(granted)
    Agent.objects.filter(pk=agent.pk).update(grants=sorted(granted))
    agents.record(EventType.AGENT_GRANTS_SET, agent, by, status="set", summary="Grants set")


def _tell_owners(agent: Agent, by: Membership, before: Allowed, mandate: Mandate) -> None:
    kept = signing.dumps([agent.pk, mandate.version, list(before.grants), agent.organization_id], salt=_SALT)
    told = {
        "agent_name": emails.quoted(agent.name),
        "workspace": emails.quoted(agent.organization.name),
        "who": by.user.email,
        "at": mandate.created_at,
        "days": UNDONE_WITHIN.days,
        "undo": f"{settings.BASE_URL}/w/{agent.organization_id}/agents/{agent.pk}/undo?of={kept}",
    }
    text = render_to_string("mail/limits_raised.txt", told)
    owners = Membership.objects.filter(organization_id=agent.organization_id, role=Role.OWNER)
    for owner in owners.select_related("user").order_by("pk"):
        subject = "The limits of an agent were raised"
        outbox.write(kind="limits_raised", recipient=owner.user.email, subject=subject, text=text)


def before_undo(agent: Agent, kept: str) -> Allowed:
    """Return what an agent was allowed before the raise that a mail told of. CannotError: no such, or too old."""
    try:
        agent_id, version, granted, place = _opened(kept)
    except signing.BadSignature:
        raise CannotError("This way back is not good, or it is older than 30 days.") from None
    if agent_id != agent.pk:
        raise CannotError("This way back is another agent's.")
    if place not in ("", agent.organization_id):
        raise CannotError("The agent was moved here since; its limits were set anew then.")
    rows = mandates.versions(agent_id=agent.pk, organization_id=agent.organization_id)
    return Allowed(Terms.of(rows.filter(version=version - 1).first()), tuple(sorted(granted)))


def _opened(kept: str) -> tuple[str, int, list[str], str]:
    # Mails from before agents moved name no workspace.
    agent_id, version, granted, *place = signing.loads(kept, salt=_SALT, max_age=UNDONE_WITHIN)
    return str(agent_id), int(version), list(granted), str(place[0]) if place else ""


def differences(before: Allowed, after: Allowed) -> dict[str, tuple[Any, Any]]:
    """Return what differs, by name: the earlier and the later value."""
    caps = (f"cap_{name}" for name in mandates.WINDOWS)
    names = [*caps, "approval_threshold", "allowed_models", "time_zone", "ends_at"]
    pairs: dict[str, tuple[Any, Any]] = {
        name: (getattr(before.terms, name), getattr(after.terms, name)) for name in names
    }
    pairs["grants"] = (before.grants, after.grants)
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
