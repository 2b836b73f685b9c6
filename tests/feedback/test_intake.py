from typing import Any

import pytest

from creative.feedback import intake
from creative.models import Feedback, FeedbackEvidence
from imageskill.core.models import ActivityEvent
from tests.cast import Caller, Member
from tests.creative.evidence import assert_refused
from tests.feedback.reports import WHOLE, report, row_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_a_whole_report_is_kept_as_it_was_sent(agent: Member) -> None:
    answer = report(agent, **WHOLE)
    assert (answer.status, answer.exit_code) == (200, 0)
    assert answer.body["command"] == "image-skill feedback create"
    assert (answer.data["state"], answer.data["similar"]) == ("received", [])
    assert answer.data["quality"] == {"score": 85, "missing": ["evidence"]}
    row = row_of(answer)
    assert row.pk.startswith("sig_")
    assert {name: getattr(row, name) for name in WHOLE} == WHOLE
    assert (row.organization_id, row.agent_id) == (agent.row.organization_id, agent.agent_id)
    assert (row.command_key, row.trace_id) == ("edit", answer.body["trace_id"])


def test_a_report_leaves_exactly_one_event_of_the_first_contract(agent: Member) -> None:
    answer = report(agent, dedupe_key="k")
    report(agent, dedupe_key="k")
    feedback_id = answer.data["feedback_id"]
    for reference in (feedback_id, answer.body["trace_id"]):
        (event,) = agent.get(f"/v1/activity/{reference}").data["events"]
        assert (event["type"], event["operation"], event["status"]) == (
            "feedback.created",
            "feedback",
            "received",
        )
        assert event["subject"] == {"type": "feedback", "id": feedback_id}
        assert event["links"] == {
            "job_id": None,
            "asset_ids": [],
            "usage_event_id": None,
            "feedback_id": feedback_id,
        }
        assert event["cost"] is None
    assert ActivityEvent.objects.filter(type="feedback.created").count() == 1


@pytest.mark.parametrize("fields", [{"title": "Only a title"}, {"body": "Only a body\nwith two lines"}])
def test_a_title_or_a_body_is_enough(agent: Member, fields: dict[str, str]) -> None:
    answer = agent.post("/v1/feedback", fields)
    assert answer.ok
    assert row_of(answer).title == next(iter(fields.values())).partition("\n")[0]
    assert row_of(answer).is_weak


@pytest.mark.parametrize("fields", [{}, {"title": " \n ", "body": ""}, {"title": None, "expected": "x"}])
def test_a_report_that_says_nothing_is_refused(agent: Member, fields: dict[str, Any]) -> None:
    refused = agent.post("/v1/feedback", fields)
    told = assert_refused(refused, "INVALID_ARGUMENTS", 2, 400)
    assert (told["required_flag"], refused.error["message"]) == ("--title", "title or body is required")
    assert not Feedback.objects.exists()


def test_free_words_are_taken_with_a_warning_that_does_not_echo_them(agent: Member) -> None:
    odd = "Blocker\u202e!!"
    answer = report(agent, type="Shiny Thing", severity=odd, confidence="absolutely", next_state="FIX")
    row = row_of(answer)
    assert (row.type, row.severity, row.confidence, row.next_state) == (
        "shiny_thing",
        "critical",
        "medium",
        "fix",
    )
    assert row.said == {
        "type": "Shiny Thing",
        "severity": odd,
        "confidence": "absolutely",
        "next_state": "FIX",
    }
    warned = answer.body["warnings"][:4]
    assert [words.split()[0] for words in warned] == ["type", "severity", "confidence", "next_state"]
    assert not any("Shiny" in words or "\u202e" in words for words in warned)


def test_the_usual_words_are_taken_silently(agent: Member) -> None:
    words = {"type": "bug_report", "severity": "critical", "confidence": "low", "next_state": "investigate"}
    assert report(agent, allow_weak_signal=True, **words).body["warnings"] == []


def test_unknown_fields_are_ignored_with_a_warning(agent: Member) -> None:
    answer = report(agent, colour="red", allow_weak_signal=True)
    assert answer.body["warnings"] == ["Unknown fields are ignored: colour."]


