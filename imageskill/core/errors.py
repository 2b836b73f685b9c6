"""The catalogue of errors: the one table behind every refusal, its docs page and its schema.

Raise `ApiError(ErrorCode.X, "message", ...)` where the reason is known; `core/api.py` turns it into HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Self


@dataclass(frozen=True, slots=True)
class ErrorSpec:
    """What a code means on the wire; `retryable` None: it depends on the case."""

    exit_code: int
    http_status: int
    retryable: bool | None
    meaning: str


NEVER: Final = False
SAFELY: Final = True
BY_CASE: Final = None
"""Whether repeating the very same call is worth it and cannot charge twice."""


class ErrorCode(Enum):
    """Every machine-readable code of the wire. The text of a message may change, a code may not."""

    INVALID_ARGUMENTS = ErrorSpec(2, 400, NEVER, "A field is missing, unknown or malformed.")
    MALFORMED_JSON = ErrorSpec(2, 400, NEVER, "The body is not one JSON object in UTF-8.")
    UNSUPPORTED_MEDIA_TYPE = ErrorSpec(2, 415, NEVER, "The body is not sent as application/json.")
    METHOD_NOT_ALLOWED = ErrorSpec(2, 405, NEVER, "This path does not take this method.")
    PAYLOAD_TOO_LARGE = ErrorSpec(2, 413, NEVER, "The body is longer than this path takes.")
    AUTH_REQUIRED = ErrorSpec(3, 401, NEVER, "The token is missing, malformed, unknown, expired or revoked.")
    CAPABILITY_DENIED = ErrorSpec(4, 403, NEVER, "The agent's grants or state do not allow this.")
    APPROVAL_REQUIRED = ErrorSpec(
        4, 403, NEVER, "The plan is over the owner's threshold and waits for a decision."
    )
    QUOTA_EXCEEDED = ErrorSpec(5, 402, NEVER, "The credits, or the free jobs of the day, do not suffice.")
    SPEND_CAP_EXCEEDED = ErrorSpec(5, 402, NEVER, "A cap that the owner set would be passed.")
    BUDGET_CAP_EXCEEDED = ErrorSpec(5, 402, NEVER, "The caller's own cap is below the price.")
    BUDGET_REQUIRES_CONFIRMATION = ErrorSpec(2, 400, NEVER, "The price is unknown and was not accepted.")
    RATE_LIMITED = ErrorSpec(5, 429, SAFELY, "Too many calls; the answer says when to call again.")
    INPUT_POLICY_DENIED = ErrorSpec(6, 422, NEVER, "The upload is not an allowed picture.")
    CONTENT_POLICY_DENIED = ErrorSpec(6, 422, NEVER, "The prompt or the picture was refused; nothing is charged.")
    PROVIDER_FAILURE = ErrorSpec(7, 502, BY_CASE, "The provider gave no picture; nothing is charged.")
    PROVIDER_UNAVAILABLE = ErrorSpec(7, 503, BY_CASE, "The model's provider cannot be used now.")
    PAYMENT_PROVIDER_FAILURE = ErrorSpec(7, 502, BY_CASE, "The payment provider failed.")
    PAYMENTS_NOT_CONFIGURED = ErrorSpec(7, 503, BY_CASE, "This service takes no payments of that kind.")
    TIMEOUT = ErrorSpec(8, 504, SAFELY, "The job passed its deadline; nothing is charged.")
    ARTIFACT_STORAGE_WRITE_FAILED = ErrorSpec(
        9,
        507,
        NEVER,
        "The picture was made but could not be stored; nothing is charged. Do not repeat it blindly.",
    )
    MODEL_NOT_FOUND = ErrorSpec(1, 404, NEVER, "No such model.")
    CAPABILITY_NOT_FOUND = ErrorSpec(1, 404, NEVER, "No such capability.")
    ASSET_NOT_FOUND = ErrorSpec(1, 404, NEVER, "No such asset for this caller.")
    JOB_NOT_FOUND = ErrorSpec(1, 404, NEVER, "No such job for this caller.")
    QUOTE_NOT_FOUND = ErrorSpec(1, 404, NEVER, "No such quote for this caller.")
    CLAIM_NOT_FOUND = ErrorSpec(1, 404, NEVER, "No such claim for this secret.")
    FEEDBACK_NOT_FOUND = ErrorSpec(1, 404, NEVER, "No such report for this caller.")
    ACTIVITY_NOT_FOUND = ErrorSpec(1, 404, NEVER, "No activity under this reference for this caller.")
    ROUTE_NOT_FOUND = ErrorSpec(1, 404, NEVER, "No such path.")
    CREDIT_QUOTE_CONFLICT = ErrorSpec(2, 409, NEVER, "The key belongs to a quote with other terms.")
    IDEMPOTENCY_CONFLICT = ErrorSpec(2, 409, NEVER, "The key belongs to a call with another body.")
    QUOTE_EXPIRED = ErrorSpec(1, 410, NEVER, "The quote is past its end.")
    QUOTE_NOT_PAYABLE = ErrorSpec(1, 409, NEVER, "The quote cannot be paid this way or any more.")
    JOB_NOT_CANCELABLE = ErrorSpec(1, 409, NEVER, "The job has ended or cannot be stopped.")
    ASSET_IN_USE = ErrorSpec(1, 409, NEVER, "A job that has not ended needs this picture.")
    JOB_CANCELED = ErrorSpec(
        1, 409, NEVER, "The job was canceled before its picture was made; nothing is charged."
    )
    ALREADY_COLLECTED = ErrorSpec(1, 409, NEVER, "The claim's token was collected and used.")
    SERVICE_UNAVAILABLE = ErrorSpec(7, 503, SAFELY, "The database or the queue is away.")
    INTERNAL_ERROR = ErrorSpec(1, 500, BY_CASE, "A fault of the service, logged under the trace id.")

    # Two codes may mean the same numbers; an alias would merge them.
    def __new__(cls, spec: ErrorSpec) -> Self:
        """Give each member a value of its own, so that equal specs do not become aliases."""
        member = object.__new__(cls)
        member._value_ = (len(cls.__members__), spec)
        return member

    @property
    def spec(self) -> ErrorSpec:
        """Exit code, HTTP status, retryability and meaning."""
        spec: ErrorSpec = self.value[1]
        return spec


HELP: Final = "image-skill help --json"
_WITHOUT_OPERATION: Final = (ErrorCode.METHOD_NOT_ALLOWED, ErrorCode.ROUTE_NOT_FOUND)
"""Whoever is answered so looks for an operation, so that help is the command where nothing better is known."""


class ApiError(Exception):
    """A refusal or failure as the wire tells it.

    `recovery` holds what the caller can do and the numbers behind the refusal; keys without a value are
    dropped. `status` replaces the catalogue's HTTP status where the wire has two for one code.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str | None = None,
        *,
        retryable: bool | None = None,
        status: int | None = None,
        **recovery: Any,  # noqa: ANN401 - recovery values are any JSON
    ) -> None:
        """Say which code, in which words, and what the caller can do."""
        super().__init__(message or code.spec.meaning)
        self.code = code
        self.message = message or code.spec.meaning
        declared = code.spec.retryable
        self.retryable = retryable if retryable is not None else bool(declared)
        self.status = status or code.spec.http_status
        self.recovery = {key: value for key, value in recovery.items() if value is not None}
        if code in _WITHOUT_OPERATION and not self.recovery:
            self.recovery["suggested_command"] = HELP

    @property
    def exit_code(self) -> int:
        """The exit code that a client takes from the answer."""
        return self.code.spec.exit_code


