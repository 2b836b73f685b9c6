"""Prometheus's own word on what it is given: the scrape, the alerts, and what each alert does when it happens."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.servers import program
from tests.environment import REPOSITORY

GIVEN = REPOSITORY / "deploy" / "prometheus"
EVENTS = "alerts_test.yml"


def promtool(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - Prometheus's own program
        [program("promtool"), *map(str, words)], capture_output=True, text=True, check=False, timeout=60
    )


def test_the_scrape_and_the_rules_are_what_prometheus_reads(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a word")
    for name in ("prometheus.yml", "alerts.yml"):
        text = (GIVEN / name).read_text()
        (tmp_path / name).write_text(text.replace("/etc/prometheus/image-skill-token", str(tmp_path / "token")))
    told = promtool("check", "config", tmp_path / "prometheus.yml")
    assert told.returncode == 0, told.stdout + told.stderr
    rules = [
        rule for group in yaml.safe_load((GIVEN / "alerts.yml").read_text())["groups"] for rule in group["rules"]
    ]
    assert f"{len(rules)} rules found" in told.stdout


def test_each_query_of_the_dashboard_is_one_that_prometheus_reads(tmp_path: Path) -> None:
    board = json.loads((REPOSITORY / "deploy" / "grafana" / "image-skill.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    assert len(asked) > 30
    # What Grafana puts in before it asks.
    plain = [expr.replace("$__rate_interval", "1m").replace("$job", ".+") for expr in asked]
    assert not any("$" in expr for expr in plain)
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(plain)]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    told = promtool("check", "rules", tmp_path / "panels.yml")
    assert told.returncode == 0, told.stdout + told.stderr


def test_each_alert_calls_when_it_has_to_and_not_before() -> None:
    told = promtool("test", "rules", GIVEN / EVENTS)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize(
    "harm", [("> 120", "> 12000"), ("for: 2m", "for: 40m"), ("max(imageskill_books", "min(up")]
)
def test_an_alert_that_does_something_else_is_found(tmp_path: Path, harm: tuple[str, str]) -> None:
    before = (GIVEN / "alerts.yml").read_text()
    assert harm[0] in before
    (tmp_path / "alerts.yml").write_text(before.replace(*harm))
    (tmp_path / EVENTS).write_text((GIVEN / EVENTS).read_text())
    assert promtool("test", "rules", tmp_path / EVENTS).returncode != 0


def test_a_service_that_is_well_is_shown_to_call_nobody() -> None:
    """The quiet hour names every alert, so that none is left out of it."""
    rules = {
        rule["alert"]
        for group in yaml.safe_load((GIVEN / "alerts.yml").read_text())["groups"]
        for rule in group["rules"]
    }
    quiet = yaml.safe_load((GIVEN / EVENTS).read_text())["tests"][0]
    assert {one["alertname"] for one in quiet["alert_rule_test"]} == rules
    assert all("exp_alerts" not in one for one in quiet["alert_rule_test"])
