"""Pictures from the first byte to the last with a bucket behind the service."""

import urllib.request

import pytest
from django.conf import LazySettings
from django.core.files.storage import storages

from creative import assets, storage, thumbnails
from creative.models import Asset
from tests.cast import Caller, Member
from tests.creative.evidence import assert_released, content_of, fetch
from tests.doubles import png
from tests.s3.server import BUCKET, KEY_ID, SECRET, LocalS3

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]


@pytest.fixture
def asset(agent: Member, bucket: LocalS3) -> Asset:
    """A picture that lies in the bucket."""
    assert agent.create().ok
    bucket.asked.clear()
    return Asset.objects.get()


def test_a_picture_is_streamed_with_what_keeps_it_a_picture(asset: Asset, bucket: LocalS3) -> None:
    response = fetch(assets.path(asset))
    assert (response.status_code, content_of(response)) == (200, png())
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert [asked.method for asked in bucket.asked] == ["GET"]


def test_a_range_is_passed_through(asset: Asset, bucket: LocalS3) -> None:
    response = fetch(assets.path(asset), range="bytes=-5")
    assert (response.status_code, content_of(response)) == (206, png()[-5:])
    size = len(png())
    assert [asked.range for asked in bucket.asked] == [f"bytes={size - 5}-{size - 1}"]


def test_head_and_304_and_410_move_no_bytes(asset: Asset, bucket: LocalS3) -> None:
    head = fetch(assets.path(asset), "HEAD")
    assert (head.status_code, head["Content-Length"]) == (200, str(len(png())))
    known = fetch(assets.path(asset), **{"if-none-match": f'"{asset.sha256}"'})
    assert (known.status_code, content_of(known)) == (304, b"")
    Asset.objects.update(deleted_at=asset.created_at)
    assert fetch(assets.path(asset)).status_code == 410
    assert [asked.method for asked in bucket.asked] == ["HEAD"]


def test_a_thumbnail_is_made_and_served(asset: Asset) -> None:
    assert thumbnails.make(asset)
    response = fetch(assets.path(asset, 320))
    assert (response.status_code, content_of(response)[8:12]) == (200, b"WEBP")


@pytest.mark.parametrize("how", [403, 400])
def test_a_bucket_that_refuses_is_told_and_kept_by_nobody(asset: Asset, bucket: LocalS3, how: int) -> None:
    bucket.fail(how, times=99)
    for method in ("GET", "HEAD"):
        response = fetch(assets.path(asset), method)
        told = content_of(response).decode()
        assert (response.status_code, response["Cache-Control"]) == (503, "no-store")
        assert response["Retry-After"] == "5"
        assert not [hidden for hidden in (BUCKET, "pictures/", KEY_ID) if hidden in f"{told}{response.headers}"]


def test_lost_bytes_are_told(asset: Asset, bucket: LocalS3) -> None:
    bucket.objects.clear()
    assert fetch(assets.path(asset)).status_code == 404
    assert fetch(assets.path(asset), "HEAD").status_code == 404


def test_a_body_that_breaks_off_ends_the_answer_as_broken(asset: Asset, bucket: LocalS3) -> None:
    bucket.fail("cut", method="GET")
    response = fetch(assets.path(asset))
    with pytest.raises(OSError, match="does not answer"):
        content_of(response)
    response.close()


def test_a_picture_that_the_bucket_refuses_is_not_charged(agent: Member, bucket: LocalS3) -> None:
    bucket.fail(403, method="PUT", times=99)
    refused = agent.create()
    assert (refused.code, refused.exit_code, refused.status) == ("ARTIFACT_STORAGE_WRITE_FAILED", 9, 507)
    told = refused.response.content.decode()
    assert not [hidden for hidden in (BUCKET, "pictures/", SECRET, bucket.endpoint) if hidden in told]
    assert_released(agent, agent.get("/v1/jobs").data["jobs"][0]["job_id"])


def test_a_deleted_picture_leaves_the_bucket(agent: Member, asset: Asset, bucket: LocalS3) -> None:
    row = agent.row
    row.grants = [*row.grants, "asset.delete"]
    row.save()
    thumbnails.make(asset)
    assert len(bucket.objects) == 3
    assert agent.send("DELETE", f"/v1/assets/{asset.pk}").ok
    assert bucket.objects == {}


def test_a_bucket_that_refuses_a_removal_undoes_no_deletion(agent: Member, asset: Asset, bucket: LocalS3) -> None:
    row = agent.row
    row.grants = [*row.grants, "asset.delete"]
    row.save()
    bucket.fail(403, method="DELETE", times=3)
    assert agent.send("DELETE", f"/v1/assets/{asset.pk}").ok
    assert fetch(assets.path(asset)).status_code == 410
    assert len(bucket.objects) == 1
    assert agent.send("DELETE", f"/v1/assets/{asset.pk}").ok
    assert bucket.objects == {}


def test_callers_are_sent_on_to_the_bucket_where_the_operator_says_so(
    asset: Asset, bucket: LocalS3, settings: LazySettings
) -> None:
    settings.MEDIA_REDIRECT = True
    response = fetch(assets.path(asset))
    assert (response.status_code, response["Cache-Control"]) == (302, "private, max-age=600")
    assert bucket.asked == []
    with urllib.request.urlopen(response["Location"], timeout=60) as answer:  # noqa: S310 - our own loopback
        assert answer.read() == png()
    assert SECRET not in response["Location"]


def test_health_tells_whether_the_bucket_takes_pictures(anonymous: Caller, bucket: LocalS3) -> None:
    assert anonymous.get("/healthz").data["checks"]["storage"] == "ok"
    storages["media"]._probed = None  # type: ignore[attr-defined]
    bucket.fail(503, method="PUT", times=99)
    refused = anonymous.get("/healthz")
    assert (refused.status, refused.error["recovery"]["checks"]["storage"]) == (503, "down")
    assert not storage.is_healthy()
