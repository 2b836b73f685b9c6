"""What a refusal for want of credits says can be done: only what this service offers this caller."""

import pytest
from django.conf import LazySettings

from tests.cast import Member, sign_up

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]


def test_an_agent_without_a_contact_is_told_to_name_one() -> None:
    told = sign_up(None).create().error["recovery"]
    assert told["suggested_commands"][0] == "image-skill claim request --contact CONTACT --json"
    assert told["missing_inputs"] == ["contact"]


@pytest.mark.parametrize("has_rail", [True, False])
def test_buying_is_named_only_where_something_can_be_bought(
    agent: Member, settings: LazySettings, *, has_rail: bool
) -> None:
    settings.FAKE_RAIL = has_rail
    for number in range(settings.PREVIEW_DAILY_JOBS):
        assert agent.create(key=f"run-{number}").ok
    refused = agent.create()
    assert refused.error["recovery"]["reason"] == "daily_jobs"
    assert ("top_up" in refused.error["recovery"]) is has_rail
    assert "suggested_commands" not in refused.error["recovery"]
