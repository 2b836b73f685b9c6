"""After a claim: what nobody collected can be revoked, and a cap of all time says since when it counts."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import AgentToken, Organization
from billing.models import Mandate
from imageskill.core.models import Outbox
from tests.cast import Member
from tests.pages.agents.acts import text
from tests.pages.claim.claimants import asking, collect, opened, person, request_claim, terms

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]

LATER = timedelta(hours=25)
"""Until then the tokens from before a claim still read."""


def taken_over(*, pictures: int = 0) -> tuple[Client, Member, dict[str, str], str]:
    """Return an owner, the claimed agent, what collects its token, and the path of its page."""
    agent, client = asking(), person()
    for _ in range(pictures):
        assert agent.create(model="canvas.draft").ok
    told = request_claim(agent)
    client.post(f"{opened(client, agent)}/allow", terms())
    return client, agent, told, f"/w/{agent.row.organization_id}/agents/{agent.agent_id}"


def owner_at_a_later_day() -> Client:
    client = Client()
    client.post("/account/login/code/", {"email": "ada@example.com"})
    code = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", Outbox.objects.filter(kind="login_code").order_by("-pk")[0].text)
    assert code
    client.post("/account/login/code/confirm/", {"code": code[0]})
    return client


def test_what_nobody_has_collected_can_be_revoked_when_no_token_lives() -> None:
    _, agent, told, page = taken_over()
    with time_machine.travel(timezone.now() + LATER):
        client = owner_at_a_later_day()
        shown = client.get(page)
        assert "whoever has the claim\u2019s secret can collect it until" in text(shown)
        assert f'href="{page}/tokens/all/revoke"' in shown.content.decode()
        before = client.get(f"{page}/tokens/all/revoke")
        assert "The token of its claim not collected yet; after this it cannot be" in text(before)
        assert "/receipt" in client.post(f"{page}/tokens/all/revoke/now").url
        assert collect(told)["state"] == "expired"
        after = client.get(page)
        assert "can collect it until" not in text(after)
        assert f'href="{page}/tokens/all/revoke"' not in after.content.decode()
        assert client.get(f"{page}/tokens/all/revoke").status_code == 404
    assert not AgentToken.objects.filter(agent_id=agent.agent_id, revoked_at=None).exists()


@pytest.mark.parametrize("end", ["collected", "too late"])
def test_what_was_collected_or_ran_out_is_not_offered(end: str) -> None:
    client, _, told, page = taken_over()
    if end == "collected":
        assert collect(told)["state"] == "approved"
        assert "can collect it until" not in text(client.get(page))
        return
    with time_machine.travel(timezone.now() + timedelta(days=7, hours=1)):
        client = owner_at_a_later_day()
        assert "can collect it until" not in text(client.get(page))
        assert client.get(f"{page}/tokens/all/revoke").status_code == 404


def test_the_cap_of_all_time_says_since_when_it_counts() -> None:
    client, agent, _, page = taken_over(pictures=2)
    told = text(client.get(page))
    mandate = Mandate.objects.get(agent_id=agent.agent_id)
    since = mandate.lifetime_starts_at.strftime("%-d %B %Y, %H:%M UTC")
    assert "A day 2 spent of" in told
    assert "A month 2 spent of" in told
    left = "In all 0 spent of 1,000 credits 1,000 credits left"
    assert f"{left} counted since its first limits here, {since}" in told
    limits = text(client.get(f"{page}/limits"))
    assert "Counted since its first limits here." in limits


def test_the_mail_about_raised_limits_names_the_workspace() -> None:
    client, agent, _, page = taken_over()
    Organization.objects.filter(pk=agent.row.organization_id).update(name='Studio "North"')
    form = client.get(f"{page}/limits").context["form"]
    sent = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    client.post(f"{page}/limits/raise/now", sent | {"cap_month": 600})
    mail = Outbox.objects.get(kind="limits_raised")
    assert 'Agent:      "atlas-7"\nWorkspace:  "Studio "North""\n' in mail.text
