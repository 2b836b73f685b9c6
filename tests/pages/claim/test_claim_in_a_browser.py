"""Claiming in a real browser: from the mail to the agent's first call, and each way to say no."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import LazySettings
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Agent, Claim
from billing import mandates, rails
from creative import thumbnails
from imageskill.core.models import Outbox
from tests.cast import Caller, Member
from tests.pages.claim.claimants import asking, claim_of, code_of, collect, request_claim
from tests.pages.looking import look, look_here
from tests.pages.people import PERSON, make_user, make_workspace, sign_in, take_session, type_code

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("long_code")]

PROMPTS = ["A lighthouse at dusk", "A paper boat on a quiet sea", "Mountains under a red moon"]


@pytest.fixture(autouse=True)
def _pictures_from_here(settings: LazySettings, request: pytest.FixtureRequest) -> None:
    settings.MEDIA_URL_BASE = request.getfixturevalue("live_server").url


def mailed(word: str) -> str:
    """Return the path of the link of the newest mail about a claim whose path begins so."""
    mail = Outbox.objects.filter(kind="claim_requested").latest("pk")
    found = re.search(rf"http://testserver(/claim/{word}\S+)", mail.text)
    assert found, mail.text
    return urlsplit(found[1]).path


def working(**more: str) -> tuple[Member, dict[str, str]]:
    """Return an agent that has made pictures and asks to be claimed, with its claim."""
    agent = asking(None, name="atlas-7")
    told = request_claim(agent, reason="You asked me for covers of your zine.", **more)
    for prompt in PROMPTS:
        assert agent.create(prompt).ok
    while thumbnails.make_missing():
        pass
    return agent, told


def open_request(page: Page, agent: Member) -> None:
    """Type an agent's code and wait for its request, with the script that follows what is changed there."""
    page.get_by_label("Code").fill(code_of(agent))
    page.get_by_role("button", name="Open the request").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Claim atlas-7")
    page.wait_for_load_state()


