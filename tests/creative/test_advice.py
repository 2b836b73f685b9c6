import pytest
from django.conf import LazySettings

from creative.models import Job
from tests.cast import Answer, Member

pytestmark = pytest.mark.django_db


def assert_not_runnable(answer: Answer) -> str:
    recovery = answer.error["recovery"]
    assert recovery["suggested_command_copy_runnable"] is False
    assert recovery["missing_inputs"][0] == "prompt"
    command = str(recovery["suggested_command"])
    assert command.startswith("image-skill create --prompt-file PROMPT_FILE ")
    assert command.endswith(" --json")
    assert "red boat" not in command
    return command


@pytest.mark.parametrize(
    ("field", "advice"),
    [
        ("max_usd", "--max-usd 0.02"),
        ("max_estimated_usd_per_image", "--max-estimated-usd-per-image 0.01"),
    ],
)
@pytest.mark.usefixtures("provider")
def test_a_cap_below_the_price_is_answered_with_the_cap_that_would_do(
    agent: Member, field: str, advice: str
) -> None:
    refused = agent.create(output_count=2, **{field: 0.001})
    assert refused.code == "BUDGET_CAP_EXCEEDED"
    command = assert_not_runnable(refused)
    assert advice in command
    assert "--output-count 2" in command
    assert not Job.objects.exists()


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize(
    ("given", "told"), [(0.25, "0.25"), (5, "5"), (100, "100"), (-0.0, "0"), (0.1234560, "0.123456")]
)
def test_a_cap_that_stands_is_told_as_it_would_be_typed(agent: Member, given: float, told: str) -> None:
    refused = agent.create(output_count=2, max_usd=given, max_estimated_usd_per_image=0.001)
    assert refused.code == "BUDGET_CAP_EXCEEDED"
    if refused.error["recovery"]["cap"] == "max_estimated_usd_per_image":
        assert f"--max-usd {told} " in assert_not_runnable(refused)


@pytest.mark.usefixtures("provider")
def test_the_caps_that_were_advised_let_the_same_call_pass(agent: Member) -> None:
    refused = agent.create(max_usd=0.001)
    command = assert_not_runnable(refused).split()
    assert agent.create(max_usd=float(command[command.index("--max-usd") + 1])).status == 200


@pytest.mark.usefixtures("provider")
def test_a_key_with_another_body_is_answered_with_the_terms_and_a_fresh_key(agent: Member) -> None:
    agent.create(key="run-001")
    refused = agent.create("Another red boat", key="run-001", aspect_ratio="16:9", intent="two words")
    assert refused.code == "IDEMPOTENCY_CONFLICT"
    command = assert_not_runnable(refused)
    fresh = refused.error["recovery"]["idempotency_key"]
    assert fresh != "run-001"
    assert f"--intent 'two words' --aspect-ratio 16:9 --idempotency-key {fresh} --json" in command
    assert agent.create("Another red boat", key=fresh, aspect_ratio="16:9", intent="two words").status == 200


@pytest.mark.usefixtures("provider")
def test_a_conflict_of_an_unreadable_body_is_still_a_conflict(agent: Member) -> None:
    agent.create(key="run-001")
    refused = agent.create(key="run-001", output_count="many")
    assert refused.code == "IDEMPOTENCY_CONFLICT"
    assert "suggested_command" not in refused.error["recovery"]


@pytest.mark.usefixtures("provider")
def test_model_parameters_are_left_to_the_caller(agent: Member) -> None:
    refused = agent.create(model="canvas.draft", model_parameters={"seed": 77_777}, max_usd=0)
    assert "77777" not in assert_not_runnable(refused)
    assert refused.error["recovery"]["missing_inputs"] == ["prompt", "model_parameters"]


@pytest.mark.usefixtures("provider")
def test_free_credits_that_do_not_buy_a_model_are_answered_with_the_model_that_they_buy(
    agent: Member, settings: LazySettings
) -> None:
    settings.PREVIEW_MODELS = ["fal.flux-dev"]
    refused = agent.create()
    assert refused.code == "QUOTA_EXCEEDED"
    assert refused.error["recovery"]["free_model"] == "fal.flux-dev"
    assert "--model fal.flux-dev" in assert_not_runnable(refused)
    assert not Job.objects.exists()


def test_a_model_that_cannot_be_called_is_answered_with_the_list_of_those_that_can(agent: Member) -> None:
    refused = agent.create(model="fal.flux-dev")
    assert refused.code == "PROVIDER_UNAVAILABLE"
    assert refused.error["recovery"]["suggested_command"] == "image-skill models list --available --json"
