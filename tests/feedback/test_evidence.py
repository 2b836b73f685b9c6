import pytest

from creative.models import Feedback
from imageskill.core import ids
from imageskill.core.models import ActivityEvent
from tests.cast import Member
from tests.feedback.reports import WHOLE, report, row_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def known_of(feedback: Feedback) -> dict[str, bool]:
    return dict(feedback.evidence.values_list("reference", "is_known"))


def test_each_reference_of_a_job_is_ones_own_evidence(agent: Member) -> None:
    made = agent.create()
    event = ActivityEvent.objects.get(type="usage.credit_consumed")
    cited = [made.data["job_id"], made.data["asset_ids"][0], event.pk, event.subject_id]
    trace_id = made.data["trace_id"]
    answer = report(agent, evidence=[*cited, "trace: " + trace_id, "seen at noon", "https://example.com/log"])
    known = known_of(row_of(answer))
    assert known == dict.fromkeys([*cited, trace_id], True) | {
        "seen at noon": False,
        "https://example.com/log": False,
    }
    assert "evidence" not in answer.data["quality"]["missing"]
    assert row_of(answer).credits_affected == 1


@pytest.mark.parametrize("who", ["teammate", "stranger"])
def test_what_belongs_to_another_resolves_as_what_does_not_exist(
    request: pytest.FixtureRequest, agent: Member, who: str
) -> None:
    other: Member = request.getfixturevalue(who)
    made = agent.create()
    event = ActivityEvent.objects.get(type="usage.credit_consumed")
    own_report = report(agent).data["feedback_id"]
    theirs = [made.data["job_id"], made.data["asset_ids"][0], event.pk, made.data["trace_id"], own_report]
    missing = [ids.new_id(prefix) for prefix in ("job", "image", "evt", "trace", "sig")]
    stolen, nothing = report(other, evidence=theirs), report(other, evidence=missing)
    assert set(known_of(row_of(stolen)).values()) == {False}
    assert stolen.data["quality"] == nothing.data["quality"]
    assert row_of(stolen).credits_affected == 0
    assert row_of(stolen).error_code == ""


def test_a_traceparent_that_two_agents_share_ties_nothing_together(agent: Member, stranger: Member) -> None:
    made = agent.post("/v1/create", {"prompt": "A boat"}, headers={"traceparent": TRACEPARENT})
    for trace_id in (made.body["trace_id"], "0af7651916cd43dd8448eb211c80319c", TRACEPARENT):
        answer = stranger.post(
            "/v1/feedback", {"title": "Mine", "trace_id": trace_id}, headers={"traceparent": TRACEPARENT}
        )
        assert set(known_of(row_of(answer)).values()) == {False}
    assert row_of(answer).trace_id != made.body["trace_id"]


def test_ids_in_the_text_and_the_trace_field_are_evidence_too(agent: Member) -> None:
    made = agent.create()
    job_id, trace_id = made.data["job_id"], made.data["trace_id"]
    answer = report(agent, body=f"See ({job_id}), it was wrong.", trace_id=trace_id, evidence=[trace_id])
    assert known_of(row_of(answer)) == {trace_id: True, job_id: True}
    assert answer.data["evidence_added"] == 2


def test_the_error_of_a_cited_job_is_the_reports_error(agent: Member) -> None:
    made = agent.create()
    row = agent.row.jobs.get(pk=made.data["job_id"])
    row.error_code = "TIMEOUT"
    row.save()
    assert row_of(report(agent, evidence=[row.pk])).error_code == "TIMEOUT"
    assert row_of(report(agent, actual="Then PROVIDER_FAILURE came", evidence=[row.pk])).error_code == (
        "PROVIDER_FAILURE"
    )
    assert row_of(report(agent, actual="NO_SUCH_CODE")).error_code == ""


def test_evidence_that_comes_later_raises_quality_and_weight(agent: Member) -> None:
    first = report(agent, **WHOLE, dedupe_key="k")
    assert first.data["quality"]["score"] == 85
    again = report(agent, **WHOLE, dedupe_key="k", evidence=[agent.create(output_count=3).data["job_id"]])
    assert again.data["quality"] == {"score": 100, "missing": []}
    assert row_of(again).credits_affected == 3
