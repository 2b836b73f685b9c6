"""The storage's port in front of a bucket: what is written is read, and every failure is told in our words."""

import threading
import urllib.request
from typing import Any
from urllib.error import HTTPError

import pytest
from django.conf import LazySettings
from django.core.files.storage import storages

from creative import storage
from creative.storage import StorageError
from imageskill.core.units import unit_of_work
from tests.s3.server import BUCKET, LocalS3

KEY = storage.picture_key(job_id="job_0abc", attempt_id=7, position=0, mime_type="image/png")
DATA = bytes(range(256)) * 4096


def read(start: int = 0, length: int | None = None) -> bytes:
    found = storage.stream(KEY, start=start, length=length)
    assert found is not None
    return b"".join(found)


def test_a_picture_is_one_request_with_its_type_and_no_access_list(bucket: LocalS3) -> None:
    storage.write(KEY, DATA)
    assert [(asked.method, asked.key) for asked in bucket.asked] == [("PUT", f"of/prod/{KEY}")]
    stored = bucket.objects[f"of/prod/{KEY}"]
    assert (stored.data, stored.content_type) == (DATA, "image/png")


def test_what_was_written_is_read_back_whole_and_in_part(bucket: LocalS3) -> None:
    storage.write(KEY, DATA)
    file = storage.open_read(KEY)
    assert file is not None
    assert file.read() == DATA
    assert read() == DATA
    assert read(10, 5) == DATA[10:15]
    assert read(len(DATA) - 3) == DATA[-3:]
    assert [asked.range for asked in bucket.asked[-2:]] == ["bytes=10-14", f"bytes={len(DATA) - 3}-"]
    part = storage.stream(KEY, start=10, length=5)
    assert part is not None
    assert part.length == len(DATA)
    part.close()


def test_a_bucket_that_ignores_ranges_is_found_out(bucket: LocalS3) -> None:
    storage.write(KEY, DATA)
    bucket.ignores_ranges = True
    with pytest.raises(StorageError):
        read(10, 5)


@pytest.mark.usefixtures("bucket")
def test_what_is_missing_is_missing_and_no_failure() -> None:
    assert storage.open_read(KEY) is None
    assert storage.stream(KEY) is None
    assert storage.stream(KEY, start=5, length=2) is None
    assert not storage.has(KEY)
    assert storage.remove(KEY)


def test_what_is_removed_is_gone(bucket: LocalS3) -> None:
    storage.write(KEY, DATA)
    assert storage.has(KEY)
    assert storage.remove(KEY)
    assert (storage.has(KEY), bucket.objects) == (False, {})


def test_a_repeated_write_replaces_the_object(bucket: LocalS3) -> None:
    storage.write(KEY, b"first")
    storage.write(KEY, b"second")
    assert [stored.data for stored in bucket.objects.values()] == [b"second"]


@pytest.mark.parametrize("how", [403, 400, 501])
def test_a_refusal_is_told_without_bucket_and_key(bucket: LocalS3, how: int) -> None:
    acts: list[Any] = [
        lambda: storage.write(KEY, DATA),
        lambda: storage.stream(KEY),
        lambda: storage.open_read(KEY),
        lambda: storage.has(KEY),
        lambda: list(storage.entries()),
    ]
    for act in acts:
        bucket.fail(how)
        with pytest.raises(StorageError) as refused:
            act()
        for told in (str(refused.value), str(refused.value.__cause__)):
            assert not [hidden for hidden in (BUCKET, "pictures/", "job_", bucket.endpoint) if hidden in told]
    bucket.fail(how)
    assert storage.remove(KEY) is False


def test_a_bucket_that_is_not_there_is_a_failure_and_no_missing_picture(
    bucket: LocalS3, settings: LazySettings
) -> None:
    media = settings.STORAGES["media"]
    other = media | {"OPTIONS": media["OPTIONS"] | {"bucket_name": "somebody-elses"}}
    settings.STORAGES = settings.STORAGES | {"media": other}
    with pytest.raises(StorageError):
        storage.stream(KEY)
    assert bucket.count("GET") == 1


