"""Share links: who has one sees the pictures until it ends, and nothing else of the workspace, ever."""

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from creative import quarantine, sharing
from creative.models import Asset, ShareLink
from imageskill.core.events import System
from imageskill.core.models import ActivityEvent
from tests.pages.gallery.rooms import Room, add_viewer, key_of, make_room
from tests.pages.people import said, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def room() -> Room:
    return make_room()


@pytest.fixture
def ada(room: Room) -> Client:
    return sign_in()


def share(client: Client, room: Room, *assets: Asset, days: int = 7) -> str:
    """Share pictures and return the path of the link."""
    answer = client.post(f"{room.path}/shares/make", {"p": [key_of(asset) for asset in assets], "days": str(days)})
    assert answer.status_code == 200, answer.content
    found = re.search(r"https?://[^/]+(/s/[\w-]+)", answer.content.decode())
    assert found
    return found[1]


def reached(page: Any) -> list[str]:
    """Return every address that a shared page names."""
    text = page.content.decode()
    found = re.findall(r'(?:src|href)="([^"]+)"', text)
    for sources in re.findall(r'srcset="([^"]+)"', text):
        found += [part.split()[0] for part in sources.split(",")]
    return [address for address in found if not address.startswith("/static/")]


def status(address: str) -> int:
    """Return how an address answers to anybody."""
    answer = Client().get(address)
    if answer.streaming:
        list(answer.streaming_content)  # to the end, which closes the file
    return answer.status_code


@pytest.mark.parametrize("is_private", [False, True])
def test_anybody_with_the_link_sees_the_pictures_and_nothing_else(
    ada: Client, room: Room, settings: LazySettings, *, is_private: bool
) -> None:
    settings.MEDIA_PRIVATE = is_private
    one, two = room.hang("A secret garden", settled_credits=24), room.hang("Another")
    page = Client().get(share(ada, room, one, two))
    text = page.content.decode()
    for secret in ("secret garden", "credit", "canvas.draft", "atlas-7", "Studio North", "ada@example.com", "/a/"):
        assert secret not in text, secret
    for asset in (one, two):
        assert key_of(asset) not in text
        assert asset.sha256 not in text
        assert asset.job_id not in text
    assert room.organization.pk not in text
    assert page["referrer-policy"] == "no-referrer"
    assert "noindex" in page["x-robots-tag"]
    assert page["cache-control"] == "no-store"
    assert "default-src 'none'; script-src 'self'" in page["content-security-policy"]
    addresses = reached(page)
    assert len(set(addresses)) == 4
    for address in addresses:
        picture = Client().get(address)
        assert picture.status_code == 200
        assert picture["content-type"] == "image/webp"
        assert picture["cache-control"] == "no-store"
        assert b"".join(picture.streaming_content)[8:12] == b"WEBP"
    assert "sessionid" not in page.cookies


def test_the_token_is_kept_as_its_digest_and_shown_once(ada: Client, room: Room) -> None:
    token = share(ada, room, room.hang()).rpartition("/")[2]
    link = ShareLink.objects.get()
    assert link.token_sha256 == hashlib.sha256(token.encode()).hexdigest()
    assert len(token) >= 27
    assert token not in ada.get(f"{room.path}/shares").content.decode()
    event = ActivityEvent.objects.get(type="share.made")
    assert (event.subject_id, event.agent_id, event.actor_id) == (link.pk, "", room.owner.pk)
    assert token not in str(event.__dict__)


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_after_its_end_nothing_of_a_link_answers(ada: Client, room: Room, end: str) -> None:
    path = share(ada, room, room.hang(), days=1)
    addresses = [path, *reached(Client().get(path))]
    link = ShareLink.objects.get()
    if end == "revoked":
        answer = ada.post(f"{room.path}/shares/{link.pk}/revoke")
        assert "nothing any more" in said(answer)[0]
        assert ActivityEvent.objects.filter(type="share.revoked", subject_id=link.pk).exists()
        now = timezone.now()
    else:
        now = timezone.now() + timedelta(days=1, seconds=1)
    with time_machine.travel(now):
        assert [status(address) for address in addresses] == [410, 410, 410, 410]
        assert Client().post(f"{path}/opened").status_code == 410
    link.refresh_from_db()
    assert link.opened == 0


@pytest.mark.parametrize("days", [1, 7, 30])
def test_a_link_lasts_as_long_as_was_chosen(ada: Client, room: Room, days: int) -> None:
    path = share(ada, room, room.hang(), days=days)
    with time_machine.travel(timezone.now() + timedelta(days=days, minutes=-1)):
        assert Client().get(path).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=days, minutes=1)):
        assert Client().get(path).status_code == 410


