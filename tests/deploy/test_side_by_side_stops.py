"""What one of four processes decides the others heed: stops, switches, ends and caps; the books are checked."""

import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.deploy.load import Line, Load, Told
from tests.deploy.servers import Cluster, until
from tests.deploy.side_by_side import (
    PICTURE,
    Asked,
    HeldBack,
    Owned,
    Pair,
    asked_for,
    claim,
    owned,
    paired,
    unclaimed,
)

JOBS = 6
CALLS = 48
CANARY = "an unmistakable zebra"
CANARY_WORD = "zebra0canary"
WAITERS = 8
"""Half the threads of a process."""
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def provider() -> Iterator[HeldBack]:
    with HeldBack() as made:
        yield made
        made.go_on.set()


@pytest.fixture(scope="module")
def pair(
    cluster: Cluster, prepared: Path, provider: HeldBack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """The processes of all tests here; each test has an agent of its own."""
    with paired(cluster, prepared, provider, tmp_path_factory.mktemp("pair")) as made:
        yield made


@pytest.fixture
def agent(pair: Pair) -> Owned:
    """An agent with an owner, of one test."""
    return owned(pair, f"owner-{next(_numbers)}@example.com")


def refused_at_both(pair: Pair, token: str, code: str) -> None:
    for line in pair.lines:
        assert line.call("POST", "/v1/create", PICTURE, token=token).code == code


def only_what_runs_is_made(asked: Asked, state: str, reason: str) -> None:
    """The two jobs whose provider was called are charged, and no other is called: it gave back what it held."""
    asked.provider.go_on.set()
    asked.pair.deployment.until_idle()
    assert asked.states() == {("completed", "", "settled", 1): 2, (state, reason, "released", 0): JOBS - 2}
    assert asked.provider.calls == 2


def test_a_pause_at_one_process_holds_at_the_other_and_for_what_is_queued(
    pair: Pair, provider: HeldBack, agent: Owned
) -> None:
    one, other = pair.lines
    asked = asked_for(pair, provider, agent.token, JOBS)
    agent.owner.post(one, f"{agent.page}/pause", {"message": "Wait for me"})
    refused_at_both(pair, agent.token, "CAPABILITY_DENIED")
    only_what_runs_is_made(asked, "canceled", "paused_by_owner")
    agent.owner.post(other, f"{agent.page}/resume", {})
    assert one.call("POST", "/v1/create", PICTURE, token=agent.token).status == 200


def test_a_switch_that_is_thrown_is_seen_by_both_processes_and_both_workers(
    pair: Pair, provider: HeldBack, agent: Owned
) -> None:
    asked = asked_for(pair, provider, agent.token, JOBS)
    pair.deployment.manage("switch provider:openai off --reason Invoice")
    try:
        refused_at_both(pair, agent.token, "PROVIDER_UNAVAILABLE")
        only_what_runs_is_made(asked, "failed", "")
    finally:
        pair.deployment.manage("switch provider:openai on")
    for line in pair.lines:
        assert line.call("POST", "/v1/create", PICTURE, token=agent.token).status == 200


# What an owner's process has committed when it dies before it has ended what was queued, and what time alone ends.
BEHIND = {
    "a pause": ("accounts_agent SET paused_at", "id", "agent_id", "paused_by_owner"),
    "a revocation": ("accounts_agenttoken SET revoked_at", "id", "token_id", "token_ended"),
    "a token's end": ("accounts_agenttoken SET ends_at", "id", "token_id", "token_ended"),
    "a mandate's end": ("billing_mandate SET ends_at", "agent_id", "agent_id", "mandate_ended"),
}


@pytest.mark.parametrize("what", BEHIND)
def test_a_worker_sees_right_before_the_call_what_nobody_told_it(
    pair: Pair, provider: HeldBack, agent: Owned, what: str
) -> None:
    column, key, of_job, reason = BEHIND[what]
    asked = asked_for(pair, provider, agent.token, JOBS)
    rows = f"{key} = (SELECT {of_job} FROM creative_job WHERE id = %s)"  # noqa: S608 - the test's own words
    assert pair.deployment.rows(f"UPDATE {column} = now() WHERE {rows} RETURNING 1", asked.jobs[0])
    only_what_runs_is_made(asked, "canceled", reason)


def test_a_token_revoked_at_one_process_is_refused_at_the_other_at_once(
    pair: Pair, provider: HeldBack, agent: Owned
) -> None:
    asked = asked_for(pair, provider, agent.token, JOBS)
    agent.owner.post(pair.lines[0], f"{agent.page}/tokens/all/revoke/now", {})
    refused_at_both(pair, agent.token, "AUTH_REQUIRED")
    for path in ("/v1/whoami", f"/v1/jobs/{asked.jobs[0]}"):
        assert pair.lines[1].call("GET", path, token=agent.token).code == "AUTH_REQUIRED"
    only_what_runs_is_made(asked, "canceled", "token_ended")


def test_creates_that_wait_leave_both_processes_to_others(pair: Pair, provider: HeldBack) -> None:
    """B7: half the threads of a process wait, four for an agent; who finds no place gets 202."""
    provider.hold_back()
    tokens = [pair.lines[0].sign_up() for _ in range(4)]
    told: list[tuple[Line, Told]] = []

    def call(number: int) -> None:
        line = pair.lines[number % 2]
        asked = line.call("POST", "/v1/create", PICTURE, token=tokens[number // 2 % 4], prefer="wait=100")
        told.append((line, asked))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(CALLS)]
    for thread in threads:
        thread.start()
    until(lambda: len(told) == CALLS - 2 * WAITERS, "all but the waiters are answered")
    assert {(one.status, one.body["data"]["job"]["status"] in ("queued", "running")) for _, one in told} == {
        (202, True)
    }
    for line in pair.lines:
        assert line.call("GET", "/healthz").status == 200
        assert line.call("GET", "/v1/quota", token=tokens[0]).status == 200
        assert line.call("GET", "/account/login/code/", accept="text/html").status == 200
        assert line.call("POST", "/webhooks/stripe", {}).status == 400
    assert len(told) == CALLS - 2 * WAITERS
    provider.go_on.set()
    for thread in threads:
        thread.join(100)
    assert [one.status for _, one in told[CALLS - 2 * WAITERS :]] == [200] * (2 * WAITERS)
    pair.deployment.until_idle()


def test_a_cap_is_met_exactly_whichever_process_is_asked(pair: Pair, provider: HeldBack) -> None:
    provider.hold_back()
    capped = owned(pair, f"owner-{next(_numbers)}@example.com", cap_day=5)
    told = pair.at_once(
        20, lambda line, _: line.call("POST", "/v1/create", PICTURE, token=capped.token, prefer="respond-async")
    )
    assert Counter(one.code for one in told) == {"": 5, "SPEND_CAP_EXCEEDED": 15}
    provider.go_on.set()
    pair.deployment.until_idle()
    refused_at_both(pair, capped.token, "SPEND_CAP_EXCEEDED")
    made = [one.body["data"]["job_id"] for one in told if not one.code]
    assert Asked(pair, provider, tuple(made)).states() == {("completed", "", "settled", 1): 5}


def the_other_clock_ticks(pair: Pair) -> None:
    """Return when the clock that does not check the books has done another work."""
    done = "SELECT finished_at FROM core_periodicrun WHERE name = 'make_thumbnails'"
    before = pair.deployment.rows(done)
    until(lambda: pair.deployment.rows(done) != before, "the other clock ticks")


def test_the_books_are_checked_by_one_of_two_clocks_and_raise_no_false_alarm(
    pair: Pair, provider: HeldBack
) -> None:
    """C4: a check among writers, by whichever worker is first; while it lasts the other one leaves it alone."""
    provider.go_on.set()
    runs = "SELECT count(*) FROM billing_booksrun"
    until(lambda: pair.count(runs) > 0, "the books were checked once")
    before = pair.count(runs)
    due = (
        "UPDATE core_periodicrun SET due_at = now() WHERE name = 'reconcile' AND leased_until IS NULL RETURNING 1"
    )
    checking = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND query ~ 'INSERT INTO .billing_booksrun'"
    )
    with Load(pair.lines[0], [pair.lines[0].sign_up()]) as load, Load(pair.lines[1], [pair.lines[1].sign_up()]):
        load.until_made(1)
        for number in (1, 2, 3):
            # A check that cannot note its end goes on until it can.
            with psycopg.connect(pair.deployment.settings["DATABASE_URL"]) as end:
                end.execute("LOCK TABLE billing_booksrun IN SHARE ROW EXCLUSIVE MODE")
                until(lambda: pair.deployment.rows(due), "the check is due")
                until(lambda: pair.count(checking) > 0, "a clock checks")
                the_other_clock_ticks(pair)
                the_other_clock_ticks(pair)
                assert pair.count(checking) == 1
            until(lambda wanted=before + number: pair.count(runs) >= wanted, "it is done")
        assert "The books balance." in pair.deployment.manage("reconcile")
    # Three of the clocks, and the one by hand.
    assert pair.count(runs) == before + 4
    assert pair.count("SELECT count(*) FROM billing_booksfinding") == 0
    pair.deployment.until_idle()


def test_one_workspace_that_both_processes_change_at_once_knows_no_deadlock(
    pair: Pair, provider: HeldBack, agent: Owned, cluster: Cluster
) -> None:
    """A6: creates and settles, pauses, limits and claims all take the same row first."""
    provider.go_on.set()
    log = cluster.folder / "log"
    before = log.read_text().count("deadlock detected")
    others = [unclaimed(pair, agent.owner) for _ in range(4)]

    def act(line: Line, number: int) -> Told:
        if number < 4:
            return claim(line, agent.owner, others[number], workspace=agent.page.split("/")[2])
        if number < 8:
            return agent.owner.post(line, f"{agent.page}/{'resume' if number > 5 else 'pause'}", {"message": ""})
        return line.call("POST", "/v1/create", PICTURE, token=agent.token, prefer="respond-async")

    told = pair.at_once(24, act)
    assert {one.code for one in told} <= {"", "CAPABILITY_DENIED"}
    pair.deployment.until_idle()
    assert log.read_text().count("deadlock detected") == before


def test_no_process_writes_what_is_secret_into_its_log(pair: Pair, provider: HeldBack, agent: Owned) -> None:
    """B15, for the web processes and the workers of all tests here."""
    provider.go_on.set()
    for line in pair.lines:
        assert line.call("POST", "/v1/create", PICTURE | {"prompt": CANARY}, token=agent.token).status == 200
        assert line.call("POST", "/v1/create", {"prompt": CANARY, "size": CANARY}, token=agent.token).status == 400
        for path in (
            f"v1/jobs?cursor={CANARY_WORD}",
            *(f"{part}/{CANARY_WORD}" for part in ("a", "s", "pay", "claim")),
        ):
            line.call("GET", f"/{path}", token=agent.token)
    log = (pair.deployment.folder / "log").read_text()
    assert "/v1/create" in log
    assert "imageskill.access" in log
    for secret in (CANARY, CANARY_WORD, *agent.secrets, "@example.com", "@gmail.com"):
        assert secret not in log
