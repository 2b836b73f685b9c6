import errno
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from billing import ledger
from creative import storage
from creative.models import Asset, Attempt, Job
from tests.cast import Member
from tests.creative.evidence import assert_released, balance, content_of, fetch, path_of
from tests.doubles import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def use(settings: LazySettings, **options: Any) -> None:
    """Put another folder of pictures behind the service."""
    known = settings.STORAGES["media"]["OPTIONS"]
    disk = {"BACKEND": "tests.creative.disks.FullDisk", "OPTIONS": known | options}
    settings.STORAGES = settings.STORAGES | {"media": disk}


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("key", [None, "run-1"])
def test_a_picture_that_cannot_be_stored_is_told_and_not_charged(
    agent: Member, settings: LazySettings, number: int, key: str | None
) -> None:
    use(settings, number=number)
    refused = agent.create(key=key)
    assert (refused.code, refused.exit_code, refused.status) == ("ARTIFACT_STORAGE_WRITE_FAILED", 9, 507)
    assert refused.error["retryable"] is False
    told = refused.response.content.decode()
    assert "pictures/" not in told
    assert "/media" not in told
    job = Job.objects.get()
    assert_released(agent, job.pk)
    shown = agent.get(f"/v1/jobs/{job.pk}").data
    assert (shown["status"], shown["job"]["error"]["code"]) == ("failed", "ARTIFACT_STORAGE_WRITE_FAILED")
    assert shown["job"]["error"]["exit_code"] == 9
    events = agent.get(f"/v1/activity/{job.pk}").data["events"]
    assert [(event["type"], event["status"]) for event in events] == [("job.completed", "failed")]
    assert Attempt.objects.get().state == "house_exposure"


def test_a_folder_that_is_no_folder_is_told_the_same_way(
    agent: Member, provider: FakeProvider, settings: LazySettings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    use(settings, location=str(tmp_path / "file"), room=10)
    assert agent.create().code == "ARTIFACT_STORAGE_WRITE_FAILED"
    assert_released(agent, Job.objects.get().pk)
    assert len(provider.calls) == 1


def test_a_storage_failure_keeps_its_key_so_that_no_repeat_pays_twice(
    agent: Member, provider: FakeProvider, settings: LazySettings
) -> None:
    use(settings)
    first = agent.create(key="run-1")
    use(settings, room=10)
    again = agent.create(key="run-1")
    assert (again.code, again.exit_code, again.error) == ("ARTIFACT_STORAGE_WRITE_FAILED", 9, first.error)
    assert len(provider.calls) == Job.objects.count() == 1
    assert agent.create(key="run-2").status == 200
    assert balance(agent)["remaining_credits"] == 49


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize(("asked", "room"), [(2, 1), (4, 1), (4, 3)])
def test_what_could_be_stored_is_delivered_and_charged(
    agent: Member, settings: LazySettings, asked: int, room: int
) -> None:
    use(settings, room=room)
    made = agent.create(output_count=asked)
    assert (made.status, len(made.data["assets"])) == (200, room)
    assert made.data["quota"]["consumed_credits"] == room
    assert made.body["warnings"] == [f"{room} of {asked} pictures were delivered; only these are charged."]
    assert Attempt.objects.get().not_stored == asked - room
    assert balance(agent)["remaining_credits"] == 50 - room
    assert ledger.verify() == []


@pytest.mark.usefixtures("provider")
def test_the_bytes_lie_under_keys_that_no_answer_names(agent: Member, settings: LazySettings) -> None:
    made = agent.create(output_count=2)
    root = Path(settings.STORAGES["media"]["OPTIONS"]["location"])
    files = sorted(path for path in root.rglob("*") if path.is_file())
    keys = sorted(Asset.objects.values_list("storage_key", flat=True))
    assert [str(path.relative_to(root)) for path in files] == keys
    told = [made, agent.get(f"/v1/jobs/{made.data['job_id']}"), agent.get("/v1/activity")]
    for answer in told:
        assert not [key for key in keys if key in answer.response.content.decode()]
        assert str(root) not in answer.response.content.decode()


@pytest.mark.usefixtures("provider")
def test_a_written_picture_is_read_back_byte_for_byte(agent: Member, settings: LazySettings) -> None:
    asset = agent.create().data["assets"][0]
    root = Path(settings.STORAGES["media"]["OPTIONS"]["location"])
    on_disk = (root / Asset.objects.get().storage_key).read_bytes()
    assert content_of(fetch(path_of(asset))) == on_disk
    assert not list(root.rglob(".writing-*"))


def test_a_write_that_breaks_off_leaves_no_half_file(settings: LazySettings) -> None:
    root = Path(settings.STORAGES["media"]["OPTIONS"]["location"])
    (root / "pictures" / "taken").mkdir(parents=True)
    with pytest.raises(storage.StorageError) as refused:
        storage.write("pictures/taken", b"bytes")
    assert str(root) not in str(refused.value)
    assert [path for path in root.rglob("*") if path.is_file()] == []


def test_removing_what_is_not_there_is_no_error() -> None:
    storage.remove("pictures/none.png")
    assert storage.open_read("pictures/none.png") is None
    assert storage.is_healthy()
