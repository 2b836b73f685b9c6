"""xAI's Images API on the loopback: JSON both ways, moderation that is silent or loud, and failures on demand."""

import base64
import json
from enum import StrEnum
from typing import Any

from tests.providers.loopback import Asked, Loopback, Reply
from tests.providers.openai_server import drawn

KEY = "xai-loopback-77c2"
FIELDS = {"model", "prompt", "n", "response_format", "aspect_ratio", "resolution"}
TICKS = 200_000_000
"""0.02 USD, the price of one picture."""
MICROS = 20_000


class Mode(StrEnum):
    """How the calls end."""

    GOOD = "good"
    AS_URL = "as_url"
    RATE_LIMIT = "rate_limit"
    OUT_OF_MONEY = "out_of_money"
    MODERATION = "moderation"
    WITHHELD = "withheld"
    MISSING = "missing"
    FLAGGED = "flagged"
    EMPTY = "empty"
    ONE_WITHHELD = "one_withheld"
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


class XaiServer(Loopback):
    """Answers `/v1/images/generations`, `/v1/images/edits` and `/v1/api-key`; keeps pictures at `/pictures/`."""

    def __init__(self) -> None:
        super().__init__()
        self.mode = Mode.GOOD
        self.error: tuple[int, Any] | None = None
        """An error of the test's own: its status, and its body."""
        self.headers: dict[str, str] = {}
        self.key: dict[str, Any] = {"team_blocked": False, "api_key_blocked": False, "api_key_disabled": False}
        self.usage: Any = None
        self.picture_base = ""
        """Where `AS_URL` says that its pictures are; this server unless told otherwise."""

    def route(self, request: Asked) -> Reply:
        if request.path.startswith("/pictures/"):
            return Reply(200, base64.b64decode(drawn("auto", "jpeg")), headers={"Content-Type": "image/jpeg"})
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return self._error(
                400, "Incorrect API key provided: xa***c2. You can obtain an API key from the console."
            )
        if self.error is not None:
            return self._told(*self.error)
        if request.path == "/v1/api-key":
            return self._told(200, {"redacted_api_key": "xai-...77c2", "acls": [], **self.key})
        if request.path in ("/v1/images/generations", "/v1/images/edits"):
            return self._made(request)
        return self._error(404, "Not found.")

    def _made(self, request: Asked) -> Reply:
        fields = json.loads(request.body)
        known = FIELDS | ({"image", "images"} if request.path.endswith("/edits") else set())
        if wrong := set(fields) - known:
            return self._error(422, f"Failed to deserialize the JSON body: unknown field {min(wrong)}.")
        prompt, count = fields["prompt"], fields["n"]
        usage: Any = {"cost_in_usd_ticks": TICKS * count} if self.usage is None else self.usage
        failure = self._failures(prompt, usage).get(self.mode)
        if failure is not None:
            return failure
        good = [self._picture(number) for number in range(count)]
        pictures: dict[Mode, Any] = {
            Mode.WITHHELD: [{"b64_json": "", "url": "", "respect_moderation": False}] * count,
            Mode.MISSING: [{"b64_json": "", "mime_type": "image/jpeg"}] * count,
            Mode.FLAGGED: [{**picture, "respect_moderation": False} for picture in good],
            Mode.ONE_WITHHELD: [{"respect_moderation": False}, *good[1:]],
            Mode.EMPTY: [],
            Mode.NO_DATA: None,
            Mode.WRONG_TYPE: [{"b64_json": base64.b64encode(f"<svg>{prompt}</svg>".encode()).decode()}] * count,
            Mode.HUGE: [{"b64_json": good[0].get("b64_json", "") + "A" * 4_000_000}] * count,
            Mode.TOO_MANY: good * 2,
        }
        return self._told(200, {"data": pictures.get(self.mode, good), "usage": usage})

    def _failures(self, prompt: str, usage: object) -> dict[Mode, Reply]:
        money = "Your team 16f2151a has either used all available credits or reached its monthly spending limit."
        return {
            Mode.RATE_LIMIT: self._error(429, f"Too many requests for {prompt}"),
            Mode.OUT_OF_MONEY: self._error(429, money),
            Mode.MODERATION: self._error(400, "Generated image rejected by content moderation.", usage=usage),
            Mode.FAULT: self._error(500, prompt),
            Mode.MALFORMED: Reply(200, f'{{"data": [{{"b64_json": "{prompt}'.encode()),
            Mode.REDIRECT: Reply(307, headers={"Location": f"{self.base}/elsewhere"}),
            Mode.CUT: Reply(200, b'{"data": [', cut=True),
            Mode.DROPPED: Reply(dropped=True),
            Mode.SLOW: Reply(200, b'{"data": []}' * 100, drip_seconds=0.02),
            Mode.ENDLESS: Reply(200, b" " * 65_536, endless=True),
            Mode.SILENT: Reply(silent=True),
        }

    def _picture(self, number: int) -> dict[str, Any]:
        if self.mode is Mode.AS_URL:
            return {"url": f"{self.picture_base or self.base}/pictures/{number}.jpeg", "respect_moderation": True}
        # The provider puts a data URI's prefix before some of its pictures.
        prefix = "data:image/jpeg;base64," if number % 2 else ""
        return {"b64_json": prefix + drawn("auto", "jpeg"), "mime_type": "image/jpeg", "respect_moderation": True}

    def _told(self, status: int, body: object) -> Reply:
        return Reply(
            status, json.dumps(body).encode(), headers={"Content-Type": "application/json", **self.headers}
        )

    def _error(self, status: int, error: str, **more: object) -> Reply:
        return self._told(status, {"code": "Client specified an invalid argument", "error": error, **more})
