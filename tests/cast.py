"""The standing cast: agents that call the service as a client does, and what they get back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.test import Client

from accounts.models import Agent


@dataclass(frozen=True)
class Answer:
    """An answer under `/v1`: its envelope and its HTTP."""

    response: Any  # Django's test response, with what the client adds
    body: dict[str, Any]

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def exit_code(self) -> int:
        return int(self.response["x-image-skill-exit-code"])

    @property
    def ok(self) -> bool:
        return bool(self.body["ok"])

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.body["data"]
        return data

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.body["error"]
        return error

    @property
    def code(self) -> str:
        return str(self.error["code"])


class Caller:
    """Whoever calls, with a token or without."""

    def __init__(self, token: str | None = None) -> None:
        self.token = token

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | str | None = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        remote: str = "127.0.0.1",
    ) -> Answer:
        """Send a request as it would come over the wire; `raw` replaces the JSON of `body`."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("authorization", f"Bearer {self.token}")
        data = raw if raw is not None else ("" if body is None else json.dumps(body))
        response = Client(raise_request_exception=False).generic(
            method, path, data, content_type=content_type, headers=sent, REMOTE_ADDR=remote
        )
        return Answer(response, json.loads(response.content))

    def get(self, path: str, **kwargs: Any) -> Answer:
        return self.send("GET", path, **kwargs)

    def post(self, path: str, body: object = None, **kwargs: Any) -> Answer:
        return self.send("POST", path, body if body is not None else {}, **kwargs)

    def create(self, prompt: str = "A red boat", *, key: str | None = None, **fields: Any) -> Answer:
        headers = {"idempotency-key": key} if key is not None else {}
        return self.post("/v1/create", {"prompt": prompt, **fields}, headers=headers)


class Member(Caller):
    """An agent of the cast."""

    def __init__(self, token: str, agent_id: str) -> None:
        super().__init__(token)
        self.agent_id = agent_id

    @property
    def row(self) -> Agent:
        return Agent.objects.select_related("organization").get(pk=self.agent_id)


def sign_up(email: str | None = "owner@example.com", name: str = "atlas") -> Member:
    """Sign an agent up over the wire."""
    body = {"agent_name": name, "runtime": "tests"} | ({"human_email": email} if email else {})
    answer = Caller().post("/v1/agent-signups", body)
    assert answer.ok, answer.body
    return Member(answer.data["token"], answer.data["agent_id"])
