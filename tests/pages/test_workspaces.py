"""Workspaces: doors, roles, invitations, and the last owner."""

from datetime import timedelta

import pytest
import time_machine
from django.db.models import Model
from django.utils import timezone

from accounts import members
from accounts.models import Invitation, Membership, Organization, Role
from imageskill.core.models import Outbox
from tests.pages.people import join, make_user, make_workspace, said, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def rows(model: type[Model]) -> int:
    return model._default_manager.count()


def test_a_person_makes_a_workspace_and_lands_in_it() -> None:
    make_user()
    client = sign_in()
    made = client.post("/workspaces/make", {"name": "Studio North"})
    assert client.get("/home").url == made.url
    page = client.get(made.url)
    assert b"Studio North" in page.content
    assert Membership.objects.get().role == Role.OWNER


@pytest.mark.parametrize("path", ["", "members", "settings"])
def test_a_stranger_finds_nothing_and_nobody_is_asked_to_sign_in(path: str) -> None:
    organization = make_workspace(make_user("bo@example.com"))
    make_user()
    client = sign_in()
    assert client.get(f"/w/{organization.pk}/{path}").status_code == 404
    client.logout()
    assert client.get(f"/w/{organization.pk}/{path}").url.startswith("/account/login/")


def test_a_viewer_looks_and_changes_nothing() -> None:
    organization = make_workspace(make_user("bo@example.com"))
    join(make_user(), organization, Role.VIEWER)
    client = sign_in()
    for path in ("", "members", "settings"):
        assert client.get(f"/w/{organization.pk}/{path}").status_code == 200
    for path in ("rename", "members/invite", "invitations/1/withdraw"):
        assert client.post(f"/w/{organization.pk}/{path}", {"name": "Mine"}).status_code == 403
    assert Organization.objects.get().name == "Studio North"


def test_an_admin_renames_but_does_not_invite() -> None:
    organization = make_workspace(make_user("bo@example.com"))
    join(make_user(), organization, Role.ADMIN)
    client = sign_in()
    client.post(f"/w/{organization.pk}/rename", {"name": "Studio South"})
    answer = client.post(f"/w/{organization.pk}/members/invite", {"email": "cy@example.com", "role": "owner"})
    assert said(answer) == ["Your role in this workspace does not allow this."]
    assert (Organization.objects.get().name, rows(Invitation)) == ("Studio South", 0)


def test_an_invitation_is_accepted_once_by_the_invited_address_alone() -> None:
    owner = make_user("bo@example.com")
    organization = make_workspace(owner)
    client = sign_in("bo@example.com")
    client.post(f"/w/{organization.pk}/members/invite", {"email": "Ada@example.com", "role": "admin"})
    invitation = Invitation.objects.get()
    assert "http://testserver/invitations" in Outbox.objects.get(kind="invitation").text
    make_user("cy@example.com")
    sign_in("cy@example.com").post(f"/invitations/{invitation.pk}/accept")
    assert rows(Membership) == 1
    ada = make_user()
    guest = sign_in()
    assert b"Join Studio North" in guest.get("/invitations").content
    for _ in range(2):
        guest.post(f"/invitations/{invitation.pk}/accept")
    assert Membership.objects.get(user=ada).role == Role.ADMIN
    assert Invitation.objects.get().state == "accepted"
    assert guest.get("/home").url == f"/w/{organization.pk}/"


def test_an_address_that_was_never_shown_accepts_nothing() -> None:
    place = join(make_user("bo@example.com"), make_workspace(make_user("cy@example.com")), Role.OWNER)
    members.invite(by=place, email="ada@example.com", role="viewer")
    ada = make_user()
    ada.emailaddress_set.update(verified=False)
    with pytest.raises(members.CannotError):
        members.accept(user=ada, invitation_id=Invitation.objects.get().pk)


def test_an_invitation_ends_after_seven_days() -> None:
    place = Membership.objects.get(organization=make_workspace(make_user("bo@example.com")))
    members.invite(by=place, email="ada@example.com", role="viewer")
    ada = make_user()
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1)):
        assert members.invitations_for(ada) == []
        with pytest.raises(members.CannotError):
            members.accept(user=ada, invitation_id=Invitation.objects.get().pk)


def test_a_withdrawn_or_declined_invitation_is_over() -> None:
    place = Membership.objects.get(organization=make_workspace(make_user("bo@example.com")))
    ada = make_user()
    first = members.invite(by=place, email="ada@example.com", role="viewer")
    members.withdraw(by=place, invitation_id=first.pk)
    second = members.invite(by=place, email="ada@example.com", role="viewer")
    members.decline(user=ada, invitation_id=second.pk)
    for invitation in (first, second):
        with pytest.raises(members.CannotError):
            members.accept(user=ada, invitation_id=invitation.pk)


def test_an_address_gets_three_invitations_a_day() -> None:
    place = Membership.objects.get(organization=make_workspace(make_user("bo@example.com")))
    for _ in range(3):
        members.invite(by=place, email="ada@example.com", role="viewer")
    with pytest.raises(members.CannotError):
        members.invite(by=place, email="ada@example.com", role="viewer")
    assert Outbox.objects.filter(kind="invitation").count() == 3
    assert Invitation.objects.filter(state="open").count() == 1


def test_the_last_owner_neither_leaves_nor_steps_down() -> None:
    organization = make_workspace(make_user())
    client = sign_in()
    leaving = client.post(f"/w/{organization.pk}/leave")
    assert said(leaving) == ["The last owner cannot go: make somebody else an owner first."]
    me = Membership.objects.get().user_id
    client.post(f"/w/{organization.pk}/members/{me}/role", {"role": "viewer"})
    assert Membership.objects.get().role == Role.OWNER
    join(make_user("bo@example.com"), organization, Role.OWNER)
    client.post(f"/w/{organization.pk}/leave")
    assert client.get(f"/w/{organization.pk}/").status_code == 404


def test_a_viewer_may_leave() -> None:
    organization = make_workspace(make_user("bo@example.com"))
    join(make_user(), organization, Role.VIEWER)
    client = sign_in()
    client.post(f"/w/{organization.pk}/leave")
    assert rows(Membership) == 1


def test_an_owner_changes_roles_and_takes_out() -> None:
    organization = make_workspace(make_user())
    bo = make_user("bo@example.com")
    join(bo, organization, Role.VIEWER)
    client = sign_in()
    client.post(f"/w/{organization.pk}/members/{bo.pk}/role", {"role": "admin"})
    assert Membership.objects.get(user=bo).role == Role.ADMIN
    client.post(f"/w/{organization.pk}/members/{bo.pk}/remove")
    assert not Membership.objects.filter(user=bo).exists()


def test_a_role_that_was_taken_meanwhile_counts_no_more() -> None:
    organization = make_workspace(make_user("bo@example.com"))
    place = join(make_user(), organization, Role.OWNER)
    Membership.objects.filter(pk=place.pk).update(role=Role.VIEWER)
    with pytest.raises(members.CannotError):
        members.invite(by=place, email="cy@example.com", role="viewer")


def test_a_merged_workspace_is_gone_for_its_members() -> None:
    old = make_workspace(make_user())
    new = make_workspace(make_user("bo@example.com"))
    Organization.objects.filter(pk=old.pk).update(merged_into=new)
    assert sign_in().get(f"/w/{old.pk}/").status_code == 404
