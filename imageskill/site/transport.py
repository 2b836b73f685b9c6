"""The answer to what is not even HTTP: the web server refuses it before the service does, in an envelope too."""

import json
from typing import Final

from imageskill.core import envelope, ids
from imageskill.core.api import SERVICE_COMMAND
from imageskill.core.errors import ApiError, ErrorCode

_CODES: Final = {
    414: ErrorCode.PAYLOAD_TOO_LARGE,
    431: ErrorCode.PAYLOAD_TOO_LARGE,
    500: ErrorCode.INTERNAL_ERROR,
}


def refusal(status: int, reason: str) -> bytes:
    """Return the whole HTTP answer to a request that the web server could not read."""
    code = _CODES.get(status, ErrorCode.INVALID_ARGUMENTS)
    words = "The service failed." if status == 500 else f"The request cannot be read: {reason}."  # noqa: PLR2004
    error = ApiError(code, words, reason="http")
    trace_id = ids.new_id("trace")
    told = envelope.failure(command=SERVICE_COMMAND, trace_id=trace_id, actor=None, error=error)
    body = json.dumps(told).encode()
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        f"x-image-skill-exit-code: {error.exit_code}\r\nx-trace-id: {trace_id}\r\n\r\n"
    )
    return head.encode("latin-1") + body
