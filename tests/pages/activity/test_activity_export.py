"""The rows of a query as a file: the same rows, guarded cells, a chain, no prompts for viewers."""

import csv
import hashlib
import io
import json
import tracemalloc
from typing import Any

import pytest
from django.test import Client

from accounts.models import Organization
from billing.models import LedgerEntry
from creative.models import Job
from imageskill.core.events import EventType
from imageskill.site.activity import export
from tests.pages.activity.happenings import happen, make_agent, refuse
from tests.pages.people import make_user, make_workspace, sign_in
from tests.pages.studio import add_viewer, make_studio

pytestmark = [pytest.mark.django_db]


def read(client: Client, place: Organization, form: str, query: str = "") -> Any:
    answer = client.get(f"/w/{place.pk}/activity/export.{form}", {"q": query})
    assert answer.status_code == 200
    assert answer.streaming
    assert answer["content-disposition"].startswith("attachment; ")
    assert answer["x-content-type-options"] == "nosniff"
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text))) if form == "csv" else text.splitlines()


def test_a_file_holds_exactly_the_rows_of_the_query() -> None:
    place = make_workspace(make_user())
    client = sign_in()
    agent = make_agent(place)
    for _ in range(3):
        happen(agent)
    happen(agent, EventType.FEEDBACK_CREATED, "received", subject_id="sig_1")
    refuse(agent)
    assert len(read(client, place, "csv")) == 5
    (row,) = read(client, place, "csv", "type:feedback.created")
    assert (row["sentence"], row["type"], row["agent_id"]) == (
        "atlas-7 sent feedback",
        "feedback.created",
        agent.pk,
    )
    (refused,) = read(client, place, "csv", "status:refused")
    assert (refused["code"], refused["outcome"]) == ("SPEND_CAP_EXCEEDED", "refused")


def test_text_that_a_spreadsheet_would_run_is_guarded_in_csv_and_exact_in_json() -> None:
    place = make_workspace(make_user())
    client = sign_in()
    name = '=HYPERLINK("http://evil.example")'
    for hostile in (name, "+1", "-1", "@a"):
        happen(make_agent(place, hostile))
    cells = {row["agent_name"] for row in read(client, place, "csv")}
    assert cells == {f"'{name}", "'+1", "'-1", "'@a"}
    rows = [json.loads(json.loads(line)["row"]) for line in read(client, place, "jsonl")[1:-1]]
    assert {row["agent_name"] for row in rows} == {name, "+1", "-1", "@a"}


def test_prompts_go_with_owners_and_never_with_viewers() -> None:
    studio = make_studio()
    add_viewer(studio)
    owner, viewer = sign_in(), sign_in("bo@example.com")
    Job.objects.filter(pk=studio.jobs[0].pk).update(prompt="=HYPERLINK(1)")
    prompts = {row["prompt"] for row in read(owner, studio.organization, "csv", "type:job.completed")}
    assert {"'=HYPERLINK(1)", "A camera on a wooden table"} < prompts
    for form in ("csv", "jsonl"):
        told = json.dumps(read(viewer, studio.organization, form))
        assert "HYPERLINK" not in told
        assert "wooden table" not in told
        assert "prompt" not in told


def test_json_lines_are_a_chain_that_names_the_ledger_entries_of_each_job() -> None:
    studio = make_studio()
    lines = [json.loads(line) for line in read(sign_in(), studio.organization, "jsonl")]
    head = hashlib.sha256(b"").hexdigest()
    for line in lines[1:-1]:
        head = hashlib.sha256((head + line["row"]).encode()).hexdigest()
        assert line["sha256"] == head
    assert lines[0]["contract"] == export.CONTRACT
    assert lines[-1] == {"complete": True, "last_sha256": head, "rows": len(lines) - 2}
    ended = next(row for line in lines[1:-1] if (row := json.loads(line["row"]))["type"] == "job.completed")
    known = set(LedgerEntry.objects.values_list("sha256", flat=True))
    assert ended["ledger_entries"]
    assert {entry["sha256"] for entry in ended["ledger_entries"]} <= known


def test_a_file_of_many_rows_is_written_in_little_memory_and_without_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_workspace(make_user())
    client = sign_in()
    agent = make_agent(place)
    for _ in range(120):
        happen(agent)
    monkeypatch.setattr(export, "CHUNK", 10)
    rows = read(client, place, "csv")
    assert len({row["id"] for row in rows}) == len(rows) == 120
    answer = client.get(f"/w/{place.pk}/activity/export.csv")
    tracemalloc.start()
    stream = iter(answer.streaming_content)
    next(stream)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


def test_whoever_is_put_out_of_the_workspace_gets_no_further_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_workspace(make_user())
    client = sign_in()
    agent = make_agent(place)
    for _ in range(30):
        happen(agent)
    monkeypatch.setattr("imageskill.site.activity.pages.CHECKED_EVERY", 5)
    answer = client.get(f"/w/{place.pk}/activity/export.jsonl")
    stream = iter(answer.streaming_content)
    next(stream)
    place.memberships.all().delete()
    rest = b"".join(stream).decode()
    assert "ends early" in rest
    assert '"complete"' not in rest
