"""What is answered where a plan cannot begin to wait any more, or waits for no decision any more."""

import math
from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from creative.models import Approval
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.instants import instant


def too_many(ends: Sequence[datetime], *, most: int) -> ApiError:
    """Return the refusal of a plan of an agent whose plans already wait; `ends` is when each of these ends."""
    first = min(ends)
    seconds = (first - timezone.now()).total_seconds()
    return ApiError(
        ErrorCode.RATE_LIMITED,
        f"{len(ends)} plans wait for the owner already; at most {most} may. The first of them ends at "
        f"{instant(first)}, or once the owner decides.",
        reason="approvals_waiting",
        # One that is past its end waits for the sweeper only, which comes every few seconds.
        retry_after_seconds=max(1, math.ceil(seconds)),
        resets_at=instant(first),
        cap=most,
        used=len(ends),
        suggested_command="image-skill jobs list --json",
    )


def decided(job_id: str) -> ApiError:
    """Return what whoever decides too late is told: how the plan stands."""
    state = Approval.objects.filter(pk=job_id).values_list("state", flat=True).first() or "unknown"
    return ApiError(
        ErrorCode.JOB_NOT_CANCELABLE,
        f"This plan waits for no decision any more: it is {state if state != 'waiting' else 'past its time'}.",
        job_id=job_id,
        reason=f"approval_{state}",
    )
