"""Shapes of jobs and activity."""

from typing import Annotated, Literal, NotRequired, TypedDict

from imageskill.core.errors import ErrorCode
from imageskill.core.events import BY_NAME
from imageskill.site.openapi.shapes.pictures import (
    CapabilityRefJSON,
    CostJSON,
    JobState,
    MadeAssetJSON,
    SafetyJSON,
)
from imageskill.site.openapi.typed import Instant, Told


class JobErrorJSON(TypedDict):
    """Why a job ended without pictures."""

    code: Annotated[str, Told(choices=tuple(code.name for code in ErrorCode))]
    message: str
    exit_code: int


class JobJSON(TypedDict):
    """A job; never its prompt, its provider or its model."""

    job_id: str
    status: JobState
    operation: Literal["create", "edit", "upload"]
    capability: CapabilityRefJSON
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    trace_id: str
    cost: CostJSON
    safety: SafetyJSON
    assets: list[MadeAssetJSON]
    error: JobErrorJSON | None


class JobRequestJSON(TypedDict):
    """What was asked for."""

    reference: str
    reference_type: Literal["job_id"]


class JobShowJSON(TypedDict):
    """One job, and its state, assets and cost at the top too."""

    request: JobRequestJSON
    job: JobJSON
    status: JobState
    state: JobState
    assets: list[MadeAssetJSON]
    cost: CostJSON


class JobListJSON(TypedDict):
    """A page of jobs, newest first."""

    jobs: list[JobJSON]
    next_cursor: str | None


class SubjectJSON(TypedDict):
    """What an event is about."""

    type: str
    id: str


class LinksJSON(TypedDict):
    """The ids that belong to an event; the first four are always there."""

    job_id: str | None
    asset_ids: list[str]
    usage_event_id: str | None
    feedback_id: str | None
    quote_id: NotRequired[str]
    payment_attempt_id: NotRequired[str]
    checkout_session_id: NotRequired[str]
    receipt_id: NotRequired[str]
    credit_event_id: NotRequired[str]


class EventCostJSON(TypedDict):
    """What an event cost."""

    estimated_usd: float | None
    credits: int | None


class EventJSON(TypedDict):
    """Something that happened. Types that came later reach callers that send `image-skill-contract: latest`."""

    event_id: str
    type: Annotated[str, Told(choices=tuple(sorted(BY_NAME)))]
    occurred_at: Instant
    summary: str
    operation: str
    subject: SubjectJSON
    links: LinksJSON
    status: str
    cost: EventCostJSON | None
    trace_id: str


class ActivityListJSON(TypedDict):
    """A page of events, newest first."""

    events: list[EventJSON]
    source: Literal["hosted_activity_ledger"]
    next_cursor: str | None


class ActivityRequestJSON(TypedDict):
    """What was asked for, and what it was taken as."""

    reference: str
    reference_type: Literal["event_id", "subject"]


class ActivityShowJSON(TypedDict):
    """One event, or the events of a subject."""

    request: ActivityRequestJSON
    event: EventJSON | None
    events: list[EventJSON]
    source: Literal["hosted_activity_ledger"]
    next_cursor: None
