"""Deciding a claim: facts and advisories, rights with a fresh sign-in, and no."""

import itertools
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import grants
from accounts.models import Agent, Claim, Membership, Organization, User
from creative.models import Asset, Feedback, Job
from imageskill.core import ids
from imageskill.site.agents import words as agent_words
from imageskill.site.claim import lookalikes, rights
from tests import doubles
from tests.pages.claim.claimants import (
    HARMLESS,
    asking,
    claim_of,
    collect,
    opened,
    person,
    request_claim,
    terms,
    text_of,
)
from tests.pages.people import PERSON, make_old, make_user, make_workspace, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

DANGEROUS = ["buy", "workspace", "delete"]


@pytest.fixture(autouse=True)
def port(provider: doubles.FakeProvider) -> doubles.FakeProvider:
    return provider


def test_the_page_shows_this_agent_s_own_record_and_no_prompt(port: doubles.FakeProvider) -> None:
    agent, other = asking(), asking("bo@example.com")
    made = agent.create("A secret plan for a boat").data
    foreign = other.create().data["asset_ids"][0]
    report = {"type": "bug", "title": "The boat sank", "body": "It did", "severity": "low", "confidence": "high"}
    agent.post("/v1/feedback", report)
    port.behaviour = _refuse
    agent.create("Something refused")
    Asset.objects.update(thumbnails_at=timezone.now())
    client = person()
    path = opened(client, agent)
    page = client.get(path).content.decode()
    assert made["asset_ids"][0] in page
    assert foreign not in page
    assert "secret plan" not in page
    told = text_of(client, path)
    assert "Pictures made 1 Credits spent 1" in told
    assert f"Calls refused {Job.objects.filter(agent_id=agent.agent_id, state='failed').count()}" in told
    assert f"Reports left {Feedback.objects.filter(agent_id=agent.agent_id).count()}" in told


def _refuse(call: Any) -> Any:
    raise RuntimeError("the provider is broken")


def test_the_page_tells_what_the_service_saw_apart_from_what_the_agent_says() -> None:
    agent = asking()
    body = {"contact": PERSON, "reason": "You asked me for covers."}
    agent.post("/v1/agent-claims", body, headers={"user-agent": "image-skill/0.2"}, remote="198.51.100.9")
    client = person()
    told = text_of(client, opened(client, agent))
    saw, says = told.split("What the agent says")
    assert "198.51.100.0/24" in saw
    assert "image-skill/0.2" in saw
    assert "You asked me for covers." not in saw
    assert "You asked me for covers." in says
    assert "its token ends on" in saw
    assert re.search(r"Three words \w+ \w+ \w+", saw)
    assert f"You are claiming as {PERSON}" in told


def test_a_page_costs_the_same_queries_whatever_the_agent_did() -> None:
    counts = []
    for number, pictures in enumerate((3, 30)):
        agent = asking(f"p{number}@example.com")
        job_id = agent.create().data["job_id"]
        row = Asset.objects.get(job_id=job_id)
        for position in range(1, pictures):
            row.pk, row.position = ids.new_id("image"), position
            row._state.adding = True
            row.save()
        client = person(f"p{number}@example.com")
        path = opened(client, agent)
        with CaptureQueriesContext(connection) as made:
            assert client.get(path).status_code == 200
        counts.append(len(made))
    assert counts[0] == counts[1]


