import json
from collections.abc import Callable
from typing import Any

import pytest

from billing.models import Hold
from creative.models import Job
from imageskill.core.models import ActivityEvent, IdempotencyKey
from tests.cast import Member
from tests.creative.evidence import assert_refused, assert_untouched
from tests.doubles import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

# Put together here, so that no file holds what looks like a real one.
TOKEN = "isk" + "_r_0123456789abcdef"
NOT_TEXT = [7, 1.5, True, [], {}, ["A red boat"]]
NOT_WHOLE = ["1", 1.0, 1.5, True, [], None, 0, -1, 5, 65, 10**30]
NOT_AN_AMOUNT = ["0.05", True, [], {}, -0.01, -1, 10**30, 0.0000001]
WRONG = [
    *[("prompt", value) for value in [*NOT_TEXT, None, "", "   ", "\n\t"]],
    *[("model", value) for value in [*NOT_TEXT, "", "m" * 65]],
    *[("provider", value) for value in [*NOT_TEXT, "", "p" * 33]],
    *[("intent", value) for value in [*NOT_TEXT, "i" * 65]],
    *[("aspect_ratio", value) for value in [*NOT_TEXT, "", "7:5", "1:1 ;", "16x9", "r" * 17]],
    *[("output_format", value) for value in [*NOT_TEXT, "", "tiff", "image/png", "PNG"]],
    *[("output_count", value) for value in NOT_WHOLE],
    *[("max_usd", value) for value in NOT_AN_AMOUNT],
    *[("max_estimated_usd_per_image", value) for value in NOT_AN_AMOUNT],
    *[("dry_run", value) for value in ["false", 0, None, []]],
    *[("accept_unknown_cost", value) for value in ["true", 1, None]],
    *[("model_parameters", value) for value in ["{}", 7, [], True]],
    *[("references", value) for value in ["image_1", {}, [7], [""], ["image_1"] * 17, ["r" * 65]]],
    *[("idempotency_key", value) for value in [7, "", "k" * 256, "schlüssel", "line\nbreak", []]],
]


def fields_of(recovery: dict[str, Any]) -> set[str]:
    return {name.partition(".")[0].partition("[")[0] for name in recovery["fields"]}


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_field_of_the_wrong_kind_is_refused_by_name(
    agent: Member, provider: FakeProvider, field: str, value: object
) -> None:
    refused = agent.post("/v1/create", {"prompt": "A red boat", "model": "canvas.draft"} | {field: value})
    told = assert_refused(refused, "INVALID_ARGUMENTS", 2, 400)
    assert fields_of(told) == {field}
    assert all(messages and all(messages) for messages in told["fields"].values())
    assert provider.calls == []
    assert_untouched(agent)


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": "1"}, "seed"),
        ({"seed": True}, "seed"),
        ({"seed": None}, "seed"),
        ({"sed": 1}, "sed"),
        ({"long_side": 4096}, "long_side"),
        ({"style": "photo"}, "style"),
        ({"output_format": "gif"}, "output_format"),
        ({"quality": 50}, "quality"),
        ({"__class__": {}}, "__class__"),
        ({"prompt": "Another prompt"}, "prompt"),
        ({"output_count": 40}, "output_count"),
    ],
)
def test_a_parameter_that_the_model_does_not_take_is_refused_by_name(
    agent: Member, provider: FakeProvider, parameters: dict[str, object], named: str
) -> None:
    refused = agent.create(model="canvas.draft", model_parameters=parameters)
    told = assert_refused(refused, "INVALID_ARGUMENTS", 2, 400)
    assert list(told["fields"]) == [f"model_parameters.{named}"]
    assert provider.calls == []
    assert_untouched(agent)


def test_a_misspelt_field_is_refused_and_never_ignored(agent: Member, provider: FakeProvider) -> None:
    refused = agent.create(max_us=0.01, output_counts=2)
    told = assert_refused(refused, "INVALID_ARGUMENTS", 2, 400)
    assert set(told["fields"]) == {"max_us", "output_counts"}
    assert provider.calls == []
    assert_untouched(agent)


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize(
    ("model", "code", "exit_code", "status"),
    [
        ("no.such-model", "MODEL_NOT_FOUND", 1, 404),
        ("../etc/passwd", "MODEL_NOT_FOUND", 1, 404),
        ("CANVAS.DRAFT", "MODEL_NOT_FOUND", 1, 404),
        ("fal.flux-dev", "PROVIDER_UNAVAILABLE", 7, 503),
        ("openai.gpt-image-2-edit", "PROVIDER_UNAVAILABLE", 7, 503),
    ],
)
def test_a_model_that_cannot_be_called_is_refused(
    agent: Member, model: str, code: str, exit_code: int, status: int
) -> None:
    refused = assert_refused(agent.create(model=model), code, exit_code, status)
    assert refused["suggested_command"].startswith("image-skill models list ")
    assert refused.get("reason") == ("cataloged_not_wired" if status == 503 else None)
    assert_untouched(agent)


