import io
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from billing import ledger
from billing.models import Hold
from creative import images
from creative.models import Asset, Attempt, Job
from creative.providers.base import Failure, Picture, ProviderCall, ProviderError, ProviderResult
from tests.cast import Answer, Member
from tests.creative.evidence import assert_released, balance
from tests.doubles import FakeProvider, png

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

CODES = {
    Failure.REFUSED: ("CONTENT_POLICY_DENIED", 6, 422),
    Failure.FAILED: ("PROVIDER_FAILURE", 7, 502),
    Failure.UNAVAILABLE: ("PROVIDER_UNAVAILABLE", 7, 503),
    Failure.UNUSABLE: ("PROVIDER_UNAVAILABLE", 7, 503),
    Failure.TIMED_OUT: ("TIMEOUT", 8, 504),
    Failure.CANCELED: ("JOB_CANCELED", 1, 409),
}


def failing(error: Exception) -> Callable[[ProviderCall], ProviderResult]:
    def behaviour(call: ProviderCall) -> ProviderResult:
        raise error

    return behaviour


def giving(*pictures: bytes, mime_type: str = "image/png") -> Callable[[ProviderCall], ProviderResult]:
    def behaviour(call: ProviderCall) -> ProviderResult:
        return ProviderResult(tuple(Picture(data, mime_type) for data in pictures))

    return behaviour


def drawn(kind: str, size: tuple[int, int] = (8, 8)) -> bytes:
    file = io.BytesIO()
    Image.new("L", size).save(file, kind)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG whose header promises a huge picture."""
    data = bytearray(png())
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def assert_failed(agent: Member, answer: Answer, code: str, exit_code: int, status: int) -> Job:
    """Check a failed create from all sides: the answer, the money, the job's page and its event."""
    state = "canceled" if code == "JOB_CANCELED" else "failed"
    assert (answer.code, answer.exit_code, answer.status) == (code, exit_code, status), answer.body
    assert answer.body["data"] is None
    job = Job.objects.get()
    recovery = answer.error["recovery"]
    assert (recovery["job_id"], recovery["charged_credits"]) == (job.pk, 0)
    assert recovery["suggested_command"] == f"image-skill jobs show {job.pk} --json"
    assert_released(agent, job.pk)
    shown = agent.get(f"/v1/jobs/{job.pk}").data
    assert (shown["status"], shown["assets"], shown["cost"]["consumed_credits"]) == (state, [], 0)
    assert shown["job"]["error"] == {"code": code, "message": answer.error["message"], "exit_code": exit_code}
    assert shown["job"]["finished_at"] is not None
    events = agent.get(f"/v1/activity/{job.pk}").data["events"]
    assert [(event["type"], event["status"]) for event in events] == [("job.completed", state)]
    assert events[0]["cost"]["credits"] == 0
    assert Attempt.objects.get().finished_at is not None
    return job


@pytest.mark.parametrize("failure", list(Failure))
@pytest.mark.parametrize("key", [None, "run-1"])
def test_a_failure_of_the_provider_is_told_and_charges_nothing(
    agent: Member, provider: FakeProvider, failure: Failure, key: str | None
) -> None:
    provider.behaviour = failing(ProviderError(failure, "The provider says no.", cost_micros=1_500))
    answer = agent.create(key=key)
    job = assert_failed(agent, answer, *CODES[failure])
    assert answer.error["message"] == "The provider says no."
    final = failure in (Failure.REFUSED, Failure.CANCELED)
    assert answer.error["retryable"] is (key is not None and not final)
    assert job.safety_status == ("denied" if failure is Failure.REFUSED else "allowed")
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.provider_cost_micros) == ("failed", 1_500)


@pytest.mark.parametrize(
    "error",
    [KeyError("A red boat"), ValueError("/srv/secret"), RecursionError(), MemoryError(), OSError(28, "full")],
)
def test_a_bug_is_told_as_a_fault_of_the_service_and_charges_nothing(
    agent: Member, provider: FakeProvider, error: Exception
) -> None:
    provider.behaviour = failing(error)
    answer = agent.create("A red boat", key="run-1")
    assert_failed(agent, answer, "INTERNAL_ERROR", 1, 500)
    assert answer.error["retryable"] is True
    told = answer.response.content.decode()
    assert "red boat" not in told
    assert "secret" not in told
    assert Attempt.objects.get().state == "house_exposure"


