"""The wall: every picture with its price, narrowed, paged and grouped; nothing of others, nothing deleted."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role
from creative import gallery, quarantine
from creative.gallery import Tile, Wanted
from creative.models import Asset, Job, Rating
from imageskill.core.events import System
from tests.pages.gallery.rooms import Room, add_viewer, key_of, make_agent, make_room
from tests.pages.people import make_user, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def shown(client: Client, room: Room, **query: str) -> list[str]:
    """Return the ids of the tiles that a page shows, in order."""
    answer = client.get(room.path, query)
    assert answer.status_code == 200
    return ids_of(answer)


def ids_of(answer: Any) -> list[str]:
    return [card.tile.asset.pk if hasattr(card, "tile") else card.job.pk for card in answer.context["cards"]]


@pytest.fixture
def room() -> Room:
    return make_room()


@pytest.fixture
def ada(room: Room) -> Client:
    return sign_in()


def test_a_bare_wall_teaches_the_first_command(ada: Client, room: Room) -> None:
    answer = ada.get(room.path)
    assert "image-skill create" in answer.content.decode()


def test_pictures_and_failures_hang_newest_first_with_prices_and_reasons(ada: Client, room: Room) -> None:
    first = room.hang("A red boat", settled_credits=24)
    failed = room.fail()
    last = room.hang("A blue boat")
    assert shown(ada, room) == [last.pk, failed.pk, first.pk]
    page = ada.get(room.path).content.decode()
    assert "24 credits" in page
    assert "1 credit<" in page
    assert "A red boat" in page
    assert "CONTENT_POLICY_DENIED" in page
    assert "safety system refused" in page
    assert page.count("not charged") == 1
    assert 'srcset="' in page
    assert f'width="{first.width}" height="{first.height}"' in page


def test_a_job_of_several_pictures_shares_its_price_among_all_it_delivered(ada: Client, room: Room) -> None:
    job = room.job(output_count=4, settled_credits=24)
    assets = [room.print_of(job, position=position) for position in range(3)]
    Asset.objects.filter(pk=assets[0].pk).update(deleted_at=timezone.now())
    tiles = [card.tile for card in ada.get(room.path).context["cards"]]
    assert [(tile.price, tile.place, tile.variants) for tile in tiles] == [(8, 2, 2), (8, 1, 2)]


def test_strangers_and_signed_out_people_see_nothing(room: Room) -> None:
    asset = room.hang()
    make_user("cy@example.com")
    stranger = sign_in("cy@example.com")
    for path in (room.path, f"{room.path}/{asset.pk}", f"{room.path}/costs", f"{room.path}/shares"):
        assert stranger.get(path).status_code == 404
        assert Client().get(path).status_code == 302


def test_a_picture_of_another_workspace_is_not_there(ada: Client, room: Room) -> None:
    other = make_room("cy@example.com", "Elsewhere")
    theirs = other.hang()
    key = key_of(theirs)
    assert shown(ada, room) == []
    assert ada.get(f"{room.path}/{theirs.pk}").status_code == 404
    assert ada.post(f"{room.path}/rate", {"p": key, "state": "keep"}).status_code == 404
    for path in ("zip", "compare", "discard", "shares/new"):
        assert ada.get(f"{room.path}/{path}", {"p": [key]}).status_code == 302
    ada.post(f"{room.path}/delete", {"p": [key]})
    ada.post(f"{room.path}/shares/make", {"p": [key], "days": "7"})
    theirs.refresh_from_db()
    assert theirs.deleted_at is None
    assert not Rating.objects.exists()
    assert not theirs.shares.exists()


def test_a_deleted_and_a_quarantined_picture_hang_nowhere(ada: Client, room: Room) -> None:
    gone, banned, left = room.hang(), room.hang(), room.hang()
    Asset.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    quarantine.put(sha256=banned.sha256, reason="unlawful", actor=System("test"))
    assert shown(ada, room) == [left.pk]
    for asset in (gone, banned):
        assert ada.get(f"{room.path}/{asset.pk}").status_code == 404
        assert ada.post(f"{room.path}/rate", {"p": key_of(asset), "state": "keep"}).status_code == 404
        assert ada.get(f"{room.path}/zip", {"p": [key_of(asset)]}).status_code == 302


def test_what_hung_in_a_merged_shell_hangs_here_in_its_place(ada: Client, room: Room) -> None:
    shell = room.merge_shell()
    first = room.hang()
    old = room.hang(organization=shell)
    failed = room.fail(organization=shell)
    last = room.hang()
    assert shown(ada, room) == [last.pk, failed.pk, old.pk, first.pk]
    assert ada.get(f"{room.path}/{old.pk}").status_code == 200


def test_pages_follow_each_other_without_a_gap_or_a_repeat(room: Room) -> None:
    scope = gallery.scope_of(room.organization)
    made = [room.hang().pk if number % 3 else room.fail().pk for number in range(10)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = gallery.page(scope, Wanted(), after=cursor, limit=3)
        seen += [item.asset.pk if isinstance(item, Tile) else item.pk for item in page.items]
        if page.cursor is None:
            break
        cursor = page.cursor
    assert seen == made[::-1]


def test_a_page_of_older_pictures_has_an_address_of_its_own(
    ada: Client, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [room.hang().pk for _ in range(5)]
    monkeypatch.setattr(gallery.page, "__kwdefaults__", {"after": "", "limit": 2})
    answer = ada.get(room.path)
    assert ids_of(answer) == made[:2:-1]
    older = ada.get(f"{room.path}?{answer.context['older']}")
    assert ids_of(older) == [made[2], made[1]]
    part = ada.get(f"{room.path}?{answer.context['older']}", headers={"hx-request": "true"}).content.decode()
    assert "<html" not in part
    assert part.count("<li") == 2
    assert 'hx-swap-oob="true"' in part
    assert ids_of(ada.get(room.path, {"after": "not a cursor"})) == made[:2:-1]


def test_each_facet_leaves_only_what_fits(ada: Client, room: Room) -> None:
    boat = room.hang("A red boat")
    upload = room.print_of(None)
    edit = room.edit(boat, "100% warmer")
    other = make_agent(room.organization, "scribe")
    theirs = room.hang("A blue house", agent=other, model_id="openai.gpt-image-1")
    failed = room.fail("A wrong thing")
    Asset.objects.filter(pk=boat.pk).update(width=2000, height=1000)
    Asset.objects.filter(pk=edit.pk).update(width=640, height=640)
    Rating.objects.create(
        organization=room.organization,
        asset=boat,
        state="star",
        agent=room.agent,
        credits=1,
        rated_by=room.owner,
        rated_at=timezone.now(),
    )
    assert shown(ada, room, agent=other.pk) == [theirs.pk]
    assert shown(ada, room, model="canvas.edit") == [edit.pk]
    assert shown(ada, room, operation="edit") == [edit.pk]
    assert shown(ada, room, operation="upload") == [upload.pk]
    assert shown(ada, room, size="large") == [boat.pk]
    assert edit.pk in shown(ada, room, size="square")
    assert boat.pk not in shown(ada, room, size="small")
    assert shown(ada, room, state="star") == [boat.pk]
    assert shown(ada, room, state="star", model="canvas.edit") == []
    assert shown(ada, room, state="keep") == []
    assert shown(ada, room, state="unmade") == [failed.pk]
    assert shown(ada, room, state="unrated") == [theirs.pk, edit.pk, upload.pk]
    assert shown(ada, room, q="BLUE h") == [theirs.pk]
    assert shown(ada, room, q="0%") == [edit.pk]
    assert shown(ada, room, q="wrong") == [failed.pk]
    assert len(shown(ada, room, agent="agt_none", model="nothing", size="huge", since="never")) == 5


def test_days_are_compared_with_the_time_in_the_ids(ada: Client, room: Room) -> None:
    asset = room.hang()
    today = timezone.now().date()
    assert shown(ada, room, since=str(today)) == [asset.pk]
    assert shown(ada, room, since=str(today + timedelta(days=1))) == []
    assert shown(ada, room, until=str(today)) == [asset.pk]
    assert shown(ada, room, until=str(today - timedelta(days=1))) == []


def test_grouping_hangs_one_tile_a_job_and_names_its_variants(ada: Client, room: Room) -> None:
    job = room.job(output_count=3, settled_credits=3)
    variants = [room.print_of(job, position=position) for position in range(3)]
    single, upload = room.hang(), room.print_of(None)
    assert shown(ada, room, group="on") == [upload.pk, single.pk, variants[0].pk]
    assert "3 variants" in ada.get(room.path, {"group": "on"}).content.decode()
    Asset.objects.filter(pk=variants[0].pk).update(deleted_at=timezone.now())
    assert shown(ada, room, group="on") == [upload.pk, single.pk, variants[1].pk]


def test_a_rare_match_is_looked_for_by_bounded_steps_that_say_how_far(
    ada: Client, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "LOOKED_AT", 4)
    rare = room.hang("A unicorn")
    for _ in range(10):
        room.hang("A boat")
    steps = 0
    answer = ada.get(room.path, {"q": "unicorn"})
    while not ids_of(answer):
        assert "Look further back" in answer.content.decode()
        assert answer.context["looked_back_to"] is not None
        answer = ada.get(f"{room.path}?{answer.context['older']}")
        steps += 1
    assert ids_of(answer) == [rare.pk]
    assert steps == 2


def test_the_number_of_queries_does_not_grow_with_the_wall(ada: Client, room: Room) -> None:
    def fill() -> None:
        job = room.job(output_count=2, settled_credits=2)
        room.edit(room.print_of(job))
        room.print_of(job, position=1)
        room.fail()

    fill()
    ada.get(room.path)  # the first visit notes the workspace in the session
    counts = []
    for query in ({}, {"q": "a", "group": "on"}, {"state": "unrated"}):
        with CaptureQueriesContext(connection) as few:
            ada.get(room.path, query)
        counts.append((query, len(few)))
    for _ in range(7):
        fill()
    for query, count in counts:
        with CaptureQueriesContext(connection) as many:
            assert len(ids_of(ada.get(room.path, query))) >= 16
        assert len(many) == count


def test_a_viewer_looks_and_rates_nothing(room: Room) -> None:
    asset = room.hang("A secret garden")
    add_viewer(room)
    viewer = sign_in("bo@example.com")
    assert shown(viewer, room) == [asset.pk]
    page = viewer.get(room.path).content.decode()
    assert "data-rate=" not in page
    assert "gallery/discard" not in page
    key = key_of(asset)
    posts = {
        "rate": {"p": key, "state": "keep"},
        "delete": {"p": key},
        "shares/make": {"p": key, "days": "1"},
        "shares/share_1/revoke": {},
    }
    for path, data in posts.items():
        assert viewer.post(f"{room.path}/{path}", data).status_code == 403, path
    assert room.organization.memberships.get(user__email="bo@example.com").role == Role.VIEWER


def test_a_hostile_prompt_is_text_and_its_page_is_strict(ada: Client, room: Room) -> None:
    asset = room.hang('<img src=x onerror="alert(1)"> https://evil.example')
    job = Job.objects.get(pk=asset.job_id)
    job.parameters = {"style": "</script><b>"}
    job.save()
    for path in (
        room.path,
        f"{room.path}/{asset.pk}",
        f"{room.path}/compare?p={key_of(asset)}&p={key_of(room.hang())}",
    ):
        answer = ada.get(path)
        page = answer.content.decode()
        assert "<img src=x" not in page
        assert "</script><b>" not in page
        assert 'href="https://evil' not in page
        assert "script-src 'self'" in answer["content-security-policy"]
