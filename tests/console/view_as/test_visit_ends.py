"""A visit begins with a reason that the members read first; it ends by its button, its time, a lost right."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts import staff
from accounts.models import Organization, User
from creative.models import Job
from imageskill.core import veil
from imageskill.core.models import ActivityEvent
from imageskill.flows import viewing
from tests.console.desk import STAFF, desk, enter, make_agent, make_staff
from tests.pages.people import make_old, make_user, make_workspace, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Organization:
    return make_workspace(make_user("ada@example.com"), name="Studio North")


def begin(client: Client, place: Organization, reason: str = "Ticket 7: pictures look grey") -> Any:
    return client.post(f"/console/workspaces/{place.pk}/view", {"reason": reason})


def is_open(client: Client, place: Organization) -> bool:
    return client.get(f"/w/{place.pk}/").status_code == 200


def told(place: Organization) -> list[tuple[str, str, str]]:
    rows = ActivityEvent.objects.filter(type="workspace.viewed", organization_id=place.pk).order_by("pk")
    return [(row.status, row.actor_type, row.summary) for row in rows]


def test_the_members_read_of_it_before_the_first_page(place: Organization) -> None:
    client = desk()
    assert not is_open(client, place)
    assert begin(client, place).url == f"/w/{place.pk}/"
    assert told(place) == [("began", "session", "Looked at for at most 15 minutes: Ticket 7: pictures look grey")]
    assert is_open(client, place)
    row = ActivityEvent.objects.get(type="workspace.viewed")
    owner = enter(User.objects.get(email="ada@example.com"))
    page = owner.get(f"/w/{place.pk}/activity?event={row.pk}").content.decode()
    assert "Staff of this service looked at this workspace, its prompts were hidden" in page
    assert "Ticket 7: pictures look grey" in page
    exported = b"".join(owner.get(f"/w/{place.pk}/activity/export.jsonl").streaming_content).decode()
    assert row.pk in exported
    for told_of_staff in (page, exported):
        assert STAFF not in told_of_staff
        assert User.objects.get(email=STAFF).pk not in told_of_staff


def test_without_a_reason_nothing_opens_and_nothing_is_written(place: Organization) -> None:
    client = desk()
    assert "This field is required" in begin(client, place, "   ").content.decode()
    assert begin(client, place, "x" * 151).status_code == 200
    assert told(place) == []
    assert not is_open(client, place)


def test_its_button_ends_it_and_the_members_read_that_too(place: Organization) -> None:
    client = desk()
    begin(client, place)
    assert client.post("/console/view/end").url == f"/console/workspaces/{place.pk}"
    assert [status for status, _, _ in told(place)] == ["began", "ended"]
    assert not is_open(client, place)
    assert client.post("/console/view/end").status_code == 302
    assert len(told(place)) == 2


def test_signing_out_ends_it_too_says_so_before_and_the_members_read_that(place: Organization) -> None:
    client = desk()
    assert ">Sign out</button>" in client.get("/console/search").content.decode()
    begin(client, place)
    for page in (f"/w/{place.pk}/", "/console/search", "/account/logout/"):
        assert ">End the visit and sign out</button>" in client.get(page).content.decode(), page
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post("/account/logout/").status_code == 403
    assert [status for status, _, _ in told(place)] == ["began"]
    client.post("/account/logout/")
    assert "_auth_user_id" not in client.session
    assert [status for status, _, _ in told(place)] == ["began", "ended"]


def test_after_a_quarter_of_an_hour_it_is_over(place: Organization) -> None:
    client = desk()
    begin(client, place)
    with time_machine.travel(timezone.now() + viewing.LASTS - timedelta(seconds=5), tick=False):
        assert is_open(client, place)
    with time_machine.travel(timezone.now() + viewing.LASTS + timedelta(seconds=1), tick=False):
        answer = client.get(f"/w/{place.pk}/gallery")
        assert (answer.status_code, answer.url) == (302, f"/console/workspaces/{place.pk}")
        assert said(answer) == ["The quarter of an hour is over. To look on, say why again."]
        assert client.get(f"/w/{place.pk}/").status_code == 404
    assert not is_open(client, place), "nor when the clock goes back"


@pytest.mark.parametrize("lost", ["rights", "factor", "account"])
def test_it_ends_with_the_right_to_it(place: Organization, lost: str) -> None:
    client = desk()
    begin(client, place)
    user = User.objects.get(email=STAFF)
    if lost == "rights":
        User.objects.filter(pk=user.pk).update(is_staff=False)
    elif lost == "factor":
        Authenticator.objects.filter(user=user).delete()
    else:
        User.objects.filter(pk=user.pk).update(is_active=False)
    assert not is_open(client, place)
    User.objects.filter(pk=user.pk).update(is_staff=True, is_active=True)
    Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "other"})
    assert not is_open(client, place), "and does not come back with it"


def test_it_ends_with_the_session_and_is_of_one_session(place: Organization) -> None:
    client = desk()
    begin(client, place)
    other = enter(User.objects.get(email=STAFF))
    assert not is_open(other, place)
    client.post("/account/logout/")
    assert not is_open(client, place)
    again = enter(User.objects.get(email=STAFF))
    assert not is_open(again, place)
    staff.revoke(STAFF)


def test_it_asks_for_a_fresh_sign_in_and_for_staff(place: Organization) -> None:
    client = desk()
    make_old(client)
    assert begin(client, place).url.startswith("/account/confirm/?next=")
    owner = enter(User.objects.get(email="ada@example.com"))
    assert begin(owner, place).status_code == 404
    assert owner.get(f"/console/workspaces/{place.pk}").status_code == 404
    plain = enter(make_staff("kim@example.com"), record={"method": "code"})
    assert begin(plain, place).status_code == 403
    assert told(place) == []


def test_a_merged_workspace_leads_to_its_successor_and_one_merged_meanwhile_closes(place: Organization) -> None:
    shell = Organization.objects.create(name="shell", created_at=timezone.now())
    client = desk()
    assert begin(client, shell).url == f"/w/{shell.pk}/"
    assert is_open(client, shell)
    Organization.objects.filter(pk=shell.pk).update(merged_into=place)
    assert not is_open(client, shell)
    assert client.get(f"/console/workspaces/{shell.pk}").url == f"/console/workspaces/{place.pk}"
    assert begin(client, shell).url == f"/w/{place.pk}/"
    assert [status for status, _, _ in told(place)] == ["began"]


def test_a_form_without_its_token_begins_nothing(place: Organization) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = desk().cookies
    assert begin(strict, place).status_code == 403
    assert told(place) == []


def test_behind_the_veil_no_prompt_is_read_searched_or_written() -> None:
    agent = make_agent()
    job = Job(
        agent=agent,
        organization=agent.organization,
        state=Job.State.PLANNED,
        prompt="A secret lake",
        parameters={"system_prompt": "calm", "seed": 7},
        created_at=timezone.now(),
        selection={},
        **dict.fromkeys(("output_count", "credits_required", "credits_per_output", "cost_micros"), 1),
    )
    job.save()
    with veil.drawn():
        seen = Job.objects.get(pk=job.pk)
        assert (seen.prompt, seen.parameters) == (veil.HIDDEN, {"system_prompt": veil.HIDDEN, "seed": 7})
        assert list(Job.objects.values_list("prompt", flat=True)) == [veil.HIDDEN]
        for asked in (
            lambda: Job.objects.filter(prompt__icontains="lake").exists(),
            lambda: Job.objects.filter(prompt="A secret lake").exists(),
            lambda: Job.objects.filter(pk=job.pk).update(prompt="x"),
            seen.save,
        ):
            with pytest.raises(veil.VeiledError), transaction.atomic():
                asked()
    assert Job.objects.get(pk=job.pk).prompt == "A secret lake"
    assert Job.objects.filter(prompt__icontains="lake").exists()
