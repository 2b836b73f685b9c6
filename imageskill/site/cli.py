"""`POST /v1/cli`: a command line of the client becomes one call of this service, made by its caller.

The line is read by the client's own table, which is pure: nothing here opens a file or a socket for the caller, or
reads stdin or the environment. What only the caller's machine can do is refused with the reason. The call is made
in this process with the caller's own Authorization, limits and trace, and its answer is the answer. The words of a
line are never logged and never told back, because a prompt or a token may stand anywhere in them.
"""

import math
from typing import Any, Final

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from imageskill.cli import commands
from imageskill.core.api import ApiView, failure_response
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.fields import ListField, TextField
from imageskill.core.throttles import CallerThrottle
from imageskill.site import cli_calls, cli_waiting

_MOST_WORDS: Final = 200
_LONGEST_WORD: Final = 64_000
_PROGRAM: Final = "image-skill"


class CommandLine(ApiView):
    """`POST /v1/cli`. The inner call authenticates and counts; what never becomes one is counted here."""

    command = _PROGRAM
    anonymous = True
    authentication_classes = []
    throttle_classes = []
    strict_body = True

    class Input(serializers.Serializer[Any]):
        argv = ListField(
            child=TextField(max_length=_LONGEST_WORD, allow_blank=True, trim_whitespace=False),
            max_length=_MOST_WORDS,
        )

    def post(self, request: Request) -> HttpResponse:
        """Run one of the client's commands."""
        try:
            argv = self.parse(request)["argv"]
        except ApiError:
            self._count(request)
            raise
        asked = commands.parse(argv[1:] if argv[:1] == [_PROGRAM] else argv)
        refused = cli_calls.refusal_of(asked)
        if isinstance(asked, commands.ParseError) or refused is not None:
            self._count(request)
            return failure_response(refused or ApiError(ErrorCode.INVALID_ARGUMENTS), command=asked.label)
        told = cli_waiting.run(request, asked) if cli_waiting.waits(asked) else cli_calls.run(request, asked)
        return cli_calls.with_warnings(told, [*self.warnings, *cli_calls.ignored(asked)])

    def is_repeatable(self, request: Request) -> bool:
        """Say no: the inner call answers for itself, and what is refused here is refused again."""
        return False

    def _count(self, request: Request) -> None:
        """Count a call that becomes no inner one. RATE_LIMITED: there were too many."""
        throttle = CallerThrottle()
        if not throttle.allow_request(request, self):
            raise Throttled(wait=math.ceil(throttle.wait()))
