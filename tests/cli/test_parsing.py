"""What a command line means: one HTTP call, or why it means none."""

import json

import pytest

from imageskill.cli import commands
from imageskill.cli.commands import ParseError, Request

SECRET = "isk_r_" + "A1b2" * 9


def meant(*words: str) -> Request:
    request = commands.parse(words)
    assert isinstance(request, Request), request.message
    return request


def refused(*words: str) -> ParseError:
    error = commands.parse(words)
    assert isinstance(error, ParseError)
    return error


@pytest.mark.parametrize(
    ("line", "method", "path", "query"),
    [
        ("whoami --json", "GET", "/v1/whoami", {}),
        ("usage quota", "GET", "/v1/quota", {}),
        ("quota --json", "GET", "/v1/quota", {}),
        ("--json quota", "GET", "/v1/quota", {}),
        ("models", "GET", "/v1/models", {}),
        (
            "models list --available --operation image.edit",
            "GET",
            "/v1/models",
            {"available": "true", "operation": "image.edit"},
        ),
        ("models show fal.flux-dev", "GET", "/v1/models/fal.flux-dev", {}),
        ("capabilities", "GET", "/v1/capabilities", {}),
        ("credits packs list", "GET", "/v1/credit-packs", {}),
        ("credits methods", "GET", "/v1/payment-methods", {}),
        ("credits status", "GET", "/v1/credit-purchases/status", {}),
        (
            "credits status --receipt-id receipt_1",
            "GET",
            "/v1/credit-purchases/status",
            {"receipt_id": "receipt_1"},
        ),
        ("jobs show job_1", "GET", "/v1/jobs/job_1", {}),
        ("jobs cancel job_1", "POST", "/v1/jobs/job_1/cancel", {}),
        ("jobs list --limit 5 --status running", "GET", "/v1/jobs", {"limit": "5", "status": "running"}),
        ("assets show image_1", "GET", "/v1/assets/image_1", {}),
        ("assets delete image_1", "DELETE", "/v1/assets/image_1", {}),
        ("activity show a/../b?c#d", "GET", "/v1/activity/a%2F..%2Fb%3Fc%23d", {}),
        ("activity show ..", "GET", "/v1/activity/%2E%2E", {}),
        ("feedback get sig_1", "GET", "/v1/feedback/sig_1", {}),
        ("doctor", "GET", "/healthz", {}),
    ],
)
def test_a_line_is_one_call(line: str, method: str, path: str, query: dict[str, str]) -> None:
    request = meant(*line.split())
    assert (request.method, request.path, request.query) == (method, path, query)
    assert not request.local


def test_a_create_carries_every_guard() -> None:
    request = meant(
        *("create", "--prompt", "A boat", "--intent", "explore", "--model", "m", "--aspect-ratio=16:9"),
        *("--format", "png", "--output-count", "2", "--max-usd", "0.25", "--max-estimated-usd-per-image", ".05"),
        *("--model-parameters-json", '{"seed": 1234}', "--accept-unknown-cost", "--idempotency-key", "run-1"),
        *("--reference", "image_1", "--reference", "image_2,image_3", "--provenance", "--no-wait", "--json"),
    )
    assert request.body == {
        "prompt": "A boat",
        "intent": "explore",
        "model": "m",
        "aspect_ratio": "16:9",
        "output_format": "png",
        "output_count": 2,
        "max_usd": 0.25,
        "max_estimated_usd_per_image": 0.05,
        "model_parameters": {"seed": 1234},
        "accept_unknown_cost": True,
        "idempotency_key": "run-1",
        "references": ["image_1", "image_2", "image_3"],
    }
    assert request.query == {"include": "provenance"}
    assert request.headers == {"prefer": "respond-async"}
    assert not request.local


def test_lists_of_feedback_come_with_commas_or_repeated() -> None:
    request = meant(
        "feedback", "create", "--title", "t", "--surface", "cli,docs", "--evidence", "a", "--evidence", "b"
    )
    assert request.body == {"title": "t", "surface": ["cli", "docs"], "evidence": ["a", "b"]}


def test_an_edit_of_an_asset_needs_nothing_of_the_callers_machine() -> None:
    request = meant("edit", "--input", "image_1", "--mask", "image_2", "--prompt", "p")
    assert request.body == {"prompt": "p", "input_asset_id": "image_1", "mask_asset_id": "image_2"}
    assert not request.local


LOCAL = {
    "--api-base-url http://evil.example": "whoami",
    "--token-stdin": "whoami",
    "--save": "signup --agent --agent-name n --runtime r",
    "--show-token": "signup --agent --agent-name n --runtime r",
    "--prompt-file p.md": "create",
    "--output out.png": "create --prompt p",
    "--overwrite": "create --prompt p",
    "--input a.png": "edit --prompt p",
    "--input https://example.com/a.png": "edit --prompt p",
    "--mask a.png": "edit --prompt p --input image_1",
    "--recover": "doctor",
}


