"""What every adapter does at the port, whoever stands behind it."""

import io
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils.module_loading import import_string
from PIL import Image

from creative import registry
from creative.catalogue import loader, parameters
from creative.catalogue.entries import ModelEntry
from creative.providers import fal, http
from creative.providers.base import Failure, Provider, ProviderCall, ProviderError
from tests.providers import calls, fal_server, openai_server, xai_server
from tests.providers.fal_server import FalServer
from tests.providers.loopback import Loopback
from tests.providers.openai_server import OpenAIServer
from tests.providers.xai_server import XaiServer

BAD_KEY = "not-the-key-9e0a"


@dataclass(frozen=True)
class Twin:
    """A provider on the loopback: its server, the key that it takes, and how it is made to go wrong."""

    adapter: str
    server: Callable[[], Loopback]
    key: str
    refuse: Callable[[Any], None]
    garble: Callable[[Any], None]
    hush: Callable[[Any], None]


def turned(mode: Any) -> Callable[[Any], None]:
    """Return what puts a server into that mode."""
    return lambda server: setattr(server, "mode", mode)


TWINS = {
    "fal": Twin(
        "creative.providers.fal.Adapter",
        FalServer,
        fal_server.KEY,
        refuse=turned(fal_server.Mode.MODERATION),
        garble=turned(fal_server.Mode.MALFORMED),
        hush=turned(fal_server.Mode.SILENT),
    ),
    "openai": Twin(
        "creative.providers.openai.Adapter",
        OpenAIServer,
        openai_server.KEY,
        refuse=turned(openai_server.Mode.MODERATION),
        garble=turned(openai_server.Mode.MALFORMED),
        hush=turned(openai_server.Mode.SILENT),
    ),
    "xai": Twin(
        "creative.providers.xai.Adapter",
        XaiServer,
        xai_server.KEY,
        refuse=turned(xai_server.Mode.WITHHELD),
        garble=turned(xai_server.Mode.MALFORMED),
        hush=turned(xai_server.Mode.SILENT),
    ),
}
OFFLINE = {"canvas": "creative.providers.canvas.Adapter"}
"""Those that ask nobody: they have no server, no key, no deadline, and refuse nothing."""
ENTRIES = {entry.id: entry for entry in loader.current().order}


@dataclass(frozen=True)
class Stage:
    """An adapter before its provider's twin."""

    provider_id: str
    twin: Twin
    server: Any

    @property
    def adapter(self) -> Provider:
        """A new instance, made from the settings of this moment."""
        adapter: Provider = import_string(self.twin.adapter)()
        return adapter

    @property
    def posts(self) -> int:
        """How often the provider was asked for pictures."""
        return sum(request.method == "POST" for request in self.server.seen)

    def call(self, **changes: Any) -> ProviderCall:
        """Return a call of a model of this provider that makes pictures of words."""
        return called(next(entry for entry in self._entries() if "create" in entry.supports), **changes)

    def edit(self) -> ProviderCall:
        """Return a call that changes a picture, of a model made for it where the catalogue has one."""
        best = max(self._entries(), key=lambda entry: "edit" in entry.supports)
        return called(best, inputs=(calls.input_picture(),))

    def _entries(self) -> list[ModelEntry]:
        return [entry for entry in ENTRIES.values() if entry.provider_id == self.provider_id]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(fal.Adapter, "first_pause_seconds", 0.0)


@pytest.fixture(params=sorted(TWINS))
def stage(request: pytest.FixtureRequest, settings: LazySettings) -> Iterator[Stage]:
    with staged(request.param, settings) as stage:
        yield stage


@contextmanager
def staged(provider_id: str, settings: LazySettings) -> Iterator[Stage]:
    twin = TWINS[provider_id]
    with twin.server() as server:
        settings.PROVIDER_KEYS = {provider_id: twin.key}
        settings.PROVIDER_BASES = {provider_id: server.base}
        yield Stage(provider_id, twin, server)


def called(entry: ModelEntry, **changes: Any) -> ProviderCall:
    """Return a call of a model with the catalogue's defaults, and an input where the model only edits."""
    inputs = () if "create" in entry.supports else (calls.input_picture(),)
    # The offline edits do what they are told and invent nothing, so they are told something.
    told = {"grayscale": True} if entry.id == "canvas.edit" else {}
    complete = parameters.complete(entry, told).parameters
    return calls.call(**{"model": entry.provider_model, "parameters": complete, "inputs": inputs} | changes)


