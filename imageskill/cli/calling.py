"""A call of the service: the token, the idempotency key with its note, bounded repeats, the answer's exit code."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from urllib.parse import urlencode

from imageskill import __version__
from imageskill.cli import config, surroundings, transport
from imageskill.cli.commands import NEEDED, NEVER
from imageskill.cli.loading import part
from imageskill.cli.output import Answer, Failure, local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from imageskill.cli.commands import Request

ATTEMPTS = 3
_FIRST_PAUSE = 0.3
_LONGEST_PAUSE = 10
_WORD = re.compile(r"[!-~]{8,512}")
_EXITS = {400: 2, 401: 3, 402: 5, 403: 4, 405: 2, 413: 2, 415: 2, 422: 6, 429: 5, 502: 7, 503: 7, 504: 8, 507: 9}
_HIGHEST_EXIT = 9
_UNCERTAIN = ("SERVICE_UNAVAILABLE", "INTERNAL_ERROR", "UNEXPECTED_ANSWER", "TIMEOUT")
_SERVER_FAULT = 500


class Caller:
    """Who calls which service: its origin, the token, and where that came from (`source`)."""

    __slots__ = ("origin", "source", "token", "warnings")

    def __init__(self, origin: str, token: str | None, source: str) -> None:
        self.origin, self.token, self.source = origin, token, source
        self.warnings: list[str] = []
        if token is not None and surroundings.is_open_to_readers(origin):
            self.warnings.append("The token travels over plain HTTP, where others can read it; use https.")

    @property
    def known_token(self) -> str:
        """The token. AUTH_REQUIRED: there is none."""
        if self.token is None:
            raise no_token()
        return self.token


def no_token() -> Failure:
    """Return the refusal of a call that needs a token and has none."""
    return Failure(
        "AUTH_REQUIRED",
        "There is no token: sign up, set IMAGE_SKILL_TOKEN, or use --token-stdin",
        suggested_command="image-skill signup --agent --human-email HUMAN_EMAIL --agent-name AGENT_NAME"
        " --runtime RUNTIME --save --json",
        missing_inputs=["human_email", "agent_name", "runtime"],
    )


def caller_of(request: Request) -> Caller:
    """Return who makes this request: the flag's token, the environment's, or the one saved for this service.

    AUTH_REQUIRED: the command needs one, and there is none. INVALID_ARGUMENTS: what is there is none.
    """
    options = request.options
    given = options.get("api_base_url") or os.environ.get(surroundings.BASE_URL)
    from_elsewhere = bool(options.get("token_stdin") or os.environ.get(surroundings.TOKEN))
    never = request.command.token == NEVER
    # Where address and token are both given, nothing of the config is wanted, and none is read.
    saved = {} if given and (from_elsewhere or never) else config.load()
    origin = surroundings.base_url(options.get("api_base_url"), saved.get("api_base_url"))
    if never:
        return Caller(origin, None, "none")
    if options.get("token_stdin"):
        return Caller(origin, usable(line_of_stdin()), "stdin")
    if os.environ.get(surroundings.TOKEN):
        return Caller(origin, usable(os.environ[surroundings.TOKEN]), "environment")
    token = config.record(saved, origin).get("token")
    if token is None and request.command.token == NEEDED:
        raise no_token()
    return Caller(origin, usable(token) if token is not None else None, "config" if token is not None else "none")


def line_of_stdin() -> str:
    """Return the first line of stdin."""
    return sys.stdin.buffer.readline(4096).decode("utf-8", "replace")


def usable(text: object) -> str:
    """Return a token that can travel in a header. AUTH_REQUIRED: it is none."""
    token = str(text).strip()
    if not _WORD.fullmatch(token):
        raise Failure("AUTH_REQUIRED", "The token is empty or malformed")
    return token


def run(request: Request) -> Answer:
    """Make a request as it stands."""
    return make(request, caller_of(request))


def make(request: Request, caller: Caller) -> Answer:
    """Send a request; a live call that costs something carries a key, and is noted until its end is known."""
    body = request.body
    if body is None or not request.command.keyed or body.get("dry_run"):
        return send(request, caller)
    begin(request, caller)
    answer = send(request, caller)
    end(request, answer)
    return answer


def begin(request: Request, caller: Caller, **noted: object) -> None:
    """Give a request its key, and note it."""
    body = request.body if request.body is not None else {}
    crumbs = part("breadcrumbs")
    key = body.setdefault("idempotency_key", crumbs.fresh_key(request.command.words.split()[-1]))
    token = caller.known_token
    call = {
        "command": request.command.words,
        "origin": caller.origin,
        "path": request.path,
        "query": request.query,
    }
    try:
        crumbs.drop(key, token, {**call, "body": body, **noted})
    except Failure as failure:
        caller.warnings.append(
            f"This call could not be noted ({failure.message}). If it is cut off, repeat it with {key}."
        )


def end(request: Request, answer: Answer) -> None:
    """Forget the note of a call, unless its end is not known."""
    if not is_open(answer) and request.body is not None:
        part("breadcrumbs").clear(request.body["idempotency_key"])


def is_open(answer: Answer) -> bool:
    """Say whether an answer leaves it open if the call was carried out."""
    return answer.error_code in _UNCERTAIN and (answer.status == 0 or answer.status >= _SERVER_FAULT)


def send(request: Request, caller: Caller) -> Answer:
    """Send a request, at most three times; whatever happens is an answer."""
    pause = _FIRST_PAUSE
    for attempt in range(1, ATTEMPTS + 1):
        answer, again = _attempt(request, caller)
        if again is None or attempt == ATTEMPTS or max(again, pause) > _LONGEST_PAUSE:
            break
        time.sleep(max(again, pause) + os.urandom(1)[0] / 2560)
        pause *= 3
    answer.envelope["command"] = request.label
    answer.envelope["warnings"] = [*(answer.envelope.get("warnings") or []), *caller.warnings]
    return answer


def _attempt(request: Request, caller: Caller) -> tuple[Answer, float | None]:
    """Return an answer, and the seconds until a repeat is worth it; None where it is not, or could do harm."""
    url = caller.origin + request.path + (f"?{urlencode(request.query)}" if request.query else "")
    body = json.dumps(request.body).encode() if request.body is not None else None
    try:
        reply = transport.exchange(
            request.method,
            url,
            headers=headers_of(request, caller),
            body=body,
            timeout=surroundings.timeout_seconds(),
        )
    except transport.NotSentError as error:
        return _unreachable(request, caller, f"The service cannot be reached: {error}"), 0
    except transport.TooSlowError:
        failure = Failure("TIMEOUT", "The service gave no answer in time", retryable=request.command.repeatable)
        return _failed(request, failure), None
    except (transport.LostError, transport.TooLongError):
        answer = _unreachable(request, caller, "The connection to the service broke")
        return answer, 0 if request.command.repeatable else None
    answer = answer_of(reply)
    refusal = answer.envelope.get("error") or {}
    if answer.error_code not in ("SERVICE_UNAVAILABLE", "RATE_LIMITED") or not refusal.get("retryable"):
        return answer, None
    if not request.command.repeatable and answer.error_code != "RATE_LIMITED":
        return answer, None
    wait = reply.headers.get("retry-after", "") or str(
        (refusal.get("recovery") or {}).get("retry_after_seconds", 0)
    )
    return answer, float(wait) if wait.isdecimal() else 0


def headers_of(request: Request, caller: Caller) -> dict[str, str]:
    """Return the headers of a request."""
    told = {"user-agent": f"image-skill/{__version__} (python/{sys.version_info[0]}.{sys.version_info[1]})"}
    if request.body is not None:
        told["content-type"] = "application/json"
    if caller.token is not None:
        told["authorization"] = f"Bearer {caller.token}"
    if not surroundings.is_telemetry_on():
        told["image-skill-telemetry"] = "off"
    return told | request.headers


def _failed(request: Request, failure: Failure) -> Answer:
    return local(request.label, None, failure)


def _unreachable(request: Request, caller: Caller, message: str) -> Answer:
    failure = Failure(
        "SERVICE_UNAVAILABLE",
        message,
        retryable=request.command.repeatable,
        reason="network",
        api_base_url=caller.origin,
        suggested_command="image-skill doctor --json",
    )
    return _failed(request, failure)


def answer_of(reply: transport.Reply) -> Answer:
    """Return the envelope of a reply with its exit code; a reply without one is a failure."""
    try:
        envelope = json.loads(reply.body)
    except (ValueError, RecursionError):
        envelope = None
    if not isinstance(envelope, dict) or not isinstance(envelope.get("ok"), bool) or "command" not in envelope:
        unfit = reply.status in (502, 503, 504)
        failure = Failure(
            "SERVICE_UNAVAILABLE" if unfit else "UNEXPECTED_ANSWER",
            f"The answer, HTTP {reply.status}, is not the service's",
            retryable=unfit,
        )
        envelope = local("image-skill", None, failure).envelope
    told = reply.headers.get("x-image-skill-exit-code", "")
    if told.isdecimal() and int(told) <= _HIGHEST_EXIT:
        code = int(told)
    else:
        code = 0 if envelope["ok"] else _EXITS.get(reply.status, 1)
    # An answer that says no must never look like success.
    return Answer(envelope, code or int(not envelope["ok"]), status=reply.status, headers=reply.headers)