def test_advisories_say_what_is_unusual_and_are_silent_otherwise(settings: LazySettings) -> None:
    agent, client = asking(name="at1as-7"), person()
    studio = make_workspace(User.objects.get(email=PERSON))
    Agent.objects.create(
        organization=studio, name="Atlas 7", runtime="x", signup_network="loopback", created_at=timezone.now()
    )
    agent.post("/v1/agent-claims", {"contact": PERSON}, remote="198.51.100.9")
    told = text_of(client, opened(client, agent))
    for words in (
        "Your first agent.",
        "It looks like another of yours.",
        "Asked from another network.",
        "brand-new",
    ):
        assert words in told
    client.post(f"/claim/{claim_of(agent).link}/allow", terms())
    calm = asking(name="heron")
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        quiet = text_of(client, opened(client, calm))
    for words in ("Your first agent.", "It looks like", "Asked from another", "brand-new"):
        assert words not in quiet


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("atlas-7", "Atlas 7", True),
        ("atlas-7", "at1as-7", True),
        ("atlas-7", "\u0430tlas-7", True),
        ("modern", "modem", True),
        ("painter", "paintr", True),
        ("painter", "paynter", True),
        ("painter", "painters", True),
        ("painter", "printing", False),
        ("cat", "car", False),
        ("heron", "atlas", False),
    ],
)
def test_names_that_look_alike_are_found(one: str, other: str, alike: bool) -> None:  # noqa: FBT001 - a table
    assert (lookalikes.nearest(one, ["something else", other]) == other) is alike


def test_the_sentences_hold_each_grant_once_and_both_pages_call_the_same_ones_dangerous() -> None:
    held = [grant for right in rights.RIGHTS for grant in right.grants]
    assert sorted(held) == sorted([*grants.UNCLAIMED, *grants.CLAIM_MAY_ADD])
    assert set(agent_words.DANGEROUS) == rights.DANGEROUS
    order = [right.dangerous for right in rights.RIGHTS]
    assert order == sorted(order)
    assert not any(right.by_default and right.dangerous for right in rights.RIGHTS)


def test_what_is_ticked_is_given_and_nothing_more() -> None:
    agent, client = asking(), person()
    path = opened(client, agent)
    page = client.get(path).content.decode()
    ticked = re.findall(r'value="(\w+)" id="right-\w+" [^>]*checked', page)
    assert ticked == HARMLESS
    client.post(f"{path}/allow", terms(rights=["read", "preview"]))
    assert agent.row.grants == ["activity.read", "asset.read", "create.preview", "job.read"]


@pytest.mark.parametrize(
    "ticked", [list(chosen) for size in (1, 2, 3) for chosen in itertools.combinations(DANGEROUS, size)]
)
def test_every_way_to_a_dangerous_right_asks_for_a_fresh_sign_in(ticked: list[str]) -> None:
    agent, client = asking(), person()
    path = opened(client, agent)
    make_old(client)
    form = terms(rights=[*HARMLESS, *ticked])
    assert client.post(f"{path}/allow", form).url == f"{path}/confirm"
    for method, act in ((client.get, "confirm"), (client.post, "grant")):
        challenged = method(f"{path}/{act}", form)
        assert challenged.url.startswith("/account/confirm/?next=")
    client.post(f"{path}/limits", form)
    assert agent.row.claim_state == "unclaimed"
    make_old(client, seconds=0)
    page = client.get(f"{path}/confirm").content.decode()
    assert page.count("<li><strong>") == len(ticked)
    assert client.post(f"{path}/grant").url == f"{path}/done"
    given = {grant for right in rights.RIGHTS if right.key in ticked for grant in right.grants}
    assert given <= set(agent.row.grants)


def test_harmless_rights_alone_need_no_fresh_sign_in() -> None:
    agent, client = asking(), person()
    path = opened(client, agent)
    make_old(client)
    assert client.post(f"{path}/allow", terms(rights=[*HARMLESS, "create", "edit"])).url == f"{path}/done"


def test_a_draft_waits_for_one_claim_only_and_grant_without_one_does_nothing() -> None:
    first, second, client = asking(name="one"), asking(name="two"), person()
    path, other = opened(client, first), opened(client, second)
    client.post(f"{path}/allow", terms(rights=["delete"]))
    assert client.post(f"{other}/grant", terms(rights=["delete"])).url == other
    assert second.row.claim_state == "unclaimed"
    assert 'id="right-delete" aria-describedby="means-delete" checked' in client.get(path).content.decode()