def failure_of(act: Callable[[], object], *secrets: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        act()
    assert calls.leaks(caught.value, *secrets) == []
    return caught.value


def test_every_adapter_of_the_registry_is_under_this_contract() -> None:
    known = {provider_id: twin.adapter for provider_id, twin in TWINS.items()} | OFFLINE
    assert registry.ADAPTERS.items() <= known.items()


@pytest.mark.parametrize("model_id", ENTRIES)
@pytest.mark.parametrize("count", [1, 3])
def test_it_delivers_exactly_the_asked_number_of_pictures(
    model_id: str, count: int, settings: LazySettings
) -> None:
    entry = ENTRIES[model_id]
    if entry.provider_id in OFFLINE:
        adapter: Provider = import_string(OFFLINE[entry.provider_id])()
        result = adapter.generate(called(entry, output_count=count))
    else:
        with staged(entry.provider_id, settings) as stage:
            result = stage.adapter.generate(called(entry, output_count=count))
    assert len(result.pictures) == count
    for picture in result.pictures:
        with Image.open(io.BytesIO(picture.data), formats=("PNG", "JPEG", "WEBP")) as seen:
            seen.load()
            assert seen.get_format_mimetype() == picture.mime_type
    assert result.cost_micros is None or result.cost_micros >= 0


def test_it_edits_a_picture(stage: Stage) -> None:
    assert len(stage.adapter.generate(stage.edit()).pictures) == 1


def test_a_refusal_of_the_provider_is_told_as_one(stage: Stage) -> None:
    stage.twin.refuse(stage.server)
    error = failure_of(partial(stage.adapter.generate, stage.call()), stage.twin.key)
    assert error.failure is Failure.REFUSED


def test_a_bad_key_makes_the_provider_unusable(stage: Stage, settings: LazySettings) -> None:
    settings.PROVIDER_KEYS = {stage.provider_id: BAD_KEY}
    for act in (partial(stage.adapter.generate, stage.call()), stage.adapter.probe):
        error = failure_of(act, BAD_KEY)
        assert (error.failure, error.exposed) == (Failure.UNUSABLE, False)


def test_no_key_makes_the_provider_unusable_and_sends_nothing(stage: Stage, settings: LazySettings) -> None:
    settings.PROVIDER_KEYS = {stage.provider_id: ""}
    assert failure_of(partial(stage.adapter.generate, stage.call())).failure is Failure.UNUSABLE
    assert stage.server.seen == []


def test_a_deadline_that_passes_is_told_as_such(stage: Stage) -> None:
    stage.twin.hush(stage.server)
    error = failure_of(partial(stage.adapter.generate, stage.call(timeout_seconds=0.5)), stage.twin.key)
    assert (error.failure, error.exposed) == (Failure.TIMED_OUT, True)
    assert stage.posts == 1


def test_an_answer_that_cannot_be_read_is_a_failure_that_may_have_been_paid(stage: Stage) -> None:
    stage.twin.garble(stage.server)
    error = failure_of(partial(stage.adapter.generate, stage.call()), stage.twin.key)
    assert (error.failure, error.exposed) == (Failure.FAILED, True)
    assert stage.posts == 1


def test_a_provider_that_cannot_be_reached_is_unavailable(stage: Stage, settings: LazySettings) -> None:
    with stage.twin.server() as gone:
        settings.PROVIDER_BASES = {stage.provider_id: gone.base}
    for act in (partial(stage.adapter.generate, stage.call()), stage.adapter.probe):
        error = failure_of(act, stage.twin.key)
        assert (error.failure, error.exposed) == (Failure.UNAVAILABLE, False)


def test_the_free_question_is_no_call_for_a_picture(stage: Stage) -> None:
    stage.adapter.probe()
    assert [request.method for request in stage.server.seen] == ["GET"]


def test_one_instance_serves_calls_that_run_at_the_same_time(stage: Stage) -> None:
    adapter = stage.adapter
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(adapter.generate, [stage.call(output_count=count) for count in (1, 2, 3, 4)]))
    assert [len(result.pictures) for result in results] == [1, 2, 3, 4]


def test_no_log_line_holds_the_prompt_or_the_key(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    stage.adapter.generate(stage.call())
    for go_wrong in (stage.twin.refuse, stage.twin.garble):
        go_wrong(stage.server)
        failure_of(partial(stage.adapter.generate, stage.call()))
    written = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert written
    assert not [line for line in written for secret in (calls.PROMPT, stage.twin.key) if secret in line]


@pytest.mark.parametrize("path", OFFLINE.values())
def test_one_that_asks_nobody_is_always_at_hand(path: str) -> None:
    adapter: Provider = import_string(path)()
    adapter.probe()
    assert not adapter.resumable
