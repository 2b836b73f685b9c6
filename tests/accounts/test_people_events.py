"""What people do in a workspace stands in its activity: who, to whom, and in the transaction of the act."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

from accounts import members
from accounts.models import Invitation, Membership, Organization, Role
from imageskill.core import events
from imageskill.core.models import ActivityEvent, EventReference, Outbox
from tests.cast import Member
from tests.pages.people import join, make_user, make_workspace, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NEW = "a long enough password"


def place_of(address: str) -> Membership:
    return Membership.objects.get(user__email=address)


def told(organization: Organization) -> list[tuple[str, str, str]]:
    """Return type, actor and words of a workspace's events, oldest first; each is a human's and no agent's."""
    rows = list(ActivityEvent.objects.filter(organization_id=organization.pk).order_by("pk"))
    assert all((row.actor_type, row.agent_id, row.operation) == ("human", "", "people") for row in rows)
    return [(row.type, row.actor_id, row.summary) for row in rows]


def test_an_invitation_is_told_from_its_sending_to_the_joining() -> None:
    owner = make_user("bo@example.com")
    organization = make_workspace(owner)
    client = sign_in("bo@example.com")
    client.post(f"/w/{organization.pk}/members/invite", {"email": "ada@example.com", "role": "admin"})
    ada = make_user()
    invitation = Invitation.objects.get()
    sign_in().post(f"/invitations/{invitation.pk}/accept")
    assert told(organization) == [
        ("invitation.sent", owner.pk, "Invited as admin"),
        ("member.joined", ada.pk, "Joined as admin"),
    ]
    first, second = ActivityEvent.objects.order_by("pk")
    assert (first.subject_type, first.subject_id) == ("invitation", invitation.public_id)
    assert (second.subject_type, second.subject_id) == ("member", ada.pk)
    assert EventReference.objects.filter(reference=invitation.public_id, organization_id=organization.pk).exists()
    assert first.trace_id.startswith("trace_")


def test_a_withdrawn_and_a_declined_invitation_are_told() -> None:
    owner = make_user("bo@example.com")
    organization = make_workspace(owner)
    place = place_of("bo@example.com")
    ada = make_user()
    first = members.invite(by=place, email="ada@example.com", role="viewer")
    members.withdraw(by=place, invitation_id=first.pk)
    second = members.invite(by=place, email="ada@example.com", role="viewer")
    members.decline(user=ada, invitation_id=second.pk)
    assert told(organization) == [
        ("invitation.sent", owner.pk, "Invited as viewer"),
        ("invitation.withdrawn", owner.pk, "Invitation withdrawn"),
        ("invitation.sent", owner.pk, "Invited as viewer"),
        ("invitation.declined", ada.pk, "Invitation declined"),
    ]


def test_roles_removals_leaving_and_names_are_told_once_each() -> None:
    owner = make_user("bo@example.com")
    organization = make_workspace(owner)
    place = place_of("bo@example.com")
    ada, cy = make_user(), make_user("cy@example.com")
    join(ada, organization, Role.VIEWER)
    theirs = join(cy, organization, Role.VIEWER)
    for _ in range(2):
        members.change_role(by=place, user_id=ada.pk, role="admin")
        members.rename(by=place, name="Studio South")
    members.remove(by=place, user_id=ada.pk)
    members.remove(by=theirs, user_id=cy.pk)
    assert told(organization) == [
        ("member.role_changed", owner.pk, "Role changed to admin"),
        ("workspace.renamed", owner.pk, "Workspace renamed"),
        ("member.removed", owner.pk, "Taken out of the workspace"),
        ("member.removed", cy.pk, "Left the workspace"),
    ]


def test_no_event_holds_an_address_or_a_name() -> None:
    make_workspace(make_user("bo@example.com"))
    place = place_of("bo@example.com")
    members.invite(by=place, email="ada@example.com", role="viewer")
    members.rename(by=place, name="Canary workspace")
    for row in ActivityEvent.objects.values():
        assert not any(word in str(row) for word in ("@", "Canary", "Studio"))


