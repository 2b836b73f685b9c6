"""Equal pictures of an organization lie in the storage once."""

from pathlib import Path

import pytest
from django.conf import LazySettings

from creative.models import Asset
from creative.providers.base import Picture, ProviderCall, ProviderResult
from tests.cast import Member
from tests.doubles import FakeProvider, png

pytestmark = pytest.mark.django_db(transaction=True)


def the_same(call: ProviderCall) -> ProviderResult:
    return ProviderResult(tuple(Picture(png("teal"), "image/png") for _ in range(call.output_count)))


def files(settings: LazySettings) -> list[Path]:
    folder = Path(settings.STORAGES["media"]["OPTIONS"]["location"])
    return [path for path in folder.rglob("*") if path.is_file() and "thumb" not in str(path)]


def test_equal_pictures_of_a_job_and_of_another_are_kept_once(
    agent: Member, stranger: Member, provider: FakeProvider, settings: LazySettings
) -> None:
    provider.behaviour = the_same
    agent.create(output_count=3)
    agent.create()
    assert len(files(settings)) == 1
    assert Asset.objects.values("storage_key").distinct().count() == 1
    for asset in Asset.objects.all():
        assert agent.get(f"/v1/assets/{asset.pk}").data["asset"]["sha256"] == asset.sha256
    stranger.create()
    assert len(files(settings)) == 2
