"""Workspaces and who belongs to them: the guarded door of every signed-in page, and joining and leaving."""

import hashlib
from datetime import timedelta
from typing import Final

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import contacts, organizations
from accounts.models import Agent, AgentMove, Invitation, Membership, Organization, Role, User
from imageskill.core import events, outbox, tallies
from imageskill.core.events import EventType, Human
from imageskill.core.ids import prefix_of
from imageskill.core.units import unit_of_work

INVITATION_LASTS: Final = timedelta(days=7)
MAILS_PER_ADDRESS_A_DAY: Final = 3
MAILS_PER_WORKSPACE_A_DAY: Final = 30
MOST_WORKSPACES: Final = 20

SIGN_IN_CHANGES: Final = {
    "password_set": "Password set",
    "password_changed": "Password changed",
    "password_reset": "Password set anew by a mailed code",
    "email_changed": "E-mail address changed",
    "email_deleted": "E-mail address removed",
    "totp_activated": "App for codes added",
    "totp_deactivated": "App for codes removed",
    "webauthn_added": "Passkey added",
    "webauthn_removed": "Passkey removed",
    "recovery_codes_generated": "Recovery codes made anew",
}
"""What the members of a workspace are told of how one of them signs in: the library's names -> our words."""


class CannotError(Exception):
    """What was asked for cannot be done; the message is for the person who asked."""


def workspace_of(user: User, organization_id: str) -> Membership | None:
    """Return a user's place in a workspace, with the workspace; None for strangers and for merged ones."""
    if prefix_of(organization_id) != "org":
        return None
    places = Membership.objects.select_related("organization", "user").filter(organization__merged_into=None)
    return places.filter(user=user, organization_id=organization_id).first()


def workspaces_of(user: User) -> list[Organization]:
    """Return the workspaces of a user, by name."""
    return list(Organization.objects.filter(memberships__user=user, merged_into=None).order_by("name", "pk"))


def people_of(organization: Organization) -> list[Membership]:
    """Return who belongs to a workspace, in the order they came."""
    return list(organization.memberships.select_related("user").order_by("created_at", "pk"))


def agents_of(organization: Organization) -> list[Agent]:
    """Return the agents of a workspace, newest first, with those that moved away: their history stayed."""
    moved = AgentMove.objects.filter(from_organization=organization).values("agent")
    return list(Agent.objects.filter(Q(organization=organization) | Q(pk__in=moved)).order_by("-pk")[:100])


def open_invitations(organization: Organization) -> list[Invitation]:
    """Return the invitations of a workspace that can still be accepted, newest first."""
    return list(_open().filter(organization=organization).order_by("-pk"))


def invitations_for(user: User) -> list[Invitation]:
    """Return the invitations that a user can accept: those to an address that the user has shown to own."""
    mine = _for_addresses(verified_addresses(user)).select_related("organization", "invited_by")
    return list(mine.order_by("-pk"))


def verified_addresses(user: User) -> frozenset[str]:
    """Return the addresses, in lower case, that a user has shown to own."""
    rows = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return frozenset(email.lower() for email in rows)


@unit_of_work
def make_workspace(*, user: User, name: str) -> Organization:
    """Make a workspace that this user owns. CannotError: the user has too many."""
    now = timezone.now()
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if Membership.objects.filter(user=user, role=Role.OWNER).count() >= MOST_WORKSPACES:
        raise CannotError(f"One person owns at most {MOST_WORKSPACES} workspaces.")
    organization = Organization.objects.create(name=name, created_at=now)
    Membership.objects.create(user=user, organization=organization, role=Role.OWNER, created_at=now)
    return organization


@unit_of_work
def rename(*, by: Membership, name: str) -> None:
    """Give the workspace another name. CannotError: not an owner's or admin's act."""
    organizations.lock(by.organization_id)
    _require(by, {Role.OWNER, Role.ADMIN})
    if Organization.objects.filter(pk=by.organization_id).exclude(name=name).update(name=name):
        _record(
            EventType.WORKSPACE_RENAMED, by.user_id, by.organization_id, by.organization_id, "Workspace renamed"
        )