@pytest.mark.parametrize(
    "pictures",
    [
        (),
        (b"",),
        (b"no picture",),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>",),
        (b"<html><script>alert(1)</script></html>",),
        (png()[:-24],),
        (png()[:60],),
        (bomb(20_000, 20_000),),
        (bomb(50_000, 1),),
        (bomb(0, 0),),
        (bomb(2**31 - 1, 2**31 - 1),),
        (drawn("PNG", (12_001, 1)),),
        (drawn("BMP"),),
        (drawn("TIFF"),),
        (drawn("PPM"),),
    ],
    ids=str,
)
def test_what_is_no_picture_is_a_failure_of_the_provider(
    agent: Member, provider: FakeProvider, pictures: tuple[bytes, ...]
) -> None:
    provider.behaviour = giving(*pictures)
    assert_failed(agent, agent.create(), "PROVIDER_FAILURE", 7, 502)


@pytest.mark.parametrize(("width", "height"), [(12_001, 1), (1, 12_001), (7_072, 7_071), (9_000, 9_000)])
def test_a_picture_that_is_too_large_is_refused_before_a_pixel_is_decoded(width: int, height: int) -> None:
    with pytest.raises(images.NotAPicture, match="too large"):
        images.inspect(bomb(width, height))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_what_its_bytes_are_and_not_what_the_provider_calls_it(
    agent: Member, provider: FakeProvider, kind: str
) -> None:
    data = drawn(kind)
    provider.behaviour = giving(data, mime_type="text/html")
    asset = agent.create().data["assets"][0]
    assert asset["mime_type"] == f"image/{kind.lower()}"
    assert asset["url"].endswith({"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}[kind])
    assert (asset["width"], asset["height"], asset["content_length"]) == (8, 8, len(data))


@pytest.mark.parametrize(("asked", "given"), [(1, 3), (2, 2), (4, 1), (4, 3), (3, 9)])
def test_only_what_was_asked_for_and_delivered_is_charged(
    agent: Member, provider: FakeProvider, asked: int, given: int
) -> None:
    provider.behaviour = giving(*[png()] * given)
    made = agent.create(output_count=asked)
    kept = min(asked, given)
    assert (made.status, len(made.data["assets"]), Asset.objects.count()) == (200, kept, kept)
    assert made.data["quota"]["consumed_credits"] == kept
    assert made.data["cost"]["credit_pricing"]["credits_required"] == asked
    assert made.data["request"]["output_count"] == asked
    assert any(f"{kept} of {asked}" in warning for warning in made.body["warnings"]) is (given < asked)
    assert balance(agent)["remaining_credits"] == 50 - kept
    assert Hold.objects.get().settled_credits == kept
    assert ledger.verify() == []


def test_garbage_among_pictures_is_dropped_and_not_charged(agent: Member, provider: FakeProvider) -> None:
    provider.behaviour = giving(png(), b"garbage", png("navy"))
    made = agent.create(output_count=3)
    assert made.data["quota"]["consumed_credits"] == len(made.data["assets"]) == 2
    assert list(Asset.objects.order_by("position").values_list("position", flat=True)) == [0, 1]
    assert made.body["warnings"] == ["2 of 3 pictures were delivered; only these are charged."]


def test_a_key_whose_job_failed_makes_a_new_attempt(agent: Member, provider: FakeProvider) -> None:
    usual = provider.behaviour
    provider.behaviour = failing(ProviderError(Failure.FAILED, "The provider says no."))
    failed = agent.create(key="run-1")
    provider.behaviour = usual
    made, again = agent.create(key="run-1"), agent.create(key="run-1")
    assert (failed.status, made.status, again.status) == (502, 200, 200)
    assert made.data["job_id"] == again.data["job_id"] != failed.error["recovery"]["job_id"]
    assert Job.objects.get(pk=made.data["job_id"]).retry_of == failed.error["recovery"]["job_id"]
    assert len(provider.calls) == 2
    assert balance(agent)["remaining_credits"] == 49
    assert sorted(Hold.objects.values_list("state", flat=True)) == ["released", "settled"]


def test_a_failure_does_not_use_up_a_free_job_of_the_day(agent: Member, provider: FakeProvider) -> None:
    usual: Any = provider.behaviour
    provider.behaviour = failing(ProviderError(Failure.UNAVAILABLE, "The provider is away."))
    for _ in range(6):
        assert agent.create().code == "PROVIDER_UNAVAILABLE"
    provider.behaviour = usual
    assert agent.get("/v1/quota").data["daily_jobs"]["used"] == 0
    assert agent.create().status == 200
    assert ledger.verify() == []
