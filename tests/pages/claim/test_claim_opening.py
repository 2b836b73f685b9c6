"""Opening a claim: sign in, then the code; a link alone opens nothing and changes nothing."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import claim_opening, claims
from accounts.claim_opening import Visitor
from accounts.models import Claim
from billing import payers
from imageskill.core.models import ActivityEvent
from tests.pages.claim.claimants import asking, claim_of, code_of, opened, person, request_claim, terms
from tests.pages.people import PERSON, make_user, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]


def rows() -> dict[str, list[object]]:
    """Return everything that our apps keep, but for sessions."""
    kept = {}
    for app in ("accounts", "billing", "creative", "core"):
        for model in apps.get_app_config(app).get_models():
            kept[model.__name__] = list(model._default_manager.order_by("pk").values())
    return kept


def without_values(page: str) -> str:
    """Return a page without what its fields hold: tokens of forms, and its own link."""
    return re.sub(r'value="[^"]*"', "", page)


def wrong(client: Client, path: str = "/claim/code", code: str = "BBBBB-BBBBB") -> str:
    answer = client.post(path, {"code": code})
    assert answer.status_code == 200
    text: str = answer.content.decode()
    return text


def test_signed_out_one_is_asked_to_sign_in_and_learns_nothing() -> None:
    agent = asking(name="very-telling-name")
    for path in ("/claim", f"/claim/{claim_of(agent).link}", "/claim/no-such-link-is-anywhere-at-all"):
        page = Client().get(path)
        assert page.status_code == 200
        assert f"/account/login/?next={path}" in page.content.decode()
        assert b"very-telling-name" not in page.content
    known = Client().get(f"/claim/{claim_of(agent).link}").content.decode()
    unknown = Client().get("/claim/" + "x" * 32).content.decode()
    assert len(known) == len(unknown)


def test_no_get_of_any_claim_page_changes_a_row() -> None:
    agent = asking()
    client, link = person(), f"/claim/{claim_of(agent).link}"
    agent.post("/v1/agent-claims", {"contact": PERSON})
    path = opened(client, agent)
    before = rows()
    for visitor in (client, Client()):
        for page in (
            "/claim",
            link,
            path,
            f"{path}/done",
            f"{path}/progress",
            f"{path}/confirm",
            "/claim/stopped",
        ):
            visitor.get(page)
            visitor.get(page, headers={"hx-request": "true"})
    assert rows() == before


@pytest.mark.parametrize(
    "spoil", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code[:3]} {code[3:]} "]
)
def test_a_code_is_read_without_case_dash_and_spaces(spoil: object) -> None:
    assert callable(spoil)
    agent, client = asking(), person()
    answer = client.post("/claim/code", {"code": spoil(code_of(agent))})
    assert answer.url == f"/claim/{claim_of(agent).link}"
    assert b"What this service saw" in client.get(answer.url).content


def test_a_code_works_once_and_the_next_one_again() -> None:
    agent, client = asking(), person()
    code = code_of(agent)
    path = opened(client, agent)
    assert "opens nothing for you" in wrong(client, code=code)
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        assert opened(client, agent) == path


def test_a_code_is_over_after_its_ten_minutes() -> None:
    agent, client = asking(), person()
    code = code_of(agent)
    with time_machine.travel(claims.code_expires_at()):
        assert "opens nothing for you" in wrong(client, code=code)


def test_a_claim_from_before_there_were_links_opens_too() -> None:
    agent, client = asking(), person()
    Claim.objects.update(link="")
    assert b"Look at it" not in client.get("/claim").content
    assert client.get(opened(client, agent)).status_code == 200


def test_whoever_typed_the_code_has_half_an_hour() -> None:
    agent, client = asking(), person()
    path = opened(client, agent)
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert b"Type the code" in client.get(path).content
        assert client.post(f"{path}/allow", terms()).url == path
    assert agent.row.claim_state == "unclaimed"


def test_a_link_alone_shows_no_picture_and_allows_nothing() -> None:
    agent, client = asking(), person()
    asset = agent.create().data["asset_ids"][0]
    path = f"/claim/{claim_of(agent).link}"
    page = client.get(path).content.decode()
    assert asset not in page
    for act in ("allow", "limits", "grant"):
        answer = client.post(f"{path}/{act}", terms())
        assert answer.url == path
    assert agent.row.claim_state == "unclaimed"


def test_somebody_else_s_claim_is_like_none_for_link_and_code_alike() -> None:
    agent = asking("bo@example.com")
    client = person()
    path = f"/claim/{claim_of(agent).link}"
    theirs, none = client.get(path), client.get("/claim/" + "x" * 32)
    assert theirs.status_code == none.status_code == 404
    assert without_values(theirs.content.decode()) == without_values(none.content.decode())
    for act in ("code", "allow", "deny", "disown", "grant", "limits"):
        assert client.post(f"{path}/{act}", terms(code=code_of(agent))).status_code == 404
    missing = wrong(client)
    stolen = wrong(client, code=code_of(agent))
    assert without_values(missing).replace("4 tries", "3 tries") == without_values(stolen)
    claim = claim_of(agent)
    assert (claim.state, claim.wrong_tries, claim.opened_by_id) == ("requested", 0, None)


def test_somebody_else_s_code_costs_the_same_queries_as_a_missing_one() -> None:
    agent = asking("bo@example.com")
    visitor = Visitor("usr_nobody", frozenset({PERSON}), "loopback", "", payers.of)
    counted = []
    for code in ("BBBBB-BBBBB", code_of(agent), "BBBBB-BBBBC"):
        with CaptureQueriesContext(connection) as made:
            claim_opening.type_code(code, visitor=visitor)
        counted.append(len(made))
    assert counted[1] == counted[2]


def test_five_wrong_codes_of_a_person_are_all_for_an_hour() -> None:
    agent, client = asking(), person()
    for left in ("4 tries are", "3 tries are", "2 tries are", "1 try is"):
        assert left in wrong(client)
    assert "Too many codes" in wrong(client)
    assert "Too many codes" in wrong(client, code=code_of(agent))
    assert claim_of(agent).opened_by_id is None


def test_right_codes_use_no_try_up() -> None:
    client = person()
    for number in range(7):
        opened(client, asking(name=f"atlas {number}"))
    assert "4 tries are left" in wrong(client)


def test_a_network_has_twenty_wrong_codes_an_hour_whoever_types() -> None:
    for number in range(4):
        client = person(f"p{number}@example.com")
        for _ in range(5):
            client.post("/claim/code", {"code": "BBBBB-BBBBB"})
    agent = asking("late@example.com")
    assert "Too many codes" in wrong(person("late@example.com"), code=code_of(agent))


def test_the_fifth_wrong_code_of_its_owner_ends_a_claim_and_says_so() -> None:
    agent, client = asking(), person()
    path = f"/claim/{claim_of(agent).link}"
    for _ in range(4):
        wrong(client, f"{path}/code")
    assert client.post(f"{path}/code", {"code": "BBBBB-BBBBB"}).url == path
    assert (claim_of(agent).state, claim_of(agent).void_reason) == ("void", "tries")
    page = client.get(path).content.decode()
    assert "Five wrong codes ended this request" in page
    assert f"image-skill claim request --contact {PERSON} --json" in page
    assert agent.create().ok


def test_a_replaced_claim_says_so_and_its_code_is_over() -> None:
    agent, client = asking(), person()
    path, code = f"/claim/{claim_of(agent).link}", code_of(agent)
    request_claim(agent)
    page = client.get(path).content.decode()
    assert "A newer request took this one" in page
    assert "type the code that the agent shows now" in page
    assert "opens nothing for you" in wrong(client, code=code)


def test_a_second_person_with_the_next_code_takes_the_opening_over() -> None:
    agent = asking(None)
    first, second = person(), person("bo@example.com")
    path = opened(first, agent)
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        assert opened(second, agent) == path
        assert first.post(f"{path}/allow", terms()).status_code == 404
    assert agent.row.claim_state == "unclaimed"


def test_openings_are_counted_by_a_post_of_the_page_and_told_to_the_mailed_person_alone() -> None:
    agent, client = asking(), person()
    stranger = person("bo@example.com")
    path = f"/claim/{claim_of(agent).link}"
    assert 'hx-trigger="load"' in Client().get(path).content.decode()
    assert claim_of(agent).seen_count == 0
    assert Client().post(f"{path}/seen").status_code == 204
    assert b"opened" not in stranger.post(f"{path}/seen").content
    told = client.post(f"{path}/seen").content.decode()
    assert "This link was opened 3 times, first" in told
    assert claim_of(agent).state == "requested"
    assert Client().get(f"{path}/seen").status_code == 405


def test_a_claimed_agent_s_owner_sees_later_attempts_without_a_name() -> None:
    agent, client = asking(), person()
    code = code_of(agent)
    path = opened(client, agent)
    client.post(f"{path}/allow", terms())
    thief = person("thief@example.com")
    thief.post("/claim/code", {"code": code}, headers={"user-agent": "curl/8.5"}, REMOTE_ADDR="198.51.100.7")
    refused = agent.post("/v1/agent-claims", {"contact": "thief@example.com"})
    assert refused.error["recovery"]["reason"] == "already_claimed"
    told = ActivityEvent.objects.filter(
        type="claim.attempted", organization_id=agent.row.organization_id
    ).order_by("pk")
    assert "198.51.100.0/24 with curl/8.5" in told[0].summary
    assert told.count() == 2
    assert all("thief" not in str(event.__dict__) for event in told)


def test_attempts_fill_nobody_s_activity() -> None:
    agent, client = asking(), person()
    client.post(f"{opened(client, agent)}/allow", terms())
    for _ in range(15):
        agent.post("/v1/agent-claims", {"contact": "thief@example.com"})
    assert ActivityEvent.objects.filter(type="claim.attempted").count() == 10


def test_what_waits_for_one_s_addresses_is_listed_and_nothing_else() -> None:
    asking("bo@example.com", name="not-for-you")
    asking(PERSON.upper(), name="for-you")
    make_user()
    page = sign_in().get("/claim").content.decode()
    assert "for-you" in page
    assert "not-for-you" not in page


def test_an_agent_s_words_are_text_and_no_link() -> None:
    agent = asking(name="<script>alert(1)</script> http://evil.example")
    request_claim(agent, reason='<a href="http://evil.example">click</a>')
    client = person()
    page = client.get(opened(client, agent)).content.decode()
    assert "<script>alert" not in page
    assert 'href="http://evil' not in page
    assert "&lt;a href=" in page
