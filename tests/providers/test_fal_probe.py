"""The free question whether fal takes our calls."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from creative.providers.base import Failure, ProviderError
from creative.providers.fal import Adapter
from tests.providers import calls
from tests.providers.fal_server import KEY, FalServer, Mode, running


@pytest.fixture
def server(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FalServer]:
    with running(settings, monkeypatch) as server:
        yield server


def refusal() -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        Adapter().probe()
    assert calls.leaks(caught.value, KEY) == []
    assert not caught.value.exposed
    return caught.value


def test_it_asks_for_a_price_and_submits_nothing(server: FalServer) -> None:
    Adapter().probe()
    (request,) = server.seen
    assert (request.method, request.path) == ("GET", "/v1/models/pricing")
    assert request.query == "endpoint_id=fal-ai%2Fflux%2Fdev"
    assert request.headers["authorization"] == f"Key {KEY}"


def test_a_bad_key_shows(server: FalServer, settings: LazySettings) -> None:
    settings.PROVIDER_KEYS = {"fal": "not:mine"}
    assert refusal().failure is Failure.UNUSABLE


def test_no_key_shows_without_a_question(server: FalServer, settings: LazySettings) -> None:
    settings.PROVIDER_KEYS = {"fal": ""}
    assert refusal().failure is Failure.UNUSABLE
    assert server.seen == []


def test_a_locked_account_shows_where_the_platform_tells_it(server: FalServer) -> None:
    server.mode = Mode.LOCKED
    assert refusal().failure is Failure.UNUSABLE


def test_a_provider_that_is_not_there_is_unavailable(server: FalServer, settings: LazySettings) -> None:
    with FalServer() as gone:
        settings.PROVIDER_BASES = {"fal": gone.base}
    assert refusal().failure is Failure.UNAVAILABLE
