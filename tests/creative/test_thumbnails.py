"""Thumbnails: made soon, small, once; a picture that cannot be read is not tried for ever."""

import errno
import io
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone
from PIL import Image

from creative import storage, thumbnails
from creative.images.workshop import workshop
from creative.models import Asset
from creative.storage import DurableFolder
from imageskill.flows import clock
from tests.cast import Member, sign_up
from tests.creative.disks import FullDisk
from tests.creative.pictures import encoded, scene, send

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def uploaded(member: Member, picture: Image.Image | None = None, kind: str = "PNG") -> Asset:
    told = send(member, encoded(kind, picture)).data["asset"]
    return Asset.objects.get(pk=told["asset_id"])


def size_of(asset: Asset, width: int) -> tuple[str | None, tuple[int, int]]:
    asset.refresh_from_db()
    file = thumbnails.open(asset, width)
    assert file is not None
    with file:
        picture = Image.open(io.BytesIO(file.read()))
        picture.load()
    return picture.format, picture.size


@pytest.mark.parametrize(
    ("size", "small", "large"),
    [
        ((2000, 1000), (320, 160), (960, 480)),
        ((1000, 2000), (160, 320), (480, 960)),
        ((700, 500), (320, 229), (700, 500)),
        ((200, 100), (200, 100), (200, 100)),
        ((3000, 2), (320, 1), (960, 1)),
    ],
)
def test_they_have_so_many_pixels_on_the_long_side_and_are_never_enlarged(
    agent: Member, size: tuple[int, int], small: tuple[int, int], large: tuple[int, int]
) -> None:
    asset = uploaded(agent, scene(size=size))
    assert thumbnails.make_missing() == 1
    assert size_of(asset, 320) == ("WEBP", small)
    assert size_of(asset, 960) == ("WEBP", large)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_every_kind_that_is_kept_has_them(agent: Member, kind: str) -> None:
    asset = uploaded(agent, scene("L" if kind == "JPEG" else "RGB"), kind)
    assert thumbnails.make_missing() == 1
    assert size_of(asset, 320) == ("WEBP", (48, 32))


def test_they_are_made_once(agent: Member) -> None:
    asset = uploaded(agent)
    assert thumbnails.open(asset, 320) is None
    assert thumbnails.make_missing() == 1
    asset.refresh_from_db()
    made_at = asset.thumbnails_at
    assert made_at is not None
    assert thumbnails.make_missing() == 0
    assert thumbnails.make(asset)
    asset.refresh_from_db()
    assert asset.thumbnails_at == made_at


def test_no_other_width_and_no_deleted_picture_has_one(agent: Member) -> None:
    asset = uploaded(agent)
    thumbnails.make_missing()
    asset.refresh_from_db()
    assert thumbnails.open(asset, 640) is None
    asset.deleted_at = timezone.now()
    assert thumbnails.open(asset, 320) is None


@pytest.mark.parametrize("data", [b"no picture", None], ids=["spoilt", "missing"])
def test_bytes_that_cannot_be_read_are_tried_once(agent: Member, data: bytes | None) -> None:
    asset = uploaded(agent)
    good = uploaded(agent, scene("L"))
    if data is None:
        storage.remove(asset.storage_key)
    else:
        storage.write(asset.storage_key, data)
    assert thumbnails.make_missing() == 1
    assert thumbnails.make_missing() == 0
    asset.refresh_from_db()
    assert asset.thumbnails_at is not None
    assert thumbnails.open(asset, 320) is None
    assert size_of(good, 320)[0] == "WEBP"


def test_a_storage_that_refuses_is_tried_again_for_a_day(
    agent: Member, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    asset = uploaded(agent)
    location = settings.STORAGES["media"]["OPTIONS"]["location"]
    with monkeypatch.context() as patched:
        patched.setattr(storage, "_media", lambda: FullDisk(location, number=errno.ENOSPC))
        assert thumbnails.make_missing() == 0
        asset.refresh_from_db()
        assert asset.thumbnails_at is None
    assert thumbnails.make_missing() == 1
    Asset.objects.update(thumbnails_at=None, created_at=timezone.now() - timedelta(days=2))
    with monkeypatch.context() as patched:
        patched.setattr(storage, "_media", lambda: FullDisk(location, number=errno.ENOSPC))
        assert thumbnails.make_missing() == 0
    assert not Asset.objects.filter(thumbnails_at=None).exists()


def test_they_wait_while_every_place_is_taken(agent: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    uploaded(agent)
    monkeypatch.setattr("creative.images._THUMBNAIL_PATIENCE", 0.01)
    places = [workshop._places.acquire(blocking=False) for _ in range(2)]
    try:
        assert thumbnails.make_missing() == 0
    finally:
        for taken in places:
            if taken:
                workshop._places.release()
    assert thumbnails.make_missing() == 1


def test_those_of_a_picture_that_was_deleted_meanwhile_are_removed(
    agent: Member, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    asset = uploaded(agent)

    class Late(DurableFolder):
        """A folder in whose time the picture is deleted."""

        def _save(self, name: str, content: Any) -> str:
            Asset.objects.update(deleted_at=timezone.now())
            return super()._save(name, content)

    location = settings.STORAGES["media"]["OPTIONS"]["location"]
    monkeypatch.setattr(storage, "_media", lambda: Late(location))
    thumbnails.make(asset)
    assert not [path for path in Path(location, "thumbnails").rglob("*") if path.is_file()]


def test_the_clock_makes_them(agent: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = uploaded(agent)
    (work,) = [work for work in clock.WORKS if work.name == "make_thumbnails"]
    monkeypatch.setattr(clock, "WORKS", (work,))
    assert clock.run_due() == ["make_thumbnails"]
    assert size_of(asset, 960)[0] == "WEBP"


@pytest.mark.django_db(transaction=True)
def test_makers_at_the_same_moment_leave_one_set(settings: LazySettings) -> None:
    asset = uploaded(sign_up("thumbs@gmail.com"))
    barrier = Barrier(4)

    def make() -> None:
        barrier.wait(60)
        try:
            thumbnails.make(asset)
        finally:
            connection.close()

    threads = [Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    root = Path(settings.STORAGES["media"]["OPTIONS"]["location"])
    assert len([path for path in root.rglob("*.webp") if path.is_file()]) == 2
    assert size_of(asset, 320) == ("WEBP", (48, 32))
