"""A fault of the service itself: what a caller is told, and whether the same call may be made again."""

import logging

import pytest
from django.conf import LazySettings

from billing import ledger
from tests.cast import Member

pytestmark = pytest.mark.django_db


@pytest.fixture
def _broken(settings: LazySettings) -> None:
    settings.CREATE_WAIT_SECONDS = "not a number"


@pytest.mark.usefixtures("provider", "_broken")
@pytest.mark.parametrize(("key", "retryable"), [("run-001", True), (None, False)])
def test_a_create_may_be_repeated_after_a_fault_where_it_has_a_key(
    agent: Member, key: str | None, *, retryable: bool
) -> None:
    answer = agent.create(key=key)
    assert (answer.status, answer.code, answer.exit_code) == (500, "INTERNAL_ERROR", 1)
    assert answer.error["retryable"] is retryable


@pytest.mark.usefixtures("provider", "_broken")
def test_the_repeat_finds_the_job_and_charges_once(agent: Member, settings: LazySettings) -> None:
    agent.create(key="run-001")
    settings.CREATE_WAIT_SECONDS = 1
    again = agent.create(key="run-001")
    assert again.status == 200
    assert again.data["quota"] == {
        "consumed_credits": 1,
        "remaining_credits": 49,
        "payment_backed_remaining_credits": 0,
        "held_credits": 0,
    }
    assert ledger.verify() == []


@pytest.mark.usefixtures("provider", "_broken")
def test_a_fault_is_logged_under_its_trace_and_told_without_its_words(
    agent: Member, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = agent.create("A secret canary")
    assert "not a number" not in str(answer.body)
    assert "canary" not in str(answer.body)
    assert [record.message for record in caplog.records if record.name == "imageskill.api"] == ["uncaught fault"]