FLAGS: Final = {
    "agent_name": "--agent-name",
    "claim_id": "--claim-id",
    "claim_secret": "--secret-stdin",
    "contact": "--contact",
    "human_email": "--human-email",
    "idempotency_key": "--idempotency-key",
    "input_asset_id": "--input",
    "prompt": "--prompt",
    "quote_id": "--quote-id",
    "runtime": "--runtime",
    "title": "--title",
}
"""The client's flag for each field that can be missing; the client has none for what it fills in by itself.

They are written out because no floor may import the client's table; the tests hold them against it.
"""


def invalid_fields(fields: Mapping[str, list[str]], *, message: str | None = None) -> ApiError:
    """Return INVALID_ARGUMENTS naming each field; the first one makes the message."""
    name, problems = next(iter(fields.items()))
    missing = [FLAGS[field] for field, told in fields.items() if told == ["is required"] and field in FLAGS]
    return ApiError(
        ErrorCode.INVALID_ARGUMENTS,
        message or f"{name} {problems[0]}",
        fields=dict(fields),
        required_flag=missing[0] if len(missing) == 1 else None,
        required_flags=missing if len(missing) > 1 else None,
    )


def auth_required() -> ApiError:
    """Return the one answer to a token that is missing, malformed, unknown, expired or revoked."""
    return ApiError(
        ErrorCode.AUTH_REQUIRED,
        "A valid agent token is required.",
        suggested_command="image-skill signup --agent --human-email HUMAN_EMAIL --agent-name AGENT_NAME"
        " --runtime RUNTIME --save --json",
        suggested_command_copy_runnable=False,
        missing_inputs=["human_email", "agent_name", "runtime"],
    )


EXIT_CODE_BY_STATUS = {
    400: 2,
    401: 3,
    402: 5,
    403: 4,
    404: 1,
    405: 2,
    409: 1,
    410: 1,
    413: 2,
    415: 2,
    422: 6,
    429: 5,
}
"""Exit codes of answers that carry no envelope (pages, pictures, redirects)."""


def exit_code_of_status(status: int) -> int:
    """Return the exit code for an answer that carries no envelope."""
    if status < 400:  # noqa: PLR2004 - HTTP's own border
        return 0
    return EXIT_CODE_BY_STATUS.get(status, 1)
