"""What a STORAGE_URL means, and which ones the service refuses to start with."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from imageskill import checks, storage_url


def test_without_a_word_pictures_lie_in_the_folder() -> None:
    for address in ("", "local"):
        media = storage_url.backend(address, Path("/srv/media"))
        assert media == {"BACKEND": "creative.storage.DurableFolder", "OPTIONS": {"location": "/srv/media"}}


def test_a_bucket_has_a_prefix_an_endpoint_a_region_and_keys() -> None:
    address = (
        "s3://AKID:a%2Fb%2Bc@shots/of/prod/?endpoint=https%3A%2F%2Fs3.example.com&region=eu-central-1&timeout=9"
    )
    assert storage_url.parse(address).options == {
        "bucket_name": "shots",
        "location": "of/prod",
        "endpoint_url": "https://s3.example.com",
        "region_name": "eu-central-1",
        "timeout_seconds": 9,
        "access_key": "AKID",
        "secret_key": "a/b+c",
    }
    assert storage_url.parse("s3://shots").options == {"bucket_name": "shots", "location": ""}


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("https://shots.example.com", "must be local or s3://"),
        ("s3:///prefix", "must be local or s3://"),
        ("s3://shots:9000/prefix", "must be local or s3://"),
        ("s3://shots:port/prefix", "is no address"),
        ("s3://[shots/prefix", "is no address"),
        ("s3://shots?endpoint", "is no address"),
        ("s3://shots?acl=public-read", "not acl"),
        ("s3://AKID@shots", "a key and a secret, or neither"),
        ("s3://shots?endpoint=http://minio.example.com:9000", "plain http to another machine"),
        ("s3://shots?endpoint=http://127.0.0.1.example.com", "plain http to another machine"),
        ("s3://shots?endpoint=ftp://127.0.0.1", "must be an https address"),
        ("s3://shots?endpoint=", "must be an https address"),
        ("s3://shots?timeout=0", "1 to 300 seconds"),
        ("s3://shots?timeout=soon", "1 to 300 seconds"),
        ("s3://shots?timeout=99999", "1 to 300 seconds"),
    ],
)
def test_an_address_that_means_nothing_is_refused(settings: LazySettings, address: str, problem: str) -> None:
    settings.STORAGE_URL = address
    (told,) = checks.check_storage(None)
    assert told.id == "imageskill.E017"
    assert problem in told.msg


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost:9000", "[::1]:9000"])
def test_plain_http_is_for_this_machine(settings: LazySettings, host: str) -> None:
    settings.STORAGE_URL = f"s3://shots?endpoint=http://{host}"
    assert checks.check_storage(None) == []


def test_no_refusal_tells_the_keys(settings: LazySettings) -> None:
    settings.STORAGE_URL = "s3://AKID:very-secret@shots?acl=public-read&endpoint=http://far.example.com"
    (told,) = checks.check_storage(None)
    assert "very-secret" not in f"{told.msg}{told.hint}"
    assert "AKID" not in f"{told.msg}{told.hint}"


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({}, 0),
        ({"MEDIA_ACCEL_PREFIX": "/_media/"}, 0),
        ({"MEDIA_ACCEL_PREFIX": "_media"}, 1),
        ({"MEDIA_ACCEL_PREFIX": "/"}, 1),
        ({"MEDIA_ACCEL_PREFIX": "/_media/", "STORAGE_URL": "s3://shots"}, 1),
        ({"MEDIA_REDIRECT": True}, 1),
        ({"MEDIA_REDIRECT": True, "STORAGE_URL": "s3://shots"}, 0),
        ({"MEDIA_PURGE_HOOK": "tests.creative.purges.hear"}, 0),
        ({"MEDIA_PURGE_HOOK": "tests.creative.purges.nobody"}, 1),
        ({"MEDIA_PURGE_HOOK": "tests.creative.purges.heard"}, 1),
        ({"MEDIA_PURGE_HOOK": "purge"}, 1),
        ({"MEDIA_URL_BASE": "https://media.example.com"}, 0),
        ({"MEDIA_URL_BASE": "https://media.example.com/pictures"}, 1),
        ({"MEDIA_URL_BASE": "media.example.com"}, 1),
    ],
)
def test_a_way_of_serving_must_fit_the_storage(
    settings: LazySettings, changes: dict[str, Any], refused: int
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    assert [told.id for told in checks.check_media(None)] == ["imageskill.E018"] * refused
