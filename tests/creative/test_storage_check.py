"""`check_media`: rows and bytes agree, or somebody is told, and nothing is removed that is still wanted."""

import io
import os
import time
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from creative import media_check, storage, thumbnails
from creative.models import Asset, Attempt, Job
from tests.cast import Member
from tests.creative.pictures import encoded, send

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]

LONG_AGO = 7200


@pytest.fixture
def root(settings: LazySettings) -> Path:
    """The folder of the pictures."""
    return Path(settings.STORAGES["media"]["OPTIONS"]["location"])


def age(root: Path, key: str = "") -> None:
    """Make files older than an hour: one, or all."""
    moment = time.time() - LONG_AGO
    for path in [root / key] if key else root.rglob("*"):
        os.utime(path, (moment, moment))


def check(*, mend: bool = False) -> tuple[bool, list[str]]:
    """Run the command; return whether it found nothing wrong, and its lines without the sum."""
    out = io.StringIO()
    try:
        call_command("check_media", *(["--mend"] if mend else []), stdout=out)
    except CommandError:
        return False, out.getvalue().splitlines()[:-1]
    return True, out.getvalue().splitlines()[:-1]


def stored() -> list[str]:
    return [entry.key for entry in storage.entries()]


def test_rows_and_bytes_that_agree_are_left_alone(agent: Member, root: Path) -> None:
    agent.create(output_count=2)
    send(agent, encoded())
    send(agent, encoded())
    for asset in Asset.objects.all():
        thumbnails.make(asset)
    age(root)
    before = stored()
    assert len(before) == 11
    assert check(mend=True) == (True, [])
    assert stored() == before


def test_a_picture_without_bytes_is_told_and_left_as_it_is(agent: Member) -> None:
    made = agent.create(output_count=2).data["asset_ids"]
    lost = Asset.objects.get(pk=made[1])
    storage.remove(lost.storage_key)
    for mend in (False, True):
        assert check(mend=mend) == (False, [f"lost: {lost.pk} has no bytes"])
    lost.refresh_from_db()
    assert lost.deleted_at is None


def test_every_picture_that_shared_lost_bytes_is_told(agent: Member) -> None:
    shared = [send(agent, encoded()).data["asset"]["asset_id"] for _ in range(2)]
    storage.remove(Asset.objects.get(pk=shared[0]).storage_key)
    assert check()[1] == [f"lost: {asset_id} has no bytes" for asset_id in sorted(shared)]


def test_bytes_of_nothing_are_told_and_removed_when_asked(agent: Member, root: Path) -> None:
    agent.create()
    kept = stored()
    orphans = [
        storage.picture_key(job_id="job_0gone", attempt_id=1, position=0, mime_type="image/png"),
        storage.upload_key("image_" + "0" * 36, "image/webp"),
    ]
    for key in orphans:
        storage.write(key, b"bytes")
    (root / "pictures" / ".writing-half").write_bytes(b"ha")
    age(root)
    orphans = sorted([*orphans, "pictures/.writing-half"])
    assert check() == (False, [f"orphan: {key} belongs to nothing" for key in orphans])
    assert check(mend=True) == (True, [f"removed: {key} belongs to nothing" for key in orphans])
    assert stored() == kept
    assert check() == (True, [])


def test_bytes_that_a_deletion_left_behind_are_removed(agent: Member, root: Path) -> None:
    agent.create()
    thumbnails.make(Asset.objects.get())
    Asset.objects.update(deleted_at=timezone.now())
    age(root)
    assert check(mend=True)[0]
    assert stored() == []


def test_young_bytes_are_left_to_whoever_writes_them(root: Path) -> None:
    key = storage.picture_key(job_id="job_0new", attempt_id=1, position=0, mime_type="image/png")
    storage.write(key, b"bytes")
    assert check(mend=True) == (True, [])
    age(root, key)
    assert check(mend=True)[0]
    assert stored() == []


@pytest.mark.parametrize(
    ("job_state", "attempt_state", "kept"),
    [
        ("running", "stored", True),
        ("running", "submitted", True),
        ("running", "calling", True),
        ("completed", "stored", True),
        ("failed", "failed", False),
        ("failed", "house_exposure", False),
        ("completed", "late_result", False),
    ],
)
def test_bytes_of_a_job_that_may_still_complete_are_kept(
    agent: Member, root: Path, job_state: str, attempt_state: str, *, kept: bool
) -> None:
    agent.create()
    asset = Asset.objects.get()
    Asset.objects.all().delete()
    Attempt.objects.update(state=attempt_state)
    Job.objects.update(state=job_state)
    age(root)
    assert check(mend=True)[0] is True
    assert stored() == ([asset.storage_key] if kept else [])


def test_thumbnails_of_nothing_are_removed(agent: Member, root: Path) -> None:
    kept = send(agent, encoded()).data["asset"]["asset_id"]
    thumbnails.make(Asset.objects.get(pk=kept))
    strange = [
        storage.thumbnail_key("image_" + "1" * 36, 320),
        f"{storage.THUMBNAILS}zz/{kept}-320.webp",
        f"{storage.THUMBNAILS}{kept}.webp",
    ]
    for key in strange:
        storage.write(key, b"bytes")
    age(root)
    assert check(mend=True) == (True, sorted(f"removed: {key} belongs to nothing" for key in strange))
    assert len(stored()) == 3


def test_keys_are_walked_in_one_order_whatever_the_database_sorts_by(
    agent: Member, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_check, "_ROWS", 2)
    monkeypatch.setattr(media_check, "_BATCH", 2)
    agent.create(output_count=4)
    keys = ["a-b/0.png", "a/0.png", "A/0.png", "a.b/0.png", "aB.png", "ab.png", "Z_/0.png", "z/é.png", "_.png"]
    template = Asset.objects.first()
    assert template is not None
    for number, key in enumerate(keys):
        storage.write(key, b"bytes")
        template.pk, template.position, template.storage_key = f"image_{number:036}", 10 + number, key
        template._state.adding = True
        template.save(force_insert=True)
    age(root)
    assert check() == (True, [])
    assert stored() == sorted(stored())
    found = media_check.check(mend=False, tell=print)
    assert (found.objects, found.lost, found.orphans) == (13, 0, 0)
    storage.remove("a.b/0.png")
    storage.write("a,b/0.png", b"bytes")
    age(root)
    assert check()[1] == [f"lost: image_{3:036} has no bytes", "orphan: a,b/0.png belongs to nothing"]


def test_an_empty_storage_and_no_rows_agree() -> None:
    assert check() == (True, [])
