"""fal on the loopback: its queue, its media and its platform at one address, with failures on demand."""

import base64
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest
from django.conf import LazySettings
from PIL import Image

from creative.providers import http
from creative.providers.base import Submission
from creative.providers.fal import Adapter
from tests.providers import calls
from tests.providers.loopback import Asked, Loopback, Reply

KEY = "fal-loopback-31aa:5d7e"
FLUX = "fal-ai/flux/dev"
BANANA_EDIT = "fal-ai/nano-banana-2/edit"
FIELDS = {
    FLUX: {
        *("prompt", "image_size", "num_images", "num_inference_steps", "guidance_scale", "seed"),
        *("enable_safety_checker", "output_format", "acceleration", "sync_mode"),
    },
    BANANA_EDIT: {
        *("prompt", "image_urls", "num_images", "aspect_ratio", "resolution", "output_format", "safety_tolerance"),
        *("seed", "sync_mode", "limit_generations", "enable_web_search", "thinking_level", "system_prompt"),
    },
}
SIZES = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}


class Mode(StrEnum):
    """How the jobs end."""

    GOOD = "good"
    RATE_LIMIT = "rate_limit"
    LOCKED = "locked"
    BUSY = "busy"
    REDIRECT = "redirect"
    CUT = "cut"
    SILENT = "silent"
    MALFORMED = "malformed"
    STUCK = "stuck"
    MODERATION = "moderation"
    FLAGGED = "flagged"
    ONE_FLAGGED = "one_flagged"
    FAULT = "fault"
    NOT_STARTED = "not_started"
    NO_DATA = "no_data"
    BAD_RESULT = "bad_result"
    CUT_RESULT = "cut_result"
    TOO_MANY = "too_many"
    AS_DATA = "as_data"
    WRONG_TYPE = "wrong_type"
    HUGE = "huge"
    CUT_MEDIA = "cut_media"
    REDIRECT_MEDIA = "redirect_media"
    DRIP_MEDIA = "drip_media"
    NO_MEDIA = "no_media"


@dataclass
class Job:
    """A job in the queue."""

    id: str
    app: str
    model: str
    body: dict[str, Any]
    looks: int = 0
    is_removed: bool = False
    is_asked_to_stop: bool = False
    pictures: list[tuple[bytes, str]] = field(default_factory=list)


