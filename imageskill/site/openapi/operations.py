"""What each operation answers and which errors it knows, beside those that every operation has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from creative.feedback.reading import NOT_FOUND
from creative.presenters import feedback
from creative.presenters.capabilities import CapabilitiesJSON
from imageskill.core.errors import ErrorCode as Code
from imageskill.site.openapi.shapes import identity, money, pictures, records

Refusal = Code | tuple[Code, int]
"""An error code, with its HTTP status where that is not the catalogue's."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What an operation answers.

    `data` is a TypedDict; `running` says that 202 is an answer too; `headers` are request headers that it reads;
    `also` is said below its summary, which is the first sentence of the view's method where none stands here.
    """

    tag: str
    data: Any
    refusals: tuple[Refusal, ...] = ()
    running: bool = False
    headers: tuple[str, ...] = ()
    also: str = ""
    summary: str = ""
    query: Mapping[str, dict[str, Any]] = field(default_factory=dict)


TAGS: Final = {
    "Agents": "Signing up, tokens, and the claim by a human owner.",
    "Credits": "What the caller has and may spend, and how it gets more.",
    "Models": "What can be made, with parameters and prices. No token needed.",
    "Pictures": "Making, changing, keeping and deleting pictures.",
    "Records": "Jobs and activity: what happened, and how it stands.",
    "Feedback": "Reports about the service, and what became of them.",
    "Service": "Whether the service works, and the client's commands run on it.",
}

_SPENDING: Final[tuple[Refusal, ...]] = (
    Code.CAPABILITY_DENIED,
    Code.APPROVAL_REQUIRED,
    Code.QUOTA_EXCEEDED,
    (Code.QUOTA_EXCEEDED, 429),
    Code.SPEND_CAP_EXCEEDED,
    Code.BUDGET_CAP_EXCEEDED,
    Code.BUDGET_REQUIRES_CONFIRMATION,
    Code.CONTENT_POLICY_DENIED,
    Code.PROVIDER_FAILURE,
    Code.PROVIDER_UNAVAILABLE,
    Code.TIMEOUT,
    Code.ARTIFACT_STORAGE_WRITE_FAILED,
    Code.MODEL_NOT_FOUND,
    Code.ASSET_NOT_FOUND,
    Code.IDEMPOTENCY_CONFLICT,
    Code.JOB_CANCELED,
)
_MAKING: Final = ("idempotency-key", "prefer")
_MODELS: Final[dict[str, dict[str, Any]]] = {
    name: {"schema": {"type": "string", "enum": ["true", "false", "1", "0", ""]}, "description": words}
    for name, words in (
        ("available", "Only models that can be called now, or only those that cannot."),
        ("executable", "Only models that this service has the code for, or only the others."),
        ("catalog_only", "Only models that are listed but cannot be called."),
        ("details", "Whole rows, as for a single model."),
    )
}

OPERATIONS: Final[Mapping[str, Operation]] = {
    "GET /healthz": Operation("Service", identity.HealthJSON),
    "POST /v1/cli": Operation(
        "Service",
        dict[str, Any],
        (*Code, (Code.QUOTA_EXCEEDED, 429)),
        running=True,
        headers=("idempotency-key", "prefer", "image-skill-contract"),
        also="The answer is that of the operation which the command line stands for. Refused is what only the"
        " caller's machine can do: files, stdin, saved tokens, other services.",
    ),
    "POST /v1/agent-signups": Operation("Agents", identity.SignupJSON),
    "GET /v1/whoami": Operation("Agents", identity.WhoamiJSON),
    "POST /v1/agent-tokens/rotate": Operation("Agents", identity.RotatedTokenJSON, (Code.CAPABILITY_DENIED,)),
    "POST /v1/agent-claims": Operation("Agents", identity.ClaimRequestJSON, (Code.CAPABILITY_DENIED,)),
    "POST /v1/agent-claims/collect": Operation(
        "Agents",
        identity.ClaimCollectJSON,
        (Code.CLAIM_NOT_FOUND, Code.ALREADY_COLLECTED),
        also="The claim's secret is the authority. A lost answer may be collected again until the token is used.",
    ),
    "GET /v1/quota": Operation("Credits", money.QuotaJSON),
    "GET /v1/payment-methods": Operation("Credits", money.PaymentMethodsJSON),
    "GET /v1/credit-packs": Operation("Credits", money.PacksJSON),
    "POST /v1/credit-quotes": Operation(
        "Credits",
        money.QuoteJSON,
        (Code.CREDIT_QUOTE_CONFLICT, Code.PAYMENTS_NOT_CONFIGURED),
        headers=("idempotency-key",),
        also="Give `credits` or `pack_id`. The same key and terms give the same quote.",
    ),
    "POST /v1/credit-purchases": Operation(
        "Credits",
        money.PurchaseJSON,
        (
            Code.QUOTE_NOT_FOUND,
            Code.QUOTE_EXPIRED,
            Code.QUOTE_NOT_PAYABLE,
            Code.IDEMPOTENCY_CONFLICT,
            Code.PAYMENT_PROVIDER_FAILURE,
            Code.PAYMENTS_NOT_CONFIGURED,
        ),
        headers=("idempotency-key",),
        also="Where play money is enabled; it never becomes real.",
    ),
    "POST /v1/credit-purchases/stripe-checkout-sessions": Operation(
        "Credits",
        money.CheckoutJSON,
        (
            Code.QUOTE_NOT_FOUND,
            Code.QUOTE_EXPIRED,
            Code.QUOTE_NOT_PAYABLE,
            Code.IDEMPOTENCY_CONFLICT,
            Code.PAYMENT_PROVIDER_FAILURE,
            Code.PAYMENTS_NOT_CONFIGURED,
        ),
        headers=("idempotency-key",),
    ),
    "GET /v1/credit-purchases/status": Operation(
        "Credits",
        money.PurchaseStatusJSON,
        (Code.QUOTE_NOT_FOUND,),
        also="At most one reference; none means the balance.",
        query={
            name: {"schema": {"type": "string"}, "description": words}
            for name, words in (
                ("quote_id", "A quote."),
                ("payment_attempt_id", "An attempt to pay."),
                ("checkout_session_id", "A session of the payment page."),
                ("receipt_id", "A receipt."),
            )
        },
    ),
    "GET /v1/models": Operation(
        "Models",
        pictures.ModelListJSON,
        query=_MODELS
        | {
            "operation": {"schema": {"type": "string"}, "description": "Such as image.generate or image.edit."},
            "modality": {"schema": {"type": "string"}, "description": "Such as image."},
            "provider": {"schema": {"type": "string"}, "description": "A provider's id."},
            "query": {"schema": {"type": "string"}, "description": "Words in a model's id, name or description."},
        },
        also="With `details=true` each row is whole, as for a single model.",
    ),
    "GET /v1/models/{reference}": Operation("Models", pictures.ModelShowJSON, (Code.MODEL_NOT_FOUND,)),
    "GET /v1/capabilities": Operation("Models", CapabilitiesJSON),
    "GET /v1/capabilities/{reference}": Operation(
        "Models", pictures.CapabilityShowJSON, (Code.CAPABILITY_NOT_FOUND,)
    ),
    "POST /v1/create": Operation(
        "Pictures",
        pictures.CreateJSON,
        _SPENDING,
        running=True,
        headers=_MAKING,
        also="A dry run checks and prices everything and makes nothing; it needs no token.",
        query={"include": {"schema": {"type": "string"}, "description": "`provenance`, for a claimed agent."}},
    ),
    "POST /v1/edit": Operation(
        "Pictures",
        pictures.EditJSON,
        _SPENDING,
        running=True,
        headers=_MAKING,
        also="Inputs are pictures of the caller, by id; upload others first.",
        summary="Change one of the caller's pictures, or say exactly what that would cost.",
        query={"include": {"schema": {"type": "string"}, "description": "`provenance`, for a claimed agent."}},
    ),
    "POST /v1/upload": Operation(
        "Pictures",
        pictures.UploadJSON,
        (Code.INPUT_POLICY_DENIED, Code.CAPABILITY_DENIED, Code.ARTIFACT_STORAGE_WRITE_FAILED),
        also="PNG, JPEG, WebP, GIF and AVIF up to 20 MB. What the bytes are decides, not what the caller says.",
    ),
    "GET /v1/assets": Operation(
        "Pictures",
        pictures.AssetListJSON,
        query={
            "job_id": {"schema": {"type": "string"}, "description": "Only pictures of this job."},
            "kind": {
                "schema": {"type": "string", "enum": ["generated", "uploaded"]},
                "description": "Only pictures of this kind.",
            },
        },
    ),
    "GET /v1/assets/{reference}": Operation("Pictures", pictures.AssetShowJSON, (Code.ASSET_NOT_FOUND,)),
    "DELETE /v1/assets/{reference}": Operation(
        "Pictures",
        pictures.AssetDeleteJSON,
        (Code.ASSET_NOT_FOUND, Code.ASSET_IN_USE, Code.CAPABILITY_DENIED),
        also="The grant asset.delete is needed, own uploads excepted.",
    ),
    "GET /v1/jobs": Operation(
        "Records",
        records.JobListJSON,
        query={
            "status": {
                "schema": {"type": "string", "enum": list(pictures.JobState.__args__)},  # type: ignore[attr-defined]
                "description": "Only jobs in this state.",
            },
            "operation": {
                "schema": {"type": "string", "enum": ["create", "edit"]},
                "description": "Only jobs of this operation.",
            },
        },
    ),
    "GET /v1/jobs/{reference}": Operation("Records", records.JobShowJSON, (Code.JOB_NOT_FOUND,)),
    "POST /v1/jobs/{reference}/cancel": Operation(
        "Records", records.JobShowJSON, (Code.JOB_NOT_FOUND, Code.JOB_NOT_CANCELABLE)
    ),
    "GET /v1/activity": Operation(
        "Records",
        records.ActivityListJSON,
        headers=("image-skill-contract",),
        query={
            "subject": {"schema": {"type": "string"}, "description": "Only events that carry this id."},
            "type": {"schema": {"type": "string"}, "description": "Only events of this type."},
        },
    ),
    "GET /v1/activity/{reference}": Operation(
        "Records",
        records.ActivityShowJSON,
        (Code.ACTIVITY_NOT_FOUND,),
        headers=("image-skill-contract",),
        also="An event's id shows that event; a job, asset, usage, feedback, trace, quote, payment, receipt or"
        " credit event shows what happened to it.",
    ),
    "POST /v1/feedback": Operation(
        "Feedback",
        feedback.FeedbackCreateJSON,
        also="`title` or `body` is needed. The same `dedupe_key` is the same report.",
    ),
    "GET /v1/feedback": Operation("Feedback", feedback.FeedbackListJSON),
    "GET /v1/feedback/{reference}": Operation("Feedback", feedback.FeedbackShowJSON, (NOT_FOUND,)),
}
"""Method and path -> what it answers. The url map and this table hold the same operations; the suite checks it."""


def refusals_of(operation: Operation, *, granted: bool, token: bool, body: bool, limited: bool) -> set[Refusal]:
    """Return every error of an operation: its own, and those that follow from what it takes."""
    found: set[Refusal] = {
        Code.INVALID_ARGUMENTS,
        Code.SERVICE_UNAVAILABLE,
        Code.INTERNAL_ERROR,
        *operation.refusals,
    }
    if token:
        found.add(Code.AUTH_REQUIRED)
    if granted:
        found.add(Code.CAPABILITY_DENIED)
    if limited:
        found.add(Code.RATE_LIMITED)
    if body:
        found |= {Code.MALFORMED_JSON, Code.UNSUPPORTED_MEDIA_TYPE, Code.PAYLOAD_TOO_LARGE}
    return found


def by_status(refusals: set[Refusal]) -> dict[int, list[str]]:
    """Return the names of error codes by HTTP status."""
    found: dict[int, set[str]] = {}
    for refusal in refusals:
        code, status = refusal if isinstance(refusal, tuple) else (refusal, refusal.spec.http_status)
        found.setdefault(status, set()).add(code.name)
    return {status: sorted(found[status]) for status in sorted(found)}
