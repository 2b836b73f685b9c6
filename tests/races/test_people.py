"""Two at once: the last two owners leave, an invitation is accepted twice, or accepted and withdrawn."""

from collections.abc import Callable
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from accounts import members
from accounts.models import Membership, Role
from imageskill.core.models import ActivityEvent
from tests.pages.people import join, make_user, make_workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

ROUNDS = 5


def at_once(acts: list[Callable[[], Any]]) -> list[str]:
    """Do acts at the same time; return what each that could not be done was told."""
    barrier = Barrier(len(acts))
    told: list[str] = []

    def run(act: Callable[[], Any]) -> None:
        barrier.wait(timeout=30)
        try:
            act()
        except members.CannotError as error:
            told.append(str(error))
        finally:
            connection.close()

    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    return told


def test_of_two_owners_who_leave_at_once_one_stays() -> None:
    for number in range(ROUNDS):
        first, second = make_user(f"a{number}@example.com"), make_user(f"b{number}@example.com")
        organization = make_workspace(first)
        places = [Membership.objects.get(user=first), join(second, organization, Role.OWNER)]
        told = at_once([partial(members.remove, by=place, user_id=place.user_id) for place in places])
        assert told == ["The last owner cannot go: make somebody else an owner first."]
        assert organization.memberships.filter(role=Role.OWNER).count() == 1


def test_of_two_owners_who_demote_each_other_at_once_one_stays_owner() -> None:
    for number in range(ROUNDS):
        first, second = make_user(f"a{number}@example.com"), make_user(f"b{number}@example.com")
        organization = make_workspace(first)
        one, other = Membership.objects.get(user=first), join(second, organization, Role.OWNER)
        told = at_once(
            [
                partial(members.change_role, by=one, user_id=second.pk, role="viewer"),
                partial(members.change_role, by=other, user_id=first.pk, role="viewer"),
            ]
        )
        assert len(told) == 1
        assert organization.memberships.filter(role=Role.OWNER).count() == 1


def test_an_invitation_that_is_accepted_twice_at_once_lets_in_once() -> None:
    for number in range(ROUNDS):
        owner, guest = make_user(f"a{number}@example.com"), make_user(f"b{number}@example.com")
        organization = make_workspace(owner)
        place = Membership.objects.get(user=owner)
        invitation = members.invite(by=place, email=guest.email, role="viewer")
        told = at_once([partial(members.accept, user=guest, invitation_id=invitation.pk)] * 2)
        assert told == ["This invitation is used up, over or for another address."]
        assert organization.memberships.filter(user=guest).count() == 1
        joined = ActivityEvent.objects.filter(organization_id=organization.pk, type="member.joined")
        assert joined.count() == 1


def test_an_invitation_that_is_withdrawn_while_it_is_accepted_has_one_end() -> None:
    for number in range(ROUNDS):
        owner, guest = make_user(f"a{number}@example.com"), make_user(f"b{number}@example.com")
        organization = make_workspace(owner)
        place = Membership.objects.get(user=owner)
        invitation = members.invite(by=place, email=guest.email, role="viewer")
        told = at_once(
            [
                partial(members.accept, user=guest, invitation_id=invitation.pk),
                partial(members.withdraw, by=place, invitation_id=invitation.pk),
            ]
        )
        assert len(told) == 1
        invitation.refresh_from_db()
        is_in = organization.memberships.filter(user=guest).exists()
        assert is_in == (invitation.state == "accepted")
