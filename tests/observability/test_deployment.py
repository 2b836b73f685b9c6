"""A deployment whose servers are stopped one after the other: health, life and numbers as its processes tell."""

import re
import shutil
import time
from pathlib import Path

import pytest

from tests.deploy.conftest import Deployment, cluster, deployment, prepared  # noqa: F401 - fixtures
from tests.deploy.load import Told
from tests.deploy.servers import until
from tests.observability.conftest import TOKEN, Ear, spans_in


@pytest.fixture
def watched(deployment: Deployment, ear: Ear) -> Deployment:  # noqa: F811 - the fixture
    """Two web processes and a worker whose numbers may be asked for, and which are traced."""
    deployment.settings |= {
        "METRICS_TOKEN": TOKEN,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{ear.port}",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    deployment.web()
    deployment.web()
    deployment.worker()
    deployment.until_fit()
    return deployment


def asked(deployment: Deployment, path: str) -> Told:  # noqa: F811 - the same
    """Ask, and see that the answer came in time, whatever is away."""
    began = time.monotonic()
    told = deployment.line.call("GET", path)
    assert time.monotonic() - began < 8
    return told


def numbers(deployment: Deployment) -> str:  # noqa: F811 - the same
    told = deployment.line.call("GET", "/metrics", token=TOKEN)
    assert told.status == 200
    return told.text


def checks(deployment: Deployment) -> dict[str, str]:  # noqa: F811 - the same
    told = asked(deployment, "/healthz").body
    found: dict[str, str] = (told["data"] or told["error"]["recovery"])["checks"]
    return found


FIT = {"database": "ok", "storage": "ok", "queue": "ok"}


def test_what_is_away_is_told_and_what_is_back_too(watched: Deployment, ear: Ear) -> None:
    assert checks(watched) == FIT
    sums_of_all_processes(watched)
    traces_of_both_processes(watched, ear)
    watched.redis.stop()
    until(lambda: asked(watched, "/healthz").body["warnings"], "the cache is found away")
    assert checks(watched) == FIT
    assert 'imageskill_up{part="cache"} 0.0' in numbers(watched)
    watched.redis.start()
    until(lambda: not asked(watched, "/healthz").body["warnings"], "the cache is back")
    media = Path(watched.settings["DATA_DIR"]) / "media"
    shutil.rmtree(media, ignore_errors=True)
    media.write_text("a file where the folder should be")
    assert checks(watched) == FIT | {"storage": "down"}
    media.unlink()
    assert checks(watched) == FIT
    watched.cluster.stop("immediate")
    try:
        assert checks(watched) == FIT | {"database": "down", "queue": "down"}
        assert asked(watched, "/livez").status == 204
        assert 'imageskill_up{part="database"} 0.0' in numbers(watched)
        until(lambda: "imageskill_holds_open" not in numbers(watched), "no reading is told that is old")
        assert answered(numbers(watched)) > 20
    finally:
        watched.cluster.start()
    watched.until_fit()
    until(lambda: "imageskill_holds_open 0.0" in numbers(watched), "what the rows say is back")


def sums_of_all_processes(watched: Deployment) -> None:
    """One scrape tells what the web processes answered and what the worker did."""
    member = watched.line.sign_up()
    made = watched.line.call("POST", "/v1/create", {"prompt": "A red boat"}, token=member)
    assert made.status in (200, 202), made
    watched.until_idle()
    until(lambda: ended(numbers(watched)) == 1, "the worker's job is counted")
    before = answered(numbers(watched))
    for _ in range(20):
        watched.line.call("GET", "/livez")
    # Two processes answered them; whichever is asked, none counts twice, and after a moment none is missing.
    until(lambda: answered(numbers(watched)) == before + 20, "each answer is counted once")


def ended(text: str) -> float:
    return total(text, r'imageskill_jobs_ended_total\{provider="canvas",state="completed"\} (\S+)')


def answered(text: str) -> float:
    return total(text, r'imageskill_http_requests_total\{method="GET",route="/livez",status="204"\} (\S+)')


def total(text: str, pattern: str) -> float:
    return sum(float(number) for number in re.findall(pattern, text))


def traces_of_both_processes(watched: Deployment, ear: Ear) -> None:
    """The worker's job stands in the trace of the request that asked for it."""
    until(lambda: {"POST /v1/create", "job"} <= {one.name for one in spans_in(ear)}, "the spans have come")
    by_name = {one.name: one.trace_id for one in spans_in(ear)}
    assert by_name["job"] == by_name["POST /v1/create"]
