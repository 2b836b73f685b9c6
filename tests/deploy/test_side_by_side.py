"""Two web processes and two workers on one database: limits, keys, revocation, caps and switches hold for all."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.deploy.conftest import Deployment
from tests.deploy.load import Line, Told, held_socket

CANARY = "an unmistakable zebra"


class Pair:
    """Two web processes, each on a socket of its own, as on two machines."""

    def __init__(self, deployment: Deployment, **given: str) -> None:
        self.sockets = [held_socket(), held_socket()]
        self.lines = [Line(held.getsockname()[1]) for held in self.sockets]
        for held in self.sockets:
            deployment.web(held, **given)
        deployment.line = self.lines[0]

    def at_once(self, count: int, act: Callable[[Line, int], Told]) -> list[Told]:
        """Let so many threads call at the same moment, half of them each process; return their answers."""
        barrier, told = threading.Barrier(count), []

        def call(number: int) -> None:
            barrier.wait(60)
            told.append(act(self.lines[number % 2], number))

        threads = [threading.Thread(target=call, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(150)
        assert len(told) == count
        return told


@pytest.fixture
def pair(deployment: Deployment) -> Iterator[Pair]:
    made = Pair(deployment, PREVIEW_DAILY_JOBS="4", TOKEN_REQUESTS_PER_MINUTE="30")
    yield made
    for held in made.sockets:
        held.close()


def create(line: Line, token: str, **headers: str) -> Told:
    return line.call("POST", "/v1/create", {"prompt": CANARY}, token=token, **headers)


def test_what_one_process_decides_the_other_heeds(deployment: Deployment, pair: Pair) -> None:
    for _ in range(2):
        deployment.worker(PREVIEW_DAILY_JOBS="4")
    deployment.until_fit()
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
    # A switch holds for both, and for the workers (B19).
    deployment.manage("switch model:canvas.draft off --reason Maintenance")
    switched = one.sign_up()
    for line in pair.lines:
        told = [line.call("POST", "/v1/create", {"prompt": CANARY, "model": "canvas.draft"}, token=switched)]
        assert told[0].code == "PROVIDER_UNAVAILABLE", told
    deployment.until_idle()
    assert deployment.rows("SELECT count(*) FROM creative_job WHERE state = 'completed'") == [(5,)]
    deployment.prove()
    # No process wrote a token, a prompt or an address of a mailbox into its log (B15).
    log = (deployment.folder / "log").read_text()
    for secret in (keyed, fresh, capped, CANARY, "gmail.com"):
        assert secret not in log


def test_both_processes_count_the_same_calls(deployment: Deployment, pair: Pair) -> None:
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
