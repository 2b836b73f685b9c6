import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from creative.models import Asset
from tests.cast import Member
from tests.creative.evidence import assert_refused
from tests.creative.pictures import encoded, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]


def ids(agent: Member, query: str = "") -> list[str]:
    return [asset["asset_id"] for asset in agent.get(f"/v1/assets{query}").data["assets"]]


def test_assets_are_listed_newest_first_as_each_is_shown(agent: Member) -> None:
    made = agent.create(output_count=3).data["asset_ids"]
    uploaded = send(agent, encoded()).data["asset"]["asset_id"]
    listed = agent.get("/v1/assets")
    assert (listed.status, listed.body["command"]) == (200, "image-skill assets list")
    assert set(listed.data) == {"assets", "source", "next_cursor"}
    assert [asset["asset_id"] for asset in listed.data["assets"]] == sorted([*made, uploaded], reverse=True)
    assert listed.data["next_cursor"] is None
    for asset in listed.data["assets"]:
        assert asset == agent.get(f"/v1/assets/{asset['asset_id']}").data["asset"]


def test_pages_follow_each_other_without_a_gap_or_a_repeat(agent: Member) -> None:
    made = agent.create(output_count=4).data["asset_ids"] + agent.create().data["asset_ids"]
    seen, cursor = [], ""
    for _ in range(5):
        page = agent.get(f"/v1/assets?limit=2{cursor}").data
        seen += [asset["asset_id"] for asset in page["assets"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == sorted(made, reverse=True)


def test_a_page_is_narrowed_to_a_job_or_a_kind(agent: Member) -> None:
    first, second = agent.create(), agent.create()
    uploaded = send(agent, encoded()).data["asset"]["asset_id"]
    assert ids(agent, f"?job_id={first.data['job_id']}") == first.data["asset_ids"]
    assert ids(agent, "?kind=uploaded") == [uploaded]
    assert set(ids(agent, "?kind=generated")) == {*first.data["asset_ids"], *second.data["asset_ids"]}
    assert ids(agent, f"?kind=uploaded&job_id={first.data['job_id']}") == []


def test_nobody_lists_what_another_agent_has(agent: Member, teammate: Member, stranger: Member) -> None:
    job_id = agent.create().data["job_id"]
    cursor = "image_" + "z" * 36
    for other in (teammate, stranger):
        for query in ("", f"?job_id={job_id}", f"?cursor={cursor}", "?kind=generated"):
            assert ids(other, query) == []


def test_deleted_assets_are_not_listed(agent: Member) -> None:
    kept, gone = agent.create(output_count=2).data["asset_ids"]
    Asset.objects.filter(pk=gone).update(deleted_at=Asset.objects.get(pk=gone).created_at)
    assert ids(agent) == [kept]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("cursor=job_0", "cursor"),
        ("cursor=", "cursor"),
        ("kind=painted", "kind"),
        ("kind=", "kind"),
        ("kind=%00", "kind"),
        ("job_id=image_0", "job_id"),
        ("job_id=job_%00", "job_id"),
        ("job_id=", "job_id"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_field(agent: Member, query: str, field: str) -> None:
    recovery = assert_refused(agent.get(f"/v1/assets?{query}"), "INVALID_ARGUMENTS", 2, 400)
    assert set(recovery["fields"]) == {field}


def test_an_unknown_field_is_told(agent: Member) -> None:
    told = agent.get("/v1/assets?colour=red").body["warnings"]
    assert told == ["Unknown query fields are ignored: colour."]


def test_a_page_takes_the_same_number_of_queries_however_long_it_is(agent: Member) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert agent.get("/v1/assets").ok
        return len(asked)

    agent.create()
    queries()
    few = queries()
    agent.create(output_count=4)
    assert queries() == few


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_list_can_only_be_read(agent: Member, method: str) -> None:
    refused = agent.send(method, "/v1/assets", {})
    assert (refused.code, refused.status) == ("METHOD_NOT_ALLOWED", 405)


def test_reading_needs_the_grant(agent: Member) -> None:
    row = agent.row
    row.grants = ["create.preview"]
    row.save()
    assert_refused(agent.get("/v1/assets"), "CAPABILITY_DENIED", 4, 403)