def test_from_the_mail_to_the_first_call(page: Page, screenshots: Path | None) -> None:
    agent, told = working()
    make_user()
    with page.expect_response("**/seen"):
        page.goto(mailed("[^s]"))
    look_here(page, screenshots, name="claim sign in first")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail address").first.fill(PERSON)
    page.get_by_role("button", name="Send me a code").click()
    type_code(page)
    expect(page.get_by_text(f"You are claiming as {PERSON}.")).to_be_visible()
    expect(page.get_by_text("This link was opened 2 times")).to_be_visible()
    look_here(page, screenshots, name="claim code")
    page.get_by_label("Code").fill("bbbbb-bbbbb")
    page.get_by_role("button", name="Open the request").click()
    expect(page.get_by_role("alert")).to_contain_text("4 tries are left")
    page.get_by_label("Code").fill(code_of(agent).lower().replace("-", ""))
    page.get_by_role("button", name="Open the request").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Claim atlas-7")
    expect(page.locator(".contact-sheet img")).to_have_count(len(PROMPTS))
    look_here(page, screenshots, name="claim review")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_label("One month").fill("300")
    expect(page.locator("#says")).to_contain_text("At most 300 credits, $3.00, this month: about 300 pictures")
    expect(page.get_by_role("button", name="Allow it with my changes")).to_be_visible()
    page.get_by_label("One month").fill("50")
    expect(page.locator("#says")).to_contain_text("One month cannot be below one day (100)")
    page.get_by_label("One month").fill("300")
    expect(page.locator("#says")).to_contain_text("At most 300 credits")
    page.get_by_label("Its name").fill("Studio North")
    page.get_by_role("button", name="Allow it with my changes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("atlas-7 is yours")
    expect(page.get_by_text("Waiting for the agent")).to_be_visible()
    look_here(page, screenshots, name="claim done waiting")
    fresh = Caller(collect(told)["token"])
    expect(page.get_by_text("The agent got its new token at")).to_be_visible()
    assert fresh.get("/v1/whoami").data["claim_state"] == "claimed"
    expect(page.get_by_text("First call with the new token at")).to_be_visible()
    assert page.locator("#handover").get_attribute("hx-trigger") is None
    look_here(page, screenshots, name="claim done")
    mandate = mandates.current(agent_id=agent.agent_id, organization_id=agent.row.organization_id)
    assert mandate is not None
    assert (mandate.cap_month, agent.row.organization.name) == (300, "Studio North")


def test_denying_tells_the_agent_why(page: Page, context: BrowserContext, screenshots: Path | None) -> None:
    agent, told = working()
    make_user()
    take_session(context, sign_in())
    page.goto(mailed("[^s]"))
    page.get_by_text("Deny it, with a reason").click()
    page.get_by_label("What the agent is told").fill("I make my own covers.")
    page.get_by_role("button", name="Deny the request").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You denied this request")
    look_here(page, screenshots, name="claim denied")
    assert collect(told)["reason"] == "I make my own covers."
    assert agent.row.claim_state == "unclaimed"


def test_not_having_asked_is_said_from_the_mail_without_signing_in(page: Page, screenshots: Path | None) -> None:
    agent, told = working()
    page.goto(mailed("stop/"))
    look_here(page, screenshots, name="claim stop")
    assert claim_of(agent).state == "requested"
    page.get_by_role("button", name="I did not ask for this").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Done")
    look_here(page, screenshots, name="claim stopped")
    assert collect(told)["state"] == "expired"
    assert Agent.objects.get(pk=agent.agent_id).paused_at is not None


def test_a_page_left_open_stops_asking_once_signed_out(context: BrowserContext) -> None:
    page = context.new_page()  # its console tells of the refusal, as it should
    agent, _ = working()
    make_user()
    client = sign_in()
    take_session(context, client)
    page.goto("/claim")
    open_request(page, agent)
    page.get_by_role("button", name="Allow it within these limits").click()
    expect(page.get_by_text("Waiting for the agent")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/progress" in request.url else None)
    with page.expect_response(lambda response: response.status == 401):
        context.clear_cookies()
    seen = len(asked)
    page.wait_for_timeout(4_000)
    assert len(asked) == seen


@pytest.fixture
def studio(context: BrowserContext, settings: LazySettings) -> Member:
    """An agent with bought credits, and a person with two workspaces who looks at it."""
    settings.FAKE_RAIL = True
    rails.rail.cache_clear()
    agent, _ = working()
    quote = agent.post("/v1/credit-quotes", {"credits": 500}).data["quote_id"]
    assert agent.post("/v1/credit-purchases", {"quote_id": quote, "idempotency_key": "claim-purchase-1"}).ok
    user = make_user()
    make_workspace(user)
    make_workspace(user, name="Studio South")
    take_session(context, sign_in())
    return agent


def test_the_states_read_well(page: Page, studio: Member, screenshots: Path | None) -> None:
    look(page, "/claim", screenshots, name="claim start")
    link = f"/claim/{claim_of(studio).link}"
    page.goto(link)
    open_request(page, studio)
    page.get_by_label("Delete its own pictures").check()
    page.get_by_role("button", name="Allow it with my changes").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("this right as well?")
    look_here(page, screenshots, name="claim confirm")
    page.get_by_role("button", name="Allow it, with this right").click()
    expect(page.get_by_text("Bought credits that came along")).to_be_visible()
    look_here(page, screenshots, name="claim done with credits")


def test_the_endings_read_well(page: Page, studio: Member, screenshots: Path | None) -> None:
    claim = claim_of(studio)
    for ending in ("tries", "replaced", "disowned"):
        Claim.objects.filter(pk=claim.pk).update(state="void", void_reason=ending)
        look(page, f"/claim/{claim.link}", screenshots, name=f"claim ended {ending}")


def test_a_link_to_nothing_reads_well(context: BrowserContext, studio: Member, screenshots: Path | None) -> None:
    page = context.new_page()  # its console tells of the 404
    answer = page.goto("/claim/nothing-is-here")
    assert answer is not None
    assert answer.status == 404
    look_here(page, screenshots, name="claim nothing")


def test_a_wrong_form_reads_well(page: Page, studio: Member, screenshots: Path | None) -> None:
    page.goto(f"/claim/{claim_of(studio).link}")
    open_request(page, studio)
    page.get_by_label("One month").fill("5")
    page.get_by_label("Until").fill("2020-01-01")
    page.get_by_role("button", name="Allow it with my changes").click()
    expect(page.locator(".claim-limits .errorlist").first).to_be_visible()
    look_here(page, screenshots, name="claim wrong")