def test_a_weak_signal_is_taken_and_advised_unless_it_is_meant(agent: Member) -> None:
    weak = report(agent, title="It broke")
    assert weak.data["quality"]["score"] == 10
    assert weak.data["quality"]["missing"][0] == "body"
    assert "proof_needed" in weak.body["warnings"][0]
    meant = report(agent, title="It broke", allow_weak_signal=True)
    assert (meant.data["quality"], meant.body["warnings"]) == (weak.data["quality"], [])


def test_a_prompt_in_the_command_is_advised_against(agent: Member) -> None:
    told = report(agent, command="image-skill create --prompt 'a boat'").body["warnings"]
    assert any(words.startswith("Leave prompts out") for words in told)
    told = report(agent, command="image-skill create --prompt-file p.txt").body["warnings"]
    assert not any(words.startswith("Leave prompts out") for words in told)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "x" * 301),
        ("body", "x" * 20_001),
        ("evidence", ["x"] * 51),
        ("evidence", ["x" * 501]),
        ("surface", "cli"),
        ("surface", ["x" * 65]),
        ("title", 5),
        ("allow_weak_signal", "yes"),
        ("body", "a\x00b"),
    ],
)
def test_what_is_too_long_or_of_another_type_is_refused_by_name(agent: Member, field: str, value: object) -> None:
    refused = agent.post("/v1/feedback", {"title": "A title", field: value})
    told = assert_refused(refused, "INVALID_ARGUMENTS", 2, 400)
    assert next(iter(told["fields"])).startswith(field)
    assert not Feedback.objects.exists()


def test_the_same_key_is_the_same_record_and_evidence_is_added(agent: Member, teammate: Member) -> None:
    first = report(agent, dedupe_key="run-7", evidence=["log line 1"])
    again = report(agent, dedupe_key="run-7", title="Other words", evidence=["log line 1", "log line 2"])
    assert again.data["feedback_id"] == first.data["feedback_id"]
    assert (again.data["repeated"], again.data["reports"], again.data["evidence_added"]) == (True, 2, 1)
    row = row_of(again)
    assert (row.title, row.reports) == ("Something is wrong", 2)
    assert list(row.evidence.order_by("pk").values_list("reference", flat=True)) == ["log line 1", "log line 2"]
    other = report(teammate, dedupe_key="run-7")
    assert other.data["feedback_id"] != first.data["feedback_id"]


def test_a_record_keeps_so_much_evidence_and_says_what_it_left_out(agent: Member) -> None:
    report(agent, dedupe_key="k", evidence=[f"line {number}" for number in range(50)])
    more = report(agent, dedupe_key="k", evidence=["one more", "two more"])
    assert any("2 more were left out" in words for words in more.body["warnings"])
    assert FeedbackEvidence.objects.count() == 50


def test_reports_are_limited_by_the_hour(agent: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MOST_AN_HOUR", 2)
    report(agent)
    report(agent)
    refused = agent.post("/v1/feedback", {"title": "More"})
    assert (refused.code, refused.exit_code, refused.status) == ("RATE_LIMITED", 5, 429)
    told = refused.error["recovery"]
    assert (told["cap"], told["reason"]) == (2, "feedback_an_hour")
    assert refused.response["Retry-After"] == str(told["retry_after_seconds"])
    assert Feedback.objects.count() == 2


def test_it_needs_a_token_and_its_grant(agent: Member, anonymous: Caller) -> None:
    assert_refused(anonymous.post("/v1/feedback", WHOLE), "AUTH_REQUIRED", 3, 401)
    row = agent.row
    row.grants = [grant for grant in row.grants if grant != "feedback.create"]
    row.save()
    assert_refused(agent.post("/v1/feedback", WHOLE), "CAPABILITY_DENIED", 4, 403)


def test_the_path_takes_get_and_post_only(agent: Member) -> None:
    for method in ("DELETE", "PUT", "OPTIONS"):
        refused = agent.send(method, "/v1/feedback")
        assert_refused(refused, "METHOD_NOT_ALLOWED", 2, 405)
        assert refused.response["Allow"] == "GET, POST"
