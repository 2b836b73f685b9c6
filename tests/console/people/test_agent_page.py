"""One agent as staff sees it: its numbers are the house's own, and nothing of a prompt or a token stands there."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Agent, AgentToken, Claim
from billing import quota, standing
from billing.models import Decision, Hold, LotKind
from creative.models import Job
from imageskill.core import events
from imageskill.core.events import EventType, System
from tests.billing.books import give, new_agent, set_aside
from tests.console.desk import desk, make_agent, make_report
from tests.pages.studio import PROMPTS, make_studio

pytestmark = pytest.mark.django_db


def test_it_shows_the_whole_agent_and_no_prompt_and_no_token() -> None:
    studio = make_studio()
    row = make_report(studio.agent.row, "Edit loses <b>it</b>")
    client = desk()
    page = client.get(f"/console/people/{studio.agent.agent_id}").content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    numbers = standing.of_workspace(studio.organization.pk)
    day = next(one for one in quota.of_agent(studio.agent.row).spend if one.window == "day")
    assert f"Available {numbers.available:,} On hold {numbers.held:,}" in text
    assert f"{day.used:,} spent of {day.cap} credits" in text
    assert "at most 3 credits a job" in text
    assert studio.refused["code"] == "SPEND_CAP_EXCEEDED"
    assert "4 credits refused: the cap &quot;one job&quot;" in text
    assert "Edit loses &lt;b&gt;it&lt;/b&gt;" in page
    assert f"/console/feedback/{row.pk}" in page
    assert "collected" in text
    for token in AgentToken.objects.all():
        assert token.prefix in page
    assert (studio.agent.token or "") not in page
    assert studio.owner.email not in page
    assert [prompt for prompt, _ in PROMPTS if prompt in page] == []
    assert "waits for" not in page


def test_an_agent_that_is_not_there_is_not_found() -> None:
    client = desk()
    assert client.get("/console/people/agt_0").status_code == 404
    assert client.get("/console/people/agt_0/stop?act=free").status_code == 404
    assert client.get("/console/people?after=org_0").status_code == 404


def fill(agent: Agent, number: int) -> None:
    now = timezone.now()
    lot = give(agent, number, LotKind.PROMO)
    for _ in range(number):
        set_aside(agent, (lot, 1))
        make_report(agent)
        AgentToken.objects.create(agent=agent, sha256=f"{number}-{AgentToken.objects.count()}", created_at=now)
        Claim.objects.create(
            agent=agent, state="void", code_handle="x", code_seed="x", created_at=now,
            secret_sha256=f"{number}-{Claim.objects.count()}", request_network="loopback",
        )  # fmt: skip
        told = {"operation": "agent", "status": "renamed", "summary": "Agent renamed", "subject_id": agent.pk}
        place = {"organization_id": agent.organization_id, "agent_id": agent.pk}
        events.record(EventType.AGENT_RENAMED, actor=System("tests"), **place, **told)


def test_the_page_asks_as_often_for_thirty_of_everything_as_for_three() -> None:
    client, agent = desk(), new_agent()
    fill(agent, 3)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/console/people/{agent.pk}?about={agent.pk}").status_code == 200
        return len(asked)

    few = queries()
    fill(agent, 27)
    assert queries() == few
    assert Hold.objects.filter(agent=agent).count() == 30
    assert (Decision.objects.count(), Job.objects.count()) == (0, 0)


def test_the_list_pages_by_age_with_a_fixed_number_of_queries() -> None:
    client = desk()
    agents = [make_agent(f"agent-{number:02}") for number in range(33)]

    def look(path: str) -> tuple[int, list[str]]:
        with CaptureQueriesContext(connection) as asked:
            page = client.get(path).content.decode()
        return len(asked), re.findall(r"agent-\d\d", page)

    count, names = look("/console/people")
    assert names == [f"agent-{number:02}" for number in range(32, 2, -1)]
    last, rest = look(f"/console/people?after={agents[3].pk}")
    assert rest == ["agent-02", "agent-01", "agent-00"]
    assert last == count
    assert "Earlier agents</a>" not in client.get(f"/console/people?after={agents[3].pk}").content.decode()
    assert Client().get("/console/people").status_code == 404
