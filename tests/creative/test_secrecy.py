import logging
from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from django.conf import LazySettings

from creative.providers.base import ProviderCall, ProviderResult
from imageskill.logging import JsonFormatter
from tests.cast import Member
from tests.creative.evidence import content_of, fetch, path_of
from tests.doubles import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

PROMPT = "An unmistakable zebra"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Return what the service's log says, as it is written."""
    caplog.set_level(logging.DEBUG)
    written = JsonFormatter()
    return lambda: "\n".join(
        written.format(record) for record in caplog.records if not record.name.startswith("django.db")
    )


def columns_with(canary: str) -> Iterator[str]:
    """Return each column of the database in which a word stands."""
    for model in apps.get_models():
        for row in model._default_manager.values():
            for name, value in row.items():
                if canary in str(value):
                    yield f"{model.__name__}.{name}"


def broken(call: ProviderCall) -> ProviderResult:
    raise ValueError(f"cannot draw {call.prompt}")


@pytest.mark.usefixtures("provider")
def test_a_prompt_stands_in_its_job_only(agent: Member) -> None:
    agent.create(PROMPT, intent="quagga", key="run-okapi")
    agent.create(PROMPT, dry_run=True)
    assert set(columns_with(PROMPT)) == {"Job.prompt"}
    assert set(columns_with("quagga")) == {"Job.intent"}
    assert set(columns_with("run-okapi")) == {"IdempotencyKey.key"}
    assert agent.token is not None
    assert set(columns_with(agent.token)) == set()


def test_a_refused_prompt_stands_nowhere(agent: Member, provider: FakeProvider) -> None:
    refused = "A nude child, unmistakable"
    agent.create(refused, key="run-1")
    agent.create(PROMPT, max_usd=0)
    assert set(columns_with("unmistakable")) == set()
    assert provider.calls == []


def test_the_log_knows_neither_prompt_nor_token_nor_key(
    agent: Member, provider: FakeProvider, lines: Callable[[], str]
) -> None:
    made = agent.create(PROMPT, intent="quagga", key="run-okapi")
    agent.create("A nude child, zebra", intent="quagga", key="run-okapi")
    agent.create("zebra\x07", model_parameters={"zebra": "zebra"})
    provider.behaviour = broken
    assert agent.create(PROMPT, key="run-okapi-2").code == "INTERNAL_ERROR"
    content_of(fetch(path_of(made.data["assets"][0])))
    written = lines()
    assert made.data["trace_id"] in written
    assert "job failed by a fault of the service" in written
    assert agent.token is not None
    hidden = ["zebra", "quagga", "okapi", "nude", agent.token, agent.token[6:], made.data["asset_ids"][0]]
    assert [word for word in hidden if word in written] == []


@pytest.mark.usefixtures("provider")
def test_the_log_of_a_full_disk_names_no_place(
    agent: Member, settings: LazySettings, lines: Callable[[], str]
) -> None:
    options = settings.STORAGES["media"]["OPTIONS"]
    disk = {"BACKEND": "tests.creative.disks.FullDisk", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"media": disk}
    assert agent.create(PROMPT).code == "ARTIFACT_STORAGE_WRITE_FAILED"
    written = lines()
    assert "ENOSPC" in written
    assert str(options["location"]) not in written
    assert "pictures/" not in written


def test_an_error_of_the_service_quotes_nothing_of_the_call(agent: Member, provider: FakeProvider) -> None:
    provider.behaviour = broken
    failed = agent.create(PROMPT)
    told = [failed, agent.get(f"/v1/jobs/{failed.error['recovery']['job_id']}"), agent.get("/v1/activity")]
    for answer in told:
        assert "zebra" not in answer.response.content.decode()
        assert "cannot draw" not in answer.response.content.decode()
    assert set(columns_with("cannot draw")) == set()
