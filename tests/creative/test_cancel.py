"""`POST /v1/jobs/ID/cancel` and `GET /v1/jobs`: stopping what is not wanted, and finding it again."""

import pytest
from django.conf import LazySettings

from billing import ledger, mandates
from billing.mandates import Terms
from billing.models import CreditAccount, Hold
from creative import execution
from creative.models import Approval, Job
from creative.providers.base import Failure, ProviderCall, ProviderError, ProviderResult
from imageskill.core.events import System
from tests.cast import Answer, Member
from tests.doubles import FakeProvider, pictures

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def cancel(member: Member, job_id: str) -> Answer:
    return member.post(f"/v1/jobs/{job_id}/cancel")


@pytest.fixture
def queued(agent: Member, settings: LazySettings, provider: FakeProvider) -> Job:
    """A job that nobody has taken."""
    settings.JOB_QUEUE = "tests.doubles.run_never"
    agent.post("/v1/create", {"prompt": "A boat"}, headers={"prefer": "respond-async"})
    return Job.objects.get()


def test_a_queued_job_ends_at_once_and_gives_its_credits_back(
    agent: Member, queued: Job, provider: FakeProvider
) -> None:
    answer = cancel(agent, queued.pk)
    assert (answer.body["command"], answer.data["status"]) == ("image-skill jobs cancel", "canceled")
    assert answer.data["job"]["error"]["code"] == "JOB_CANCELED"
    assert Hold.objects.get().state == "released"
    assert CreditAccount.objects.get(organization_id=queued.organization_id).free_credits == 50
    execution.run(queued.pk)
    assert provider.calls == []
    assert ledger.verify() == []


def test_what_has_ended_cannot_be_canceled_and_says_how_it_ended(agent: Member, queued: Job) -> None:
    cancel(agent, queued.pk)
    refused = cancel(agent, queued.pk)
    assert (refused.code, refused.status, refused.exit_code) == ("JOB_NOT_CANCELABLE", 409, 1)
    assert refused.error["message"] == "The job is canceled already."
    assert refused.error["recovery"]["suggested_command"] == f"image-skill jobs show {queued.pk} --json"


def test_nobody_cancels_the_job_of_another(agent: Member, teammate: Member, stranger: Member, queued: Job) -> None:
    for other in (teammate, stranger):
        assert cancel(other, queued.pk).code == "JOB_NOT_FOUND"
    assert Job.objects.get().state == "queued"


def test_a_plan_that_waits_for_its_owner_is_taken_back(agent: Member) -> None:
    mandates.set_terms(agent=agent.row, terms=Terms(approval_threshold=0), actor=System("owner"))
    job_id = agent.create().error["recovery"]["job_id"]
    assert cancel(agent, job_id).data["status"] == "canceled"
    assert Approval.objects.get().state == "expired"
    again = agent.create()
    assert again.code == "APPROVAL_REQUIRED"
    assert again.error["recovery"]["job_id"] != job_id


def test_a_running_job_is_canceled_only_where_the_provider_can_stop(
    agent: Member, queued: Job, provider: FakeProvider
) -> None:
    told: list[Answer] = []

    def meanwhile(call: ProviderCall) -> ProviderResult:
        told.append(cancel(agent, queued.pk))
        return pictures(call)

    provider.behaviour = meanwhile
    execution.run(queued.pk)
    assert (told[0].code, told[0].error["recovery"]["reason"]) == ("JOB_NOT_CANCELABLE", "running")
    assert Job.objects.get().state == "completed"


@pytest.mark.parametrize("confirmed", [True, False], ids=["confirmed", "too late"])
def test_a_cancel_after_submission_is_a_wish(
    agent: Member, queued: Job, provider: FakeProvider, *, confirmed: bool
) -> None:
    """Released when the provider confirms it before any output, else delivered and charged."""
    provider.cancellable = True
    told: list[Answer] = []

    def meanwhile(call: ProviderCall) -> ProviderResult:
        assert call.is_cancel_wanted() is False
        told.append(cancel(agent, queued.pk))
        assert call.is_cancel_wanted() is True
        if confirmed:
            raise ProviderError(Failure.CANCELED, "The job was canceled before its picture was made.")
        return pictures(call)

    provider.behaviour = meanwhile
    execution.run(queued.pk)
    assert told[0].data["status"] == "running"
    assert "may still be made and charged" in told[0].body["warnings"][0]
    job = Job.objects.get()
    assert (job.state, job.settled_credits) == (("canceled", 0) if confirmed else ("completed", 1))
    assert Hold.objects.get().state == ("released" if confirmed else "settled")
    assert ledger.verify() == []


def test_the_list_is_the_callers_own_newest_first_by_pages(
    agent: Member, teammate: Member, provider: FakeProvider, settings: LazySettings
) -> None:
    settings.PREVIEW_DAILY_JOBS = 100
    made = [agent.create().data["job_id"] for _ in range(5)]
    teammate.create()
    first = agent.get("/v1/jobs?limit=3").data
    assert [job["job_id"] for job in first["jobs"]] == made[:1:-1]
    second = agent.get(f"/v1/jobs?limit=3&cursor={first['next_cursor']}").data
    assert ([job["job_id"] for job in second["jobs"]], second["next_cursor"]) == (made[1::-1], None)
    shown = agent.get(f"/v1/jobs/{made[0]}").data["job"]
    assert second["jobs"][-1] == shown
    assert "prompt" not in str(first)


@pytest.mark.parametrize(
    ("query", "count"),
    [("status=completed", 1), ("status=failed", 0), ("operation=create", 1), ("operation=edit", 0)],
)
def test_the_list_is_narrowed(agent: Member, provider: FakeProvider, query: str, count: int) -> None:
    agent.create()
    assert len(agent.get(f"/v1/jobs?{query}").data["jobs"]) == count


@pytest.mark.parametrize("query", ["status=done", "operation=paint", "limit=0", "limit=101", "cursor=evt_1"])
def test_a_question_that_cannot_be_answered_is_refused(agent: Member, query: str) -> None:
    refused = agent.get(f"/v1/jobs?{query}")
    assert (refused.code, set(refused.error["recovery"]["fields"])) == (
        "INVALID_ARGUMENTS",
        {query.split("=", maxsplit=1)[0]},
    )
