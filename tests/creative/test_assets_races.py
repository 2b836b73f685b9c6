"""Deletions beside uploads, edits and each other: no row without its bytes, no bytes without a row."""

import threading
from collections import Counter
from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection

from accounts import organizations
from creative import storage
from creative.models import Asset, Job, JobInput
from imageskill.core.models import ActivityEvent
from imageskill.core.units import unit_of_work
from tests.cast import Answer, Member, sign_up
from tests.creative.evidence import content_of, fetch, path_of
from tests.creative.pictures import encoded, send

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("provider"),
]


@pytest.fixture
def owner() -> Member:
    """An agent that may delete."""
    agent = sign_up("races@gmail.com")
    row = agent.row
    row.grants = [*row.grants, "asset.delete"]
    row.save()
    return agent


def at_once(*acts: Callable[[], Answer]) -> list[Answer]:
    """Let each act happen at the same moment; return their answers in the order of the acts."""
    barrier, answers = Barrier(len(acts)), dict[int, Answer]()

    def call(number: int) -> None:
        barrier.wait(60)
        try:
            answers[number] = acts[number]()
        finally:
            connection.close()

    threads = [Thread(target=call, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return [answers[number] for number in range(len(acts))]


def assert_bytes_follow_rows() -> None:
    """Check that the live pictures' bytes are all there, and nothing else is."""
    named = set(Asset.objects.filter(deleted_at=None).values_list("storage_key", flat=True))
    assert {entry.key for entry in storage.entries()} == named


def deletion(owner: Member, asset_id: str) -> Callable[[], Answer]:
    return lambda: owner.send("DELETE", f"/v1/assets/{asset_id}")


@pytest.mark.parametrize("_round", range(5))
def test_a_deletion_beside_uploads_of_equal_bytes_loses_none(owner: Member, _round: int) -> None:
    first = send(owner, encoded()).data["asset"]
    uploads = [lambda: send(owner, encoded())] * 3
    deleted, *sent = at_once(deletion(owner, first["asset_id"]), *uploads)
    assert deleted.ok
    assert all(answer.ok for answer in sent)
    for answer in sent:
        asset = answer.data["asset"]
        assert len(content_of(fetch(path_of(asset)))) == asset["content_length"]
    assert fetch(path_of(first)).status_code == 410
    assert_bytes_follow_rows()


def test_eight_deletions_of_one_picture_are_one(owner: Member) -> None:
    asset_id = owner.create().data["asset_ids"][0]
    answers = at_once(*[deletion(owner, asset_id)] * 8)
    assert Counter(answer.status for answer in answers) == {200: 8}
    assert len({answer.data["asset"]["deleted_at"] for answer in answers}) == 1
    assert ActivityEvent.objects.filter(type="asset.deleted").count() == 1
    assert_bytes_follow_rows()


def test_all_that_share_bytes_may_go_at_once(owner: Member) -> None:
    shared = [send(owner, encoded()).data["asset"]["asset_id"] for _ in range(4)]
    answers = at_once(*(deletion(owner, asset_id) for asset_id in shared))
    assert all(answer.ok for answer in answers)
    assert list(storage.entries()) == []


def test_a_job_that_is_being_made_of_a_picture_is_waited_for(owner: Member) -> None:
    made = owner.create().data
    asset_id = made["asset_ids"][0]
    locked, coming = threading.Event(), threading.Event()

    @unit_of_work
    def place() -> None:
        organizations.lock(owner.row.organization_id)
        locked.set()
        assert coming.wait(30)
        assert Asset.objects.filter(pk=asset_id, deleted_at=None).exists()
        Job.objects.update(state="running")
        JobInput.objects.create(job_id=made["job_id"], asset_id=asset_id, role="input")

    def run() -> None:
        try:
            place()
        finally:
            connection.close()

    placing = Thread(target=run)
    placing.start()
    assert locked.wait(30)
    coming.set()
    refused = owner.send("DELETE", f"/v1/assets/{asset_id}")
    placing.join(30)
    assert (refused.status, refused.error["recovery"]["job_id"]) == (409, made["job_id"])
    assert Asset.objects.get().deleted_at is None
    assert_bytes_follow_rows()
