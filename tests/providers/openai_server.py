"""OpenAI's Images API on the loopback: it checks what it is sent as the real one would, and fails on demand."""

import base64
import io
import json
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from enum import StrEnum
from typing import Any, cast

from PIL import Image

from tests.providers.loopback import Asked, Loopback, Reply

KEY = "sk-loopback-4f1d"
FIELDS = {
    *(
        "model",
        "prompt",
        "n",
        "size",
        "quality",
        "background",
        "output_format",
        "output_compression",
        "moderation",
    ),
}
"""What this version of the API takes; `response_format`, `style` and `input_fidelity` are errors."""
USAGE = {
    "input_tokens": 60,
    "output_tokens": 1_767,
    "total_tokens": 1_827,
    "input_tokens_details": {"text_tokens": 50, "image_tokens": 10},
}
"""50 x 5 + 10 x 8 + 1,767 x 30 = 53,340 millionths of a USD."""
USAGE_MICROS = 53_340


class Mode(StrEnum):
    """How the calls end."""

    GOOD = "good"
    RATE_LIMIT = "rate_limit"
    OUT_OF_MONEY = "out_of_money"
    MODERATION = "moderation"
    FAULT = "fault"
    MALFORMED = "malformed"
    NO_DATA = "no_data"
    WRONG_TYPE = "wrong_type"
    HUGE = "huge"
    TOO_MANY = "too_many"
    REDIRECT = "redirect"
    CUT = "cut"
    DROPPED = "dropped"
    SLOW = "slow"
    ENDLESS = "endless"
    SILENT = "silent"


class OpenAIServer(Loopback):
    """Answers `/v1/images/generations`, `/v1/images/edits` and `/v1/models`."""

    def __init__(self) -> None:
        super().__init__()
        self.mode = Mode.GOOD
        self.error: tuple[int, dict[str, Any]] | None = None
        """An error of the test's own: its status, and what stands under `error`."""
        self.headers: dict[str, str] = {}
        self.models: Any = [{"id": "gpt-image-2", "object": "model", "owned_by": "openai"}]
        self.usage: Any = USAGE

    def route(self, request: Asked) -> Reply:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return self._error(401, type="invalid_request_error", code="invalid_api_key")
        if self.error is not None:
            return self._error(self.error[0], **self.error[1])
        match request.method, request.path:
            case "GET", "/v1/models":
                return self._told(200, {"object": "list", "data": self.models})
            case "POST", "/v1/images/generations":
                return self._made(json.loads(request.body), {})
            case "POST", "/v1/images/edits":
                return self._made(*form(request))
        return self._error(404, type="invalid_request_error", code=None)

    def _made(self, fields: dict[str, Any], files: dict[str, list[EmailMessage]]) -> Reply:
        if wrong := set(fields) - FIELDS:
            return self._error(400, type="invalid_request_error", code="unknown_parameter", param=min(wrong))
        prompt, count = fields["prompt"], int(fields["n"])
        failure = self._failures(prompt).get(self.mode)
        if failure is not None:
            return failure
        picture = {"b64_json": drawn(fields.get("size", "auto"), fields.get("output_format", "png"))}
        pictures: dict[Mode, Any] = {
            Mode.NO_DATA: None,
            Mode.WRONG_TYPE: [{"b64_json": base64.b64encode(f"<svg>{prompt}</svg>".encode()).decode()}] * count,
            Mode.HUGE: [{"b64_json": picture["b64_json"] + "A" * 4_000_000}] * count,
            Mode.TOO_MANY: [picture] * (count + 2),
        }
        data = pictures.get(self.mode, [picture] * count)
        return self._told(200, {"created": 1, "data": data, "usage": self.usage})

    def _failures(self, prompt: str) -> dict[Mode, Reply]:
        money = {"type": "insufficient_quota", "code": "credit_balance_exhausted"}
        moderation = {"type": "image_generation_user_error", "code": "moderation_blocked"}
        refused = f"Rejected by the safety system: {prompt}. safety_violations=[violence]"
        return {
            Mode.RATE_LIMIT: self._error(429, type="requests", code="rate_limit_exceeded", message=prompt),
            Mode.OUT_OF_MONEY: self._error(429, message=prompt, **money),
            Mode.MODERATION: self._error(400, message=refused, **moderation),
            Mode.FAULT: self._error(500, type="server_error", code=None, message=prompt),
            Mode.MALFORMED: Reply(200, f'{{"data": [{{"b64_json": "{prompt}'.encode()),
            Mode.REDIRECT: Reply(307, headers={"Location": f"{self.base}/elsewhere"}),
            Mode.CUT: Reply(200, b'{"created": 1, "data": [', cut=True),
            Mode.DROPPED: Reply(dropped=True),
            Mode.SLOW: Reply(200, b'{"data": []}' * 100, drip_seconds=0.02),
            Mode.ENDLESS: Reply(200, b" " * 65_536, endless=True),
            Mode.SILENT: Reply(silent=True),
        }

    def _told(self, status: int, body: object) -> Reply:
        headers = {"Content-Type": "application/json", "x-request-id": "req_0123abcd", **self.headers}
        return Reply(status, json.dumps(body).encode(), headers=headers)

    def _error(self, status: int, **error: Any) -> Reply:
        return self._told(status, {"error": {"message": "No.", "param": None, **error}})


def form(request: Asked) -> tuple[dict[str, str], dict[str, list[EmailMessage]]]:
    """Return the fields and the files of a multipart body, by name."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    fields: dict[str, str] = {}
    files: dict[str, list[EmailMessage]] = {}
    for part in BytesParser(EmailMessage, policy=HTTP).parsebytes(head + request.body).iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        if part.get_filename():
            files.setdefault(name, []).append(cast("EmailMessage", part))
        else:
            fields[name] = cast("bytes", part.get_payload(decode=True)).decode()
    return fields, files


def drawn(size: str, output_format: str) -> str:
    """Return a plain picture of that size and format in base64."""
    width, height = (1024, 1024) if size == "auto" else map(int, size.split("x"))
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, output_format.upper())
    return base64.b64encode(file.getvalue()).decode()
