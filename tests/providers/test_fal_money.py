"""What a call at fal cost, and which pictures are refused although they are paid for."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from creative.providers.base import Failure, ProviderError, ProviderResult
from creative.providers.fal import Adapter
from tests.providers import calls
from tests.providers.fal_server import BANANA_EDIT, FLUX, FalServer, Mode, running

SQUARE = {"image_size": "square_hd"}
MICROS = 25_000
"""A megapixel of FLUX.1 [dev]: 0.025 USD."""


@pytest.fixture
def server(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FalServer]:
    with running(settings, monkeypatch) as server:
        yield server


def generate(**changes: Any) -> ProviderResult:
    return Adapter().generate(calls.call(**{"model": FLUX, "parameters": SQUARE} | changes))


def failure_of(**changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        generate(**changes)
    return caught.value


def warnings(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, Any]]]:
    found = [record for record in caplog.records if record.name == "imageskill.providers"]
    return [(record.getMessage(), record.__dict__["fields"]) for record in found]


def test_the_cost_follows_from_the_billed_units(server: FalServer, caplog: pytest.LogCaptureFixture) -> None:
    assert generate(output_count=3).cost_micros == 3 * MICROS
    assert warnings(caplog) == []


def test_a_picture_of_more_than_a_megapixel_counts_as_two(
    server: FalServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.units = "2"
    assert generate(parameters={"image_size": {"width": 1536, "height": 1024}}).cost_micros == 2 * MICROS
    assert warnings(caplog) == []


@pytest.mark.parametrize(("units", "micros"), [("2", 50_000), ("1.05", 26_250), ("0", 0)])
@pytest.mark.parametrize("sizes_told", [True, False])
def test_units_that_disagree_with_the_pictures_are_logged_and_believed(
    server: FalServer, caplog: pytest.LogCaptureFixture, units: str, micros: int, *, sizes_told: bool
) -> None:
    server.units, server.sizes_told = units, sizes_told
    assert generate().cost_micros == micros
    expected = {
        "provider": "fal",
        "model": "fal.flux-dev",
        "units": units,
        "billed_micros": micros,
        "expected_micros": MICROS,
        "request_id": "req-0001",
    }
    assert warnings(caplog) == [("provider billed other units than its pictures have", expected)]


@pytest.mark.parametrize("units", ["", "many", "nan", "inf", "-1", "1e99"])
def test_units_that_say_nothing_tell_no_cost(
    server: FalServer, caplog: pytest.LogCaptureFixture, units: str
) -> None:
    server.units = units
    assert generate().cost_micros is None
    assert warnings(caplog) == []


def test_units_of_a_model_without_a_price_by_megapixel_tell_no_cost(
    server: FalServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.units = "1"
    inputs = (calls.input_picture(),)
    assert generate(model=BANANA_EDIT, parameters={"resolution": "2K"}, inputs=inputs).cost_micros is None
    assert warnings(caplog) == []


def test_flagged_pictures_are_a_refusal_that_was_paid_for(server: FalServer) -> None:
    server.mode = Mode.FLAGGED
    found = failure_of(output_count=2)
    assert (found.failure, found.cost_micros, found.exposed) == (Failure.REFUSED, 2 * MICROS, False)
    assert not any("/media/" in path for path in server.paths)


def test_flagged_pictures_of_unknown_cost_are_exposed(server: FalServer) -> None:
    server.mode, server.units = Mode.FLAGGED, ""
    found = failure_of()
    assert (found.failure, found.cost_micros, found.exposed) == (Failure.REFUSED, 0, True)


def test_a_flagged_picture_among_others_is_left_out(server: FalServer) -> None:
    server.mode = Mode.ONE_FLAGGED
    result = generate(output_count=3)
    assert (len(result.pictures), result.cost_micros) == (2, 3 * MICROS)
    assert [path for path in server.paths if "/media/" in path] == [
        "GET /media/req-0001/1",
        "GET /media/req-0001/2",
    ]


def test_a_picture_that_cannot_be_fetched_does_not_take_the_others_with_it(
    server: FalServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.mode = Mode.NO_MEDIA
    assert len(generate(output_count=3).pictures) == 2
    fields = {"provider": "fal", "kind": "status 404"}
    assert warnings(caplog) == [("provider's picture was not fetched", fields)]


def test_pictures_that_cannot_be_fetched_at_all_are_paid_for(server: FalServer) -> None:
    server.mode = Mode.NO_MEDIA
    found = failure_of()
    assert (found.failure, found.cost_micros, found.exposed) == (Failure.FAILED, MICROS, True)


def test_pictures_that_come_too_late_are_paid_for(server: FalServer) -> None:
    server.mode = Mode.DRIP_MEDIA
    found = failure_of(timeout_seconds=1.5)
    assert (found.failure, found.cost_micros, found.exposed) == (Failure.TIMED_OUT, MICROS, True)
