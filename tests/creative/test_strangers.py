import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.utils import timezone

from accounts.models import AgentToken
from creative.models import Job
from imageskill.core import ids
from imageskill.core.models import ActivityEvent
from tests.cast import Answer, Caller, Member
from tests.creative.evidence import assert_refused, content_of, fetch, path_of
from tests.doubles import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]

CODES = {"jobs": "JOB_NOT_FOUND", "assets": "ASSET_NOT_FOUND", "activity": "ACTIVITY_NOT_FOUND"}


@dataclass(frozen=True)
class Things:
    """What an agent made, by the collection in which it is read."""

    owner: Member
    references: dict[str, tuple[str, ...]]
    url: str


@pytest.fixture
def things(agent: Member, provider: FakeProvider) -> Things:
    """A job with a picture, and every reference under which its events are found."""
    made = agent.create()
    job_id, asset_id = made.data["job_id"], made.data["asset_ids"][0]
    event = ActivityEvent.objects.get(type="usage.credit_consumed")
    found = (job_id, asset_id, event.pk, event.subject_id, made.data["trace_id"])
    return Things(
        agent, {"jobs": (job_id,), "assets": (asset_id,), "activity": found}, path_of(made.data["assets"][0])
    )


def bare(answer: Answer) -> str:
    """Return an answer's body without what differs from call to call."""
    return re.sub(r"trace_[0-9a-z]+", "TRACE", answer.response.content.decode())


def headers(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.response.items() if name != "x-trace-id"}


def test_an_agent_reads_its_own(things: Things) -> None:
    for collection, references in things.references.items():
        for reference in references:
            assert things.owner.get(f"/v1/{collection}/{reference}").status == 200


@pytest.mark.parametrize("who", ["teammate", "stranger"])
@pytest.mark.parametrize("collection", list(CODES))
def test_others_get_the_very_answer_of_something_missing(
    request: pytest.FixtureRequest, things: Things, who: str, collection: str
) -> None:
    other: Member = request.getfixturevalue(who)
    for reference in things.references[collection]:
        hidden = other.get(f"/v1/{collection}/{reference}")
        prefix = reference.split("_", maxsplit=1)[0]
        missing = other.get(f"/v1/{collection}/{ids.new_id(prefix)}")
        assert_refused(hidden, CODES[collection], 1, 404)
        assert bare(hidden) == bare(missing)
        assert headers(hidden) == headers(missing)


@pytest.mark.parametrize("who", ["teammate", "stranger"])
def test_lists_hold_ones_own_only(request: pytest.FixtureRequest, things: Things, who: str) -> None:
    other: Member = request.getfixturevalue(who)
    assert len(things.owner.get("/v1/activity").data["events"]) == 3
    for query in ("", *(f"?subject={reference}" for reference in things.references["activity"])):
        assert other.get(f"/v1/activity{query}").data["events"] == []
    cursor = ids.new_id("evt")
    assert other.get(f"/v1/activity?cursor={cursor}&limit=100").data["events"] == []


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize("collection", list(CODES))
def test_an_id_of_another_kind_or_of_no_kind_is_not_found(agent: Member, collection: str) -> None:
    job = Job.objects.get()
    own = {"jobs": job.pk, "assets": job.assets.get().pk}
    wrong = [reference for name, reference in own.items() if collection not in (name, "activity")]
    wrong += [
        "job_",
        "_",
        "image_*",
        "job_%25",
        f"{job.pk}x",
        job.pk.upper(),
        f"{job.pk}%00",
        "x" * 300,
        "%20",
        "1",
    ]
    wrong += [f"{job.pk}%0a", "'%20OR%201=1--", "null", "default", job.hold_id, job.organization_id]
    for reference in wrong:
        answer = agent.get(f"/v1/{collection}/{reference}")
        assert (answer.status, answer.code) == (404, CODES[collection]), reference


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_a_token_that_has_ended_reads_nothing(things: Things, end: str) -> None:
    token = AgentToken.objects.get(agent_id=things.owner.agent_id)
    if end == "revoked":
        token.revoked_at = timezone.now()
    else:
        token.ends_at = timezone.now()
    token.save()
    nobody = Caller()
    for collection, references in things.references.items():
        ended = things.owner.get(f"/v1/{collection}/{references[0]}")
        assert_refused(ended, "AUTH_REQUIRED", 3, 401)
        assert ended.body["actor"] is None
        assert bare(ended) == bare(nobody.get(f"/v1/{collection}/{references[0]}"))
    assert_refused(things.owner.create(), "AUTH_REQUIRED", 3, 401)
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    ("grant", "collection"), [("job.read", "jobs"), ("asset.read", "assets"), ("activity.read", "activity")]
)
def test_without_the_grant_ones_own_and_the_missing_answer_alike(
    things: Things, grant: str, collection: str
) -> None:
    row = things.owner.row
    row.grants = [held for held in row.grants if held != grant]
    row.save()
    own = things.owner.get(f"/v1/{collection}/{things.references[collection][0]}")
    assert assert_refused(own, "CAPABILITY_DENIED", 4, 403)["required_grant"] == grant
    assert bare(own) == bare(things.owner.get(f"/v1/{collection}/{ids.new_id('job')}"))


@pytest.mark.parametrize(
    "change",
    [
        lambda row: setattr(row, "grants", [held for held in row.grants if held != "create.preview"]),
        lambda row: setattr(row, "paused_at", timezone.now()),
    ],
)
def test_an_agent_that_may_not_create_is_refused_before_anything_else(
    things: Things, change: Callable[[object], None]
) -> None:
    row = things.owner.row
    change(row)
    row.save()
    for fields in ({}, {"dry_run": True}, {"model": "no.such-model"}):
        assert_refused(things.owner.create(**fields), "CAPABILITY_DENIED", 4, 403)
    assert Job.objects.count() == 1
    assert things.owner.get(f"/v1/jobs/{things.references['jobs'][0]}").status == 200


def test_a_key_of_another_agent_tells_nothing(agent: Member, teammate: Member, stranger: Member) -> None:
    agent.create(key="shared")
    for other in (teammate, stranger):
        refused = other.create("Another picture", key="shared", output_count=99)
        assert refused.code == "INVALID_ARGUMENTS"
        assert other.create("Another picture", key="shared").status == 200
    assert Job.objects.count() == 3


def test_whoever_knows_the_address_sees_the_picture_and_nothing_more(things: Things, anonymous: Caller) -> None:
    assert content_of(fetch(things.url))
    refused = [anonymous.get(f"/v1/{name}/{found[0]}") for name, found in things.references.items()]
    assert {answer.code for answer in refused} == {"AUTH_REQUIRED"}
