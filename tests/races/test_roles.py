"""A member is taken out of a workspace while an act is on its way: the role counts as it is in the act."""

from collections.abc import Callable
from functools import partial

import pytest

from accounts import members
from accounts.members import CannotError
from accounts.models import Membership, Role, User
from creative import discarding, gallery, ratings, sharing
from creative.models import Asset, Rating, ShareLink
from imageskill.core.models import ActivityEvent
from tests.pages.gallery.rooms import Room, make_room
from tests.pages.people import join, make_user
from tests.races.test_people import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

REFUSED = "Your role in this workspace does not allow this."
ROUNDS = 4
ACTS = ["rate", "unrate", "share", "end", "discard"]


@pytest.fixture
def room() -> Room:
    return make_room()


@pytest.fixture
def bo(room: Room) -> User:
    user = make_user("bo@example.com")
    join(user, room.organization, Role.ADMIN)
    return user


def prepared(name: str, room: Room, user: User, asset: Asset) -> Callable[[], object]:
    """Return an act whose page has let the user in already."""
    scope = gallery.scope_of(room.organization)
    if name == "unrate":
        ratings.rate(scope=scope, user=room.owner, asset=asset, state="keep")
    if name == "end":
        link = sharing.make(scope=scope, user=room.owner, pictures=[asset], days=1).link
        return partial(sharing.revoke, scope=scope, user=user, link_id=link.pk)
    return {
        "rate": partial(ratings.rate, scope=scope, user=user, asset=asset, state="star"),
        "unrate": partial(ratings.rate, scope=scope, user=user, asset=asset, state="clear"),
        "share": partial(sharing.make, scope=scope, user=user, pictures=[asset], days=1),
        "discard": partial(discarding.discard, scope=scope, user=user, pictures=[asset]),
    }[name]


def rows() -> tuple[object, ...]:
    """Return all that these acts could have changed."""
    links = ShareLink.objects.order_by("pk").values_list("pk", "revoked_at")
    return (
        list(Rating.objects.order_by("pk").values_list("pk", "state")),
        list(links),
        list(Asset.objects.order_by("pk").values_list("pk", "deleted_at")),
        ActivityEvent.objects.exclude(type__startswith="member.").count(),
    )


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("how", ["removed", "viewer"])
def test_who_was_let_in_and_then_lost_the_role_changes_nothing(room: Room, bo: User, name: str, how: str) -> None:
    act = prepared(name, room, bo, room.hang())
    owner = Membership.objects.get(user=room.owner)
    if how == "removed":
        members.remove(by=owner, user_id=bo.pk)
    else:
        members.change_role(by=owner, user_id=bo.pk, role="viewer")
    before = rows()
    with pytest.raises(CannotError, match=REFUSED):
        act()
    assert rows() == before


@pytest.mark.parametrize("name", ["share", "end", "discard"])
def test_nothing_of_a_removed_member_comes_after_the_removal(room: Room, bo: User, name: str) -> None:
    owner, place = Membership.objects.get(user=room.owner), Membership.objects.get(user=bo)
    for _ in range(ROUNDS):
        Membership.objects.get_or_create(
            user=bo, organization=room.organization, defaults={"role": Role.ADMIN, "created_at": place.created_at}
        )
        act = prepared(name, room, bo, room.hang())
        before = ActivityEvent.objects.latest("pk").pk if ActivityEvent.objects.exists() else ""
        told = at_once([partial(members.remove, by=owner, user_id=bo.pk), act])
        assert set(told) <= {REFUSED}
        since = ActivityEvent.objects.filter(pk__gt=before).order_by("pk").values_list("type", "actor_id")
        order = [kind for kind, _ in since]
        assert order[-1] == "member.removed", order
        assert (len(order) == 1) == bool(told)
        assert [actor for _, actor in since][:-1] == [bo.pk] * (len(order) - 1)
