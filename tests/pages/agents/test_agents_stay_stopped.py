"""What an owner has ended stays ended: no claim's secret brings a token back."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import AgentToken, Membership
from imageskill.flows import stopping
from tests.cast import Member
from tests.pages.claim.claimants import asking, collect, opened, person, request_claim, terms

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def taken_over() -> tuple[Client, Member, dict[str, str], str]:
    """Return an owner, the claimed agent, what collects its token, and the path of its page."""
    agent, client = asking(), person()
    told = request_claim(agent)
    client.post(f"{opened(client, agent)}/allow", terms())
    return client, agent, told, f"/w/{agent.row.organization_id}/agents/{agent.agent_id}"


def alive(agent: Member) -> int:
    return AgentToken.objects.filter(agent_id=agent.agent_id, revoked_at=None).count()


def test_a_collected_token_that_was_revoked_before_its_first_use_cannot_be_collected_again() -> None:
    client, agent, told, page = taken_over()
    assert collect(told)["state"] == "approved"
    client.post(f"{page}/tokens/all/revoke/now")
    assert alive(agent) == 0
    assert collect(told)["state"] == "expired"
    assert alive(agent) == 0


def test_after_all_tokens_were_revoked_an_approved_claim_is_not_collected_any_more() -> None:
    client, agent, told, page = taken_over()
    client.post(f"{page}/tokens/all/revoke/now")
    assert collect(told)["state"] == "expired"
    assert alive(agent) == 0


@pytest.mark.parametrize("was_handed_out", [True, False])
def test_nor_a_day_later_when_the_tokens_from_before_the_claim_have_ended_by_themselves(
    *, was_handed_out: bool
) -> None:
    """The claim's secret is good for six more days then."""
    _, agent, told, _ = taken_over()
    owner = Membership.objects.get(organization=agent.row.organization)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        if was_handed_out:
            stopping.hand_out(by=owner, agent_id=agent.agent_id)
        stopping.revoke(by=owner, agent_id=agent.agent_id, token_id=None)
        assert collect(told)["state"] == "expired"
    assert alive(agent) == 0


def test_a_released_agent_collects_nothing() -> None:
    client, agent, told, page = taken_over()
    client.post(f"{page}/release/now", {"typed_name": "atlas-7"})
    assert collect(told)["state"] == "expired"
    assert alive(agent) == 0


def test_a_lost_answer_is_still_collected_again() -> None:
    _, agent, told, _ = taken_over()
    first, second = collect(told)["token"], collect(told)["token"]
    assert first != second
    assert alive(agent) == 2  # the narrowed one and the last collected
