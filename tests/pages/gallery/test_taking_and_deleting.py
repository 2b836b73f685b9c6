"""Several at once: a zip with a manifest, written while it is read, and a deletion that says what it touches."""

import io
import json
import tracemalloc
import zipfile
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from creative import gallery, storage, zipping
from creative.models import Asset, Job, JobInput
from creative.zipping import Told
from imageskill.core.models import ActivityEvent
from tests.pages.gallery.rooms import Room, add_viewer, drawn, key_of, make_room
from tests.pages.people import make_old, said, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def room() -> Room:
    return make_room()


@pytest.fixture
def ada(room: Room) -> Client:
    return sign_in()


def unzipped(answer: Any) -> tuple[zipfile.ZipFile, dict[str, Any]]:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert archive.testzip() is None
    return archive, json.loads(archive.read("manifest.json"))


def test_a_zip_holds_the_very_bytes_and_a_manifest_in_the_order_of_choosing(ada: Client, room: Room) -> None:
    data = [drawn(90), drawn(91)]
    one = room.hang("Ein Boot über Wasser", data=data[0], settled_credits=9)
    two = room.hang("Two", data=data[1])
    upload = room.print_of(None)
    answer = ada.get(f"{room.path}/zip", {"p": [key_of(two), key_of(one), key_of(upload)]})
    assert answer["content-type"] == "application/zip"
    assert answer["content-disposition"].startswith('attachment; filename="pictures-')
    archive, manifest = unzipped(answer)
    rows = manifest["pictures"]
    assert manifest["workspace_id"] == room.organization.pk
    assert [row["asset_id"] for row in rows] == [two.pk, one.pk, upload.pk]
    assert [archive.read(row["file"]) for row in rows[:2]] == [data[1], data[0]]
    assert len(archive.namelist()) == 4
    assert (rows[1]["model"], rows[1]["credits"], rows[1]["sha256"]) == ("canvas.draft", 9, one.sha256)
    assert rows[1]["prompt"] == "Ein Boot über Wasser"
    assert (rows[2]["model"], rows[2]["credits"], rows[2]["kind"]) == (None, None, "uploaded")
    assert "isk_" not in json.dumps(manifest)


def test_a_viewer_s_zip_has_no_prompts(room: Room) -> None:
    asset = room.hang("A secret garden")
    add_viewer(room)
    _, manifest = unzipped(sign_in("bo@example.com").get(f"{room.path}/zip", {"p": key_of(asset)}))
    assert manifest["pictures"][0]["asset_id"] == asset.pk
    assert "secret garden" not in json.dumps(manifest)


def test_what_cannot_be_read_is_missing_and_the_manifest_says_so(ada: Client, room: Room) -> None:
    gone, left = room.hang(), room.hang()
    storage.remove(gone.storage_key)
    archive, manifest = unzipped(ada.get(f"{room.path}/zip", {"p": [key_of(gone), key_of(left)]}))
    assert [row["file"] is None for row in manifest["pictures"]] == [True, False]
    assert len(archive.namelist()) == 2


def test_a_zip_is_never_whole_in_memory(room: Room) -> None:
    noise = drawn(1, (1024, 1024)) + bytes(6_000_000)  # a picture's bytes are whatever the storage holds
    assets = [room.hang() for _ in range(8)]
    for asset in assets:
        storage.write(asset.storage_key, noise)
    tiles = gallery.tiles(gallery.scope_of(room.organization), assets)
    tracemalloc.start()
    sent = sum(len(piece) for piece in zipping.stream(tiles, Told("org_1", "", with_prompts=False)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sent > 8 * len(noise)
    assert peak < 2_000_000


def test_a_deletion_asks_first_and_shows_where_each_picture_is_used(ada: Client, room: Room) -> None:
    used, free = room.hang(settled_credits=24), room.hang()
    room.edit(used)
    ada.post(f"{room.path}/shares/make", {"p": key_of(used), "days": "7"})
    answer = ada.get(f"{room.path}/discard", {"p": [key_of(used), key_of(free)]})
    page = answer.content.decode()
    assert "1 edit" in page
    assert "1 share link" in page
    assert "used nowhere" in page
    assert "25 credits" in page
    assert "stay in the books" in page
    used.refresh_from_db()
    assert used.deleted_at is None


def test_deleted_pictures_lose_their_bytes_and_keep_their_rows(ada: Client, room: Room) -> None:
    first, second = room.hang(settled_credits=9), room.hang()
    answer = ada.post(f"{room.path}/delete", {"p": [key_of(first), key_of(second)]})
    assert answer.url == room.path
    assert "2 pictures deleted" in said(answer)[0]
    for asset in (first, second):
        asset.refresh_from_db()
        assert asset.deleted_at is not None
        assert not storage.has(asset.storage_key)
        assert not storage.has(storage.thumbnail_key(asset.pk, 320))
        assert ada.get(f"/a/{asset.pk}.png").status_code == 410
        event = ActivityEvent.objects.get(type="asset.deleted", subject_id=asset.pk)
        assert (event.actor_type, event.actor_id) == ("human", room.owner.pk)
    assert Job.objects.get(pk=first.job_id).settled_credits == 9
    again = ada.post(f"{room.path}/delete", {"p": key_of(first)})
    assert "gone already" in said(again)[0]


def test_bytes_that_a_living_picture_shares_stay(ada: Client, room: Room) -> None:
    asset, twin = room.hang(), room.hang()
    Asset.objects.filter(pk=twin.pk).update(storage_key=asset.storage_key)
    ada.post(f"{room.path}/delete", {"p": key_of(asset)})
    assert storage.has(asset.storage_key)


def test_a_picture_that_a_job_still_needs_stays(ada: Client, room: Room) -> None:
    needed, free = room.hang(), room.hang()
    job = room.job("Warmer", operation="edit", state=Job.State.AWAITING_APPROVAL)
    JobInput.objects.create(job=job, asset=needed, role="input")
    assert job.pk in ada.get(f"{room.path}/discard", {"p": key_of(needed)}).content.decode()
    answer = ada.post(f"{room.path}/delete", {"p": [key_of(needed), key_of(free)]})
    assert job.pk in said(answer)[0]
    needed.refresh_from_db()
    free.refresh_from_db()
    assert needed.deleted_at is None
    assert free.deleted_at is not None
    assert not ActivityEvent.objects.filter(type="asset.deleted", subject_id=needed.pk).exists()


def test_a_deletion_needs_a_fresh_sign_in(ada: Client, room: Room) -> None:
    asset = room.hang()
    make_old(ada)
    for answer in (
        ada.get(f"{room.path}/discard", {"p": key_of(asset)}),
        ada.post(f"{room.path}/delete", {"p": key_of(asset)}),
    ):
        assert answer.url.startswith("/account/confirm/")
    asset.refresh_from_db()
    assert asset.deleted_at is None


def test_choosing_nothing_leads_back_to_the_wall(ada: Client, room: Room) -> None:
    Asset.objects.filter(pk=room.hang().pk).update(deleted_at=timezone.now())
    for path in ("zip", "discard", "compare", "shares/new"):
        answer = ada.get(f"{room.path}/{path}", {"p": ["", "0", "../../etc", "image_1"]})
        assert answer.url == room.path