def test_another_key_is_refused(bucket: LocalS3, settings: LazySettings) -> None:
    media = settings.STORAGES["media"]
    other = media | {"OPTIONS": media["OPTIONS"] | {"access_key": "AKIDOFSOMEBODY"}}
    settings.STORAGES = settings.STORAGES | {"media": other}
    with pytest.raises(StorageError):
        storage.write(KEY, DATA)
    assert bucket.objects == {}


def test_a_fault_of_the_moment_is_tried_again(bucket: LocalS3) -> None:
    bucket.fail(503, method="PUT", times=2)
    storage.write(KEY, DATA)
    assert (bucket.count("PUT"), len(bucket.objects)) == (3, 1)


def test_a_fault_that_stays_is_tried_three_times(bucket: LocalS3) -> None:
    bucket.fail(500, method="PUT", times=99)
    with pytest.raises(StorageError):
        storage.write(KEY, DATA)
    assert bucket.count("PUT") == 3


def test_a_bucket_that_does_not_answer_ends_after_its_time(bucket: LocalS3, settings: LazySettings) -> None:
    media = settings.STORAGES["media"]
    quick = media | {"OPTIONS": media["OPTIONS"] | {"timeout_seconds": 1}}
    settings.STORAGES = settings.STORAGES | {"media": quick}
    bucket.fail("slow", times=99)
    with pytest.raises(StorageError):
        storage.write(KEY, DATA)
    assert bucket.count("PUT") == 3


def test_bytes_that_break_off_are_never_taken_for_the_whole(bucket: LocalS3) -> None:
    storage.write(KEY, DATA)
    bucket.fail("cut", method="GET")
    with pytest.raises(OSError, match="does not answer"):
        read()
    bucket.fail("cut", method="GET")
    with pytest.raises(StorageError):
        storage.open_read(KEY)


def test_all_is_listed_in_order_over_many_pages(bucket: LocalS3) -> None:
    bucket.page = 3
    keys = sorted(
        storage.picture_key(job_id=f"job_{number}", attempt_id=1, position=0, mime_type="image/webp")
        for number in range(10)
    )
    for key in reversed(keys):
        storage.write(key, b"bytes")
    assert storage.is_healthy()
    assert [entry.key for entry in storage.entries()] == keys
    assert bucket.count("GET") == 4


def test_health_is_whether_an_object_can_be_written(bucket: LocalS3) -> None:
    assert storage.is_healthy()
    bucket.fail(403, method="PUT", times=99)
    assert storage.is_healthy()  # known for some seconds
    storages["media"]._probed = None  # type: ignore[attr-defined]
    assert not storage.is_healthy()
    assert bucket.count("PUT") == 2


def test_health_asks_once_for_many_callers(bucket: LocalS3) -> None:
    told: list[bool] = []
    threads = [threading.Thread(target=lambda: told.append(storage.is_healthy())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert told == [True] * 8
    assert bucket.count("PUT") <= 8


def test_a_signed_address_opens_the_object_and_a_bare_one_does_not(
    bucket: LocalS3, settings: LazySettings
) -> None:
    settings.MEDIA_REDIRECT = True
    storage.write(KEY, DATA)
    address = storage.redirect_address(KEY, mime_type="image/png", seconds=60)
    assert address is not None
    with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 - our own loopback
        assert answer.read() == DATA
    with pytest.raises(HTTPError, match="403"):
        urllib.request.urlopen(address.partition("?")[0], timeout=60)  # noqa: S310 - our own loopback
    assert bucket.count("GET") == 2


@pytest.mark.usefixtures("bucket")
@pytest.mark.django_db
def test_no_transaction_waits_for_a_bucket() -> None:
    for act in (lambda: storage.write(KEY, DATA), lambda: storage.remove(KEY), lambda: storage.stream(KEY)):
        with pytest.raises(RuntimeError):
            unit_of_work(act)()
