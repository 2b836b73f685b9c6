"""After the claim: the page tells when the tokens changed, to its new owner, each time anew."""

import pytest

from accounts.models import Membership, User
from billing import ledger
from billing.models import LotKind
from imageskill.core import ids
from tests.billing.books import TESTS
from tests.cast import Caller, Member
from tests.pages.claim.claimants import asking, collect, opened, person, request_claim, terms
from tests.pages.people import PERSON, make_workspace

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]


def taken_over(**changes: object) -> tuple[Member, dict[str, str], object, str]:
    agent = asking()
    told, client = request_claim(agent), person()
    path = opened(client, agent)
    assert client.post(f"{path}/allow", terms(**changes)).url == f"{path}/done"
    return agent, told, client, path


def test_each_step_is_told_once_it_happened_and_the_last_ends_the_asking() -> None:
    _, told, client, path = taken_over()
    waiting = client.get(f"{path}/progress")
    assert (waiting.status_code, b"Waiting for the agent" in waiting.content) == (200, True)
    assert client.get(f"{path}/progress?steps=1").status_code == 204
    fresh = Caller(collect(told)["token"])
    second = client.get(f"{path}/progress?steps=1")
    assert (second.status_code, b"got its new token at" in second.content) == (200, True)
    assert client.get(f"{path}/progress?steps=2").status_code == 204
    assert fresh.get("/v1/whoami").ok
    last = client.get(f"{path}/progress?steps=2")
    assert last.status_code == 286
    assert b"First call with the new token at" in last.content
    assert b"hx-trigger" not in last.content


def test_a_claim_that_was_taken_up_leads_to_its_end() -> None:
    _, _, client, path = taken_over()
    assert client.get(path).url == f"{path}/done"
    page = client.get(f"{path}/done").content.decode()
    assert "atlas-7</bdi></q> is yours" in page
    assert "Studio North" in page
    for act in ("allow", "grant", "limits", "deny", "disown"):
        assert client.post(f"{path}/{act}", terms()).url in (path, f"{path}/done")


def test_who_left_the_workspace_and_who_never_was_in_it_are_told_nothing() -> None:
    _, _, client, path = taken_over()
    stranger = person("bo@example.com")
    for page in ("done", "progress"):
        assert stranger.get(f"{path}/{page}").status_code == 404
    Membership.objects.all().delete()
    for page in ("done", "progress"):
        assert client.get(f"{path}/{page}").status_code == 403
    client.logout()
    assert client.get(f"{path}/progress", headers={"hx-request": "true"}).status_code == 401


def test_before_it_is_taken_up_there_is_no_progress() -> None:
    agent, client = asking(), person()
    path = opened(client, agent)
    assert client.get(f"{path}/done").url == path
    assert client.get(f"{path}/progress").status_code == 403


def test_what_came_along_is_told_from_the_ledger() -> None:
    agent, client = asking(), person()
    studio = make_workspace(User.objects.get(email=PERSON))
    ledger.grant(
        organization_id=agent.row.organization_id,
        kind=LotKind.PAID,
        credits=500,
        source="purchase",
        actor=TESTS,
        receipt_id=ids.new_id("receipt"),
        live_money=True,
    )
    made = agent.create().data["asset_ids"][0]
    assert made
    path = opened(client, agent)
    client.post(f"{path}/allow", terms(workspace=studio.pk))
    page = client.get(f"{path}/done").content.decode()
    assert "Bought credits that came along" in page
    assert "500 credits" in page
    assert "49 credits" in page
    assert "Pictures</dt><dd>1, with their history" in page
