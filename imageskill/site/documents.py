"""What agents and people read about the service: documents in Markdown, the description, and its page.

All of it is made once a process from the code that it tells of: commands from the client's table, operations from
the description, errors and events from their catalogues. Nothing of the caller is in it, so it may be cached.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_safe

from imageskill import __version__
from imageskill.cli.commands import COMMANDS, Command
from imageskill.cli.grammar import SWITCH
from imageskill.core.errors import ErrorCode
from imageskill.core.events import SEED_NAMES, EventType
from imageskill.core.routes import is_served
from imageskill.site.openapi.document import described
from imageskill.site.openapi.page import chapters

MARKDOWN: Final = "text/markdown; charset=utf-8"
PLAIN: Final = "text/plain; charset=utf-8"
EXIT_CODES: Final = {
    0: "Done",
    1: "A failure of another kind",
    2: "The arguments are wrong",
    3: "A token is needed, or it is not valid",
    4: "Not allowed to this agent",
    5: "Credits, a cap or a limit do not allow it now",
    6: "The content policy refused it",
    7: "A provider, or a part of the service, failed",
    8: "It took too long",
    9: "Files or storage failed",
}
"""Exit code -> meaning."""

_ON_ALL: Final = ("--json", "--human", "--help", "--api-base-url", "--token-stdin")
_SECONDS: Final = 300


@cache
def written(template: str) -> str:
    """Return a document of `templates/documents/`."""
    return render_to_string(f"documents/{template}", _facts())


def _facts() -> dict[str, Any]:
    return {
        "base_url": settings.BASE_URL,
        "version": __version__,
        "chapters": chapters(),
        "commands": [_shown(command) for command in COMMANDS if is_run_here(command)],
        "errors": list(ErrorCode),
        "events": [
            {"name": spec.name, "subject": spec.subject, "links": sorted(spec.links)}
            for spec in (member.value for member in EventType)
            if spec.name in SEED_NAMES
        ],
        "exit_codes": EXIT_CODES,
    }


@dataclass(frozen=True, slots=True)
class ShownFlag:
    """A flag as `/cli.md` lists it; `takes` is what stands behind it."""

    name: str
    takes: str
    required: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class ShownCommand:
    """A command as `/cli.md` lists it; an empty path means that it makes no call."""

    words: str
    shown: list[str]
    meaning: str
    method: str
    path: str
    aliases: tuple[str, ...]
    flags: list[ShownFlag]


def is_run_here(command: Command) -> bool:
    """Say whether this service answers the command's call; commands without one always run."""
    return not command.path or is_served(re.sub(r"\{[a-z_]+\}", "x", command.path))


def _shown(command: Command) -> ShownCommand:
    arguments = [f"[{name.rstrip('*?')}]" if name.endswith("?") else name for name in command.arguments]
    return ShownCommand(
        words=command.words,
        shown=arguments,
        meaning=command.meaning[0].upper() + command.meaning[1:],
        method=command.method,
        path=command.path,
        aliases=command.aliases,
        flags=[
            ShownFlag(flag.name, "" if flag.kind == SWITCH else flag.kind.upper(), flag.required, flag.meaning)
            for flag in command.flags
            if flag.name not in _ON_ALL
        ],
    )


@csrf_exempt
@require_safe
def skill(request: HttpRequest) -> HttpResponseBase:
    """`GET /skill.md`: how an agent works with this service, from the first call."""
    return _cacheable(request, written("skill.md"), MARKDOWN)


@csrf_exempt
@require_safe
def llms(request: HttpRequest) -> HttpResponseBase:
    """`GET /llms.txt`: what there is, on one page."""
    return _cacheable(request, written("llms.txt"), PLAIN)


@csrf_exempt
@require_safe
def cli(request: HttpRequest) -> HttpResponseBase:
    """`GET /cli.md`: every command of the client."""
    return _cacheable(request, written("cli.md"), MARKDOWN)


@csrf_exempt
@require_GET
def openapi(request: HttpRequest) -> HttpResponseBase:
    """`GET /v1/openapi.json`: the description for machines."""
    return _cacheable(request, _serialized(), "application/json")


@csrf_exempt
@require_GET
def reference(request: HttpRequest) -> HttpResponseBase:
    """`GET /v1/docs`: the description for people."""
    return _cacheable(request, _reference_page(), "text/html; charset=utf-8")


@cache
def _serialized() -> str:
    return json.dumps(described(), ensure_ascii=False)


@cache
def _reference_page() -> str:
    return render_to_string("site/api_docs.html", _facts())


def _cacheable(request: HttpRequest, text: str, content_type: str) -> HttpResponseBase:
    content = text.encode()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    response = HttpResponse(content, content_type=content_type)
    response["ETag"] = tag
    response["Cache-Control"] = f"public, max-age={_SECONDS}"
    response["X-Content-Type-Options"] = "nosniff"
    return get_conditional_response(request, etag=tag, response=response) or response
