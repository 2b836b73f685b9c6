"""The dashboard, the scrape configuration and the alerts name metrics that there are."""

import json
import re
from typing import Any

import pytest
import yaml

from imageskill.core import metrics
from imageskill.flows import gauges
from tests.environment import REPOSITORY

BOARD = REPOSITORY / "deploy" / "grafana" / "image-skill.json"
SCRAPING = REPOSITORY / "deploy" / "prometheus" / "prometheus.yml"
ALERTS = REPOSITORY / "deploy" / "prometheus" / "alerts.yml"
PROMETHEUS_OWN = {"up"}


def known() -> dict[str, set[str]]:
    """Return every sample's name with the labels that it has."""
    found: dict[str, set[str]] = {"imageskill_up": {"part"}, "imageskill_build_info": {"version"}}
    found |= {name: set(labels) for name, (_, labels) in gauges.WORDS.items()}
    for family in metrics.REGISTRY.collect():
        labels = set(getattr(metrics.REGISTRY._names_to_collectors[family.name], "_labelnames", ()))
        if family.type == "histogram":
            found[f"{family.name}_bucket"] = {*labels, "le"}
            found |= {f"{family.name}_sum": labels, f"{family.name}_count": labels}
        else:
            found[f"{family.name}_total"] = labels
    return found


def board() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(BOARD.read_text())
    return told


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def expressions() -> dict[str, str]:
    """Return every query, by where it stands."""
    found = {rule["alert"]: rule["expr"] for rule in rules()}
    for panel in board()["panels"]:
        for target in panel.get("targets", []):
            found[f"{panel['title']} {target['refId']}"] = target["expr"]
    return found


@pytest.mark.parametrize("where", expressions())
def test_a_query_names_metrics_and_labels_that_there_are(where: str) -> None:
    expression, samples = expressions()[where], known()
    named = set(re.findall(r"\b(imageskill_\w+|up)\b(?=\s*[{\[)=>+/]|$| )", expression))
    assert named
    assert named - PROMETHEUS_OWN <= set(samples)
    for name, matchers in re.findall(r"\b(imageskill_\w+)\{([^}]*)\}", expression):
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', '""', matchers)))
        assert labels <= samples[name] | {"job", "instance"}, name
    grouped = {
        label.strip() for words in re.findall(r"\bby \(([^)]*)\)", expression) for label in words.split(",")
    }
    assert grouped <= {"job", "instance"}.union(*(samples.get(name, set()) for name in named))
    assert expression.count("(") == expression.count(")")


def test_each_metric_is_shown_somewhere() -> None:
    told = " ".join(expressions().values())
    shown = {name for name in known() if name in told}
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in known()}
    assert families - {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown} == set()


def test_the_panels_of_the_board_stand_beside_each_other() -> None:
    panels = board()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_an_alert_says_how_bad_it_is_what_is_so_and_what_to_do() -> None:
    told = rules()
    assert len({rule["alert"] for rule in told}) == len(told)
    for rule in told:
        assert rule["labels"]["severity"] in {"page", "look"}, rule["alert"]
        assert set(rule["annotations"]) == {"summary", "what_to_do"}, rule["alert"]
        assert all(text.endswith((".", "?")) for text in rule["annotations"].values()), rule["alert"]


def test_prometheus_asks_where_the_numbers_are() -> None:
    told = yaml.safe_load(SCRAPING.read_text())
    assert told["rule_files"] == [ALERTS.name]
    (job,) = told["scrape_configs"]
    assert job["metrics_path"] == "/metrics"
    assert job["authorization"]["credentials_file"].startswith("/etc/")
    assert int(job["scrape_timeout"].removesuffix("s")) > 8


def test_each_metric_is_explained() -> None:
    page = (REPOSITORY / "docs" / "observability.md").read_text()
    families = {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in known()}
    named = set(re.findall(r"`(imageskill_\w+)`", page))
    assert {re.sub(r"_total$", "", name) for name in named} == families
