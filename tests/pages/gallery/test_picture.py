"""One picture's page: its receipt, the request that makes it again, its family; and comparing some."""

import json
import re
import shlex

import pytest
from django.test import Client
from django.utils import timezone

from creative import gallery, lineage
from creative.models import Asset, Attempt, JobInput
from imageskill.cli import commands
from imageskill.site.gallery import receipts
from tests.pages.gallery.rooms import Room, add_viewer, key_of, make_room
from tests.pages.people import make_user, sign_in
from tests.pages.studio import Studio, make_studio

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def room() -> Room:
    return make_room()


@pytest.fixture
def ada(room: Room) -> Client:
    return sign_in()


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_picture_s_page_holds_its_receipt_and_its_provenance() -> None:
    studio: Studio = make_studio()
    asset = studio.assets[-1]
    job = asset.job
    assert job is not None
    assert job.hold is not None
    Attempt.objects.filter(job=job).update(request_id="req_visible_1")
    page = text_of(sign_in().get(f"/w/{studio.organization.pk}/gallery/{asset.pk}").content.decode())
    for word in (
        job.hold.pk,
        job.price_version,
        asset.sha256,
        job.trace_id,
        job.pk,
        "req_visible_1",
        "1 credit $0.01",
    ):
        assert word in page
    assert "Held 1 credit Settled 1 credit" in page
    assert "A camera on a wooden table" in page


def test_the_request_on_the_page_makes_the_same_bytes_again() -> None:
    studio = make_studio()
    asset = studio.assets[-1]
    job = asset.job
    assert job is not None
    page = sign_in().get(f"/w/{studio.organization.pk}/gallery/{asset.pk}")
    words = shlex.split(page.context["command"].replace("\\\n", " "))
    assert words[0] == "image-skill"
    parsed = commands.parse(words[1:])
    assert isinstance(parsed, commands.Request)
    told = shlex.split(page.context["call"].replace("\\\n", " "))
    body = json.loads(told[told.index("-d") + 1])
    assert {name: parsed.body[name] for name in body} == body
    again = studio.agent.post("/v1/create", body)
    assert again.ok, again.body
    assert again.data["assets"][0]["sha256"] == asset.sha256


def test_the_request_carries_no_token_and_quotes_what_a_shell_would_run() -> None:
    room = make_room()
    asset = room.hang("It's $(rm -rf ~) `x`")
    job = asset.job
    assert job is not None
    for line in (receipts.command_of(job, []), receipts.call_of(job, [])):
        assert "isk_" not in line
        assert "It's $(rm -rf ~) `x`" in " ".join(shlex.split(line.replace("\\\n", " ")))
    assert "$IMAGE_SKILL_TOKEN" in receipts.call_of(job, [])


def test_an_edit_s_request_names_what_went_in(ada: Client, room: Room) -> None:
    first = room.hang()
    edit = room.edit(first)
    mask = room.print_of(None)
    JobInput.objects.create(job_id=edit.job_id, asset=mask, role="mask")
    answer = ada.get(f"{room.path}/{edit.pk}")
    assert f"--input {first.pk}" in answer.context["command"]
    assert f"--mask {mask.pk}" in answer.context["command"]
    assert f'"input_asset_id":"{first.pk}"' in answer.context["call"]


def test_a_viewer_sees_the_prompt_and_no_request_to_copy(room: Room) -> None:
    asset = room.hang("A quiet garden")
    add_viewer(room)
    answer = sign_in("bo@example.com").get(f"{room.path}/{asset.pk}")
    assert "A quiet garden" in answer.content.decode()
    assert "image-skill create" not in answer.content.decode()
    assert "command" not in answer.context


def shape(nodes: object) -> object:
    assert isinstance(nodes, list | tuple)
    return [(node.asset.pk, node.is_here, shape(node.children)) for node in nodes]


def test_edits_hang_below_what_they_changed_and_variants_stand_beside_it(ada: Client, room: Room) -> None:
    job = room.job(output_count=2)
    first, second = room.print_of(job), room.print_of(job, position=1)
    warm, cold = room.edit(first, "warmer"), room.edit(first, "colder")
    warmest = room.edit(warm, "still warmer")
    family = lineage.family(gallery.scope_of(room.organization), warm)
    expected = [
        (first.pk, False, [(warm.pk, True, [(warmest.pk, False, [])]), (cold.pk, False, [])]),
        (second.pk, False, []),
    ]
    assert shape(family.roots) == expected
    assert family.is_whole
    page = ada.get(f"{room.path}/{warm.pk}").content.decode()
    assert f'href="{room.path}/{warmest.pk}"' in page
    Asset.objects.filter(pk=first.pk).update(deleted_at=timezone.now())
    page = ada.get(f"{room.path}/{warm.pk}").content.decode()
    assert f"{room.path}/{first.pk}" not in page
    assert "deleted" in page


def test_a_family_ends_where_the_workspace_ends(room: Room) -> None:
    other = make_room("cy@example.com", "Elsewhere")
    theirs = other.hang()
    mine = room.edit(theirs)
    scope = gallery.scope_of(room.organization)
    assert shape(lineage.family(scope, mine).roots) == [(mine.pk, True, [])]
    assert lineage.sources(scope, mine.job) == []
    assert shape(lineage.family(gallery.scope_of(other.organization), theirs).roots) == [(theirs.pk, True, [])]


def test_a_long_family_is_cut_and_says_so(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = room.hang()
    first = asset
    for _ in range(4):
        asset = room.edit(asset)
    monkeypatch.setattr(lineage, "MOST_LEVELS", 3)
    scope = gallery.scope_of(room.organization)
    assert not lineage.family(scope, first).is_whole
    assert not lineage.family(scope, asset).is_whole


def test_compared_settings_that_differ_stand_first(ada: Client, room: Room) -> None:
    one = room.hang("A boat", parameters={"seed": 1, "palette": "warm"})
    two = room.hang("A boat", parameters={"seed": 2, "palette": "warm"}, settled_credits=5)
    answer = ada.get(f"{room.path}/compare", {"p": [key_of(one), key_of(two)]})
    rows = {row.name: row.differs for row in answer.context["rows"]}
    assert rows["seed"]
    assert rows["Credits"]
    assert not rows["palette"]
    assert not rows["Prompt"]
    differing = [row.differs for row in answer.context["rows"]]
    assert differing == sorted(differing, reverse=True)
    assert answer.content.decode().count('class="differs"') == sum(differing)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_two_to_four_are_compared(ada: Client, room: Room, count: int) -> None:
    keys = [key_of(room.hang()) for _ in range(count)]
    answer = ada.get(f"{room.path}/compare", {"p": keys})
    assert answer.url == room.path


def test_a_picture_of_a_merged_shell_shows_its_receipt(ada: Client, room: Room) -> None:
    shell = room.merge_shell()
    asset = room.hang(organization=shell)
    assert ada.get(f"{room.path}/{asset.pk}").status_code == 200
    make_user("cy@example.com")
    assert sign_in("cy@example.com").get(f"{room.path}/{asset.pk}").status_code == 404
