"""What fal is asked, in which order, and that a job is submitted once whoever asks after it."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from PIL import Image

from creative.providers.base import Failure, ProviderError, ProviderResult, Submission
from creative.providers.fal import Adapter
from tests.providers import calls
from tests.providers.fal_server import BANANA_EDIT, FLUX, KEY, FalServer, Mode, receipt_of, running
from tests.providers.loopback import Reply

FLUX_DEFAULTS = {"image_size": "square_hd", "output_format": "jpeg"}


@pytest.fixture
def server(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FalServer]:
    with running(settings, monkeypatch) as server:
        yield server


def generate(**changes: Any) -> ProviderResult:
    return Adapter().generate(calls.call(**{"model": FLUX, "parameters": FLUX_DEFAULTS} | changes))


def seen(result: ProviderResult) -> list[tuple[str | None, tuple[int, int]]]:
    pictures = [Image.open(io.BytesIO(picture.data)) for picture in result.pictures]
    return [(picture.format, picture.size) for picture in pictures]


def test_it_submits_looks_fetches_and_downloads(server: FalServer) -> None:
    server.queued_looks, server.running_looks = 1, 2
    assert seen(generate()) == [("JPEG", (1024, 1024))]
    home = "/fal-ai/flux/requests/req-0001"
    looks = [f"GET {home}/status"] * 4
    assert server.paths == ["POST /fal-ai/flux/dev", *looks, f"GET {home}", "GET /media/req-0001/0"]


def test_it_sends_the_parameters_as_they_are_and_what_the_catalogue_fixes(server: FalServer) -> None:
    size = {"width": 768, "height": 512}
    parameters = {"image_size": size, "output_format": "png", "seed": 11, "acceleration": "high"}
    assert seen(generate(parameters=parameters, output_count=2)) == [("PNG", (768, 512))] * 2
    fixed = {"enable_safety_checker": True, "sync_mode": False}
    assert json.loads(server.seen[0].body) == {"prompt": calls.PROMPT, **parameters, "num_images": 2, **fixed}


def test_it_keeps_nothing_there_and_asks_for_one_run_at_most(server: FalServer) -> None:
    generate(timeout_seconds=90.5)
    headers = server.submissions[0].headers
    assert headers["x-fal-store-io"] == "0"
    assert headers["x-fal-no-retry"] == "1"
    assert json.loads(headers["x-fal-object-lifecycle-preference"]) == {"expiration_duration_seconds": 3600}
    assert headers["x-fal-request-timeout"] == "90"


def test_the_key_goes_to_the_queue_and_never_to_the_pictures(server: FalServer) -> None:
    generate(output_count=2)
    media = [request for request in server.seen if request.path.startswith("/media/")]
    others = [request for request in server.seen if not request.path.startswith("/media/")]
    assert {request.headers.get("authorization") for request in others} == {f"Key {KEY}"}
    assert len(media) == 2
    assert KEY not in str(media)
    assert all("authorization" not in request.headers for request in media)


def test_inputs_travel_as_data_and_an_edit_is_asked_after_at_its_app(server: FalServer) -> None:
    inputs = (calls.input_picture(), calls.input_picture("olive", "image/jpeg"))
    generate(model=BANANA_EDIT, parameters={"resolution": "1K"}, inputs=inputs)
    sent = json.loads(server.seen[0].body)["image_urls"]
    assert [url.partition(";")[0] for url in sent] == ["data:image/png", "data:image/jpeg"]
    assert [base64.b64decode(url.partition(",")[2]) for url in sent] == [picture.data for picture in inputs]
    assert server.paths[:2] == [
        "POST /fal-ai/nano-banana-2/edit",
        "GET /fal-ai/nano-banana-2/requests/req-0001/status",
    ]


def test_the_submission_is_told_before_anything_else_is_asked(server: FalServer) -> None:
    told: list[tuple[Submission, int]] = []
    generate(on_submitted=lambda submission: told.append((submission, len(server.seen))))
    ((submission, requests),) = told
    assert requests == 1
    assert submission.request_id == "req-0001"
    home = f"{server.base}/fal-ai/flux/requests/req-0001"
    assert submission.urls == {
        "status_url": f"{home}/status",
        "response_url": home,
        "cancel_url": f"{home}/cancel",
    }


def test_a_submission_of_another_process_is_fetched_and_nothing_is_submitted(server: FalServer) -> None:
    told: list[Submission] = []
    assert seen(generate(submission=receipt_of(), on_submitted=told.append)) == [("JPEG", (1024, 768))]
    assert (told, len(server.submissions)) == ([], 1)


def test_pictures_that_come_as_data_are_taken(server: FalServer) -> None:
    server.mode = Mode.AS_DATA
    assert seen(generate(output_count=2)) == [("JPEG", (1024, 1024))] * 2
    assert not any("/media/" in path for path in server.paths)


def test_more_pictures_than_were_asked_for_are_left_there(server: FalServer) -> None:
    server.mode = Mode.TOO_MANY
    assert len(generate(output_count=2).pictures) == 2
    assert [path for path in server.paths if "/media/" in path] == [
        "GET /media/req-0001/0",
        "GET /media/req-0001/1",
    ]


def test_a_question_without_a_good_answer_is_asked_again(server: FalServer) -> None:
    broken = ['{"status": "COMPL', '{"status": "WHATEVER"}', "[]", "<html>"]
    server.status_replies = [
        *(Reply(200, text.encode()) for text in broken),
        Reply(dropped=True),
        Reply(500),
        Reply(503, b'{"detail": "no"}'),
        Reply(404),
        Reply(404),
        Reply(202, b"{}"),
        Reply(404),
    ]
    assert len(generate().pictures) == 1
    assert len(server.submissions) == 1


def test_a_mask_and_an_unknown_model_are_refused_before_anything_is_sent(server: FalServer) -> None:
    for changes in ({"mask": calls.input_picture()}, {"model": "fal-ai/of-yesterday"}):
        with pytest.raises(ProviderError) as caught:
            generate(**changes)
        assert (caught.value.failure, caught.value.exposed) == (Failure.FAILED, False)
    assert server.seen == []
