import re
from typing import Any

import pytest

from creative import storage
from creative.models import Asset
from tests.cast import Member
from tests.creative.evidence import content_of, fetch, path_of
from tests.doubles import FakeProvider, png

pytestmark = pytest.mark.django_db

GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
}


@pytest.fixture
def path(agent: Member, provider: FakeProvider) -> str:
    """The path of a picture's bytes."""
    return path_of(agent.create("An unmistakable zebra").data["assets"][0])


def assert_guarded(response: Any) -> None:
    for name, value in GUARDS.items():
        assert response[name] == value
    assert not response.cookies


def test_a_picture_is_served_without_a_token_and_with_what_keeps_it_a_picture(path: str) -> None:
    response = fetch(path)
    data = content_of(response)
    assert (response.status_code, data) == (200, png())
    assert response["Content-Type"] == "image/png"
    assert response["Content-Length"] == str(len(data))
    assert response["ETag"] == f'"{Asset.objects.get().sha256}"'
    assert response["Accept-Ranges"] == "bytes"
    assert "max-age=86400" in response["Cache-Control"]
    assert response["x-image-skill-exit-code"] == "0"
    assert_guarded(response)


def test_no_header_tells_whose_picture_it_is_or_of_what(path: str, agent: Member) -> None:
    response = fetch(path)
    told = f"{response.headers}"
    content_of(response)
    asset = Asset.objects.get()
    for hidden in ("zebra", agent.agent_id, asset.organization_id, asset.job_id, asset.storage_key, "canvas"):
        assert hidden not in told


def test_head_tells_the_same_headers_and_no_bytes(path: str) -> None:
    got, asked = fetch(path), fetch(path, "HEAD")
    content_of(got)
    assert (asked.status_code, content_of(asked)) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control", "Accept-Ranges"):
        assert asked[name] == got[name]


@pytest.mark.parametrize("shape", ["{}", "W/{}", '"other", {}', "*", 'W/"other",W/{}'])
def test_a_picture_that_the_caller_has_is_answered_with_304(path: str, shape: str) -> None:
    tag = f'"{Asset.objects.get().sha256}"'
    response = fetch(path, **{"if-none-match": shape.format(tag)})
    assert (response.status_code, content_of(response)) == (304, b"")
    assert response["ETag"] == tag
    assert "max-age=86400" in response["Cache-Control"]
    assert "Content-Type" not in response
    assert response["Content-Length"] == str(len(png()))  # HTTP: what the picture has, or none


@pytest.mark.parametrize("tag", ['"other"', "other", "", 'W/"other"'])
def test_another_etag_is_answered_with_the_picture(path: str, tag: str) -> None:
    response = fetch(path, **{"if-none-match": tag})
    assert (response.status_code, content_of(response)) == (200, png())


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-0", 0, 0), ("bytes=10-19", 10, 19), ("bytes=100-", 100, None), ("bytes=-5", -5, None)],
)
def test_a_range_is_answered_with_its_bytes(path: str, asked: str, first: int, last: int | None) -> None:
    whole = png()
    part = whole[first:] if last is None else whole[first : last + 1]
    response = fetch(path, range=asked)
    assert (response.status_code, content_of(response)) == (206, part)
    start = first % len(whole)
    assert response["Content-Range"] == f"bytes {start}-{start + len(part) - 1}/{len(whole)}"
    assert response["Content-Length"] == str(len(part))
    assert_guarded(response)


@pytest.mark.parametrize("asked", ["bytes=100000-", "bytes=20-10", "bytes=-0", f"bytes={'9' * 40}-"])
def test_a_range_that_holds_nothing_is_answered_with_416(path: str, asked: str) -> None:
    response = fetch(path, range=asked)
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(png())}")
    assert response["x-image-skill-exit-code"] != ""


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=-", "bytes", "", "bytes=0-99999999"])
def test_a_range_that_means_nothing_or_everything_is_answered_with_the_picture(path: str, asked: str) -> None:
    response = fetch(path, range=asked)
    assert (response.status_code, content_of(response)) == (200, png())


def test_a_range_of_an_older_picture_is_answered_with_the_whole_one(path: str) -> None:
    tag = f'"{Asset.objects.get().sha256}"'
    assert content_of(fetch(path, range="bytes=0-3", **{"if-range": tag})) == png()[:4]
    assert content_of(fetch(path, range="bytes=0-3", **{"if-range": '"older"'})) == png()


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.replace(".png", ".jpg"),
        lambda path: path.replace(".png", ".html"),
        lambda path: path.removesuffix(".png"),
        lambda path: path + "/",
        lambda path: path[:-6] + "00.png",
        lambda path: path.replace("image_", "job_"),
        lambda path: path.upper(),
        lambda path: path.replace("/a/", "/a/..%2f..%2fpictures%2f"),
        lambda path: path.replace(".png", "\x00.png"),
        lambda path: path.replace(".png", "x" * 5_000 + ".png"),
    ],
)
def test_anything_but_the_exact_address_is_not_found(path: str, change: Any) -> None:
    response = fetch(change(path))
    assert response.status_code == 404
    assert content_of(response).decode() != ""
    assert "image" not in response["Content-Type"]


def test_a_deleted_picture_is_gone_even_for_those_that_have_its_etag(path: str) -> None:
    asset = Asset.objects.get()
    asset.deleted_at = asset.created_at
    asset.save()
    for headers in ({}, {"if-none-match": f'"{asset.sha256}"'}, {"range": "bytes=0-1"}):
        response = fetch(path, **headers)
        assert (response.status_code, response["Cache-Control"]) == (410, "no-store")
        assert_guarded(response)


@pytest.mark.parametrize("headers", [{}, {"range": "bytes=0-1"}])
def test_lost_bytes_are_told_and_never_cached(path: str, headers: dict[str, str]) -> None:
    storage.remove(Asset.objects.get().storage_key)
    response = fetch(path, **headers)
    assert (response.status_code, response["Cache-Control"]) == (404, "no-store")
    assert "ETag" not in response


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_picture_can_only_be_read(path: str, method: str) -> None:
    response = fetch(path, method)
    assert response.status_code == 405
    assert set(re.split(r",\s*", response["Allow"])) == {"GET", "HEAD"}
    assert response["x-image-skill-exit-code"] == "2"
    assert content_of(fetch(path)) == png()
