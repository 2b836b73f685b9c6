"""A new version under load: no connection is refused, no request fails, what was under way is finished."""

import threading

from tests.deploy.conftest import Deployment
from tests.deploy.load import Load, Told
from tests.deploy.servers import until


def test_a_rolling_restart_under_load_fails_no_request(deployment: Deployment) -> None:
    units = [deployment.web(), deployment.web(), deployment.worker(), deployment.worker()]
    deployment.until_fit()
    tokens = [deployment.line.sign_up() for _ in range(2)]
    with Load(deployment.line, tokens) as load:
        for unit in units:
            load.after(20)
            unit.restart()
        load.after(20)
    assert load.bad() == []
    deployment.until_idle()
    assert deployment.rows("SELECT DISTINCT state FROM creative_job") == [("completed",)]
    assert deployment.rows("SELECT count(*) FROM creative_job") == [(sum(load.made.values()),)]
    deployment.prove()


def test_callers_meet_no_refusal_while_no_process_lives(deployment: Deployment) -> None:
    """The socket is systemd's: a call between the end of one process and the start of the next waits."""
    web = deployment.web()
    web.stop()
    told: list[Told] = []
    caller = threading.Thread(target=lambda: told.append(deployment.line.call("GET", "/livez")))
    caller.start()
    caller.join(1)
    assert caller.is_alive()
    web.start()
    caller.join(60)
    assert [one.status for one in told] == [204]


def test_a_create_that_waits_is_answered_when_its_process_ends(
    deployment: Deployment,
) -> None:
    web = deployment.web()
    token = deployment.line.sign_up()
    told: list[Told] = []

    def create() -> None:
        told.append(
            deployment.line.call("POST", "/v1/create", {"prompt": "A boat"}, token=token, prefer="wait=100")
        )

    caller = threading.Thread(target=create)
    caller.start()
    until(lambda: deployment.rows("SELECT state FROM creative_job") == [("queued",)], "the create waits")
    assert web.stop() == 0
    caller.join(30)
    assert [one.status for one in told] == [202]
    web.start()
    deployment.worker()
    deployment.until_idle()
    job = deployment.line.call("GET", f"/v1/jobs/{told[0].body['data']['job_id']}", token=token)
    assert job.body["data"]["status"] == "completed"
