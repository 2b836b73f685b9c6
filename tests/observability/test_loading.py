"""What is not asked for is not loaded: each setting has its price, and no other setting pays it."""

import subprocess
import sys

import pytest

from tests.environment import REPOSITORY, for_tests

HEAVY = {"opentelemetry.sdk": "OTEL_EXPORTER_OTLP_ENDPOINT", "sentry_sdk": "SENTRY_DSN"}
LOAD = """
import sys
import imageskill.wsgi
print(*sorted(set(sys.argv[1:]) & set(sys.modules)))
"""


def loaded(tmp_path: object, **settings: str) -> list[str]:
    keys = {name: name.lower() * 8 for name in ("SECRET_KEY", "IDENTITY_KEY")}
    given = for_tests(REPOSITORY / "unused", **keys, **settings) | {
        "DATA_DIR": str(tmp_path),
        "JOB_RUNNER": "worker",
    }
    given["DATABASE_URL"] = "postgres://nobody@127.0.0.1:1/none"
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", LOAD, *HEAVY, "requests", "opentelemetry"],
        cwd=REPOSITORY,
        env=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_service_that_nobody_watches_loads_nothing_for_it(tmp_path: object) -> None:
    assert set(loaded(tmp_path)) & {*HEAVY, "opentelemetry"} == set()


@pytest.mark.parametrize("module", HEAVY)
def test_a_setting_loads_its_own_library(tmp_path: object, module: str) -> None:
    address = "http://key@127.0.0.1:9/1"
    found = loaded(tmp_path, **{HEAVY[module]: address})
    assert set(found) & set(HEAVY) == {module}


def test_the_client_loads_none_of_it() -> None:
    script = "import sys, imageskill.cli.entry; print(*sys.modules)"
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
    )
    assert not set(done.stdout.split()) & {*HEAVY, "prometheus_client", "django", "opentelemetry"}
