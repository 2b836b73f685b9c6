"""`check_media` in front of a bucket, over many pages."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from creative import storage
from creative.models import Asset
from tests.cast import Member
from tests.s3.server import LocalS3

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]


def check(*words: str) -> list[str]:
    out = io.StringIO()
    try:
        call_command("check_media", *words, stdout=out)
    except CommandError as error:
        return [*out.getvalue().splitlines(), f"refused: {error}"]
    return out.getvalue().splitlines()


def test_it_finds_and_removes_over_many_pages(agent: Member, bucket: LocalS3) -> None:
    bucket.page = 2
    made = agent.create(output_count=4).data["asset_ids"]
    assert storage.is_healthy()
    orphans = [storage.upload_key(f"image_{number:036}", "image/png") for number in range(5)]
    for key in orphans:
        storage.write(key, b"bytes")
    bucket.objects["of/another/service.png"] = bucket.objects[f"of/prod/{orphans[0]}"]
    for stored in bucket.objects.values():
        stored.modified_at -= timedelta(hours=2)
    lost = Asset.objects.get(pk=made[2])
    del bucket.objects[f"of/prod/{lost.storage_key}"]
    told = check("--mend")
    assert set(told[:-2]) == {
        f"lost: {lost.pk} has no bytes",
        *(f"removed: {key} belongs to nothing" for key in orphans),
    }
    assert told[-2] == "8 objects, 1 pictures without bytes, 5 objects of nothing, 5 removed"
    assert told[-1] == "refused: rows and bytes do not agree"
    left = {f"of/prod/{key}" for key in Asset.objects.exclude(pk=lost.pk).values_list("storage_key", flat=True)}
    assert set(bucket.objects) == left | {"of/prod/probe", "of/another/service.png"}


def test_a_bucket_that_cannot_be_listed_is_no_reason_to_call_pictures_lost(agent: Member, bucket: LocalS3) -> None:
    agent.create()
    bucket.fail(403, method="GET", times=99)
    told = check("--mend")
    assert len(told) == 1
    assert told[0].startswith("refused: the media storage cannot be read")
    assert bucket.count("DELETE") == 0


def test_a_bucket_that_refuses_removals_leaves_the_check_red(bucket: LocalS3) -> None:
    storage.write(storage.upload_key("image_" + "0" * 36, "image/png"), b"bytes")
    for stored in bucket.objects.values():
        stored.modified_at -= timedelta(hours=2)
    bucket.fail(403, method="DELETE", times=1)
    assert check("--mend")[-1] == "refused: rows and bytes do not agree"
    assert check("--mend")[-1].endswith("1 removed")
