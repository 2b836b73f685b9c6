"""Equal bytes of an organization lie in the storage once, and no row is without its bytes."""

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from creative import storage, upload_limits
from creative.models import Asset
from creative.storage import DurableFolder
from imageskill.core.models import ActivityEvent, Tally
from tests.cast import Answer, Member, sign_up
from tests.creative.evidence import content_of, fetch, path_of
from tests.creative.pictures import encoded, scene, send

pytestmark = pytest.mark.both_databases

PNG = encoded("PNG")
AT_ONCE = 8


@pytest.fixture
def files(settings: LazySettings) -> Callable[[], list[Path]]:
    """Return what lists the files of the storage."""
    root = Path(settings.STORAGES["media"]["OPTIONS"]["location"])
    return lambda: sorted(path for path in root.rglob("*") if path.is_file())


def at_once(act: Callable[[int], Answer]) -> list[Answer]:
    """Let eight threads call at the same moment; return their answers."""
    barrier, answers = Barrier(AT_ONCE), list[Answer]()

    def call(number: int) -> None:
        barrier.wait(60)
        try:
            answers.append(act(number))
        finally:
            connection.close()

    threads = [Thread(target=call, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(answers) == AT_ONCE
    return answers


@pytest.mark.django_db
def test_equal_pictures_are_two_assets_and_one_file(
    agent: Member, teammate: Member, stranger: Member, files: Callable[[], list[Path]]
) -> None:
    first, second = send(agent, PNG).data["asset"], send(agent, PNG).data["asset"]
    third = send(teammate, PNG).data["asset"]
    assert len({first["asset_id"], second["asset_id"], third["asset_id"]}) == 3
    assert len({first["sha256"], second["sha256"], third["sha256"]}) == 1
    assert len(files()) == 1
    assert {content_of(fetch(path_of(told))) for told in (first, second, third)} == {files()[0].read_bytes()}
    assert send(stranger, PNG).ok
    assert len(files()) == 2  # another organization shares nothing


@pytest.mark.django_db
def test_a_deleted_picture_lends_its_bytes_to_nobody(agent: Member, files: Callable[[], list[Path]]) -> None:
    told = send(agent, PNG).data["asset"]
    row = Asset.objects.get()
    Asset.objects.update(deleted_at=row.created_at)
    again = send(agent, PNG).data["asset"]
    assert Asset.objects.get(pk=again["asset_id"]).storage_key != row.storage_key
    assert len(files()) == 2
    assert again["sha256"] == told["sha256"]


@pytest.mark.django_db(transaction=True)
def test_eight_equal_uploads_at_once_are_eight_assets_and_one_file(files: Callable[[], list[Path]]) -> None:
    agent = sign_up("equal@gmail.com")
    answers = at_once(lambda _: send(agent, PNG))
    assert Counter(answer.status for answer in answers) == {200: AT_ONCE}
    assert Asset.objects.count() == AT_ONCE
    (key,) = set(Asset.objects.values_list("storage_key", flat=True))
    file = storage.open_read(key)
    assert file is not None
    with file:
        assert hashlib.sha256(file.read()).hexdigest() == Asset.objects.first().sha256  # type: ignore[union-attr]
    assert len(files()) == 1
    assert ActivityEvent.objects.filter(type="asset.uploaded").count() == AT_ONCE


@pytest.mark.django_db(transaction=True)
def test_of_eight_uploads_at_once_as_many_pass_as_the_day_has_left(files: Callable[[], list[Path]]) -> None:
    agent = sign_up("race@gmail.com")
    for _ in range(27):
        upload_limits.count(agent=agent.row, network="loopback", length=1, added=0)
    pictures = [encoded("PNG", scene(size=(40 + number, 30))) for number in range(AT_ONCE)]
    answers = at_once(lambda number: send(agent, pictures[number]))
    assert Counter(answer.status for answer in answers) == {200: 3, 429: 5}
    assert Asset.objects.count() == len(files()) == 3
    assert Tally.objects.get(scope="upload_count").count == 30


@pytest.mark.django_db
def test_a_refusal_after_the_store_takes_the_bytes_back(
    agent: Member, files: Callable[[], list[Path]], monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    class Late(DurableFolder):
        """A folder in whose time the agent uploads its thirtieth elsewhere."""

        def _save(self, name: str, content: Any) -> str:
            for _ in range(30):
                upload_limits.count(agent=agent.row, network="loopback", length=1, added=0)
            return super()._save(name, content)

    disk = Late(settings.STORAGES["media"]["OPTIONS"]["location"])
    monkeypatch.setattr(storage, "_media", lambda: disk)
    assert send(agent, PNG).code == "RATE_LIMITED"
    assert files() == []


@pytest.mark.django_db
def test_a_process_that_dies_behind_the_store_leaves_bytes_and_no_row(
    agent: Member, files: Callable[[], list[Path]], monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    class Last(DurableFolder):
        """A folder whose process ends as soon as the bytes are there."""

        def _save(self, name: str, content: Any) -> str:
            assert not Asset.objects.exists()
            super()._save(name, content)
            raise SystemExit

    disk = Last(settings.STORAGES["media"]["OPTIONS"]["location"])
    monkeypatch.setattr(storage, "_media", lambda: disk)
    with pytest.raises(SystemExit):
        send(agent, PNG)
    assert len(files()) == 1
    assert not Asset.objects.exists()
    assert not Tally.objects.filter(scope="upload_count").exists()
