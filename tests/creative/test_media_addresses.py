"""Addresses of pictures: thumbnails, signed ones, and bytes that somebody else sends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings

from creative import assets, storage, thumbnails
from creative.models import Asset
from tests.cast import Member
from tests.creative.evidence import content_of, fetch, path_of
from tests.doubles import FakeProvider, png

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, 20, tzinfo=UTC)


@pytest.fixture
def asset(agent: Member, provider: FakeProvider) -> Asset:
    """A picture without thumbnails."""
    agent.create()
    return Asset.objects.get()


def got(path: str, **headers: str) -> tuple[int, bytes, Any]:
    response = fetch(path, **headers)
    return response.status_code, content_of(response), response


def local(address: str) -> str:
    return address.removeprefix("http://testserver")


# Thumbnails.


@pytest.mark.parametrize("width", [320, 960])
def test_a_thumbnail_is_served_as_a_picture_is(asset: Asset, width: int) -> None:
    assert thumbnails.make(asset)
    status, data, response = got(f"/a/{asset.pk}-{width}.webp")
    assert (status, data[8:12], response["Content-Type"]) == (200, b"WEBP", "image/webp")
    assert response["Content-Length"] == str(len(data))
    assert "max-age=86400" in response["Cache-Control"]
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    again = got(f"/a/{asset.pk}-{width}.webp", **{"if-none-match": response["ETag"]})
    assert (again[0], again[1]) == (304, b"")
    assert response["ETag"] != got(f"/a/{asset.pk}.png")[2]["ETag"]


def test_a_thumbnail_that_is_not_made_yet_is_the_picture_and_kept_by_nobody(asset: Asset) -> None:
    status, data, response = got(f"/a/{asset.pk}-320.webp")
    assert (status, data, response["Content-Type"]) == (200, png(), "image/png")
    assert response["Cache-Control"] == "no-store"


def test_a_lost_thumbnail_is_the_picture_too(asset: Asset) -> None:
    thumbnails.make(asset)
    thumbnails.remove(asset.pk)
    status, data, response = got(f"/a/{asset.pk}-960.webp")
    assert (status, data, response["Cache-Control"]) == (200, png(), "no-store")


def test_head_of_a_thumbnail_tells_its_length(asset: Asset) -> None:
    thumbnails.make(asset)
    whole = got(f"/a/{asset.pk}-320.webp")[1]
    asked = fetch(f"/a/{asset.pk}-320.webp", "HEAD")
    assert (content_of(asked), asked["Content-Length"]) == (b"", str(len(whole)))


@pytest.mark.parametrize(
    "end", ["-321.webp", "-320.png", "-.webp", "-0320.webp", "-320.webp.webp", "-32\u0660.webp"]
)
def test_other_sizes_are_not_found(asset: Asset, end: str) -> None:
    thumbnails.make(asset)
    assert got(f"/a/{asset.pk}{end}")[0] == 404


# Signed addresses.


def test_a_private_picture_opens_by_its_signed_address_only(asset: Asset, settings: LazySettings) -> None:
    settings.MEDIA_PRIVATE = True
    address = local(assets.url(asset))
    status, data, response = got(address)
    assert (status, data) == (200, png())
    assert response["Cache-Control"].startswith("private, max-age=")
    refused = got(assets.path(asset))
    assert (refused[0], refused[2]["Cache-Control"]) == (403, "no-store")
    assert b"not signed, or its time is over" in refused[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda query: query.replace("e=", "e=9"),
        lambda query: query[:-1] + ("0" if query[-1] != "0" else "1"),
        lambda query: query.replace("&s=", "&t="),
        lambda query: query.replace("e=", "f="),
        lambda query: query.replace("e=", "e=%D9%A0"),
        lambda query: query.replace("s=", "s=%C3%A9"),
        lambda _: "e=&s=",
        lambda _: "e=99999999999999999999&s=0",
    ],
)
def test_a_changed_signature_opens_nothing(asset: Asset, settings: LazySettings, change: Any) -> None:
    settings.MEDIA_PRIVATE = True
    path, _, query = local(assets.url(asset)).partition("?")
    assert got(f"{path}?{change(query)}")[0] == 403


def test_a_signature_opens_one_picture_and_its_thumbnails(
    agent: Member, asset: Asset, settings: LazySettings
) -> None:
    agent.create()
    other = Asset.objects.exclude(pk=asset.pk).get()
    settings.MEDIA_PRIVATE = True
    query = local(assets.url(asset)).partition("?")[2]
    assert got(f"{assets.path(asset)}?{query}")[0] == 200
    assert local(assets.url(asset, 320)) == f"{assets.path(asset, 320)}?{query}"
    assert got(local(assets.url(asset, 320)))[0] == 200
    assert got(f"{assets.path(other)}?{query}")[0] == 403
    assert got(f"/a/image_{'0' * 36}.png?{query}")[0] == 403


def test_an_address_is_the_same_within_an_hour_and_valid_for_a_day(asset: Asset, settings: LazySettings) -> None:
    settings.MEDIA_PRIVATE = True
    with time_machine.travel(NOON, tick=False):
        first = assets.url(asset)
    with time_machine.travel(NOON + timedelta(minutes=39), tick=False):
        assert assets.url(asset) == first
    with time_machine.travel(NOON + timedelta(minutes=41), tick=False):
        assert assets.url(asset) != first
    with time_machine.travel(NOON + timedelta(hours=24), tick=False):
        status, _, response = got(local(first))
        assert (status, response["Cache-Control"]) == (200, "private, max-age=2400, immutable")
    with time_machine.travel(NOON + timedelta(hours=25), tick=False):
        assert got(local(first))[0] == 403


def test_an_agent_gets_a_fresh_address_whenever_it_asks(
    agent: Member, asset: Asset, settings: LazySettings
) -> None:
    settings.MEDIA_PRIVATE = True
    for told in (
        agent.get(f"/v1/assets/{asset.pk}").data["asset"],
        agent.get("/v1/assets").data["assets"][0],
        agent.get(f"/v1/jobs/{asset.job_id}").data["assets"][0],
    ):
        assert got(path_of(told))[0] == 200


def test_addresses_outlive_a_change_of_the_key_while_the_old_one_is_kept(
    asset: Asset, settings: LazySettings
) -> None:
    settings.MEDIA_PRIVATE = True
    address = local(assets.url(asset))
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another-key-of-the-suite-" + "n" * 40
    assert got(address)[0] == 403
    settings.SECRET_KEY_FALLBACKS = [old]
    assert got(address)[0] == 200


def test_a_deleted_private_picture_is_gone(asset: Asset, settings: LazySettings) -> None:
    settings.MEDIA_PRIVATE = True
    Asset.objects.update(deleted_at=asset.created_at)
    assert got(local(assets.url(asset)))[0] == 410
    assert got(assets.path(asset))[0] == 403


# Bytes that a proxy sends.


def test_a_proxy_is_told_which_file_to_send(asset: Asset, settings: LazySettings) -> None:
    settings.MEDIA_ACCEL_PREFIX = "/_media/"
    status, data, response = got(assets.path(asset), range="bytes=0-3")
    assert (status, data, response["Content-Type"]) == (200, b"", "image/png")
    assert response["X-Accel-Redirect"] == f"/_media/{asset.storage_key}"
    assert "max-age=86400" in response["Cache-Control"]


def test_a_proxy_is_asked_for_nothing_that_is_lost_deleted_or_not_signed(
    asset: Asset, settings: LazySettings
) -> None:
    settings.MEDIA_ACCEL_PREFIX = "/_media/"
    settings.MEDIA_PRIVATE = True
    answers = [got(assets.path(asset))]
    storage.remove(asset.storage_key)
    answers.append(got(local(assets.url(asset))))
    Asset.objects.update(deleted_at=asset.created_at)
    answers.append(got(local(assets.url(asset))))
    assert [status for status, _, _ in answers] == [403, 404, 410]
    assert not [response for _, _, response in answers if "X-Accel-Redirect" in response]


def test_pictures_may_have_a_host_of_their_own(agent: Member, asset: Asset, settings: LazySettings) -> None:
    settings.MEDIA_URL_BASE = "https://media.example.com"
    assert (
        agent.get(f"/v1/assets/{asset.pk}").data["asset"]["url"] == f"https://media.example.com/a/{asset.pk}.png"
    )


def test_head_of_lost_bytes_tells_that_they_are_lost(asset: Asset) -> None:
    storage.remove(asset.storage_key)
    answer = fetch(assets.path(asset), "HEAD")
    assert (answer.status_code, answer["Cache-Control"]) == (404, "no-store")