@pytest.mark.parametrize("days", ["0", "2", "365", "", "-7", "seven", "\N{SUPERSCRIPT TWO}"])
def test_no_other_end_can_be_chosen(ada: Client, room: Room, days: str) -> None:
    answer = ada.post(f"{room.path}/shares/make", {"p": key_of(room.hang()), "days": days})
    assert answer.url == room.path
    assert not ShareLink.objects.exists()


def test_a_picture_that_is_deleted_or_banned_leaves_its_links(ada: Client, room: Room) -> None:
    gone, banned, left = room.hang(), room.hang(), room.hang()
    path = share(ada, room, gone, banned, left)
    before = set(reached(Client().get(path)))
    ada.post(f"{room.path}/delete", {"p": key_of(gone)})
    quarantine.put(sha256=banned.sha256, reason="unlawful", actor=System("test"))
    after = set(reached(Client().get(path)))
    assert len(after) == 2
    assert [status(address) for address in sorted(before - after)] == [404] * 4
    assert all(status(address) == 200 for address in after)


def test_a_wrong_token_and_a_wrong_place_are_not_found(ada: Client, room: Room) -> None:
    path = share(ada, room, room.hang())
    for address in (
        "/s/nothing",
        f"{path}x",
        f"/s/{'x' * 500}",
        f"{path}/2-320",
        f"{path}/1-640",
        f"{path}/0-960",
    ):
        assert status(address) == 404, address


def test_looking_writes_nothing_and_a_browser_counts_itself(ada: Client, room: Room) -> None:
    path = share(ada, room, room.hang())
    Client().get(path)
    assert ShareLink.objects.get().opened == 0
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(f"{path}/opened").status_code == 204
    assert ShareLink.objects.get().opened == 1
    assert strict.get(f"{path}/opened").status_code == 405
    assert "opened 1 time" in ada.get(f"{room.path}/shares").content.decode()


def test_a_picture_without_a_rendition_yet_says_come_again(ada: Client, room: Room) -> None:
    asset = room.hang()
    path = share(ada, room, asset)
    Asset.objects.filter(pk=asset.pk).update(thumbnails_at=None)
    answer = Client().get(f"{path}/1-960")
    assert (answer.status_code, answer["retry-after"]) == (503, "5")


def test_sharing_makes_the_rendition_that_is_missing(ada: Client, room: Room) -> None:
    asset = room.hang()
    Asset.objects.filter(pk=asset.pk).update(thumbnails_at=None)
    path = share(ada, room, asset)
    assert status(f"{path}/1-960") == 200


def test_a_link_of_another_workspace_is_neither_listed_nor_ended(ada: Client, room: Room) -> None:
    share(ada, room, room.hang())
    link = ShareLink.objects.get()
    other = make_room("cy@example.com", "Elsewhere")
    cy = sign_in("cy@example.com")
    assert "Nothing is shared" in cy.get(f"{other.path}/shares").content.decode()
    for link_id in (link.pk, "share_0", "nothing"):
        assert "ended already" in said(cy.post(f"{other.path}/shares/{link_id}/revoke"))[0]
    link.refresh_from_db()
    assert link.revoked_at is None


def test_a_viewer_sees_the_list_and_cannot_end_or_make_links(ada: Client, room: Room) -> None:
    share(ada, room, room.hang())
    add_viewer(room)
    page = sign_in("bo@example.com").get(f"{room.path}/shares").content.decode()
    assert "shared by ada@example.com" in page
    assert "End this link" not in page


def test_the_number_of_open_links_is_bounded(ada: Client, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "MOST_OPEN", 1)
    asset = room.hang()
    share(ada, room, asset)
    answer = ada.post(f"{room.path}/shares/make", {"p": key_of(asset), "days": "7"})
    assert "at most 1 open links" in said(answer)[0]


def test_the_list_is_paged_by_keys_with_a_fixed_number_of_queries(
    ada: Client, room: Room, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    asset = room.hang()
    for _ in range(5):
        share(ada, room, asset)
    monkeypatch.setattr(sharing, "PAGE", 2)
    ids: list[str] = []
    path = f"{room.path}/shares"
    while path:
        answer = ada.get(path)
        ids += [link.pk for link, _ in answer.context["links"]]
        older = answer.context["older"]
        path = f"{room.path}/shares?after={older}" if older else ""
    assert ids == [link.pk for link in ShareLink.objects.order_by("-pk")]
    assert ada.get(f"{room.path}/shares", {"after": "x\x00"}).status_code == 200
