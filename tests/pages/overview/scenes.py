"""What overviews show: a studio with an answered report, and jobs at work."""

from django.conf import settings

from creative import jobs
from creative.models import Feedback, Job
from tests import doubles
from tests.feedback.reports import moved, report, row_of
from tests.pages.studio import Studio, make_studio


def busy_studio() -> Studio:
    """Make a studio whose agent had a report answered."""
    studio = make_studio()
    row = row_of(report(studio.agent, title="Edit loses the <b>transparent</b> background"))
    assert moved(row, Feedback.State.ACCEPTED, reason="We can see it, and mend it.")
    return studio


def queued(studio: Studio) -> Job:
    """Have the studio's agent ask for a picture that nobody makes yet."""
    settings.JOB_QUEUE = "tests.doubles.run_never"  # the test's own settings: pytest-django puts them back
    answer = studio.agent.post(
        "/v1/create",
        {"prompt": "A slow fog over the harbour", "model": "canvas.draft"},
        headers={"prefer": "respond-async"},
    )
    assert answer.ok, answer.body
    return Job.objects.get(agent_id=studio.agent.agent_id, state=Job.State.QUEUED)


def at_work(studio: Studio) -> Job:
    """Have a job of the studio's agent stand at its provider."""
    job = queued(studio)
    assert jobs.take(job.pk) is not None
    return job


def finish(job: Job) -> None:
    """Have a queued job done."""
    doubles.run_at_once.enqueue(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.COMPLETED
