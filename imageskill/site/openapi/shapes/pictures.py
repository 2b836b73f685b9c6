"""Shapes of the catalogue, creates, edits, uploads and assets."""

from typing import Any, Literal, NotRequired, TypedDict

from creative.presenters.capabilities import CapabilityJSON
from creative.presenters.models import ModelDetailJSON, ModelJSON, SummaryJSON
from imageskill.site.openapi.typed import Instant

JobState = Literal["planned", "awaiting_approval", "queued", "running", "completed", "failed", "canceled"]
Confidence = Literal["known", "estimated", "unknown"]


class CapabilityRefJSON(TypedDict):
    """A capability by its id."""

    id: str


class MadeAssetJSON(TypedDict):
    """A picture as its job lists it."""

    asset_id: str
    path: str
    url: str
    mime_type: str
    content_length: int
    width: int
    height: int
    sha256: str


class AssetJSON(TypedDict):
    """A picture by itself."""

    asset_id: str
    job_id: str | None
    kind: Literal["generated", "uploaded"]
    url: str
    mime_type: str
    content_length: int
    width: int
    height: int
    sha256: str
    created_at: Instant
    source: Literal["hosted_metadata"]


class CreditPricingJSON(TypedDict):
    """How a price in credits is made up."""

    credit_unit_usd: float
    credits_required: int
    estimated_provider_cost_usd: float | None
    estimated_revenue_usd: float
    pricing_confidence: Confidence
    price_version: str


class CostJSON(TypedDict):
    """What a job costs at most; only what is delivered is charged."""

    estimated_usd: float | None
    credit_pricing: CreditPricingJSON
    consumed_credits: NotRequired[int]


class SafetyJSON(TypedDict):
    """What the content policy said."""

    status: str


class JobRefJSON(TypedDict):
    """A job by its id; null for a plan without a token, which leaves no job behind."""

    job_id: str | None
    status: JobState


class ParameterKeysJSON(TypedDict):
    """Which model parameters were used, by name only."""

    keys: list[str]
    defaults_applied: list[str]


class ExpectedOutputJSON(TypedDict):
    """The size that the plan expects; null where the model decides."""

    expected_width: int | None
    expected_height: int | None


class SelectionJSON(TypedDict):
    """Why this model; its name is provenance, and is not told here."""

    policy: str
    reason: str
    capability: str
    model_parameters: ParameterKeysJSON
    output: ExpectedOutputJSON


class UnderstoodJSON(TypedDict):
    """How the request was understood."""

    selection: SelectionJSON
    output_count: int


class ConsumedJSON(TypedDict):
    """What the call consumed and what is left, in credits."""

    consumed_credits: int
    remaining_credits: int
    payment_backed_remaining_credits: int
    held_credits: int


class NextActionsJSON(TypedDict):
    """Commands that go on from here; null where there is nothing to go on with."""

    inspect_job: str | None
    inspect_asset: str | None
    iterate_edit: str | None
    wait: NotRequired[str]


class ProvenanceJSON(TypedDict):
    """Which model of which provider made the pictures, for a claimed agent that asked."""

    model: str
    provider: str
    parameters: dict[str, Any]


class InputAssetJSON(TypedDict):
    """A picture that went into an edit."""

    asset_id: str
    mime_type: str
    content_length: int
    width: int
    height: int


class CreateJSON(TypedDict):
    """A create or an edit: finished, still running (202), or planned."""

    job_id: str | None
    trace_id: str
    job: JobRefJSON
    capability: CapabilityRefJSON
    assets: list[MadeAssetJSON]
    asset_ids: list[str]
    cost: CostJSON
    safety: SafetyJSON
    quota: NotRequired[ConsumedJSON]
    request: UnderstoodJSON
    next_actions: NextActionsJSON
    approval_required: NotRequired[bool]
    provenance: NotRequired[ProvenanceJSON]


class EditJSON(CreateJSON):
    """An edit: finished, still running (202), or planned."""

    input_asset: NotRequired[InputAssetJSON]
    mask_asset: NotRequired[InputAssetJSON]


class UploadRequestJSON(TypedDict):
    """Where the client had the bytes from: a file's name without its folder, an address without its path."""

    source_kind: Literal["local_path", "remote_url"]
    filename: str | None
    remote_origin: str | None


class UploadPolicyJSON(TypedDict):
    """What the input policy said."""

    status: Literal["allowed"]


class ReceivedJSON(TypedDict):
    """The bytes as they were received."""

    bytes: int
    mime_type: str
    sha256: str
    policy: UploadPolicyJSON


class UploadJSON(TypedDict):
    """An upload: `upload` as it was received, `asset` as it is stored."""

    request: UploadRequestJSON
    asset: AssetJSON
    upload: ReceivedJSON


class AssetRequestJSON(TypedDict):
    """What was asked for."""

    reference: str
    reference_type: Literal["asset_id"]


class AssetShowJSON(TypedDict):
    """One picture."""

    request: AssetRequestJSON
    asset: AssetJSON


class AssetListJSON(TypedDict):
    """A page of pictures, newest first."""

    assets: list[AssetJSON]
    source: Literal["hosted_metadata"]
    next_cursor: str | None


class DeletedAssetJSON(TypedDict):
    """What is left of a deleted picture."""

    asset_id: str
    job_id: str | None
    kind: Literal["generated", "uploaded"]
    deleted_at: Instant


class AssetDeleteJSON(TypedDict):
    """A deletion. The bytes are gone; what was charged stays in the ledger."""

    request: AssetRequestJSON
    asset: DeletedAssetJSON


class ModelListJSON(TypedDict):
    """The models that were asked for; with `details=true` each row is whole."""

    models: list[ModelJSON | ModelDetailJSON]
    summary: SummaryJSON


class ModelShowJSON(ModelDetailJSON):
    """One model, at the top and under `model`."""

    model: ModelDetailJSON


class CapabilityShowJSON(CapabilityJSON):
    """One capability, at the top and under `capability`."""

    capability: CapabilityJSON
