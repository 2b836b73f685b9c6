"""Two web processes and two workers on one database: keys, free jobs and limits of calls are counted for all."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.deploy.conftest import deployed
from tests.deploy.load import Line, Told
from tests.deploy.servers import Cluster
from tests.deploy.side_by_side import Pair

CANARY = "an unmistakable zebra"
LIMITS = {"PREVIEW_DAILY_JOBS": "4", "TOKEN_REQUESTS_PER_MINUTE": "30", "SIGNUPS_PER_HOUR": "8"}


@pytest.fixture(scope="module")
def pair(cluster: Cluster, prepared: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """The processes of all tests here; each test has agents of its own."""
    with deployed(cluster, prepared, tmp_path_factory.mktemp("pair")) as deployment:
        made = Pair(deployment, **LIMITS)
        yield made
        made.close()


def create(line: Line, token: str, **headers: str) -> Told:
    return line.call("POST", "/v1/create", {"prompt": CANARY}, token=token, **headers)


def test_what_one_process_decides_the_other_heeds(pair: Pair) -> None:
    one, other = pair.lines
    # One key is one job, whichever process is asked (A7).
    keyed = one.sign_up()
    told = pair.at_once(6, lambda line, _: create(line, keyed, idempotency_key="run-001"))
    assert {answer.status for answer in told} == {200}
    assert len({answer.body["data"]["job_id"] for answer in told}) == 1
    # A cap is a cap: four jobs a day, though twelve come at once at both (A5).
    capped = one.sign_up()
    counted = Counter(answer.code for answer in pair.at_once(12, lambda line, _: create(line, capped)))
    assert counted == {"": 4, "QUOTA_EXCEEDED": 8}
    # A rotated token is dead for both with the first call of the new one.
    fresh = str(one.call("POST", "/v1/agent-tokens/rotate", {}, token=keyed).body["data"]["token"])
    assert other.call("GET", "/v1/whoami", token=fresh).status == 200
    for line in pair.lines:
        assert line.call("GET", "/v1/whoami", token=keyed).code == "AUTH_REQUIRED"
    pair.deployment.until_idle()
    assert pair.deployment.rows("SELECT count(*) FROM creative_job WHERE state = 'completed'") == [(5,)]
    pair.deployment.prove()
    # No process wrote a token, a prompt or an address of a mailbox into its log (B15).
    log = (pair.deployment.folder / "log").read_text()
    for secret in (keyed, fresh, capped, CANARY, "gmail.com"):
        assert secret not in log


def test_both_processes_count_the_same_calls(pair: Pair) -> None:
    """B10: thirty calls a minute with one token are thirty at both together."""
    token = pair.lines[0].sign_up()
    while time.time() % 60 > 40:
        time.sleep(0.5)
    told = pair.at_once(40, lambda line, _: line.call("GET", "/v1/quota", token=token))
    counted = Counter(answer.code for answer in told)
    assert counted == {"": 30, "RATE_LIMITED": 10}
    # A caller who makes up where it comes from stays the network that the proxy saw.
    limits = Counter(
        line.call("GET", "/v1/models", x_forwarded_for=f"198.51.100.{number}, 203.0.113.9").status
        for number in range(4)
        for line in pair.lines
    )
    assert limits == {200: 8}


@pytest.mark.parametrize("shared_cache", ["up", "away"])
def test_signups_of_a_network_are_counted_once_for_all_with_and_without_the_cache(
    pair: Pair, shared_cache: str
) -> None:
    """B10: what guards money and mail is a row of the database."""
    network = {"up": "192.0.2.7", "away": "198.51.100.7"}[shared_cache]
    if shared_cache == "away":
        pair.deployment.redis.stop()

    def sign_up(line: Line, number: int) -> Told:
        body = {"agent_name": f"one of many {number}", "runtime": "tests"}
        return line.call("POST", "/v1/agent-signups", body, x_forwarded_for=f"203.0.113.{number}, {network}")

    try:
        counted = Counter(answer.code for answer in pair.at_once(20, sign_up))
    finally:
        if shared_cache == "away":
            pair.deployment.redis.start()
    assert counted == {"": 8, "RATE_LIMITED": 12}
