"""The tables of the third floor in the admin. What was asked for, and the pictures, are their workspace's own."""

from typing import Final

from django.db.models import Model

from creative.models import (
    Approval,
    Asset,
    Attempt,
    Feedback,
    FeedbackChange,
    FeedbackEvidence,
    FeedbackTerm,
    Job,
    JobInput,
    KillSwitch,
    PriceVersion,
    ProviderSlot,
    Quarantine,
    Rating,
    SharedPicture,
    ShareLink,
)
from imageskill.core.admin.rows import Rows


class _Jobs(Rows):
    columns = ("agent", "operation", "state", "model_id", "credits_required", "settled_credits", "created_at")


class _Attempts(Rows):
    columns = ("job", "lease_epoch", "state", "provider_cost_micros", "started_at", "finished_at")


class _Inputs(Rows):
    columns = ("job", "asset", "role", "position")


class _Approvals(Rows):
    columns = ("agent", "credits", "threshold", "state", "requested_at", "decided_at")


class _Pictures(Rows):
    # A picture's id is the key to its bytes: who has none gets none from here.
    columns = ("organization", "agent", "kind", "width", "height", "created_at", "deleted_at")
    only_when_asked = True


class _Quarantines(Rows):
    columns = ("reason", "actor_id", "created_at", "blocked", "released_at")
    tells = frozenset({"sha256"})
    found_by = ("sha256",)


class _Ratings(Rows):
    columns = ("organization", "asset", "state", "credits", "rated_by", "rated_at")


class _Links(Rows):
    columns = ("organization", "made_by", "created_at", "ends_at", "revoked_at", "opened")


class _Shared(Rows):
    columns = ("link", "asset", "position")


class _Reports(Rows):
    # An agent's own words are read in the console, where they are fenced.
    columns = ("agent", "state", "type", "severity", "reports", "priority", "created_at")
    hides = frozenset({"title", "source"})


class _Evidence(Rows):
    columns = ("feedback", "kind", "is_known", "added_at")
    hides = frozenset({"reference"})


class _Terms(Rows):
    columns = ("feedback", "is_public", "of")
    hides = frozenset({"term"})


class _Changes(Rows):
    columns = ("feedback", "from_state", "to_state", "reason", "actor_id", "created_at")


class _Switches(Rows):
    columns = ("is_on", "kind", "reason", "strikes", "version", "actor_id", "changed_at")
    found_by = ("target",)
    ordering = ("pk",)


class _Prices(Rows):
    columns = ("model_id", "number", "version", "reason", "actor_id", "created_at", "ended_at")


class _Slots(Rows):
    columns = ("provider_id", "number", "job", "expires_at")


TABLES: Final[dict[type[Model], type[Rows]]] = {
    Approval: _Approvals,
    Asset: _Pictures,
    Attempt: _Attempts,
    Feedback: _Reports,
    FeedbackChange: _Changes,
    FeedbackEvidence: _Evidence,
    FeedbackTerm: _Terms,
    Job: _Jobs,
    JobInput: _Inputs,
    KillSwitch: _Switches,
    PriceVersion: _Prices,
    ProviderSlot: _Slots,
    Quarantine: _Quarantines,
    Rating: _Ratings,
    SharedPicture: _Shared,
    ShareLink: _Links,
}
