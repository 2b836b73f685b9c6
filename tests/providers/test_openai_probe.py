"""The free question whether OpenAI takes our calls."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from creative.providers import http
from creative.providers.base import Failure, ProviderError
from creative.providers.openai import Adapter
from tests.providers import calls
from tests.providers.openai_server import KEY, OpenAIServer


@pytest.fixture
def server(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setattr(http, "_FIRST_PAUSE_SECONDS", 0.0)
    with OpenAIServer() as server:
        settings.PROVIDER_KEYS = {"openai": KEY}
        settings.PROVIDER_BASES = {"openai": server.base}
        yield server


def refusal() -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        Adapter().probe()
    assert calls.leaks(caught.value, KEY) == []
    assert not caught.value.exposed
    return caught.value


def warnings(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, str]]]:
    found = [record for record in caplog.records if record.name == "imageskill.providers"]
    return [(record.getMessage(), record.__dict__["fields"]) for record in found]


def test_it_reads_the_list_of_models_and_says_nothing(
    server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    Adapter().probe()
    assert [(request.method, request.path) for request in server.seen] == [("GET", "/v1/models")]
    assert warnings(caplog) == []


def test_a_bad_key_shows(server: OpenAIServer, settings: LazySettings) -> None:
    settings.PROVIDER_KEYS = {"openai": "sk-wrong"}
    assert refusal().failure is Failure.UNUSABLE


def test_an_empty_account_shows_where_the_list_tells_it(server: OpenAIServer) -> None:
    server.error = (429, {"type": "insufficient_quota", "code": "insufficient_quota"})
    assert refusal().failure is Failure.UNUSABLE


def test_a_provider_that_is_not_there_is_unavailable(server: OpenAIServer, settings: LazySettings) -> None:
    with OpenAIServer() as gone:
        settings.PROVIDER_BASES = {"openai": gone.base}
    assert refusal().failure is Failure.UNAVAILABLE


def test_a_fault_of_theirs_is_asked_again_and_then_unavailable(server: OpenAIServer) -> None:
    server.error = (500, {"type": "server_error"})
    assert refusal().failure is Failure.UNAVAILABLE
    assert len(server.seen) == 3


def test_a_list_that_cannot_be_read_is_a_failure(server: OpenAIServer) -> None:
    server.models = None
    assert refusal().failure is Failure.FAILED


def test_a_model_that_ends_soon_is_logged(server: OpenAIServer, caplog: pytest.LogCaptureFixture) -> None:
    end = (timezone.now() + timedelta(days=30)).date().isoformat()
    server.models = [
        {"id": "gpt-image-1.5", "shutdown_date": end},
        {"id": "gpt-image-2", "shutdown_date": end},
    ]
    Adapter().probe()
    assert warnings(caplog) == [("provider ends a model soon", {"model": "gpt-image-2", "ends_on": end})]


@pytest.mark.parametrize("end", [None, "soon", 20261201, "2999-01-01"])
def test_a_model_that_lasts_is_not_logged(
    server: OpenAIServer, caplog: pytest.LogCaptureFixture, end: object
) -> None:
    server.models = [{"id": "gpt-image-2", "shutdown_date": end}, {"id": 7}, {}]
    Adapter().probe()
    assert warnings(caplog) == []


def test_a_model_that_is_not_listed_is_logged(server: OpenAIServer, caplog: pytest.LogCaptureFixture) -> None:
    server.models = []
    Adapter().probe()
    assert warnings(caplog) == [("provider does not list a model", {"model": "gpt-image-2"})]