@unit_of_work
def invite(*, by: Membership, email: str, role: str) -> Invitation:
    """Invite whoever owns an address, and mail it. CannotError: a member already, or too many mails."""
    organizations.lock(by.organization_id)
    _require(by, {Role.OWNER})
    if not contacts.is_address(email):
        raise CannotError("This is no address that mail can be sent to.")
    present = EmailAddress.objects.filter(
        email__iexact=email, verified=True, user__memberships__organization_id=by.organization_id
    )
    if present.exists():
        raise CannotError(f"{email} belongs to this workspace already.")
    now = timezone.now()
    standing = Invitation.objects.filter(organization_id=by.organization_id, email__iexact=email)
    standing.filter(state=Invitation.State.OPEN).update(state=Invitation.State.WITHDRAWN, decided_at=now)
    _count_mail(email, by.organization_id)
    invitation = Invitation.objects.create(
        organization_id=by.organization_id,
        email=email,
        role=Role(role),
        invited_by=by.user,
        created_at=now,
        ends_at=now + INVITATION_LASTS,
    )
    told = {"invitation": invitation, "base_url": settings.BASE_URL, "days": INVITATION_LASTS.days}
    outbox.write(
        kind="invitation",
        recipient=email,
        subject="You are invited to a workspace",
        text=render_to_string("account/email/invitation_message.txt", told),
    )
    _record(EventType.INVITATION_SENT, by.user_id, by.organization_id, invitation.public_id, f"Invited as {role}")
    return invitation


@unit_of_work
def withdraw(*, by: Membership, invitation_id: int) -> None:
    """Take an open invitation back. CannotError: it is not open any more, or not this workspace's."""
    organizations.lock(by.organization_id)
    _require(by, {Role.OWNER})
    invitation = _decide(
        _open().filter(pk=invitation_id, organization_id=by.organization_id), Invitation.State.WITHDRAWN
    )
    _record(
        EventType.INVITATION_WITHDRAWN,
        by.user_id,
        by.organization_id,
        invitation.public_id,
        "Invitation withdrawn",
    )


@unit_of_work
def accept(*, user: User, invitation_id: int) -> Organization:
    """Join by an invitation to an address of the user's own. CannotError: used, over, withdrawn, or another's."""
    invitation = _for_addresses(verified_addresses(user)).filter(pk=invitation_id).first()
    if invitation is None:
        raise CannotError("This invitation is used up, over or for another address.")
    # The workspace first, as whoever withdraws an invitation does.
    (workspace,) = organizations.lock(invitation.organization_id)
    if workspace.merged_into_id:
        raise CannotError("This workspace was merged into another.")
    _decide(_open().filter(pk=invitation.pk), Invitation.State.ACCEPTED)
    place, joined = Membership.objects.get_or_create(
        user=user,
        organization=workspace,
        defaults={"role": invitation.role, "created_at": timezone.now()},
    )
    if joined:
        _record(EventType.MEMBER_JOINED, user.pk, workspace.pk, user.pk, f"Joined as {place.role}")
    return workspace


@unit_of_work
def decline(*, user: User, invitation_id: int) -> None:
    """Refuse an invitation to an address of the user's own. CannotError: as for `accept`."""
    mine = _for_addresses(verified_addresses(user)).filter(pk=invitation_id)
    invitation = _decide(mine, Invitation.State.DECLINED)
    _record(
        EventType.INVITATION_DECLINED,
        user.pk,
        invitation.organization_id,
        invitation.public_id,
        "Invitation declined",
    )


@unit_of_work
def change_role(*, by: Membership, user_id: str, role: str) -> None:
    """Give a member another role. CannotError: the last owner, or nobody of this workspace."""
    organizations.lock(by.organization_id)
    _require(by, {Role.OWNER})
    member = _member(by.organization_id, user_id)
    if role != Role.OWNER:
        _keep_an_owner(member)
    if Membership.objects.filter(pk=member.pk).exclude(role=role).update(role=Role(role)):
        _record(EventType.MEMBER_ROLE_CHANGED, by.user_id, by.organization_id, user_id, f"Role changed to {role}")


