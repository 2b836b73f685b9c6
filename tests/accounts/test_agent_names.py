"""Names of agents: what is invisible in them is gone, what is ordinary stays as it was sent."""

from typing import Any

import pytest
from django.template import Context, Template

from accounts import agents
from accounts.members import CannotError
from accounts.models import Agent, Membership, Organization, Role
from imageskill.core.plain_text import cleaned
from tests.cast import Caller, Member
from tests.claims.people import owner_of
from tests.pages.people import join

pytestmark = pytest.mark.django_db

ORDINARY = [
    "atlas-7",
    "Ada's painter",
    "画家 3号",
    "رسام",
    "Малевич",
    "Zoë & Søn <3",
    "🦊 fox",
    "👩‍🎨",
    "می‌خواهم",
    "🫨",
]
ODD = {
    "evil\u202egnp.exe": "evilgnp.exe",
    "at\u200blas": "atlas",
    "at\u200dlas": "atlas",
    "\ufeffatlas\u2066\u2069": "atlas",
    "atlas\n\tBy: the bank": "atlas By: the bank",
    "at\u0000las\u0007": "atlas",
    "a  lot\u2028of   room": "a lot of room",
}


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert cleaned(name) == name


@pytest.mark.parametrize("name", sorted(ODD))
def test_what_is_invisible_goes(name: str) -> None:
    assert cleaned(name) == ODD[name]


def sign_up_as(name: str) -> dict[str, Any]:
    answer = Caller().post(
        "/v1/agent-signups", {"human_email": "owner@example.com", "agent_name": name, "runtime": "tests"}
    )
    return answer.data if answer.ok else answer.error


def test_a_signup_answers_with_the_name_as_it_is_kept() -> None:
    assert sign_up_as("evil\u202egnp.exe")["agent_name"] == "evilgnp.exe"
    assert Agent.objects.get().name == Organization.objects.get().name == "evilgnp.exe"


def test_a_name_of_which_nothing_is_left_is_refused_and_says_so() -> None:
    refused = sign_up_as("\u200b\u202e")
    assert refused["code"] == "INVALID_ARGUMENTS"
    assert refused["recovery"]["fields"] == {"agent_name": ["must hold something that can be seen"]}
    assert not Agent.objects.exists()


def place_of(agent: Member) -> Membership:
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="claimed")
    return join(owner_of(agent).user, agent.row.organization, Role.OWNER)


def test_a_new_name_is_cleaned_or_refused(agent: Member) -> None:
    place = place_of(agent)
    agents.rename(by=place, agent_id=agent.agent_id, name="north\u202e-1")
    assert agent.row.name == "north-1"
    with pytest.raises(CannotError, match="something that can be seen"):
        agents.rename(by=place, agent_id=agent.agent_id, name="\u200b")
    assert agent.row.name == "north-1"


def test_a_name_from_before_is_shown_isolated_and_can_still_be_typed(agent: Member) -> None:
    Agent.objects.filter(pk=agent.agent_id).update(name="evil\u202egnp.exe <b>")
    page = Template("{% load look %}{{ name|isolated }} {{ name|one_line }}").render(
        Context({"name": agent.row.name})
    )
    shown = "evil⟨U+202E⟩gnp.exe &lt;b&gt;"
    assert page == f"<bdi>{shown}</bdi> {shown}"
    assert agents.typed_name(agent.row) == "evilgnp.exe <b>"
    Agent.objects.filter(pk=agent.agent_id).update(name="\u202e")
    assert agents.typed_name(agent.row) == agent.agent_id
