"""Tokens: their form, what is stored of them, and that a rotation locks nobody out."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import tokens
from accounts.models import Agent, AgentToken
from tests.cast import Caller, Member

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def rotate(caller: Caller) -> Caller:
    answer = caller.post("/v1/agent-tokens/rotate")
    assert answer.ok, answer.body
    return Caller(answer.data["token"])


def test_a_token_has_the_published_form_and_its_own_checksum() -> None:
    for _ in range(200):
        raw = tokens.mint("r").raw
        assert tokens.PATTERN.fullmatch(raw)
        assert tokens.is_well_formed(raw, "r")
        assert not tokens.is_well_formed(raw, "c")
        other = "a" if raw[20] != "a" else "b"
        assert not tokens.is_well_formed(raw[:20] + other + raw[21:], "r")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer isk_r_short",
        "Bearer isk_r_" + "a" * 36,
        "Bearer isk_r_" + "a" * 36 + " extra",
        "Basic YWxhZGRpbjpvcGVuc2VzYW1l",
        "Token isk_r_" + "a" * 36,
        "Bearer \u00fcn\u00efcode",
        "Bearer " + "x" * 5000,
    ],
)
def test_what_is_no_token_is_refused_before_the_database_is_asked(anonymous: Caller, header: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        refused = anonymous.get("/v1/quota", headers={"authorization": header})
    assert (refused.code, refused.status, refused.exit_code) == ("AUTH_REQUIRED", 401, 3)
    assert len(queries) == 0


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
def test_the_scheme_is_read_in_any_case(agent: Member, scheme: str) -> None:
    assert Caller().get("/v1/whoami", headers={"authorization": f"{scheme} {agent.token}"}).ok


@pytest.mark.parametrize("how", ["unknown", "revoked", "ended", "agent revoked"])
def test_every_dead_token_gets_the_same_answer(agent: Member, how: str) -> None:
    caller: Caller = agent
    rows = AgentToken.objects.filter(agent_id=agent.agent_id)
    if how == "unknown":
        caller = Caller(tokens.mint("r").raw)
    elif how == "revoked":
        tokens.revoke(token=rows.get())
    elif how == "ended":
        rows.update(ends_at=timezone.now())
    else:
        Agent.objects.filter(pk=agent.agent_id).update(claim_state="revoked")
    refused = caller.get("/v1/quota")
    assert refused.error == Caller().get("/v1/quota").error
    assert refused.body["actor"] is None


def test_only_the_hash_and_the_first_characters_are_stored(agent: Member) -> None:
    row = AgentToken.objects.get()
    assert row.sha256 == tokens.digest(str(agent.token))
    assert row.prefix == str(agent.token)[:12]


def test_the_old_token_lives_until_the_new_ones_first_call(agent: Member) -> None:
    fresh = rotate(agent)
    assert agent.get("/v1/whoami").ok
    assert fresh.get("/v1/whoami").ok
    assert agent.get("/v1/whoami").code == "AUTH_REQUIRED"
    assert fresh.get("/v1/whoami").ok


def test_the_old_token_lives_ten_minutes_at_most(agent: Member) -> None:
    rotate(agent)
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1)):
        assert agent.get("/v1/whoami").code == "AUTH_REQUIRED"


def test_a_lost_answer_locks_nobody_out(agent: Member) -> None:
    lost = rotate(agent)
    fresh = rotate(agent)
    assert lost.get("/v1/whoami").code == "AUTH_REQUIRED"
    assert fresh.get("/v1/whoami").ok


def test_an_idle_token_of_an_unclaimed_agent_ends_unless_it_has_bought_credits(agent: Member) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        assert agent.get("/v1/whoami").code == "AUTH_REQUIRED"
        Agent.objects.filter(pk=agent.agent_id).update(claim_state="payment_backed_unclaimed")
        assert agent.get("/v1/whoami").ok


def test_reading_writes_at_most_once_a_minute(
    agent: Member, django_assert_num_queries: Callable[..., object]
) -> None:
    agent.get("/v1/whoami")
    with CaptureQueriesContext(connection) as queries:
        for _ in range(5):
            agent.get("/v1/whoami")
    assert not [query for query in queries.captured_queries if query["sql"].lstrip().startswith("UPDATE")]


@pytest.mark.django_db(transaction=True)
def test_rotating_at_once_leaves_one_living_replacement(agent: Member) -> None:
    barrier, answers = Barrier(8), []

    def act() -> None:
        barrier.wait(30)
        answers.append(agent.post("/v1/agent-tokens/rotate"))
        connection.close()

    threads = [Thread(target=act) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [answer.status for answer in answers] == [200] * 8
    works = [Caller(answer.data["token"]).get("/v1/whoami").ok for answer in answers]
    assert works.count(True) == 1
