"""Fixtures of pictures in a bucket."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.conf import LazySettings

from imageskill import storage_url
from tests.s3.server import BUCKET, KEY_ID, SECRET, LocalS3


@pytest.fixture
def bucket(settings: LazySettings, tmp_path: object) -> Iterator[LocalS3]:
    """Put a bucket of the test's own, below a prefix, behind the service."""
    with LocalS3() as store:
        settings.STORAGE_URL = (
            f"s3://{KEY_ID}:{quote(SECRET, safe='')}@{BUCKET}/of/prod"
            f"?endpoint={quote(store.endpoint)}&region=us-east-1&timeout=30"
        )
        media = storage_url.backend(settings.STORAGE_URL, settings.MEDIA_ROOT)
        settings.STORAGES = settings.STORAGES | {"media": media}
        yield store
