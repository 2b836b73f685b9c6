"""What is sent to xAI, and what is made of its answer."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from PIL import Image

from creative.catalogue import loader
from creative.providers import xai
from creative.providers.base import Failure, ProviderError
from creative.providers.xai import Adapter
from tests.providers import calls
from tests.providers.xai_server import KEY, MICROS, Mode, XaiServer

PARAMETERS = {"aspect_ratio": "19.5:9", "resolution": "1k"}


@pytest.fixture
def server(settings: LazySettings) -> Iterator[XaiServer]:
    with XaiServer() as server:
        settings.PROVIDER_KEYS = {"xai": KEY}
        settings.PROVIDER_BASES = {"xai": server.base}
        yield server


def sent(server: XaiServer) -> Any:
    (request,) = server.seen
    return json.loads(request.body)


def test_it_creates_with_one_json_post_of_the_catalogues_parameters(server: XaiServer) -> None:
    Adapter().generate(calls.call(model="grok-imagine-image", output_count=2, parameters=PARAMETERS))
    assert sent(server) == {
        "model": "grok-imagine-image",
        "prompt": calls.PROMPT,
        "n": 2,
        "response_format": "b64_json",
        **PARAMETERS,
    }
    assert server.seen[0].path == "/v1/images/generations"
    assert server.seen[0].headers["authorization"] == f"Bearer {KEY}"


def test_it_returns_what_was_asked_with_or_without_a_prefix(server: XaiServer) -> None:
    result = Adapter().generate(calls.call(output_count=4))
    assert [picture.mime_type for picture in result.pictures] == ["image/jpeg"] * 4
    assert {Image.open(io.BytesIO(picture.data)).format for picture in result.pictures} == {"JPEG"}


def test_more_pictures_than_asked_are_dropped(server: XaiServer) -> None:
    server.mode = Mode.TOO_MANY
    assert len(Adapter().generate(calls.call(output_count=2)).pictures) == 2


def test_an_edit_of_one_picture_goes_to_edits_as_a_data_uri(server: XaiServer) -> None:
    picture = calls.input_picture()
    assert len(Adapter().generate(calls.call(inputs=(picture,))).pictures) == 1
    assert server.seen[0].path == "/v1/images/edits"
    entry = sent(server)["image"]
    assert entry["type"] == "image_url"
    assert entry["url"] == f"data:image/png;base64,{base64.b64encode(picture.data).decode()}"
    assert "images" not in sent(server)


def test_an_edit_of_several_pictures_sends_them_in_order(server: XaiServer) -> None:
    inputs = (calls.input_picture("navy"), calls.input_picture("gold", "image/jpeg"))
    Adapter().generate(calls.call(inputs=inputs))
    urls = [entry["url"] for entry in sent(server)["images"]]
    assert [base64.b64decode(url.partition(",")[2]) for url in urls] == [picture.data for picture in inputs]
    assert "image" not in sent(server)


def test_a_mask_is_refused_before_anything_is_sent(server: XaiServer) -> None:
    with pytest.raises(ProviderError) as caught:
        Adapter().generate(calls.call(inputs=(calls.input_picture(),), mask=calls.input_picture()))
    assert (caught.value.failure, caught.value.exposed) == (Failure.FAILED, False)
    assert server.seen == []


@pytest.mark.parametrize(
    ("usage", "micros"),
    [
        ({"cost_in_usd_ticks": 200_000_000}, MICROS),
        ({"cost_in_usd_ticks": 0}, 0),
        ({"cost_in_usd_ticks": 1}, 1),
        ({"cost_in_usd_ticks": 10_000}, 1),
        ({"cost_in_usd_ticks": 10_001}, 2),
        ({"cost_in_usd_ticks": -1}, None),
        ({"cost_in_usd_ticks": True}, None),
        ({"cost_in_usd_ticks": "200000000"}, None),
        ({"cost_in_usd_ticks": 1.5}, None),
        ({}, None),
        ([], None),
    ],
)
def test_ticks_are_told_in_micros_and_rounded_up(server: XaiServer, usage: Any, micros: int | None) -> None:
    server.usage = usage
    assert Adapter().generate(calls.call()).cost_micros == micros


def test_a_picture_that_comes_as_an_address_is_fetched_without_the_key(server: XaiServer) -> None:
    server.mode = Mode.AS_URL
    assert len(Adapter().generate(calls.call(output_count=2)).pictures) == 2
    assert [request.path for request in server.seen[1:]] == ["/pictures/0.jpeg", "/pictures/1.jpeg"]
    assert all("authorization" not in request.headers for request in server.seen[1:])


@pytest.mark.parametrize(
    "base",
    [
        "http://imgen.x.ai",
        "https://evilimgen.x.ai",
        "https://imgen.x.ai.evil.example",
        "https://imgen.x.ai@evil.example",
        "https://key@imgen.x.ai",
        "https://imgen.x.ai:8443",
        "https://169.254.169.254",
        "file:///etc",
        "https://[imgen.x.ai",
        "https://imgen.x.ai:port",
        "https://imgen.x.ai\\@evil.example",
        "//imgen.x.ai",
    ],
)
def test_a_picture_elsewhere_is_not_fetched(server: XaiServer, base: str) -> None:
    server.mode = Mode.AS_URL
    server.picture_base = base
    with pytest.raises(ProviderError) as caught:
        Adapter().generate(calls.call())
    found = caught.value
    assert (found.failure, found.exposed, found.cost_micros) == (Failure.FAILED, True, MICROS)
    assert len(server.seen) == 1


def test_a_picture_on_another_loopback_server_is_not_fetched(server: XaiServer) -> None:
    server.mode = Mode.AS_URL
    with XaiServer() as other:
        server.picture_base = other.base
        with pytest.raises(ProviderError):
            Adapter().generate(calls.call())
        assert other.seen == []


def test_every_executable_parameter_of_the_catalogue_is_passed_on() -> None:
    entry = loader.current().find("xai.grok-imagine-image")
    assert entry is not None
    assert set(xai.PARAMETERS) == {name for name, rule in entry.properties.items() if rule["x-executable"]}
    assert dict(entry.fixed_controls) == {"response_format": "b64_json"}


def test_without_a_key_nothing_is_sent(server: XaiServer, settings: LazySettings) -> None:
    settings.PROVIDER_KEYS = {"xai": ""}
    for act in (lambda: Adapter().generate(calls.call()), Adapter().probe):
        with pytest.raises(ProviderError) as caught:
            act()
        assert caught.value.failure is Failure.UNUSABLE
    assert server.seen == []
