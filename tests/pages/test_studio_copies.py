"""A copy of a studio is the studio: every row and file of it, and all that can be done with it."""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
import time_machine
from django.conf import LazySettings
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone

from billing import ledger
from creative.models import Asset
from imageskill.flows import invariants
from tests import copies, doubles, emptying
from tests.pages.people import make_user, sign_in
from tests.pages.studio import Studio, make_studio

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_kept", {})


@pytest.fixture
def media(tmp_path: Path) -> Path:
    return tmp_path / "media"


@contextmanager
def undone(media: Path) -> Iterator[None]:
    """Undo what is done within, as the end of a test does."""
    before = transaction.savepoint()
    yield
    transaction.savepoint_rollback(before)
    shutil.rmtree(media, ignore_errors=True)


def rows() -> dict[str, Any]:
    """Return each table's rows as they are stored; their order is where PostgreSQL found room for them."""
    tables = emptying.filled(connection, emptying.tables(connection))
    stored = {table: copies._read(table) for table in tables}
    return {
        table: sorted(told.splitlines() if isinstance(told, bytes) else told, key=repr)
        for table, told in stored.items()
    }


def files(media: Path) -> dict[str, tuple[int, str]]:
    found = [path for path in media.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(media)): (path.stat().st_mode, sha256(path.read_bytes()).hexdigest())
        for path in found
    }


def shape(media: Path) -> tuple[dict[str, int], Counter[tuple[int, str]]]:
    """Return how many rows each table has, and which files there are, whatever their names."""
    sizes = {}
    for table in rows():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 - ours
            sizes[table] = cursor.fetchone()[0]
    return sizes, Counter(files(media).values())


def copied(media: Path) -> Studio:
    """Return a studio that is a copy."""
    with undone(media):
        made = make_studio()
    studio = make_studio()
    assert studio.agent.token == made.agent.token
    return studio


def test_it_has_each_row_and_each_file_of_what_was_made(media: Path) -> None:
    with undone(media):
        made = make_studio()
        rows_made, files_made = rows(), files(media)
    assert (rows(), files(media)) == ({}, {})
    copy = make_studio()
    assert copy == Studio(**{**vars(made), "agent": copy.agent})
    assert vars(copy.agent) == vars(made.agent)
    assert rows() == rows_made
    assert files(media) == files_made
    assert mail.outbox == []


def test_it_has_as_many_rows_and_the_same_files_as_one_made_anew(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with undone(media):
        copy = copied(media)
        shape_of_copy = shape(media)
    monkeypatch.setattr(copies, "_kept", {})
    anew = make_studio()
    assert anew.agent.token != copy.agent.token
    assert shape(media) == shape_of_copy


def test_its_agent_works_on_over_the_wire_and_its_books_balance(media: Path) -> None:
    studio = copied(media)
    made = studio.agent.create("A kite over the dunes", model="canvas.draft")
    assert made.ok, made.body
    newest = Asset.objects.filter(agent_id=studio.agent.agent_id).order_by("pk").last()
    assert newest not in {None, *studio.assets}
    assert studio.agent.get(f"/v1/jobs/{studio.waiting_job_id}").ok
    assert ledger.verify() == []
    assert invariants.reconcile() == []


def test_its_owner_signs_in_and_sees_the_pictures(media: Path) -> None:
    studio = copied(media)
    ada = sign_in()
    page = ada.get(f"/w/{studio.organization.pk}/gallery").content.decode()
    for asset in studio.assets:
        assert asset.pk in page
        assert ada.get(f"/w/{studio.organization.pk}/gallery/{asset.pk}").status_code == 200


def test_what_a_test_does_to_a_copy_is_not_in_the_next(media: Path) -> None:
    with undone(media):
        studio = copied(media)
        rows_before, files_before, told_before = rows(), files(media), str(studio.refused)
        studio.agent.create("A kite over the dunes", model="canvas.draft")
        studio.refused.clear()
        next(path for path in media.rglob("*.png")).write_bytes(b"torn")
        assert (rows(), files(media)) != (rows_before, files_before)
    again = make_studio()
    assert (rows(), files(media), str(again.refused)) == (rows_before, files_before, told_before)


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_is_copied_and_emptied_too(media: Path) -> None:
    made = make_studio()
    rows_made = rows()
    emptying.empty(connection)
    shutil.rmtree(media)
    assert make_studio().agent.token == made.agent.token
    assert rows() == rows_made
    assert invariants.reconcile() == []
    emptying.empty(connection)
    assert rows() == {}


class Making:
    """A making of little work that is counted."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> dict[str, Any]:
        self.times += 1
        return {"user": make_user("eve@example.com").pk}


def other_setting(settings: LazySettings, **_: Any) -> None:
    settings.PREVIEW_CREDITS = 7


def jobs_that_wait(settings: LazySettings, **_: Any) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"


def other_provider(request: pytest.FixtureRequest, **_: Any) -> None:
    assert isinstance(request.getfixturevalue("provider"), doubles.FakeProvider)


def somebody_there(**_: Any) -> None:
    make_user("bo@example.com")


def a_file_there(media: Path, **_: Any) -> None:
    media.mkdir()
    (media / "note.txt").write_text("not of the studio")


def later(monkeypatch: pytest.MonkeyPatch, **_: Any) -> None:
    now = time.monotonic() + copies.LASTS_SECONDS
    monkeypatch.setattr(copies, "time", SimpleNamespace(time=time.time, monotonic=lambda: now))


def other_ten_minutes(monkeypatch: pytest.MonkeyPatch, **_: Any) -> None:
    now = time.time() + copies.PERIOD_SECONDS
    monkeypatch.setattr(copies, "time", SimpleNamespace(time=lambda: now, monotonic=time.monotonic))


def other_clock(request: pytest.FixtureRequest, **_: Any) -> None:
    travel = time_machine.travel(timezone.now() + timedelta(seconds=1))
    travel.start()
    request.addfinalizer(travel.stop)


CHANGES: Final = (
    other_setting,
    jobs_that_wait,
    other_provider,
    somebody_there,
    a_file_there,
    later,
    other_ten_minutes,
    other_clock,
)


def test_what_may_last_longer_does(monkeypatch: pytest.MonkeyPatch, media: Path) -> None:
    making = Making()
    for _ in range(2):
        with undone(media):
            copies.laid_down("somebody", making, lasts_seconds=2 * copies.LASTS_SECONDS)
        later(monkeypatch)
    assert making.times == 1
    now = time.monotonic() + 2 * copies.LASTS_SECONDS
    monkeypatch.setattr(copies, "time", SimpleNamespace(time=time.time, monotonic=lambda: now))
    copies.laid_down("somebody", making, lasts_seconds=2 * copies.LASTS_SECONDS)
    assert making.times == 2


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_where_something_else_holds_it_is_made_anew(
    change: Callable[..., None],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    settings: LazySettings,
    media: Path,
) -> None:
    making = Making()
    for _ in range(3):
        with undone(media):
            copies.laid_down("somebody", making)
    assert making.times == 1
    with undone(media):
        copies.laid_down("somebody else", making)
    assert making.times == 2
    change(request=request, monkeypatch=monkeypatch, settings=settings, media=media)
    copies.laid_down("somebody", making)
    assert making.times == 3
