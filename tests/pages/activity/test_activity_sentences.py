"""Every event type has a sentence of its own, made from what the service stored."""

import pytest

from billing import decisions
from billing.models import Decision
from imageskill.core import events
from imageskill.core.models import ActivityEvent
from imageskill.site.activity import refusals, sentences
from imageskill.site.activity.sentences import TELLERS, Known

KNOWN = Known(agent="atlas-7", actor="ada@example.com", subject="bo@example.com", model="canvas.draft", pictures=4)


def event(kind: str, status: str = "completed", **fields: object) -> ActivityEvent:
    told = {"type": kind, "status": status, "operation": "create", "credits": 24, "summary": "HOSTILE"} | fields
    return ActivityEvent(**told)


@pytest.mark.parametrize("kind", sorted(events.BY_NAME))
def test_a_type_of_the_registry_has_its_own_sentence(kind: str) -> None:
    told = sentences.of_event(event(kind), KNOWN)
    assert kind in TELLERS
    assert told
    assert "HOSTILE" not in told
    assert not told.endswith(".")
    assert any(name in told for name in ("atlas-7", "@example.com", "credits"))
    assert sentences.of_event(event(kind, credits=None), Known())


def test_no_teller_is_left_of_a_type_that_is_gone() -> None:
    assert set(TELLERS) - set(events.BY_NAME) == set()


def test_a_type_that_nobody_knows_is_told_by_its_name() -> None:
    assert sentences.of_event(event("share.made_up", "done"), KNOWN) == "atlas-7: share made up, done"
    assert sentences.of_event(event("share.made_up", "done"), Known()) == "share made up, done"


@pytest.mark.parametrize(
    ("told", "kind", "status", "known"),
    [
        ("atlas-7 made 4 pictures with canvas.draft", "job.completed", "completed", KNOWN),
        (
            "atlas-7 made a picture with m",
            "job.completed",
            "completed",
            Known(agent="atlas-7", model="m", pictures=1),
        ),
        ("A job of atlas-7 was canceled, nothing was charged", "job.completed", "canceled", KNOWN),
        ("atlas-7 spent 24 credits", "usage.credit_consumed", "consumed", KNOWN),
        ("ada@example.com approved 24 credits of atlas-7", "approval.decided", "approved", KNOWN),
        ("Nobody decided on 24 credits of atlas-7 in time", "approval.decided", "expired", KNOWN),
        ("atlas-7 rotated its token", "token.rotated", "rotated", Known(actor="atlas-7", agent="atlas-7")),
        ("ada@example.com made a new token for atlas-7", "token.rotated", "handed_out", KNOWN),
        ("The operator removed a picture of atlas-7", "asset.deleted", "quarantined", KNOWN),
        (
            "ada@example.com left the workspace",
            "member.removed",
            "x",
            Known(actor="ada@example.com", subject="ada@example.com"),
        ),
    ],
)
def test_sentences_read_as_said(told: str, kind: str, status: str, known: Known) -> None:
    assert sentences.of_event(event(kind, status), known) == told


def test_a_failed_job_says_its_code_and_that_nothing_was_charged() -> None:
    known = Known(agent="atlas-7", code="PROVIDER_UNAVAILABLE")
    told = sentences.of_event(event("job.completed", "failed"), known)
    assert told == "A job of atlas-7 failed with PROVIDER_UNAVAILABLE, nothing was charged"


def decision(reason: str, **counter: object) -> Decision:
    counters = {"day": {"cap": 500, "used": 490, "held": 0, "resets_at": "2026-11-22T00:00:00+00:00"} | counter}
    return Decision(outcome="denied", reason=reason, needed_credits=24, counters=counters)


def test_a_refusal_names_the_cap_its_counters_and_when_it_starts_anew() -> None:
    refused = decision("cap_day")
    told = sentences.of_refusal(refused, Known(agent="atlas-7"))
    assert told == "atlas-7 was refused 24 credits: the cap for a day is 500, 490 used and 0 held"
    cap = refusals.deciding(refused)
    assert cap is not None
    assert (cap.remaining, cap.resets_at and cap.resets_at.isoformat()) == (10, "2026-11-22T00:00:00+00:00")
    assert decisions.code_of(refused) == "SPEND_CAP_EXCEEDED"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("mandate_ended", "CAPABILITY_DENIED"),
        ("model_not_allowed", "CAPABILITY_DENIED"),
        ("plan_denied", "CAPABILITY_DENIED"),
        ("threshold_request", "APPROVAL_REQUIRED"),
        ("a_reason_of_later", "A_REASON_OF_LATER"),
    ],
)
def test_a_refusal_without_a_cap_says_why(reason: str, code: str) -> None:
    refused = decision(reason)
    assert sentences.of_refusal(refused, KNOWN).startswith("atlas-7 was refused 24 credits: ")
    assert (refusals.deciding(refused), decisions.code_of(refused)) == (None, code)
