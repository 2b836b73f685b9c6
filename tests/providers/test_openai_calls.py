"""What is sent to OpenAI, and what is made of its answer."""

import io
import json
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from PIL import Image

from creative.catalogue import loader
from creative.providers import openai
from creative.providers.base import Failure, ProviderError
from creative.providers.openai import Adapter
from tests.providers import calls
from tests.providers.openai_server import KEY, USAGE_MICROS, Mode, OpenAIServer, form

PARAMETERS = {"size": "1536x1024", "quality": "low", "output_format": "webp", "output_compression": 60}


@pytest.fixture
def server(settings: LazySettings) -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        settings.PROVIDER_KEYS = {"openai": KEY}
        settings.PROVIDER_BASES = {"openai": server.base}
        yield server


def test_it_creates_with_one_json_post_of_the_catalogues_parameters(server: OpenAIServer) -> None:
    Adapter().generate(calls.call(model="gpt-image-2", output_count=2, parameters=PARAMETERS))
    (request,) = server.seen
    assert (request.method, request.path) == ("POST", "/v1/images/generations")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(request.body) == {"model": "gpt-image-2", "prompt": calls.PROMPT, "n": 2, **PARAMETERS}


def test_it_returns_pictures_of_the_asked_size_and_format(server: OpenAIServer) -> None:
    result = Adapter().generate(calls.call(model="gpt-image-2", output_count=3, parameters=PARAMETERS))
    seen = [Image.open(io.BytesIO(picture.data)) for picture in result.pictures]
    assert [(picture.format, picture.size) for picture in seen] == [("WEBP", (1536, 1024))] * 3
    assert {picture.mime_type for picture in result.pictures} == {"image/webp"}


def test_it_tells_the_cost_of_the_tokens_that_were_used(server: OpenAIServer) -> None:
    assert Adapter().generate(calls.call(model="gpt-image-2")).cost_micros == USAGE_MICROS


def test_it_tells_no_cost_where_the_answer_tells_no_tokens(server: OpenAIServer) -> None:
    server.usage = None
    assert Adapter().generate(calls.call(model="gpt-image-2")).cost_micros is None


def test_it_edits_with_a_form_of_all_inputs_and_the_mask(server: OpenAIServer) -> None:
    inputs = (calls.input_picture("navy"), calls.input_picture("gold", "image/jpeg"))
    mask = calls.input_picture("#00000000")
    wanted = calls.call(
        model="gpt-image-2", inputs=inputs, mask=mask, parameters={"size": "auto", "quality": "high"}
    )
    assert len(Adapter().generate(wanted).pictures) == 1
    (request,) = server.seen
    assert (request.method, request.path) == ("POST", "/v1/images/edits")
    fields, files = form(request)
    assert fields == {
        "model": "gpt-image-2",
        "prompt": calls.PROMPT,
        "n": "1",
        "size": "auto",
        "quality": "high",
    }
    assert {name: [part.get_payload(decode=True) for part in parts] for name, parts in files.items()} == {
        "image[]": [picture.data for picture in inputs],
        "mask": [mask.data],
    }
    assert [part.get_content_type() for part in files["image[]"]] == ["image/png", "image/jpeg"]


def test_a_prompt_in_any_script_arrives_as_it_is(server: OpenAIServer) -> None:
    prompt = "灯台 und Möwe\n— “ready”"
    Adapter().generate(calls.call(prompt=prompt))
    Adapter().generate(calls.call(prompt=prompt, inputs=(calls.input_picture(),)))
    assert json.loads(server.seen[0].body)["prompt"] == prompt
    assert form(server.seen[1])[0]["prompt"] == prompt


def test_nothing_that_the_models_refuse_is_passed_on(server: OpenAIServer) -> None:
    legacy = {"response_format": "url", "style": "vivid", "input_fidelity": "high", "partial_images": 2}
    Adapter().generate(calls.call(parameters={"size": "1024x1024", **legacy}))
    assert set(json.loads(server.seen[0].body)) == {"model", "prompt", "n", "size"}


@pytest.mark.parametrize("model_id", ["openai.gpt-image-2", "openai.gpt-image-2-edit"])
def test_every_executable_parameter_of_the_catalogue_is_passed_on(model_id: str) -> None:
    entry = loader.current().find(model_id)
    assert entry is not None
    assert set(openai.PARAMETERS) == {name for name, rule in entry.properties.items() if rule["x-executable"]}


def test_more_pictures_than_asked_are_dropped(server: OpenAIServer) -> None:
    server.mode = Mode.TOO_MANY
    assert len(Adapter().generate(calls.call(output_count=2)).pictures) == 2


def test_the_real_host_is_the_base_where_none_is_set(settings: LazySettings) -> None:
    settings.PROVIDER_KEYS = {"openai": KEY}
    settings.PROVIDER_BASES = {"openai": ""}
    client = Adapter()._api.client
    assert client.trusts("https://api.openai.com/v1/models")
    assert not client.trusts("https://api.openai.com.evil.example/v1/models")
    assert not client.trusts("http://api.openai.com/v1/models")


def test_without_a_key_nothing_is_sent(server: OpenAIServer, settings: LazySettings) -> None:
    settings.PROVIDER_KEYS = {"openai": ""}
    for act in (lambda: Adapter().generate(calls.call()), Adapter().probe):
        with pytest.raises(ProviderError) as caught:
            act()
        assert caught.value.failure is Failure.UNUSABLE
        assert not caught.value.exposed
    assert server.seen == []