class FalServer(Loopback):
    """Takes jobs at `/{model}`, answers for them under `/{owner}/{app}/requests/`, keeps pictures at `/media/`."""

    def __init__(self) -> None:
        super().__init__()
        self.mode = Mode.GOOD
        self.queued_looks = 0
        """How many questions find a job in the queue, before it runs."""
        self.running_looks = 0
        """How many questions find it running, before it has ended."""
        self.obeys = True
        """Whether a running job stops when it is asked to."""
        self.receipt: dict[str, Any] = {}
        """What replaces parts of a receipt."""
        self.refusal: tuple[int, Any, dict[str, str]] | None = None
        """A refusal of a submission: status, body, headers."""
        self.error: tuple[int, Any, dict[str, str]] | None = None
        """A model's error: status, body, headers."""
        self.error_type = ""
        """What the queue says of a job that ended badly."""
        self.status_replies: list[Reply] = []
        """What the next questions are answered instead, the first one first."""
        self.cancel_reply: Reply | None = None
        """What a request to stop is answered instead, without effect."""
        self.image: dict[str, Any] = {}
        """What replaces parts of what a result says of each picture."""
        self.units: str | None = None
        """What `x-fal-billable-units` says; the pictures' megapixels unless told otherwise, nothing if empty."""
        self.sizes_told = True
        self.jobs: dict[str, Job] = {}

    @property
    def paths(self) -> list[str]:
        """What was asked, as `GET /path`, the oldest first."""
        return [f"{request.method} {request.path}" for request in self.seen]

    @property
    def submissions(self) -> list[Asked]:
        """The requests that asked for a new job."""
        return [request for request in self.seen if request.method == "POST"]

    def route(self, request: Asked) -> Reply:
        if request.path.startswith("/media/"):
            return self._media(request.path)
        if request.headers.get("authorization") != f"Key {KEY}":
            return told(401, {"detail": "Cannot access application: authentication is required."})
        if request.method == "GET" and request.path == "/v1/models/pricing":
            return self._price(request)
        if request.method == "POST" and request.path[1:] in FIELDS:
            return self._submitted(request.path[1:], json.loads(request.body))
        found = re.fullmatch(r"/([^/]+/[^/]+)/requests/([^/]+)(/status|/cancel|)", request.path)
        job = self.jobs.get(found[2]) if found else None
        if found is None or job is None or job.app != found[1]:
            return told(404, {"detail": f"Not found: {request.path}"})
        return self._of_job(request.method, found[3], job)

    def _price(self, request: Asked) -> Reply:
        if self.mode is Mode.LOCKED:
            return told(403, {"detail": "User is locked. Reason: Exhausted balance."})
        price = {"endpoint_id": FLUX, "unit_price": 0.025, "unit": "megapixels", "currency": "USD"}
        return told(200, {"prices": [price]})

    def _submitted(self, model: str, body: dict[str, Any]) -> Reply:
        if wrong := set(body) - FIELDS[model]:
            return told(422, {"detail": [{"loc": ["body", min(wrong)], "msg": "no", "type": "extra_forbidden"}]})
        prompt = body["prompt"]
        refusals = {
            Mode.RATE_LIMIT: told(429, {"detail": prompt}, {"Retry-After": "60"}),
            Mode.LOCKED: told(403, {"detail": "User is locked. Reason: Exhausted balance."}),
            Mode.BUSY: told(503, {"detail": prompt}, {"Retry-After": "90"}),
            Mode.REDIRECT: Reply(307, headers={"Location": f"{self.base}/elsewhere"}),
        }
        refused = told(*self.refusal) if self.refusal is not None else refusals.get(self.mode)
        if refused is not None:
            return refused
        job = Job(f"req-{len(self.jobs) + 1:04}", "/".join(model.split("/")[:2]), model, body)
        self.jobs[job.id] = job
        receipt = json.dumps(self._receipt(job)).encode()
        taken = {
            Mode.SILENT: Reply(silent=True),
            Mode.CUT: Reply(200, receipt, cut=True),
            Mode.MALFORMED: Reply(200, receipt[:-9]),
        }
        return taken.get(self.mode, Reply(200, receipt, {"Content-Type": "application/json"}))

    def _receipt(self, job: Job) -> dict[str, Any]:
        home = f"{self.base}/{job.app}/requests/{job.id}"
        return {
            "status": "IN_QUEUE",
            "request_id": job.id,
            "response_url": home,
            "status_url": f"{home}/status",
            "cancel_url": f"{home}/cancel",
            "queue_position": 0,
            **self.receipt,
        }

    def _of_job(self, method: str, part: str, job: Job) -> Reply:
        match method, part:
            case "GET", "/status":
                return self._status(job)
            case "PUT", "/cancel":
                return self._cancel(job)
            case "GET", "":
                return self._result(job)
        return told(405, {"detail": "Method not allowed"})

    def _status(self, job: Job) -> Reply:
        job.looks += 1
        if self.status_replies:
            return self.status_replies.pop(0)
        if job.is_removed:
            return told(404, {"detail": "Request not found"})
        state = self._state(job, job.looks - 1)
        if state != "COMPLETED":
            return told(202, {"status": state, "request_id": job.id, "logs": None})
        bad = self._stopped_type(job) or self.error_type
        error = {"error": f"About {job.body['prompt']}", "error_type": bad} if bad else {}
        return told(200, {"status": state, "request_id": job.id, "metrics": {"inference_time": 1.5}, **error})

    def _state(self, job: Job, looks: int) -> str:
        if job.is_asked_to_stop:
            return "COMPLETED"
        if self.mode is Mode.STUCK or looks < self.queued_looks:
            return "IN_QUEUE"
        return "IN_PROGRESS" if looks < self.queued_looks + self.running_looks else "COMPLETED"

    def _stopped_type(self, job: Job) -> str:
        if job.is_asked_to_stop and self.obeys:
            return "client_cancelled"
        return {Mode.FAULT: "runner_server_error", Mode.NOT_STARTED: "request_timeout"}.get(self.mode, "")

    def _cancel(self, job: Job) -> Reply:
        if self.cancel_reply is not None:
            return self.cancel_reply
        match self._state(job, job.looks - 1):
            case "IN_QUEUE":
                job.is_removed = True
                return told(200, {"status": "OK"})
            case "IN_PROGRESS":
                job.is_asked_to_stop = True
                return told(202, {"status": "CANCELLATION_REQUESTED"})
        return told(400, {"status": "ALREADY_COMPLETED"})

    def _result(self, job: Job) -> Reply:
        if self.error is not None:
            return told(*self.error)
        if kind := self._stopped_type(job):
            status = {"client_cancelled": 499, "runner_server_error": 500, "request_timeout": 504}[kind]
            return told(status, {"detail": job.body["prompt"], "error_type": kind}, {"X-Fal-Error-Type": kind})
        if self.mode is Mode.MODERATION:
            detail = {"loc": ["body", "prompt"], "msg": f"Flagged: {job.body['prompt']}", "input": job.body}
            return told(422, {"detail": [{**detail, "type": "content_policy_violation"}]})
        made = json.dumps(self._made(job)).encode()
        if self.mode is Mode.BAD_RESULT:
            return Reply(200, made[:-9])
        units = self.units if self.units is not None else str(job.body["num_images"] if job.model == FLUX else "")
        headers = {"Content-Type": "application/json", "x-fal-request-id": job.id}
        headers |= {"x-fal-billable-units": units} if units else {}
        return Reply(200, made, headers=headers, cut=self.mode is Mode.CUT_RESULT)

    def _made(self, job: Job) -> dict[str, Any]:
        count = job.body["num_images"] + (2 if self.mode is Mode.TOO_MANY else 0)
        job.pictures = [drawn(job) for _ in range(count)]
        images: Any = [self._image(job, number) for number in range(count)]
        if self.mode is Mode.NO_DATA:
            images = None
        if job.model == BANANA_EDIT:
            return {"images": images, "description": ""}
        flags = [
            self.mode is Mode.FLAGGED or (self.mode is Mode.ONE_FLAGGED and not number) for number in range(count)
        ]
        return {
            "images": images,
            "seed": 7,
            "has_nsfw_concepts": flags,
            "prompt": job.body["prompt"],
            "timings": {},
        }

    def _image(self, job: Job, number: int) -> dict[str, Any]:
        data, mime_type = job.pictures[number]
        url = f"{self.base}/media/{job.id}/{number}"
        if self.mode is Mode.AS_DATA:
            url = f"data:{mime_type};base64,{base64.b64encode(data).decode()}"
        width, height = Image.open(io.BytesIO(data)).size
        sizes = {"width": width, "height": height} if self.sizes_told else {}
        return {"url": url, "content_type": mime_type, **sizes, **self.image}

    def _media(self, path: str) -> Reply:
        _, _, job_id, number = path.split("/")
        data, mime_type = self.jobs[job_id].pictures[int(number)]
        headers = {"Content-Type": mime_type}
        replies = {
            Mode.WRONG_TYPE: Reply(200, b"<svg xmlns='http://www.w3.org/2000/svg'/>", headers),
            Mode.HUGE: Reply(200, data, headers, endless=True),
            Mode.CUT_MEDIA: Reply(200, data, headers, cut=True),
            Mode.DRIP_MEDIA: Reply(200, data, headers, drip_seconds=0.05),
            Mode.REDIRECT_MEDIA: Reply(302, headers={"Location": f"{self.base}/media/{job_id}/0"}),
            Mode.NO_MEDIA: Reply(404 if number == "0" else 200, data, headers),
        }
        return replies.get(self.mode, Reply(200, data, headers))


