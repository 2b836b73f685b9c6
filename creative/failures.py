"""How a job that ended without pictures is told to its caller."""

from creative.models import Job
from imageskill.core.errors import ApiError, ErrorCode

_SERVER_FAULT = 500


def of_job(job: Job, *, has_key: bool) -> ApiError:
    """Return the error of a failed or canceled job.

    With an idempotency key a repeat makes a new attempt and cannot charge twice, so a server-side failure is
    retryable then; without one a repeat would be another job. A storage failure never is: the picture was made.
    """
    code = ErrorCode[job.error_code] if job.error_code else ErrorCode.INTERNAL_ERROR
    stored_badly = code is ErrorCode.ARTIFACT_STORAGE_WRITE_FAILED
    retryable = has_key and code.spec.http_status >= _SERVER_FAULT and not stored_badly
    told = ApiError(
        code,
        job.error_message or None,
        retryable=retryable,
        job_id=job.pk,
        charged_credits=0,
        suggested_command=f"image-skill jobs show {job.pk} --json",
    )
    if job.error_reason:
        told.recovery["reason"] = job.error_reason
    return told
