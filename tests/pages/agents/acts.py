"""What the tests of the agents' pages do again and again."""

import re
from dataclasses import replace
from typing import Any

from billing import mandates
from creative.models import Job
from imageskill.core.events import Human
from tests.cast import Member
from tests.pages.studio import TERMS, Studio


def path(studio: Studio, *rest: str) -> str:
    return "/".join((f"/w/{studio.organization.pk}/agents/{studio.agent.agent_id}", *rest))


def text(answer: Any) -> str:
    """Return what a page says, as one line without its marks."""
    words = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", words).replace("&#x27;", "'")


def queue_a_job(studio: Studio, settings: Any, **fields: Any) -> Job:
    """Have the agent ask for a picture that no worker takes."""
    settings.JOB_QUEUE = "tests.doubles.run_never"
    answer = studio.agent.post(
        "/v1/create", {"prompt": "A boat", "model": "canvas.draft"} | fields, headers={"prefer": "respond-async"}
    )
    assert answer.status == 202, answer.body
    return Job.objects.get(pk=answer.data["job_id"])


def with_token(studio: Studio, raw: str) -> Member:
    return Member(raw, studio.agent.agent_id)


def ask_less(studio: Studio) -> None:
    """Let the agent work without asking."""
    mandates.set_terms(agent=studio.agent.row, terms=replace(TERMS, approval_threshold=None), actor=Human("usr_1"))
