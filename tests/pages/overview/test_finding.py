"""Search anything: a pasted id leads to the page that shows it, whatever else to the search of the activity."""

from urllib.parse import urlencode

import pytest
from django.conf import LazySettings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path, reverse

from accounts.models import Membership
from billing.models import Receipt, UsageEvent
from creative.models import Feedback
from imageskill import urls
from imageskill.core.models import ActivityEvent, EventReference
from tests.pages.overview.scenes import busy_studio
from tests.pages.people import make_user, make_workspace, sign_in
from tests.pages.studio import Studio, make_studio

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def page(request: HttpRequest, **named: str) -> HttpResponse:
    return HttpResponse("found")


handler404 = urls.handler404
urlpatterns = [
    path("w/<str:organization_id>/gallery/<str:asset_id>", page, name="picture"),
    path("w/<str:organization_id>/agents/<str:agent_id>", page, name="agent"),
    path("w/<str:organization_id>/activity", page, name="activity"),
    path("w/<str:organization_id>/approvals/<str:job_id>", page, name="approval"),
    path("w/<str:organization_id>/payments/<str:reference>", page, name="credits_payment"),
    path("w/<str:organization_id>/feedback/<str:feedback_id>", page, name="feedback_report"),
    *urls.urlpatterns,
]
"""The pages that a search leads to, by their names, at addresses of this test's own."""


@pytest.fixture(autouse=True)
def _pages(settings: LazySettings) -> None:
    settings.ROOT_URLCONF = __name__


def found(client: Client, studio: Studio, text: str) -> str:
    """Return where a search leads, after the workspace."""
    answer = client.get(f"/w/{studio.organization.pk}/find?{urlencode({'q': text})}")
    assert answer.status_code == 302
    return str(answer.url).removeprefix(f"/w/{studio.organization.pk}/")


def here(studio: Studio, route: str, *args: str) -> str:
    """Return the address of a page, after the workspace."""
    return reverse(route, args=[studio.organization.pk, *args]).removeprefix(f"/w/{studio.organization.pk}/")


def newest_event(reference: str) -> str:
    return EventReference.objects.filter(reference=reference).latest("event_id").event_id


def test_each_kind_of_id_leads_to_the_page_that_shows_it() -> None:
    studio = busy_studio()
    client = sign_in()
    picture, job = studio.assets[0], studio.jobs[0]
    event = ActivityEvent.objects.filter(agent_id=studio.agent.agent_id).earliest("pk")
    report = Feedback.objects.get()
    assert found(client, studio, picture.pk) == here(studio, "picture", picture.pk)
    assert found(client, studio, studio.agent.agent_id) == here(studio, "agent", studio.agent.agent_id)
    assert found(client, studio, event.pk) == f"activity?event={event.pk}"
    assert found(client, studio, studio.waiting_job_id) == here(studio, "approval", studio.waiting_job_id)
    assert found(client, studio, report.pk) == here(studio, "feedback_report", report.pk)
    receipt = Receipt.objects.get()
    for payment in (receipt.pk, receipt.attempt_id):
        assert found(client, studio, payment) == here(studio, "credits_payment", payment)
    assert found(client, studio, studio.owner.pk) == "members"
    assert found(client, studio, studio.organization.pk) == "settings"
    references = [
        job.pk,
        job.trace_id,
        UsageEvent.objects.get(job_id=job.pk).pk,
    ]
    for reference in references:
        assert found(client, studio, f"  {reference} ") == f"activity?event={newest_event(reference)}"


def test_a_checkout_session_is_found_by_the_id_that_the_provider_gave_it() -> None:
    studio = make_studio()
    event = ActivityEvent.objects.filter(type="job.completed").latest("pk")
    EventReference.objects.create(
        event=event,
        organization_id=studio.organization.pk,
        agent_id=studio.agent.agent_id,
        reference="cs_test_a1B2c3",
    )
    assert found(sign_in(), studio, "cs_test_a1B2c3") == f"activity?event={event.pk}"


@pytest.mark.parametrize(
    "text", ["red boat", "SPEND_CAP_EXCEEDED", "agent:atlas-7 -status:ok", "job_", "image_x", "\x00"]
)
def test_what_is_no_id_of_ours_is_looked_for_in_the_activity(text: str) -> None:
    studio = make_studio()
    client = sign_in()
    assert found(client, studio, text) == f"activity?{urlencode({'q': text.strip()})}"


def test_nothing_leads_to_the_activity_and_a_long_text_is_cut() -> None:
    studio = make_studio()
    client = sign_in()
    assert found(client, studio, " ") == "activity"
    assert len(found(client, studio, "x" * 5_000)) == len("activity?q=") + 200


def test_ids_of_another_workspace_are_words_like_any_other() -> None:
    other = busy_studio()
    make_workspace(make_user("cy@example.com"))
    mine = Membership.objects.get(user__email="cy@example.com").organization_id
    client = sign_in("cy@example.com")
    theirs = [
        other.assets[0].pk,
        other.agent.agent_id,
        other.jobs[0].pk,
        other.jobs[0].trace_id,
        other.waiting_job_id,
        other.owner.pk,
        other.organization.pk,
        Feedback.objects.get().pk,
        Receipt.objects.get().pk,
    ]
    for text in theirs:
        answer = client.get(f"/w/{mine}/find?q={text}")
        assert answer.url == f"/w/{mine}/activity?q={text}"


def test_a_search_writes_nothing_and_asks_little() -> None:
    studio = make_studio()
    client = sign_in()
    found(client, studio, "warm")
    with CaptureQueriesContext(connection) as queries:
        found(client, studio, studio.jobs[0].pk)
    assert len(queries) <= 8
    assert all(query["sql"].lstrip().upper().startswith("SELECT") for query in queries)


def test_who_looks_without_the_pages_is_told_so(settings: LazySettings) -> None:
    organization = make_workspace(make_user())
    client = sign_in()
    settings.ROOT_URLCONF = "tests.pages.overview.bare_urls"
    answer = client.get(f"/w/{organization.pk}/find?q=job_1")
    assert answer.url == f"/w/{organization.pk}/"


def test_strangers_and_nobody_search_nothing() -> None:
    organization = make_workspace(make_user("bo@example.com"))
    make_user()
    assert sign_in().get(f"/w/{organization.pk}/find?q=x").status_code == 404
    assert Client().get(f"/w/{organization.pk}/find?q=x").url.startswith("/account/login/")
