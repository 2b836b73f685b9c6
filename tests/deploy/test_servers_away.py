"""Redis and PostgreSQL stopped and started under load: every answer is one, and afterwards the books balance."""

import re

import pytest

from tests.deploy.conftest import Deployment
from tests.deploy.load import Load, Told


def test_calls_pass_while_redis_is_stopped_or_hangs(deployment: Deployment) -> None:
    deployment.web()
    deployment.worker()
    deployment.until_fit()
    with Load(deployment.line, [deployment.line.sign_up()]) as load:
        load.after(10)
        deployment.redis.stop()
        load.after(10)
        assert asks_for_a_code(deployment)
        deployment.redis.start()
        load.after(10)
        deployment.redis.freeze()
        load.after(10)
        deployment.redis.thaw()
    assert load.bad() == []
    away = [line for line in deployment.lines() if line["message"] == "shared cache away"]
    assert away
    # Once in five seconds a process, not once a call.
    assert len(away) < len(load.answers) / 4
    deployment.until_idle()
    deployment.prove()


def asks_for_a_code(deployment: Deployment) -> bool:
    """Say whether a person can ask for the code of signing in, which the sign-in library counts in the cache."""
    page = deployment.line.call("GET", "/account/login/code/", accept="text/html")
    form = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert form, page
    sent = deployment.line.post_form(
        "/account/login/code/", {"csrfmiddlewaretoken": form[1], "email": "somebody@gmail.com"}, page
    )
    return sent.status == 302


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_postgresql_restarted_under_load_loses_nothing(deployment: Deployment, mode: str) -> None:
    deployment.web()
    deployment.worker()
    deployment.until_fit()
    with Load(deployment.line, [deployment.line.sign_up() for _ in range(2)]) as load:
        load.after(20)
        deployment.cluster.stop(mode)
        load.after(4)
        deployment.cluster.start()
        deployment.until_fit()
        load.after(20)
    bad = load.bad()
    assert bad
    for told in bad:
        assert_says_that_it_is_away(told)
    deployment.until_idle()
    # Each key has one picture, whatever was repeated; what was answered well is there.
    count = sum(load.made.values())
    assert deployment.rows("SELECT count(*), count(DISTINCT key) FROM core_idempotencykey") == [(count, count)]
    assert deployment.rows("SELECT count(*) FROM creative_job WHERE state = 'completed'") == [(count,)]
    assert deployment.rows("SELECT count(*) FROM billing_hold WHERE state = 'open'") == [(0,)]
    deployment.prove()


def assert_says_that_it_is_away(told: Told) -> None:
    if told.code == "PROVIDER_FAILURE":
        # A job whose provider was being called is not called twice: it failed, and gave back what it held.
        assert told.body["error"]["retryable"] is True, told
        return
    assert (told.status, told.code) == (503, "SERVICE_UNAVAILABLE"), told
    assert told.body["error"]["retryable"] is True or told.method == "POST", told
    assert told.body["error"]["recovery"]["retry_after_seconds"] > 0
    assert told.seconds < 15, told