@pytest.mark.parametrize(("words", "line"), LOCAL.items())
def test_what_only_the_callers_machine_can_do_is_named_with_its_reason(words: str, line: str) -> None:
    request = meant(*line.split(), *words.split())
    assert request.local[words.partition(" ")[0]]


@pytest.mark.parametrize(
    "line",
    [
        *("upload a.png", "auth status", "auth logout", "auth save --token-stdin", "auth rotate", "claim collect"),
        *("assets get image_1 --output a", "assets show https://h/a/image_1.png", "version", "completion bash"),
    ],
)
def test_commands_of_the_callers_machine_are_named_with_their_reason(line: str) -> None:
    assert all(meant(*line.split()).local.values())
    assert meant(*line.split()).local


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("create", "--prompt is required"),
        ("create --prompt a --prompt-file b", "--prompt and --prompt-file exclude each other"),
        ("create --prompt --dry-run", "--prompt needs a value"),
        ("create --prompt", "--prompt needs a value"),
        ("create --prompt=", "--prompt must not be empty"),
        ("create --prompt a --prompt b", "--prompt is given twice"),
        ("create --prompt a --output-dir b", "image-skill create does not take --output-dir"),
        ("create --prompt a --output-count two", "--output-count must be a whole number"),
        ("create --prompt a --max-usd nan", "--max-usd must be an amount such as 0.05"),
        ("create --prompt a --max-usd -1", "--max-usd must be an amount such as 0.05"),
        ("create --prompt a --model-parameters-json [1]", "--model-parameters-json must be a JSON object"),
        ("create --prompt a --model-parameters-json {", "--model-parameters-json must be valid JSON"),
        ("create --prompt a --dry-run=no", "--dry-run takes no value"),
        ("create a boat", "--prompt is required"),
        ("create --prompt a boat", "image-skill create takes no argument"),
        ("whoami --json --human", "--json and --human exclude each other"),
        ("jobs show", "JOB_ID is missing"),
        ("jobs show a b", "image-skill jobs show takes at most 1 argument(s)"),
        ("credits quote", "--pack is required"),
        ("credits quote --pack a --credits 1", "--pack and --credits exclude each other"),
        ("credits quote --pack a --payment-method cash", "--payment-method must be one of fake, stripe_checkout"),
        ("credits fake-purchase --quote-id q", "--idempotency-key is required"),
        ("credits status --quote-id q --receipt-id r", "--quote-id and --receipt-id exclude each other"),
        ("credits", "image-skill credits needs one of its own words"),
        ("assets get image_1", "--output is required"),
        ("signup --agent-name n --runtime r", "--agent is required"),
        ("auth save", "--token-stdin is required"),
        ("nothing", "There is no such command"),
        ("--nothing", "There is no such command"),
    ],
)
def test_a_line_that_means_nothing_says_why(line: str, told: str) -> None:
    assert refused(*line.split()).message == told


def test_a_missing_flag_is_named_for_machines() -> None:
    assert refused("create").recovery["required_flag"] == "--prompt"
    assert refused("signup", "--agent").recovery["required_flags"] == ["--agent-name", "--runtime"]


@pytest.mark.parametrize(
    "words",
    [
        ("whoami", "--token", SECRET),
        ("whoami", f"--token={SECRET}"),
        ("whoami", SECRET),
        (SECRET,),
        ("create", "--prompt", "a", f"--{SECRET}"),
        ("jobs", "show", "a", SECRET),
        ("create", "--model-parameters-json", SECRET, "--prompt", "p"),
    ],
)
def test_no_refusal_repeats_what_was_typed(words: tuple[str, ...]) -> None:
    error = refused(*words)
    assert SECRET not in error.message + json.dumps(error.recovery)


def test_a_value_may_begin_with_dashes_when_it_is_tied_to_its_flag() -> None:
    request = meant("create", "--prompt=--dry-run", "--json")
    assert request.body == {"prompt": "--dry-run"}


def test_every_line_that_the_service_suggests_is_understood() -> None:
    for line in (
        "image-skill usage quota --json",
        "image-skill credits packs list --json",
        "image-skill activity list --limit 20 --json",
        "image-skill jobs wait job_1 --json",
        "image-skill claim request --contact CONTACT --json",
        "image-skill claim collect --json",
        "image-skill edit --input image_1 --prompt-file PROMPT_FILE --json",
        "image-skill credits quote --pack starter-500 --payment-method fake --json",
        "image-skill credits buy --provider stripe --quote-id QUOTE_ID --idempotency-key KEY --json",
        "image-skill credits fake-purchase --quote-id QUOTE_ID --idempotency-key KEY --json",
        "image-skill signup --agent --human-email HUMAN_EMAIL --agent-name NAME --runtime RUNTIME --save --json",
        (
            "image-skill create --prompt-file PROMPT_FILE --model m --provider p --intent i --aspect-ratio 1:1"
            " --output-count 2 --format png --max-estimated-usd-per-image 0.01 --max-usd 0.01 --idempotency-key k"
            " --model-parameters-json {} --accept-unknown-cost --dry-run --json"
        ),
    ):
        meant(*line.split()[1:])
