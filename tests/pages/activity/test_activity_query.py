"""The query bar's language: whatever is typed reads as something, and reads the same again."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Agent
from imageskill.core.models import UNUSUAL
from imageskill.site.activity import conditions
from imageskill.site.activity.conditions import Scope
from imageskill.site.activity.filters import OUTCOMES, amounts, outcome_of
from imageskill.site.activity.query import Fault, Query, Term, Word, parse

PIECES = [
    *("agent:", "type:", "credits:>1", "credits:..", "created:", "-", '"', '""', ",", ":", " ", "job.completed"),
    *(
        "7d",
        "2026-10-01..",
        "a",
        "\x00",
        "\xa0",
        "..",
        "status:ok",
        "show:all",
        "money:in",
        "id:x",
        "\ud800",
        "%",
        "_",
    ),
    *("'; DROP TABLE core_activityevent; --", "<script>", "٣", "agent:atlas-7", "credits:999999999"),
]
TEXTS = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=25).map("".join))


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_every_text_reads_as_a_query_that_reads_the_same_again(text: str) -> None:
    read = parse(text)
    assert parse(str(read)) == read


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_taking_a_part_away_leaves_the_others(text: str) -> None:
    read = parse(text)
    for place in range(len(read.tokens)):
        assert read.without(place).tokens == read.tokens[:place] + read.tokens[place + 1 :]


def test_filters_words_and_signs_are_told_apart() -> None:
    read = parse('agent:"atlas 7",bo -status:ok credits:>10 created:2026-10-01.. "red boat" -fog')
    assert read.tokens == (
        Term("agent", ("atlas 7", "bo")),
        Term("status", ("ok",), negated=True),
        Term("credits", (">10",)),
        Term("created", ("2026-10-01..",)),
        Word("red boat"),
        Word("fog", negated=True),
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("stauts:ok", "Is it status?"),
        ("type:job.complete", "Is it job.completed?"),
        ("credits:many", "nine digits"),
        ("credits:1234567890", "nine digits"),
        ("credits:٣", "nine digits"),
        ("credits:20..10", "ends before it begins"),
        ("created:2026-02-30", "created is"),
        ("created:2026-10-31..2026-10-01", "ends before it begins"),
        ("-created:7d", "cannot be excluded"),
        ("created:7d,30d", "takes one value"),
        ('agent:"atlas', "not closed"),
        ("agent:", "needs an agent's name"),
        ("actor:robot", "one of agent, human, session, system"),
        ("a\x00b", "cannot be looked for"),
        ("-", "nothing to look for"),
        ("id:caf\xe9", "No id"),
    ],
)
def test_a_part_that_cannot_be_read_says_why_and_stays(text: str, why: str) -> None:
    (token,) = parse(text).tokens
    assert isinstance(token, Fault)
    assert token.text == text
    assert why in token.why


def test_a_filter_of_its_kind_stands_once_and_a_query_has_its_limits() -> None:
    assert [type(token) for token in parse("created:7d created:30d").tokens] == [Term, Fault]
    assert len(parse("a " * 100).tokens) == 31
    assert isinstance(parse("x" * 1_001).tokens[0], Fault)


@pytest.mark.parametrize(
    ("value", "bounds"),
    [("10", (10, 10)), (">10", (11, None)), (">=10", (10, None)), ("<10", (None, 9)), ("10..20", (10, 20))],
)
def test_amounts_are_inclusive_bounds(value: str, bounds: tuple[int | None, int | None]) -> None:
    assert amounts(value) == bounds


def test_only_and_exclude_change_one_filter() -> None:
    read = parse("agent:bo boat -agent:cy")
    assert str(read.only("agent", "atlas 7")) == 'boat agent:"atlas 7"'
    assert str(read.excluding("agent", "bo")) == "boat -agent:cy -agent:bo"
    assert str(parse("credits:>1 created:7d").dropping("created")) == "credits:>1"


def test_statuses_stand_for_outcomes() -> None:
    told = [
        outcome_of(status) for status in ("completed", "failed", "withdrawn", "rejected", "waiting", "new word")
    ]
    assert told == ["ok", "failed", "canceled", "refused", "waiting", "ok"]


def scope(zone: str = "UTC") -> Scope:
    now = datetime(2026, 3, 29, 10, tzinfo=UTC)
    return Scope(("org_1",), (Agent(pk="agt_1", name="atlas-7"),), ZoneInfo(zone), now)


def test_days_are_those_of_the_reader_s_zone_also_when_the_clock_changes() -> None:
    start, end = conditions.times("2026-03-29", scope("Europe/Berlin"))
    assert (start, end) == (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))
    assert conditions.times("2026-03-29T12:00..2026-03-29T12:59", scope()) == (
        datetime(2026, 3, 29, 12, tzinfo=UTC),
        datetime(2026, 3, 29, 13, tzinfo=UTC),
    )
    assert conditions.times("..2026-03-01", scope()) == (None, datetime(2026, 3, 2, tzinfo=UTC))


def test_an_agent_that_is_not_here_is_a_fault_and_filters_nothing() -> None:
    wanted = conditions.of(parse("agent:nobody"), scope())
    assert [fault.text for fault in wanted.faults] == ["agent:nobody"]
    assert wanted.agent_ids is None
    assert conditions.of(parse("agent:atlas-7"), scope()).agent_ids == ("agt_1",)


def test_one_index_leads_and_the_rest_is_looked_at() -> None:
    led = {
        "status:failed": ((None, None, ("failed",)), True),
        "status:failed agent:atlas-7 type:job.completed": ((None, None, ("failed",)), False),
        "status:failed status:failed,denied": ((None, None, ("failed",)), True),
        "agent:atlas-7 type:job.completed": ((None, ("job.completed",), None), False),
        "status:failed,ok agent:atlas-7": ((("agt_1",), None, None), False),
        "status:completed": ((None, None, None), False),
        "-status:failed": ((None, None, None), False),
    }
    for text, (leads, is_cheap) in led.items():
        wanted = conditions.of(parse(text), scope())
        assert ((wanted.agent_ids, wanted.types, wanted.statuses), wanted.is_cheap) == (leads, is_cheap), text
    assert conditions.of(parse("status:failed agent:atlas-7"), scope()).asked_agents == ("agt_1",)


def test_every_outcome_but_the_usual_one_is_in_the_index_of_what_is_unusual() -> None:
    told = [status for outcome in OUTCOMES if outcome != "ok" for status in OUTCOMES[outcome]]
    assert sorted(told) == sorted(UNUSUAL)


def test_a_query_of_refusals_alone_leads_to_no_event() -> None:
    assert list(conditions.of(parse("type:spend.refused"), scope()).arms()) == []
    assert list(Query().terms) == []
