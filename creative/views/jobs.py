"""Jobs: showing one, listing the caller's own, canceling."""

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.permissions import caller
from creative import assets, cancelling, jobs
from creative.presenters.jobs import job_list_json, show_job_json
from imageskill.core import pagination
from imageskill.core.api import ApiView


class JobShow(ApiView):
    """`GET /v1/jobs/ID`."""

    command = "image-skill jobs show"
    grant = "job.read"

    def get(self, request: Request, reference: str) -> HttpResponse:
        """Say how a job stands and what it made."""
        job = jobs.visible_to(caller(request), reference)
        return self.answer(show_job_json(job, assets.of_job(job)))


class JobList(ApiView):
    """`GET /v1/jobs`."""

    command = "image-skill jobs list"
    grant = "job.read"
    query_fields = frozenset({"limit", "cursor", "status", "operation"})

    def get(self, request: Request) -> HttpResponse:
        """List the caller's jobs, newest first."""
        query = request.query_params
        rows = jobs.listed(caller(request), status=query.get("status"), operation=query.get("operation"))
        page, cursor = pagination.page(rows, query, prefix="job")
        return self.answer(job_list_json([(job, assets.of_job(job)) for job in page], cursor))


class JobCancel(ApiView):
    """`POST /v1/jobs/ID/cancel`."""

    command = "image-skill jobs cancel"
    grant = "create.preview"

    def post(self, request: Request, reference: str) -> HttpResponse:
        """Stop a job, or ask its provider to."""
        self.read(request)
        job, ended = cancelling.cancel(caller(request), reference)
        if not ended:
            self.warnings.append(
                "The provider was asked to stop. Until it confirms, the picture may still be made and charged."
            )
        return self.answer(show_job_json(job, assets.of_job(job)))
