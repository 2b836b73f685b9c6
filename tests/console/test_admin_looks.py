"""The admin, light and dark, on a phone and on a wide screen; nothing of it breaks the policy."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from accounts.models import Agent
from tests.console.admins import choose, superuser
from tests.pages.looking import look, look_here
from tests.pages.people import take_session
from tests.pages.studio import make_studio

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_tables_a_row_and_an_act_read_well(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    studio = make_studio()
    agent = Agent.objects.get(pk=studio.agent.agent_id)
    client = superuser()
    choose(client, agent, "stop", reason="It paints the same picture over and over")
    take_session(context, client)
    look(page, "/admin/", screenshots, name="admin index")
    look(page, "/admin/billing/", screenshots, name="admin part")
    look(page, "/admin/billing/ledgerentry/", screenshots, name="admin ledger")
    look(page, "/admin/accounts/agent/", screenshots, name="admin agents")
    look(page, f"/admin/accounts/agent/{agent.pk}/change/", screenshots, name="admin agent")
    look(page, "/admin/creative/asset/", screenshots, name="admin pictures")
    look(page, "/admin/creative/job/?q=job_nothing", screenshots, name="admin nothing")


def test_an_act_is_chosen_said_and_done_without_a_script(
    page: Page, context: BrowserContext, screenshots: Path | None
) -> None:
    agent = Agent.objects.get(pk=make_studio().agent.agent_id)
    take_session(context, superuser())
    page.goto("/admin/accounts/agent/")
    page.get_by_label(f"Choose {agent.pk}").check()
    page.get_by_label("With the chosen").select_option("stop")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Stop the chosen agents").wait_for()
    look_here(page, screenshots, name="admin act")
    page.get_by_label("Reason").fill("It loops")
    page.get_by_role("button", name="Stop").click()
    page.get_by_text(f"{agent.pk}: done.").wait_for()
    look_here(page, screenshots, name="admin done")
    agent.refresh_from_db()
    assert agent.pause_message.endswith("It loops")