@unit_of_work
def remove(*, by: Membership, user_id: str) -> None:
    """Take a member out of the workspace, or leave it oneself. CannotError: the last owner, or not allowed."""
    organizations.lock(by.organization_id)
    if user_id != by.user_id:
        _require(by, {Role.OWNER})
    member = _member(by.organization_id, user_id)
    _keep_an_owner(member)
    Membership.objects.filter(pk=member.pk).delete()
    summary = "Left the workspace" if user_id == by.user_id else "Taken out of the workspace"
    _record(EventType.MEMBER_REMOVED, by.user_id, by.organization_id, user_id, summary)


@unit_of_work
def record_sign_in_change(*, user_id: str, change: str) -> None:
    """Tell the workspaces of a user that the user signs in differently; `change` is as in `SIGN_IN_CHANGES`."""
    summary = SIGN_IN_CHANGES.get(change, "Sign-in changed")
    for place in Membership.objects.filter(user_id=user_id, organization__merged_into=None).order_by("pk"):
        _record(EventType.MEMBER_SIGN_IN_CHANGED, user_id, place.organization_id, user_id, summary)


def _open() -> QuerySet[Invitation]:
    return Invitation.objects.filter(
        state=Invitation.State.OPEN, ends_at__gt=timezone.now(), organization__merged_into=None
    )


def _for_addresses(addresses: frozenset[str]) -> QuerySet[Invitation]:
    return _open().annotate(address=Lower("email")).filter(address__in=addresses)


def _decide(invitations: QuerySet[Invitation], state: Invitation.State) -> Invitation:
    """Move the one open invitation among these, once, and return it as it was."""
    refusal = CannotError("This invitation is used up, over or for another address.")
    invitation = invitations.first()
    if invitation is None:
        raise refusal
    # By the row's own columns only: PostgreSQL does not look again through a join at a row it had to wait for.
    still_open = Invitation.objects.filter(id=invitation.id, state=Invitation.State.OPEN)
    if not still_open.update(state=state, decided_at=timezone.now()):
        raise refusal
    return invitation


def _record(event_type: EventType, actor_id: str, organization_id: str, subject_id: str, summary: str) -> None:
    """Add a line to the workspace's activity: ids and fixed words only, no address and no name."""
    events.record(
        event_type,
        actor=Human(actor_id),
        organization_id=organization_id,
        agent_id="",
        subject_id=subject_id,
        operation="people",
        status="done",
        summary=summary,
    )


def _require(by: Membership, roles: set[Role]) -> None:
    """Let an act pass only by the role as it is under the lock, not as it was when the page was asked for."""
    if not Membership.objects.filter(pk=by.pk, role__in=roles).exists():
        raise CannotError("Your role in this workspace does not allow this.")


def require_decides(*, user: User, organization_id: str) -> None:
    """Let an act of a workspace's owner or admin pass, under the lock. CannotError: they are neither any more."""
    places = Membership.objects.filter(user=user, organization_id=organization_id)
    if not places.filter(role__in=(Role.OWNER, Role.ADMIN)).exists():
        raise CannotError("Your role in this workspace does not allow this.")


def _member(organization_id: str, user_id: str) -> Membership:
    member = Membership.objects.filter(organization_id=organization_id, user_id=user_id).first()
    if member is None:
        raise CannotError("This person does not belong to this workspace.")
    return member


def _keep_an_owner(member: Membership) -> None:
    owners = Membership.objects.filter(organization_id=member.organization_id, role=Role.OWNER)
    if member.role == Role.OWNER and owners.count() == 1:
        raise CannotError("The last owner cannot go: make somebody else an owner first.")


def _count_mail(email: str, organization_id: str) -> None:
    address = hashlib.sha256(email.lower().encode()).hexdigest()
    within = tallies.take(
        "invitation_address", address, limit=MAILS_PER_ADDRESS_A_DAY, period=tallies.DAY
    ) and tallies.take("invitation_space", organization_id, limit=MAILS_PER_WORKSPACE_A_DAY, period=tallies.DAY)
    if not within:
        raise CannotError("This address, or this workspace, had its mails for today. Try again tomorrow.")