def test_of_two_tabs_one_decides_and_the_other_shows_what_became_of_it() -> None:
    agent, client = asking(), person()
    path = opened(client, agent)
    client.post(f"{path}/deny", {"reason": "No, thank you."})
    late = client.post(f"{path}/allow", terms())
    assert late.url == path
    assert "You denied this request" in text_of(client, path)
    assert client.post(f"{path}/deny", {"reason": "Again"}).url == path
    assert claim_of(agent).denial_reason == "No, thank you."


def test_the_denial_s_reason_reaches_the_agent_and_needs_no_code_of_the_contact() -> None:
    agent = asking()
    told, client = request_claim(agent), person()
    client.post(f"/claim/{claim_of(agent).link}/deny", {"reason": " I make my own\r\n covers. "})
    assert collect(told) == {
        "claim_id": told["claim_id"],
        "state": "denied",
        "reason": "I make my own covers.",
    }
    assert agent.create().ok


def test_without_a_contact_only_who_has_the_code_denies() -> None:
    agent, client = asking(None), person()
    assert client.post(f"/claim/{claim_of(agent).link}/deny").status_code == 404
    path = opened(client, agent)
    client.post(f"{path}/deny")
    assert claim_of(agent).state == Claim.State.DENIED


def test_each_act_needs_a_post_with_the_form_s_token() -> None:
    agent, client = asking(), person()
    path = opened(client, agent)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["sessionid"] = client.cookies["sessionid"].value
    for act in ("allow", "deny", "disown", "grant", "limits", "code"):
        assert strict.post(f"{path}/{act}", terms()).status_code == 403
        assert client.get(f"{path}/{act}").status_code == 405
    assert claim_of(agent).state in ("open", "requested")


def test_a_signed_out_post_is_led_to_sign_in_and_does_nothing() -> None:
    agent, client = asking(), person()
    path = opened(client, agent)
    client.logout()
    assert client.post(f"{path}/allow", terms()).url == path
    assert client.post("/claim/code", {"code": "x"}).url == "/claim"
    assert client.get(f"{path}/progress", headers={"hx-request": "true"}).status_code == 401
    assert agent.row.claim_state == "unclaimed"


def test_switching_the_account_leads_back_to_the_claim() -> None:
    agent, client = asking(), person("bo@example.com")
    path = f"/claim/{claim_of(agent).link}"
    for page in (client.get(path), client.post(f"{path}/allow", terms())):
        assert f'name="next" value="{path}"' in page.content.decode()
    assert 'name="next" value="/claim"' in client.post("/claim/code", {"code": "x"}).content.decode()
    assert client.post("/account/logout/", {"next": path}).url == path
    make_user()
    assert sign_in().get(path).status_code == 200


def test_organizations_are_made_only_by_an_approval() -> None:
    agent, client = asking(), person()
    before = Organization.objects.count()
    path = opened(client, agent)
    client.post(f"{path}/allow", terms(cap_month=1))
    client.post(f"{path}/allow", terms(rights=["delete"]))
    assert (Organization.objects.count(), Membership.objects.count()) == (before, 0)


@pytest.mark.parametrize(
    "high",
    [
        {"cap_month": 501},
        {"cap_lifetime": 1_001},
        {"approval_threshold": 26},
        dict.fromkeys(("cap_per_job", "cap_day", "cap_month", "cap_lifetime"), 1_000_000),
    ],
)
def test_more_money_than_the_page_suggests_takes_a_fresh_sign_in(high: dict[str, int]) -> None:
    agent, client = asking(), person()
    path = opened(client, agent)
    make_old(client)
    assert client.post(f"{path}/allow", terms(**high)).url == f"{path}/confirm"
    assert Agent.objects.get(pk=agent.agent_id).claim_state == "unclaimed"
    assert client.post(f"{path}/grant").url != f"{path}/done"
    assert Agent.objects.get(pk=agent.agent_id).claim_state == "unclaimed"
    again = sign_in()
    assert again.post(f"{path}/allow", terms(**high)).url == f"{path}/confirm"
    assert "spend this much" in text_of(again, f"{path}/confirm")
    assert again.post(f"{path}/grant").url == f"{path}/done"
