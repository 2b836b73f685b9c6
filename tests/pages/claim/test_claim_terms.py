"""The terms of a claim: limits, their sentence, the end, and the workspace that takes the agent in."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Membership, Role, User
from billing import mandates
from billing.models import Mandate
from imageskill.site.claim import terms as claim_terms
from tests.cast import Member
from tests.pages.claim.claimants import asking, opened, person, terms, text_of
from tests.pages.people import PERSON, join, make_user, make_workspace

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]


def mandate_of(agent: Member) -> Mandate:
    found = mandates.current(agent_id=agent.agent_id, organization_id=agent.row.organization_id)
    assert found is not None
    return found


def test_the_limits_of_the_form_are_the_mandate() -> None:
    agent, client = asking(), person()
    day = (timezone.now() + timedelta(days=9)).date()
    form = terms(cap_month=300, ends_on=day.isoformat(), time_zone="Europe/Berlin", approval_threshold=7)
    client.post(f"{opened(client, agent)}/allow", form)
    mandate = mandate_of(agent)
    caps = (mandate.cap_per_job, mandate.cap_day, mandate.cap_week, mandate.cap_month, mandate.cap_lifetime)
    assert caps == (25, 100, None, 300, 1_000)
    assert (mandate.approval_threshold, mandate.time_zone) == (7, "Europe/Berlin")
    assert mandate.ends_at is not None
    assert mandate.ends_at.astimezone(mandates.zone_of(mandate)).date() == day + timedelta(days=1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cap_month": 99}, "One month cannot be below one day (100)."),
        ({"cap_day": 24}, "One day cannot be below one job (25)."),
        ({"cap_lifetime": 499}, "All time cannot be below one month (500)."),
        ({"cap_day": -1}, "Credits are counted from 0."),
        ({"cap_month": ""}, "A number is missing here."),
        ({"ends_on": "2020-01-01"}, "The end has to be later than today."),
        ({"ends_on": "2099-01-01"}, "At most a year"),
        ({"time_zone": "Mars/North"}, "There is no such time zone"),
        ({"workspace_name": " "}, "A new workspace needs a name."),
        ({"rights": ["everything"]}, "everything is not one of the available choices"),
    ],
)
def test_limits_that_cannot_be_are_refused_at_their_field(changes: dict[str, Any], words: str) -> None:
    agent, client = asking(), person()
    path = opened(client, agent)
    page = client.post(f"{path}/allow", terms(**changes))
    assert page.status_code == 200
    assert words in page.content.decode()
    assert agent.row.claim_state == "unclaimed"
    assert not Mandate.objects.exists()


def test_the_sentence_says_what_the_limits_mean_with_and_without_a_script() -> None:
    agent, client = asking(), person()
    path = opened(client, agent)
    picture = claim_terms.standard_picture()
    assert picture is not None
    pictures = 300 // picture[1]
    said = f"At most 300 credits, $3.00, this month: about {pictures} pictures with {picture[0]}."
    form = terms(cap_month=300, approval_threshold=0)
    part = client.post(f"{path}/limits", form, headers={"hx-request": "true"}).content.decode()
    assert said in part
    assert "It asks you before every job." in part
    assert "<html" not in part
    whole = client.post(f"{path}/limits", form).content.decode()
    assert said in whole
    assert 'name="cap_month" value="300"' in whole
    lower = client.post(f"{path}/limits", terms(cap_month=1_000_000, cap_lifetime=1_000_000)).content.decode()
    assert "At most 1,000,000 credits, $10,000.00" in lower
    assert agent.row.claim_state == "unclaimed"


def test_an_agent_goes_into_a_workspace_that_one_owns_or_administers_and_into_no_other() -> None:
    client = person()
    user = User.objects.get(email=PERSON)
    mine = make_workspace(user, name="Mine")
    ours = make_workspace(make_user("bo@example.com"), name="Ours")
    join(user, ours, Role.ADMIN)
    seen = make_workspace(make_user("cy@example.com"), name="Only looking")
    join(user, seen, Role.VIEWER)
    foreign = make_workspace(make_user("di@example.com"), name="Foreign")
    agent = asking()
    path = opened(client, agent)
    page = client.get(path).content.decode()
    assert "Mine</option>" in page
    assert "Ours</option>" in page
    assert "Only looking" not in page
    for other in (seen, foreign):
        client.post(f"{path}/allow", terms(workspace=other.pk))
        assert agent.row.claim_state == "unclaimed"
    client.post(f"{path}/allow", terms(workspace=ours.pk))
    assert agent.row.organization_id == ours.pk
    assert mine.pk != ours.pk


def test_a_role_that_is_lost_while_one_decides_counts_no_more() -> None:
    client = person()
    studio = make_workspace(User.objects.get(email=PERSON))
    agent = asking()
    path = opened(client, agent)
    client.post(f"{path}/allow", terms(workspace=studio.pk, rights=["delete"]))
    Membership.objects.update(role=Role.VIEWER)
    client.post(f"{path}/grant")
    assert agent.row.claim_state == "unclaimed"


def test_an_agent_without_an_address_says_that_everything_will_be_asked() -> None:
    agent, client = asking(None), person()
    path = opened(client, agent)
    assert "It named no address, so a code is all the proof there is." in text_of(client, path)
    assert "I did not ask for this" not in text_of(client, path)
    client.post(f"{path}/allow", terms())
    assert mandate_of(agent).approval_threshold == 0
