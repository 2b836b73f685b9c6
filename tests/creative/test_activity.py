import re

import pytest
from django.db import connection

from billing.models import UsageEvent
from imageskill.core.models import ActivityEvent
from tests.cast import Member
from tests.creative.evidence import assert_refused

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]

EVENT = {
    "event_id",
    "type",
    "occurred_at",
    "summary",
    "operation",
    "subject",
    "links",
    "status",
    "cost",
    "trace_id",
}
LIST = {"events", "source", "next_cursor"}


def test_a_create_leaves_its_events_with_exactly_the_fields_of_the_contract(agent: Member) -> None:
    made = agent.create(output_count=2)
    listed = agent.get("/v1/activity")
    assert (listed.exit_code, listed.body["command"], set(listed.data)) == (
        0,
        "image-skill activity list",
        LIST,
    )
    assert (listed.data["source"], listed.data["next_cursor"]) == ("hosted_activity_ledger", None)
    usage_id = UsageEvent.objects.get().pk
    links = {
        "job_id": made.data["job_id"],
        "asset_ids": made.data["asset_ids"],
        "usage_event_id": usage_id,
        "feedback_id": None,
    }
    for event in listed.data["events"]:
        assert set(event) == EVENT
        assert event["links"] == links
        assert event["trace_id"] == made.data["trace_id"]
        assert re.fullmatch(r"evt_[0-9a-z]{25}", event["event_id"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["occurred_at"])
    told = [
        (event["type"], event["operation"], event["status"], event["subject"]) for event in listed.data["events"]
    ]
    assert told == [
        ("job.completed", "create", "completed", {"type": "job", "id": made.data["job_id"]}),
        ("usage.credit_consumed", "usage", "consumed", {"type": "usage", "id": usage_id}),
        ("asset.created", "create", "created", {"type": "asset", "id": made.data["asset_ids"][1]}),
        ("asset.created", "create", "created", {"type": "asset", "id": made.data["asset_ids"][0]}),
    ]
    assert [event["cost"] for event in listed.data["events"]] == [
        {"estimated_usd": 0.0, "credits": 2},
        {"estimated_usd": None, "credits": 2},
        None,
        None,
    ]


def test_an_event_names_no_prompt_model_or_agent(agent: Member) -> None:
    agent.create("An unmistakable zebra", intent="quagga")
    told = agent.get("/v1/activity", headers={"image-skill-contract": "latest"}).response.content.decode()
    assert not re.search("zebra|quagga|canvas|atlas|example.com", told)
    assert not ActivityEvent.objects.filter(summary__icontains="zebra").exists()


def test_an_exact_event_answers_with_itself(agent: Member) -> None:
    agent.create()
    event = agent.get("/v1/activity").data["events"][1]
    shown = agent.get(f"/v1/activity/{event['event_id']}")
    assert set(shown.data) == LIST | {"request", "event"}
    assert shown.data["request"] == {"reference": event["event_id"], "reference_type": "event_id"}
    assert (shown.data["event"], shown.data["events"]) == (event, [event])


def test_every_reference_of_a_create_leads_to_its_events(agent: Member) -> None:
    made, _other = agent.create(), agent.create("Another picture")
    usage_id = UsageEvent.objects.get(job_id=made.data["job_id"]).pk
    for reference in (made.data["job_id"], made.data["asset_ids"][0], usage_id, made.data["trace_id"]):
        shown = agent.get(f"/v1/activity/{reference}").data
        assert shown["event"] is None
        assert {event["links"]["job_id"] for event in shown["events"]} == {made.data["job_id"]}
        assert len(shown["events"]) == 3
        assert agent.get(f"/v1/activity?subject={reference}").data["events"] == shown["events"]


def test_pages_follow_one_another_without_gap_or_repeat(agent: Member) -> None:
    for _ in range(3):
        agent.create()
    whole = [event["event_id"] for event in agent.get("/v1/activity?limit=100").data["events"]]
    assert len(whole) == 9
    assert whole == sorted(whole, reverse=True)
    for limit in (1, 2, 4, 9):
        seen: list[str] = []
        query = f"limit={limit}"
        for _page in range(10):
            page = agent.get(f"/v1/activity?{query}").data
            seen += [event["event_id"] for event in page["events"]]
            if page["next_cursor"] is None:
                break
            query = f"limit={limit}&cursor={page['next_cursor']}"
        assert seen == whole


def test_a_page_stands_still_while_events_come(agent: Member) -> None:
    agent.create()
    first = agent.get("/v1/activity?limit=2").data
    agent.create("Another picture")
    rest = agent.get(f"/v1/activity?limit=2&cursor={first['next_cursor']}").data
    jobs = {event["links"]["job_id"] for event in [*first["events"], *rest["events"]]}
    assert (len(rest["events"]), len(jobs), rest["next_cursor"]) == (1, 1, None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=1e1", "limit"),
        ("limit=%D9%A3", "limit"),
        ("cursor=evt", "cursor"),
        ("cursor=", "cursor"),
        ("cursor=job_0hod1r617mc3htpzfv3cuso56", "cursor"),
        ("type=job.done", "type"),
        ("type=", "type"),
        ("type=job.planned", "type"),
    ],
)
def test_a_query_that_means_nothing_is_refused_by_name(agent: Member, query: str, field: str) -> None:
    told = assert_refused(agent.get(f"/v1/activity?{query}"), "INVALID_ARGUMENTS", 2, 400)
    assert list(told["fields"]) == [field]


@pytest.mark.parametrize(
    "reference", ["%00", "evt_%00", "job_1%00", "%ED%A0%80", "%F0%9F%A6%93", "x" * 2_000, "%27"]
)
def test_a_subject_that_nobody_has_has_no_events(agent: Member, reference: str) -> None:
    agent.create()
    assert agent.get(f"/v1/activity?subject={reference}").data["events"] == []
    assert_refused(agent.get(f"/v1/activity/{reference}"), "ACTIVITY_NOT_FOUND", 1, 404)


def test_a_type_narrows_the_list(agent: Member) -> None:
    agent.create(output_count=3)
    for name, count in (("asset.created", 3), ("job.completed", 1), ("feedback.created", 0)):
        events = agent.get(f"/v1/activity?type={name}").data["events"]
        assert [event["type"] for event in events] == [name] * count


def test_an_unknown_query_field_is_ignored_with_a_warning(agent: Member) -> None:
    listed = agent.get("/v1/activity?colour=red")
    assert (listed.status, len(listed.body["warnings"])) == (200, 1)
    assert "colour" in listed.body["warnings"][0]


def test_a_rare_type_among_many_events_is_found_by_an_index(agent: Member) -> None:
    """A page of one type reads that type's rows alone, however many others there are."""
    agent.create()
    model = ActivityEvent.objects.get(type="job.completed")
    many: list[ActivityEvent] = []
    for number in range(4_000):
        model.pk = f"evt_{number:025d}"
        many.append(
            ActivityEvent(**{field.attname: getattr(model, field.attname) for field in model._meta.fields})
        )
    ActivityEvent.objects.bulk_create(many)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE core_activityevent")
    rows = ActivityEvent.objects.filter(
        agent_id=agent.agent_id, organization_id__in=[agent.row.organization_id], type="asset.created"
    ).order_by("-pk")[:21]
    assert "event_by_type" in rows.explain()
