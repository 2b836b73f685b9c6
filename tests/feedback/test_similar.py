from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from creative.feedback import terms
from creative.models import FeedbackTerm
from tests.cast import Answer, Member
from tests.feedback.reports import WHOLE, State, merged, moved, published, report, row_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

FAILING: dict[str, Any] = {
    "title": "Create times out on large squares",
    "command": "image-skill create --json",
    "actual": "It ended with TIMEOUT",
}


def found_of(answer: Answer) -> list[str]:
    return [row["feedback_id"] for row in answer.data["similar"]]


def test_the_own_earlier_report_is_named_with_its_state(agent: Member) -> None:
    first = report(agent, **WHOLE)
    second = report(agent, **WHOLE | {"title": "The transparent background is lost by an edit"})
    assert second.data["similar"] == [
        {
            "feedback_id": first.data["feedback_id"],
            "title": WHOLE["title"],
            "state": "received",
            "answer": None,
        }
    ]


def test_the_same_command_and_error_come_before_like_words(agent: Member) -> None:
    like = report(agent, title="Banner of a bakery shows wrong letters", body="Wrong letters on the bakery banner")
    same = report(agent, **FAILING)
    answer = report(
        agent,
        title="Banner of a bakery shows wrong letters",
        body="Wrong letters on the bakery banner",
        command="image-skill create",
        actual="TIMEOUT",
    )
    assert found_of(answer) == [same.data["feedback_id"], like.data["feedback_id"]]


def test_one_shared_word_is_chance(agent: Member) -> None:
    report(agent, title="Wrong colours in a banner of a bakery")
    assert report(agent, title="The banner needs a fish").data["similar"] == []


@pytest.mark.parametrize("who", ["teammate", "stranger"])
def test_the_reports_of_others_are_not_named(request: pytest.FixtureRequest, agent: Member, who: str) -> None:
    report(agent, **WHOLE, evidence=["a"])
    report(agent, **FAILING)
    other: Member = request.getfixturevalue(who)
    assert report(other, **WHOLE).data["similar"] == []
    assert report(other, **FAILING).data["similar"] == []


def test_what_staff_wrote_about_a_report_is_named_in_staffs_words_only(agent: Member, stranger: Member) -> None:
    known = row_of(report(agent, **FAILING, body="Secret garden of a tenant"))
    published(known, "Creates that end with TIMEOUT", "Larger squares take a minute more since 1.4.")
    (row,) = report(stranger, **FAILING).data["similar"]
    assert row == {
        "feedback_id": known.pk,
        "title": "Creates that end with TIMEOUT",
        "state": "received",
        "answer": "Larger squares take a minute more since 1.4.",
    }
    by_words = report(stranger, title="Squares take a minute: larger ones are slow")
    assert found_of(by_words)[-1] == known.pk


def test_a_tenants_words_alone_do_not_lead_others_to_a_report(agent: Member, stranger: Member) -> None:
    known = row_of(report(agent, title="Zebra quagga okapi gnu", body="Zebra quagga okapi gnu"))
    published(known, "Wild animals", "They are drawn again.")
    assert report(stranger, title="Zebra quagga okapi gnu").data["similar"] == []


def test_what_staff_takes_back_or_merges_is_named_no_more(agent: Member, stranger: Member) -> None:
    known, other = row_of(report(agent, **FAILING)), row_of(report(agent, **WHOLE))
    published(known, "Creates that end with TIMEOUT", "")
    published(known, "", "left over")
    assert report(stranger, **FAILING).data["similar"] == []
    assert not FeedbackTerm.objects.filter(is_public=True).exists()
    published(known, "Creates that end with TIMEOUT", "")
    merged(known, other)
    assert known.pk not in found_of(report(stranger, **FAILING))


def test_at_most_five_are_named_and_always_the_same_ones(agent: Member) -> None:
    made = [report(agent, **FAILING).data["feedback_id"] for _ in range(7)]
    assert found_of(report(agent, **FAILING, dedupe_key="k")) == made[:1:-1]
    assert found_of(report(agent, **FAILING, dedupe_key="k")) == made[:1:-1]


def test_the_same_failure_after_a_fix_reopens_the_own_report(agent: Member, stranger: Member) -> None:
    first = row_of(report(agent, **FAILING))
    published(first, "Creates that end with TIMEOUT", "")
    moved(first, State.FIXED, resolved_in="1.4")
    assert report(stranger, **FAILING).data["similar"][0]["state"] == "fixed"
    assert report(agent, **FAILING).data["similar"][0]["state"] == "regressed"
    first.refresh_from_db()
    assert first.state == State.REGRESSED


def test_more_reports_are_no_more_queries(agent: Member) -> None:
    def queries_of() -> int:
        with CaptureQueriesContext(connection) as queries:
            report(agent, **FAILING)
        return len(queries)

    report(agent, **FAILING)
    before = queries_of()
    for _ in range(5):
        report(agent, **FAILING)
    assert queries_of() == before
    assert before <= 30


def test_terms_are_few_and_the_same_whatever_the_text() -> None:
    assert terms.of("The backgrounds are BLACK", "black paper") == ["black", "background", "paper"]
    assert terms.of("ﬁnal Straße", "it is") == ["strasse", "final"]
    assert terms.of("", "a b c the and") == []
    long = " ".join(f"word{number:05}" for number in range(5_000))
    assert terms.of(long) == terms.of(long)
    assert len(terms.of(long)) == terms.MOST_TERMS
    assert max(map(len, terms.of("x" * 20_000))) == 32