REFUSED: list[Callable[[Membership], Any]] = [
    lambda place: members.rename(by=place, name="Mine"),
    lambda place: members.invite(by=place, email="cy@example.com", role="owner"),
    lambda place: members.change_role(by=place, user_id=place.user_id, role="owner"),
    lambda place: members.remove(by=place, user_id=Membership.objects.exclude(pk=place.pk).get().user_id),
    lambda place: members.withdraw(by=place, invitation_id=1),
]


@pytest.mark.parametrize("doing", REFUSED)
def test_what_is_refused_is_not_told(doing: Callable[[Membership], Any]) -> None:
    organization = make_workspace(make_user("bo@example.com"))
    place = join(make_user(), organization, Role.VIEWER)
    with pytest.raises(members.CannotError):
        doing(place)
    assert told(organization) == []


def test_an_act_whose_event_cannot_be_written_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    organization = make_workspace(make_user("bo@example.com"))
    place = place_of("bo@example.com")
    ada = make_user()
    members.invite(by=place, email="ada@example.com", role="viewer")

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(events, "record", fail)
    acts: list[Callable[[], Any]] = [
        lambda: members.rename(by=place, name="Mine"),
        lambda: members.accept(user=ada, invitation_id=Invitation.objects.get().pk),
        lambda: members.invite(by=place, email="cy@example.com", role="viewer"),
    ]
    mails = Outbox.objects.count()
    for act in acts:
        with pytest.raises(RuntimeError):
            act()
    assert Organization.objects.get(pk=organization.pk).name == "Studio North"
    assert Invitation.objects.get().state == "open"
    assert Membership.objects.count() == 1
    assert Outbox.objects.count() == mails


def test_a_change_of_how_a_member_signs_in_is_told_in_each_workspace_of_theirs(
    django_capture_on_commit_callbacks: Any,
) -> None:
    ada = make_user()
    first = make_workspace(ada)
    second = make_workspace(make_user("bo@example.com"), name="Another")
    join(ada, second, Role.VIEWER)
    alien = make_workspace(make_user("cy@example.com"), name="Alien")
    client = sign_in()
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/password/set/", {"password1": NEW, "password2": NEW})
    for organization in (first, second):
        assert told(organization) == [("member.sign_in_changed", ada.pk, "Password set")]
    assert told(alien) == []


def test_a_factor_that_goes_is_told(django_capture_on_commit_callbacks: Any) -> None:
    ada = make_user()
    organization = make_workspace(ada)
    client = sign_in()
    TOTP.activate(ada, generate_totp_secret())
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/2fa/totp/deactivate/")
    assert told(organization) == [("member.sign_in_changed", ada.pk, "App for codes removed")]


def test_another_address_is_told_without_the_address(django_capture_on_commit_callbacks: Any) -> None:
    ada = make_user()
    organization = make_workspace(ada)
    client = sign_in()
    client.post("/account/email/", {"email": "new@example.com", "action_add": ""})
    code = Outbox.objects.get(recipient="new@example.com").text
    found = next(line.strip() for line in code.splitlines() if line.strip()[4:5] == "-" and len(line.strip()) == 9)
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/confirm-email/", {"code": found})
    assert told(organization) == [("member.sign_in_changed", ada.pk, "E-mail address changed")]


def test_an_agent_of_the_workspace_reads_nothing_of_it(agent: Member) -> None:
    organization = agent.row.organization
    owner = make_user("bo@example.com")
    place = join(owner, organization, Role.OWNER)
    invitation = members.invite(by=place, email="ada@example.com", role="viewer")
    members.rename(by=place, name="Studio South")
    latest = {"image-skill-contract": "latest"}
    listed = agent.get("/v1/activity?limit=100", headers=latest)
    assert listed.ok
    assert [event for event in listed.data["events"] if event["type"].split(".")[0] in PEOPLE] == []
    event = ActivityEvent.objects.filter(type="invitation.sent").get()
    for reference in (event.pk, event.trace_id or owner.pk, owner.pk, invitation.public_id, organization.pk):
        answer = agent.get(f"/v1/activity/{reference}", headers=latest)
        assert (answer.status, answer.code) == (404, "ACTIVITY_NOT_FOUND")


PEOPLE = {"invitation", "member", "workspace"}