def told(status: int, body: object, headers: dict[str, str] | None = None) -> Reply:
    """Return an answer in JSON."""
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})


def drawn(job: Job) -> tuple[bytes, str]:
    """Return a plain picture as a job asks for it, and its type."""
    size_unasked, kind_unasked = ("landscape_4_3", "jpeg") if job.model == FLUX else ("square_hd", "png")
    asked = job.body.get("image_size", size_unasked)
    size = SIZES[asked] if isinstance(asked, str) else (asked["width"], asked["height"])
    kind = job.body.get("output_format", kind_unasked)
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind.upper())
    return file.getvalue(), f"image/{kind}"


class DiedError(Exception):
    """The end of a worker that has just been told its receipt."""


def receipt_of(model: str = FLUX) -> Submission:
    """Submit a job as a worker would that dies at once, and return what it was told."""
    kept: list[Submission] = []

    def keep_and_die(submission: Submission) -> None:
        kept.append(submission)
        raise DiedError

    with pytest.raises(DiedError):
        Adapter().generate(calls.call(model=model, on_submitted=keep_and_die))
    return kept[0]


@contextmanager
def running(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FalServer]:
    """Start a fal, make it the service's, and let nobody wait for it."""
    monkeypatch.setattr(http, "_FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(Adapter, "first_pause_seconds", 0.0)
    with FalServer() as server:
        settings.PROVIDER_KEYS = {"fal": KEY}
        settings.PROVIDER_BASES = {"fal": server.base}
        yield server
