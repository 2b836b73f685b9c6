"""Settings of those who watch: what could be guessed or leads nowhere is refused at the start."""

import pytest
from django.conf import LazySettings

from imageskill import checks, watching
from imageskill.core import snapshots

LONG = "a word of enough characters to be a token"


@pytest.mark.parametrize(
    ("setting", "value", "problems"),
    [
        ("METRICS_TOKEN", "", 0),
        ("METRICS_TOKEN", "short", 1),
        ("METRICS_TOKEN", LONG[:31], 1),
        ("METRICS_TOKEN", LONG[:32], 0),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318", 0),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318", 1),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://collector:4317", 1),
        ("SENTRY_DSN", "https://key@sentry.example.com/1", 0),
        ("SENTRY_DSN", "key@sentry.example.com", 1),
    ],
)
def test_a_setting_that_could_not_work_is_named_without_its_value(
    settings: LazySettings, setting: str, value: str, problems: int
) -> None:
    setattr(settings, setting, value)
    found = checks.check_watching(None)
    assert [problem.id for problem in found] == ["imageskill.E019"] * problems
    assert all(setting in str(problem.msg) and value not in str(problem.msg) for problem in found)


def test_what_is_set_begins_once_and_what_is_not_does_not(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(watching, "_started", watching.threading.Lock())
    monkeypatch.setattr(snapshots, "start", lambda: begun.append("metrics"))
    settings.METRICS_TOKEN, settings.SENTRY_DSN, settings.OTEL_EXPORTER_OTLP_ENDPOINT = LONG, "", ""
    watching.start()
    watching.start()
    assert begun == ["metrics"]
