"""Keep, reject, star: a workspace's judgement, and what a kept picture really costs."""

import pytest
from django.test import Client

from creative import gallery, ratings
from creative.models import Asset, Rating
from imageskill.site.gallery.bars import Bars
from tests.pages.gallery.rooms import Room, key_of, make_agent, make_room
from tests.pages.people import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def room() -> Room:
    return make_room()


@pytest.fixture
def ada(room: Room) -> Client:
    return sign_in()


def rate(client: Client, room: Room, asset: Asset, state: str) -> int:
    return client.post(f"{room.path}/rate", {"p": key_of(asset), "state": state, "back": room.path}).status_code


def test_a_judgement_is_written_changed_and_taken_back(ada: Client, room: Room) -> None:
    asset = room.hang(settled_credits=9)
    assert rate(ada, room, asset, "keep") == 302
    row = Rating.objects.get()
    assert (row.state, row.credits, row.model_id, row.rated_by) == ("keep", 9, "canvas.draft", room.owner)
    assert rate(ada, room, asset, "reject") == 302
    assert Rating.objects.get().state == "reject"
    assert rate(ada, room, asset, "clear") == 302
    assert not Rating.objects.exists()
    assert rate(ada, room, asset, "burn") == 400


def test_one_goes_back_to_the_page_one_came_from_and_nowhere_else(ada: Client, room: Room) -> None:
    asset = room.hang()
    for back, where in (
        (f"{room.path}?q=a", f"{room.path}?q=a"),
        ("https://evil.example", room.path),
        ("//e", room.path),
    ):
        answer = ada.post(f"{room.path}/rate", {"p": key_of(asset), "state": "star", "back": back})
        assert answer.url == where


def test_htmx_gets_the_buttons_as_they_are_now(ada: Client, room: Room) -> None:
    asset = room.hang()
    told = {"p": key_of(asset), "state": "star"}
    part = ada.post(f"{room.path}/rate", told, headers={"hx-request": "true"}).content.decode()
    assert "<html" not in part
    assert 'data-rating="star"' in part
    assert part.count('aria-pressed="true"') == 1
    assert 'value="clear" data-rate="star"' in part


def test_a_post_without_the_form_s_token_rates_nothing(ada: Client, room: Room) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["sessionid"] = ada.cookies["sessionid"].value
    assert rate(strict, room, room.hang(), "keep") == 403
    assert not Rating.objects.exists()


def test_a_rejected_picture_is_paid_for_by_the_kept_ones(ada: Client, room: Room) -> None:
    scribe = make_agent(room.organization, "scribe")
    for state, model, credits, agent in (
        ("keep", "canvas.draft", 2, room.agent),
        ("star", "canvas.draft", 2, room.agent),
        ("reject", "canvas.draft", 3, room.agent),
        ("keep", "openai.gpt-image-1", 24, scribe),
        ("reject", "openai.gpt-image-1", 24, scribe),
        ("reject", "fal.flux", 5, scribe),
    ):
        rate(ada, room, room.hang(model_id=model, settled_credits=credits, agent=agent), state)
    rate(ada, room, room.print_of(None), "keep")
    room.hang(settled_credits=1000)
    found = ratings.costs(gallery.scope_of(room.organization))
    by_model = {line.name: (line.per_kept_tenths, line.rejected_percent, line.pictures) for line in found.by_model}
    assert by_model == {
        "openai.gpt-image-1": (480, 50, 2),
        "canvas.draft": (35, 43, 3),
        "fal.flux": (None, 100, 1),
    }
    assert [line.name for line in found.by_model] == ["openai.gpt-image-1", "canvas.draft", "fal.flux"]
    assert {line.name: line.credits for line in found.by_agent} == {"atlas-7": 7, "scribe": 53}
    total = found.total
    assert (total.credits, total.rejected_credits, total.kept, total.rejected) == (60, 32, 3, 3)
    assert total.rejected_percent == 53
    assert found.is_everything
    page = ada.get(f"{room.path}/costs").content.decode()
    assert "53 % of spend was thrown away" in page
    assert "3.5" in page
    assert "nothing kept" in page
    assert "<rect" in page
    assert "53 % of spend was thrown away" in ada.get(room.path).content.decode()


def test_the_bars_are_on_one_scale_and_their_parts_add_up(room: Room, ada: Client) -> None:
    for state, credits in (("keep", 4), ("reject", 4)):
        rate(ada, room, room.hang(settled_credits=credits), state)
    rate(ada, room, room.hang(model_id="canvas.edit", settled_credits=2), "keep")
    bars = Bars(ratings.costs(gallery.scope_of(room.organization)).by_model).bars
    assert [(bar.line.name, bar.length, bar.kept_length, bar.per_kept) for bar in bars] == [
        ("canvas.draft", 1000, 500, "8"),
        ("canvas.edit", 250, 250, "2"),
    ]


def test_nothing_rated_says_how_to_begin(ada: Client, room: Room) -> None:
    room.hang()
    assert "Nothing rated yet" in ada.get(f"{room.path}/costs").content.decode()
    assert "thrown away" not in ada.get(room.path).content.decode()


def test_only_the_newest_rated_pictures_are_counted_and_the_page_says_so(
    ada: Client, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ratings, "COUNTED", 2)
    for credits in (50, 2, 4):
        rate(ada, room, room.hang(settled_credits=credits), "keep")
    found = ratings.costs(gallery.scope_of(room.organization))
    assert (found.total.credits, found.is_everything) == (6, False)
    assert "newest" in ada.get(f"{room.path}/costs").content.decode()


def test_the_judgement_of_a_deleted_picture_still_counts(ada: Client, room: Room) -> None:
    asset = room.hang(settled_credits=7)
    rate(ada, room, asset, "reject")
    ada.post(f"{room.path}/delete", {"p": key_of(asset)})
    assert ratings.costs(gallery.scope_of(room.organization)).total.rejected_credits == 7
