"""What a superuser does to chosen rows: by the functions of the house, told to the owner, kept with the why."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts.models import Agent, AgentToken, ClaimState, User
from billing.models import StaffAct, StripeEvent
from creative.models import KillSwitch
from imageskill.console.admin.acts import MOST
from imageskill.core.models import ActivityEvent
from tests.cast import sign_up
from tests.console.admins import ROOT, choose, row_of, superuser, table_of
from tests.console.desk import make_agent

pytestmark = pytest.mark.django_db
WHY = "It paints one picture over and over"


@pytest.fixture
def client() -> Client:
    return superuser()


def events(kind: str) -> list[ActivityEvent]:
    return list(ActivityEvent.objects.filter(type=kind).order_by("pk"))


def kept() -> list[tuple[str, str, str]]:
    """Return who did what to which row, as the admin keeps it."""
    return list(LogEntry.objects.order_by("pk").values_list("user__email", "object_id", "change_message"))


def switch(**fields: Any) -> KillSwitch:
    told = {"is_on": False, "kind": "manual", "reason": "", "actor_id": "x", "changed_at": timezone.now()}
    return KillSwitch.objects.create(target="provider:canvas", **(told | fields))


def test_an_act_says_what_it_does_and_asks_why_before_anything_happens(client: Client) -> None:
    agent = make_agent()
    for sent in ({}, {"reason": ""}, {"reason": "a" * 141}):
        page = choose(client, agent, "stop", **sent)
        assert b"They begin nothing more until staff lets them go on" in page.content
        assert agent.pk.encode() in page.content
    agent.refresh_from_db()
    assert (agent.paused_at, kept(), events("agent.quarantined")) == (None, [], [])


def test_an_agent_is_stopped_let_go_on_and_ended_by_the_functions_of_the_house(client: Client) -> None:
    member = sign_up(None, name="atlas-7")
    agent = Agent.objects.get(pk=member.agent_id)
    choose(client, agent, "stop", reason=WHY)
    agent.refresh_from_db()
    assert agent.pause_message.endswith(WHY)
    choose(client, agent, "free", reason="It was asked to")
    agent.refresh_from_db()
    assert agent.paused_at is None
    choose(client, agent, "end", reason="It is for sale")
    assert member.get("/v1/whoami").code == "AUTH_REQUIRED"
    agent.refresh_from_db()
    assert agent.claim_state == ClaimState.REVOKED
    person = User.objects.get(email=ROOT)
    told = [event for kind in ("agent.quarantined", "agent.freed", "agent.revoked") for event in events(kind)]
    assert [(event.actor_id, event.organization_id) for event in told] == [(person.pk, agent.organization_id)] * 3
    assert WHY in told[0].summary
    assert kept() == [
        (ROOT, agent.pk, f"Stop: {WHY}"),
        (ROOT, agent.pk, "Let go on: It was asked to"),
        (ROOT, agent.pk, "End for good: It is for sale"),
    ]
    assert WHY in client.get(row_of(agent)).content.decode()


def test_a_token_dies_with_its_next_call_and_the_owner_is_told_by_whom(client: Client) -> None:
    member = sign_up(None, name="atlas-7")
    token = AgentToken.objects.get(agent_id=member.agent_id)
    choose(client, token, "revoke", reason="It was found in a repository")
    assert member.get("/v1/whoami").code == "AUTH_REQUIRED"
    (event,) = events("token.revoked")
    assert (event.subject_id, event.actor_id) == (token.pk, User.objects.get(email=ROOT).pk)
    assert Agent.objects.get(pk=member.agent_id).claim_state != ClaimState.REVOKED
    choose(client, token, "revoke", reason="Again")
    assert "There is no living token to revoke." in client.get(table_of(AgentToken)).content.decode()
    assert len(kept()) == len(events("token.revoked")) == 1


def test_a_switch_is_moved_and_told_and_moves_once(client: Client) -> None:
    row = switch()
    choose(client, row, "close", reason="It charges twice")
    row.refresh_from_db()
    assert (row.is_on, row.reason, row.actor_id) == (True, "It charges twice", User.objects.get(email=ROOT).pk)
    choose(client, row, "close", reason="Again")
    assert "It stands so already." in client.get(table_of(KillSwitch)).content.decode()
    choose(client, row, "open", reason="It is well again")
    row.refresh_from_db()
    assert not row.is_on
    assert [event.status for event in events("provider.switched")] == ["stopped", "open"]
    assert len(kept()) == 2


def test_a_webhook_is_set_aside_with_the_person_and_the_reason(client: Client) -> None:
    event = StripeEvent.objects.create(
        event_id="evt_1", type="refund.created", object_id="re_1", livemode=False, received_at=timezone.now()
    )
    choose(client, event, "ignore", reason="It is of another product")
    event.refresh_from_db()
    assert event.state == StripeEvent.State.IGNORED
    act = StaffAct.objects.get()
    assert (act.act, act.staff.email, act.reason) == ("ignore", ROOT, "It is of another product")


def test_one_that_cannot_be_done_is_told_and_the_others_are_done(client: Client) -> None:
    first, second = make_agent("first"), make_agent("second")
    choose(client, first, "stop", reason=WHY)
    both = {"action": "stop", "reason": WHY, "_selected_action": [first.pk, second.pk]}
    client.post(table_of(Agent), both)
    page = client.get(table_of(Agent)).content.decode()
    assert f"{first.pk}: Staff has stopped first already." in page
    assert f"{second.pk}: done." in page
    assert [key for _, key, _ in kept()] == [first.pk, second.pk]


def test_a_form_that_says_all_pages_reaches_what_was_chosen_alone(client: Client) -> None:
    chosen, other = make_agent("chosen"), make_agent("other")
    choose(client, chosen, "stop", reason=WHY, select_across="1")
    many = {
        "action": "stop",
        "reason": WHY,
        "select_across": "1",
        "_selected_action": ["agt_0"] * MOST + [other.pk],
    }
    client.post(table_of(Agent), many)
    client.post(table_of(Agent), {"action": "stop", "reason": WHY, "select_across": "1"})
    assert list(Agent.objects.exclude(paused_at=None)) == [chosen]
    assert [key for _, key, _ in kept()] == [chosen.pk]


def test_there_is_no_act_but_those_of_the_table(client: Client) -> None:
    agent = make_agent()
    for act in ("delete_selected", "close", "nothing", ""):
        client.post(table_of(Agent), {"action": act, "_selected_action": agent.pk, "post": "yes", "reason": WHY})
    assert Agent.objects.filter(pk=agent.pk, paused_at=None).exists()
    assert kept() == []
