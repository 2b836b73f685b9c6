"""xAI's refusals: silent in an answer that says success, or loud; each with what it cost all the same."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from creative.providers.base import Failure, ProviderError
from creative.providers.xai import Adapter
from tests.providers import calls
from tests.providers.xai_server import KEY, MICROS, Mode, XaiServer


@pytest.fixture
def server(settings: LazySettings) -> Iterator[XaiServer]:
    with XaiServer() as server:
        settings.PROVIDER_KEYS = {"xai": KEY}
        settings.PROVIDER_BASES = {"xai": server.base}
        yield server


def failure_of(**changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        Adapter().generate(calls.call(**changes))
    assert calls.leaks(caught.value, KEY) == []
    return caught.value


@pytest.mark.parametrize("mode", [Mode.WITHHELD, Mode.MISSING, Mode.FLAGGED, Mode.EMPTY, Mode.MODERATION])
def test_a_withheld_picture_is_a_refusal_with_its_cost(server: XaiServer, mode: Mode) -> None:
    server.mode = mode
    found = failure_of(output_count=2)
    assert (found.failure, found.cost_micros, found.exposed) == (Failure.REFUSED, 2 * MICROS, False)
    assert len(server.seen) == 1


@pytest.mark.parametrize("mode", [Mode.WITHHELD, Mode.EMPTY, Mode.MODERATION])
def test_a_refusal_that_tells_no_cost_may_have_had_one(server: XaiServer, mode: Mode) -> None:
    server.mode = mode
    server.usage = {}
    found = failure_of()
    assert (found.failure, found.cost_micros, found.exposed) == (Failure.REFUSED, 0, True)


def test_what_was_not_withheld_is_delivered(server: XaiServer) -> None:
    server.mode = Mode.ONE_WITHHELD
    result = Adapter().generate(calls.call(output_count=3))
    assert len(result.pictures) == 2
    assert result.cost_micros == 3 * MICROS


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"code": "imagine:content-moderated", "error": "No."}),
        (400, {"code": "x", "error": "Generated image rejected by content moderation."}),
        (400, {"error": {"message": "Rejected by content moderation.", "type": "x"}}),
        (403, {"code": "x", "error": "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"}),
    ],
)
def test_a_loud_refusal_does_not_pass_for_a_bad_key(server: XaiServer, status: int, body: dict[str, Any]) -> None:
    server.error = (status, body)
    assert failure_of().failure is Failure.REFUSED


def test_a_prompt_does_not_pass_for_the_providers_own_words(server: XaiServer) -> None:
    for words in ("Incorrect API key provided", "Your team has used all available credits"):
        server.error = (400, {"code": "x", "error": f'Cannot draw "{words}".'})
        assert failure_of(prompt=words).failure is Failure.FAILED
