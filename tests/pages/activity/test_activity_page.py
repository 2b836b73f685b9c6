"""The activity browser over HTTP: rows, queries, the drawer, the tail, the doors."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Organization, Role
from billing.models import Receipt
from creative.models import Job
from imageskill.core.events import EventType, Human
from imageskill.core.models import ActivityEvent
from tests.pages.activity.happenings import happen, make_agent, refuse
from tests.pages.people import join, make_user, make_workspace, sign_in
from tests.pages.studio import add_viewer, make_studio

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def place(db: None) -> Organization:
    return make_workspace(make_user())


@pytest.fixture
def client(place: Organization) -> Client:
    return sign_in()


def get(client: Client, place: Organization, query: str = "", **more: str) -> str:
    answer = client.get(f"/w/{place.pk}/activity", {"q": query, **more})
    assert answer.status_code == 200
    return answer.content.decode()


def told(page: str) -> list[str]:
    """Return the sentences of the rows, in their order."""
    return re.findall(r'<a class="open"[^>]*>([^<]*)</a>', page)


def test_a_studio_is_told_in_sentences_with_pictures_and_amounts() -> None:
    studio = make_studio()
    client = sign_in()
    page = get(client, studio.organization)
    sentences = told(page)
    assert sentences[:3] == [
        "atlas-7 asked for approval of 3 credits",
        "atlas-7 was refused 4 credits: the cap for one job is 3",
        "atlas-7 made a picture with canvas.draft",
    ]
    # What happened in the shell before the claim is part of the workspace's history.
    assert sentences.count("atlas-7 made a picture with canvas.draft") == 4
    assert "500 credits were paid and came in for atlas-7" in sentences
    assert len(re.findall(r'<img class="thumb"', page)) == 4
    assert "raise the cap" in page
    assert "SPEND_CAP_EXCEEDED" in page
    assert "lighthouse" not in page
    assert "Nothing here is removed by age" in page


def test_the_drawer_tells_money_decision_and_request_without_script() -> None:
    studio = make_studio()
    client = sign_in()
    ended = ActivityEvent.objects.filter(type="job.completed").latest("pk")
    summary = get(client, studio.organization, event=ended.pk)
    assert ended.trace_id in summary
    money = get(client, studio.organization, event=ended.pk, tab="money")
    job = Job.objects.get(pk=ended.subject_id)
    assert job.price_version in money
    assert "available to held" in money
    assert "held to house.revenue" in money
    balances = re.findall(r'<td class="number">([\d,]+)</td></tr>', money.split('id="drawer"')[1])
    assert balances[-1] == "499"
    decision = get(client, studio.organization, event=ended.pk, tab="decision")
    assert "it needed 1 credit, within every limit" in decision
    request = get(client, studio.organization, event=ended.pk, tab="request")
    assert "A camera on a wooden table" in request
    related = get(client, studio.organization, event=ended.pk, tab="related")
    assert "atlas-7 spent 1 credit" in related
    assert "A picture of atlas-7 was stored" in related
    fragment = client.get(f"/w/{studio.organization.pk}/activity/of/{ended.pk}", headers={"HX-Request": "true"})
    assert b"<html" not in fragment.content
    assert b"drawer-inside" in fragment.content


def test_any_id_that_is_pasted_leads_to_its_row() -> None:
    studio = make_studio()
    client = sign_in()
    here = f"/w/{studio.organization.pk}/activity"
    ended = ActivityEvent.objects.filter(type="job.completed").latest("pk")
    job = Job.objects.get(pk=ended.subject_id)
    for pasted in (
        *(job.pk, studio.assets[-1].pk, ended.trace_id, ended.pk, ended.links["usage_event_id"], job.hold_id),
    ):
        assert client.get(here, {"q": f" {pasted} "})["location"] == f"{here}?event={ended.pk}", pasted
    granted = ActivityEvent.objects.get(type="credits.payment_backed_granted")
    receipt = Receipt.objects.get()
    for pasted in (receipt.pk, receipt.quote_id, receipt.credit_event_id):
        assert client.get(here, {"q": pasted})["location"] == f"{here}?event={granted.pk}"
    unknown = client.get(here, {"q": "job_0hodr617mc3htpzfv3cuso56x"})
    assert b"Nothing in this workspace has the id" in unknown.content


def test_events_and_refusals_stand_in_one_stream_in_the_order_of_time(place: Organization, client: Client) -> None:
    agent = make_agent(place)
    refuse(agent, needed=1, seconds_ago=60)
    happen(agent)
    refuse(agent, needed=2)
    happen(agent, EventType.FEEDBACK_CREATED, "received", subject_id="sig_1")
    assert [one.split(":")[0] for one in told(get(client, place))] == [
        "atlas-7 sent feedback",
        "atlas-7 was refused 2 credits",
        "atlas-7 uploaded a picture",
        "atlas-7 was refused 1 credit",
    ]


def test_pages_follow_one_another_without_gap_or_repeat(place: Organization, client: Client) -> None:
    agent = make_agent(place)
    shell = Organization.objects.create(name="shell", created_at=place.created_at, merged_into=place)
    old = make_agent(shell, "before")
    for number in range(70):
        happen(agent if number % 3 else old)
        if number % 2:
            refuse(agent)
    seen: list[str] = []
    key = ""
    for _ in range(9):
        page = get(client, place, **({"before": key} if key else {}))
        seen += re.findall(r'id="row-([^"]+)"', page)
        found = re.search(r'rel="next" href="[^"]*before=([0-9a-z]{25})', page)
        if found is None:
            break
        key = found[1]
    assert len(seen) == len(set(seen)) == 105
    events = [one for one in seen if one.startswith("evt")]
    assert events == sorted(events, reverse=True)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 5),
        ("agent:atlas-7", 4),
        ("-agent:atlas-7", 1),
        ("agent:bo,atlas-7", 5),
        ("type:feedback.created", 1),
        ("type:feedback.created,spend.refused", 2),
        ("-type:spend.refused", 4),
        ("status:refused", 1),
        ("status:ok", 3),
        ("-status:ok", 2),
        ("status:failed", 1),
        ("status:failed,refused", 2),
        ("status:failed,received", 2),
        ("status:failed status:refused", 0),
        ("status:refused type:spend.refused", 1),
        ("status:failed agent:bo", 0),
        ("credits:>10", 2),
        ("credits:500", 1),
        ("money:in", 1),
        ("actor:human", 1),
        ("-actor:human", 4),
        ("created:today", 5),
        ("created:..2026-01-01", 0),
        ("show:all", 6),
        ("type:asset.created", 1),
        ("feedback", 1),
        ("cap_day", 1),
        ("bo", 1),
        ("-bo", 4),
        ("100%", 0),
        ("model:canvas.draft", 0),
        ("-provider:canvas", 5),
        ("agent:atlas-7 type:feedback.created", 1),
        ("agent:nobody", 5),
        ("stauts:ok", 5),
        ("'; DROP TABLE core_activityevent; --", 0),
    ],
)
def test_a_query_narrows_the_rows(place: Organization, client: Client, query: str, count: int) -> None:
    agent, bo = make_agent(place), make_agent(place, "bo")
    granted = {"credits": 500, "subject_id": "credit_event_1", "actor": Human("usr_x")}
    happen(agent, EventType.CREDITS_PAYMENT_BACKED_GRANTED, "succeeded", summary="500 granted", **granted)
    happen(agent, EventType.JOB_COMPLETED, "failed", subject_id="job_1", credits=0, summary="Create job failed")
    happen(agent, EventType.FEEDBACK_CREATED, "received", subject_id="sig_1", summary="Feedback received")
    happen(agent, EventType.ASSET_CREATED, "created", summary="Picture created")
    happen(bo)
    refuse(agent)
    assert len(told(get(client, place, query))) == count


def test_a_part_that_cannot_be_read_is_underlined_and_explained(place: Organization, client: Client) -> None:
    page = get(client, place, "stauts:ok <script>alert(1)</script>")
    assert "No filter is called stauts. Is it status?" in page
    assert 'class="chip faulty"' in page
    assert "<script>alert" not in page


def test_facets_count_what_fits_the_query(place: Organization, client: Client) -> None:
    agent, bo = make_agent(place), make_agent(place, "bo")
    for _ in range(3):
        happen(agent)
    happen(bo)
    refuse(bo)

    def counts(page: str) -> dict[str, str]:
        pairs = re.findall(r'<span class="name">([^<]*)</span></a>\s*<span class="count">([^<]*)</span>', page)
        return dict(pairs)

    whole = counts(get(client, place))
    assert (whole["atlas-7"], whole["bo"], whole["refused"], whole["asset.uploaded"]) == ("3", "2", "1", "4")
    narrowed = counts(get(client, place, "agent:bo"))
    assert ("atlas-7" in narrowed, narrowed["bo"], narrowed["asset.uploaded"]) == (False, "2", "1")


def test_the_time_is_told_in_the_chosen_zone_and_the_choice_is_kept(place: Organization, client: Client) -> None:
    agent = make_agent(place)
    event = happen(agent)
    refuse(agent)
    here = f"/w/{place.pk}/activity"
    assert "UTC</time>" in get(client, place, event=event.pk)
    assert "Europe/Berlin, where caps reset" in get(client, place)
    kept = client.post("/time-zone", {"zone": "Asia/Tokyo", "back": here})
    assert kept["location"] == here
    page = get(client, place, event=event.pk)
    assert "JST</time>" in page
    assert client.post("/time-zone", {"zone": "Mars/Base", "back": here}).status_code == 400
    assert client.post("/time-zone", {"zone": "UTC", "back": "https://evil.example/"})["location"] == "/home"


def test_the_tail_gives_what_is_new_once(place: Organization, client: Client) -> None:
    agent = make_agent(place)
    happen(agent)
    page = get(client, place, live="1")
    address, tag = tail_of(page)
    assert client.get(address, headers={"If-None-Match": tag, "HX-Request": "true"}).status_code == 304
    new = happen(agent, EventType.FEEDBACK_CREATED, "received", subject_id="sig_1")
    answer = client.get(address, headers={"If-None-Match": tag, "HX-Request": "true"})
    assert answer.status_code == 200
    assert f"row-{new.pk}" in answer.content.decode()
    address, tag = tail_of(answer.content.decode())
    again = client.get(address, headers={"If-None-Match": tag, "HX-Request": "true"})
    assert again.status_code == 304
    assert client.get(f"/w/{place.pk}/activity/tail?after=nonsense").status_code == 400


def tail_of(page: str) -> tuple[str, str]:
    found = re.search(r'id="tail" hx-get="([^"]+)" hx-headers="([^"]+)"', page)
    assert found
    tag = re.search(r"u0022([0-9a-f]{32})", found[2])
    assert tag
    return found[1].replace("&amp;", "&"), f'"{tag[1]}"'


def test_the_tail_ends_for_whoever_may_not_look_any_more(place: Organization, client: Client) -> None:
    address, _ = tail_of(get(client, place, live="1"))
    place.memberships.all().delete()
    assert client.get(address, headers={"HX-Request": "true"}).status_code == 404
    client.logout()
    assert client.get(address, headers={"HX-Request": "true"}).status_code == 401


def test_strangers_find_nothing_and_another_workspace_s_rows_stay_its_own(
    place: Organization, client: Client
) -> None:
    other = make_workspace(make_user("bo@example.com"), name="Elsewhere")
    foreign = happen(make_agent(other, "theirs"))
    refused = refuse(make_agent(other, "theirs too"))
    for path in ("", "/tail?after=" + "0" * 25, "/suggestions", "/export.csv", f"/of/{foreign.pk}"):
        assert client.get(f"/w/{other.pk}/activity{path}").status_code == 404
    assert told(get(client, place)) == []
    for reference in (foreign.pk, f"refusal_{refused.pk}", "refusal_0", "evt_x", "job_1"):
        assert client.get(f"/w/{place.pk}/activity/of/{reference}").status_code == 404
        assert client.get(f"/w/{place.pk}/activity", {"event": reference}).status_code == 404
    assert "Nothing in this workspace" in get(client, place, foreign.subject_id)


def test_a_viewer_reads_everything_but_the_payer(client: Client) -> None:
    studio = make_studio("cy@example.com")
    add_viewer(studio)
    viewer = sign_in("bo@example.com")
    event = ActivityEvent.objects.create(
        type="payment.checkout_session.created",
        organization_id=studio.organization.pk,
        actor_type="human",
        actor_id="usr_x",
        subject_type="payment",
        subject_id="payatt_1",
        operation="payment",
        status="action_required",
        summary="s",
        links={"checkout_session_id": "cs_test_payer"},
        trace_id="",
        occurred_at=studio.organization.created_at,
    )
    assert "cs_test_payer" not in get(viewer, studio.organization, event=event.pk)
    owner = sign_in("cy@example.com")
    assert "cs_test_payer" in get(owner, studio.organization, event=event.pk)


@pytest.mark.parametrize("extra", ["", "created:7d"])
def test_a_page_asks_the_database_the_same_number_of_times_whatever_it_shows(
    place: Organization, client: Client, extra: str
) -> None:
    agent = make_agent(place)

    def asked(count: int) -> int:
        for _ in range(count):
            happen(agent)
            happen(agent, EventType.MANDATE_SET, "version 1", subject_id=agent.pk, actor=Human("usr_x"))
            refuse(agent)
        get(client, place, extra)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            get(client, place, extra)
        return len(queries)

    few, many = asked(1), asked(12)
    assert few == many
    assert many <= 32


def test_suggestions_complete_the_last_part(place: Organization, client: Client) -> None:
    make_agent(place)

    def suggested(text: str) -> list[str]:
        page = client.get(f"/w/{place.pk}/activity/suggestions", {"q": text}).content.decode()
        return re.findall(r'value="([^"]*)"', page)

    assert suggested("boat ag") == ["boat agent:"]
    assert suggested("-agent:at") == ["-agent:atlas-7"]
    assert suggested("type:job") == ["type:job.completed", "type:job.planned"]
    assert suggested("nothing:here") == []


def test_a_member_of_two_workspaces_sees_each_by_itself(place: Organization, client: Client) -> None:
    ada: Any = place.memberships.get().user
    other = make_workspace(make_user("bo@example.com"), name="Elsewhere")
    join(ada, other, Role.VIEWER)
    happen(make_agent(place, "mine"))
    happen(make_agent(other, "theirs"))
    assert told(get(client, place)) == ["mine uploaded a picture"]
    assert told(get(client, other)) == ["theirs uploaded a picture"]