@pytest.mark.usefixtures("paints")
@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"model": "openai.gpt-image-2-edit"}, "model"),
        ({"model": "canvas.draft", "provider": "fal"}, "provider"),
        ({"model": "canvas.draft", "references": ["image_0000000000000000000000000000000000000"]}, "references"),
        ({"model": "xai.grok-imagine-image", "output_format": "png"}, "output_format"),
        ({"model": "xai.grok-imagine-image", "output_count": 5}, "output_count"),
        ({"model": "fal.flux-dev", "model_parameters": {"guidance_scale": 3}}, "model_parameters"),
    ],
)
def test_what_a_model_does_not_do_is_refused_by_name(
    agent: Member, give: Callable[[Member, int], None], fields: dict[str, object], named: str
) -> None:
    give(agent, 200)
    told = assert_refused(agent.create(**fields), "INVALID_ARGUMENTS", 2, 400)
    assert fields_of(told) == {named}
    assert not Job.objects.exists()
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    "prompt",
    ["bell\x07", "escape\x1b[31m", "nul\x00", "delete\x7f", "back\x08space", "half a pair \ud800", "a" * 32_001],
)
def test_a_prompt_that_no_model_should_read_is_refused_and_not_echoed(
    agent: Member, provider: FakeProvider, prompt: str
) -> None:
    refused = agent.create(prompt)
    told = assert_refused(refused, "INVALID_ARGUMENTS", 2, 400)
    assert list(told["fields"]) == ["prompt"]
    assert prompt not in json.dumps(refused.body, ensure_ascii=False)
    assert provider.calls == []
    assert_untouched(agent)


@pytest.mark.parametrize(
    "prompt", ["два\nlines\r\n\tand a tab", "👩‍👩‍👧 ﷽ \u202e", "x" * 32_000, "'; --\" $(id) {}"]
)
def test_any_other_text_reaches_the_model_as_it_is(agent: Member, provider: FakeProvider, prompt: str) -> None:
    assert agent.create(prompt).status == 200
    assert provider.calls[0].prompt == prompt == Job.objects.get().prompt


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize(
    ("raw", "code", "status"),
    [
        (b'{"prompt": "A red boat"', "MALFORMED_JSON", 400),
        (b'["A red boat"]', "MALFORMED_JSON", 400),
        (b'{"prompt": "\xff"}', "MALFORMED_JSON", 400),
        (b'{"prompt": "A red boat", "max_usd": NaN}', "MALFORMED_JSON", 400),
        (b'{"prompt": "A red boat", "max_usd": 1e999}', "MALFORMED_JSON", 400),
        (b'{"prompt": "A red boat", "max_usd": ' + b"9" * 5_000 + b"}", "MALFORMED_JSON", 400),
        (b'{"model_parameters": ' + b'{"a":' * 50 + b"1" + b"}" * 50 + b"}", "MALFORMED_JSON", 400),
        (json.dumps({"prompt": "a" * 300_000}).encode(), "PAYLOAD_TOO_LARGE", 413),
    ],
)
def test_a_body_that_is_no_request_is_refused(agent: Member, raw: bytes, code: str, status: int) -> None:
    assert_refused(agent.post("/v1/create", raw=raw), code, 2, status)
    assert_untouched(agent)


@pytest.mark.usefixtures("provider")
def test_an_empty_body_is_answered_with_the_flag_that_is_missing(agent: Member) -> None:
    told = assert_refused(agent.post("/v1/create"), "INVALID_ARGUMENTS", 2, 400)
    assert (told["fields"], told["required_flag"]) == ({"prompt": ["is required"]}, "--prompt")
    assert_untouched(agent)


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("secret", [TOKEN, "sk_" + "live_0123456789", "4242 4242 4242 4242"])
@pytest.mark.parametrize("where", ["header", "body"])
def test_a_key_that_is_a_secret_is_neither_stored_nor_echoed(agent: Member, secret: str, where: str) -> None:
    refused = agent.create(key=secret) if where == "header" else agent.create(idempotency_key=secret)
    assert_refused(refused, "INVALID_ARGUMENTS", 2, 400)
    assert secret not in refused.response.content.decode()
    assert not IdempotencyKey.objects.exists()
    assert not ActivityEvent.objects.exists()
    assert_untouched(agent)


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("field", ["model", "provider", "aspect_ratio", "output_format", "intent"])
def test_a_secret_in_any_field_is_not_echoed(agent: Member, field: str) -> None:
    secret = TOKEN
    refused = agent.create(**{"max_usd": 0.001, field: secret})
    assert refused.ok is False
    assert secret not in refused.response.content.decode()
    assert_untouched(agent)


@pytest.mark.usefixtures("provider")
def test_the_models_own_parameter_wins_over_the_common_control_with_a_warning(agent: Member) -> None:
    made = agent.create(model="canvas.draft", aspect_ratio="16:9", model_parameters={"aspect_ratio": "1:1"})
    assert made.status == 200
    assert any("aspect_ratio is ignored" in warning for warning in made.body["warnings"])
    assert made.data["request"]["selection"]["output"] == {"expected_width": 1024, "expected_height": 1024}
    assert "aspect_ratio" not in made.data["request"]["selection"]["model_parameters"]["defaults_applied"]
