"""Two people, or one person twice, decide at the same moment: it is decided once, and both are told the truth."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client

from accounts.models import Role
from billing import ledger
from billing.models import Hold
from creative.models import Approval, Job
from imageskill.core.models import ActivityEvent
from tests.doubles import FakeProvider
from tests.pages.approvals.desk import Desk, make_desk
from tests.pages.people import join, make_user, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def desk(transactional_db: None, provider: FakeProvider, settings: LazySettings) -> Desk:
    made = make_desk()
    settings.JOB_QUEUE = "tests.doubles.run_never"
    return made


def at_once(*acts: Callable[[], str]) -> list[str]:
    barrier = Barrier(len(acts))

    def run(act: Callable[[], str]) -> str:
        try:
            barrier.wait(60)
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def saying(client: Client, path: str, **fields: str) -> Callable[[], str]:
    def act() -> str:
        answer = client.post(path, fields, headers=HTMX)
        assert answer.status_code == 200
        return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())

    return act


def test_two_approvals_at_once_start_one_job(desk: Desk) -> None:
    join(make_user("bo@example.com"), desk.organization, Role.ADMIN)
    ada, bo = sign_in(), sign_in("bo@example.com")
    job_id = desk.wait()
    path = desk.path(job_id, "approve")
    told = at_once(saying(ada, path), saying(bo, path), saying(ada, path), saying(bo, path))
    assert sum("Approved. Exactly this plan was started, once." in page for page in told) == 1
    assert sum("Already approved. Somebody was faster." in page for page in told) == 3
    assert (Hold.objects.filter(job_id=job_id).count(), Job.objects.get(pk=job_id).state) == (1, "queued")
    assert ActivityEvent.objects.filter(type="approval.decided", subject_id=job_id).count() == 1
    assert ledger.verify() == []


def test_an_approval_and_a_denial_at_once_are_one_of_them(desk: Desk) -> None:
    join(make_user("bo@example.com"), desk.organization, Role.ADMIN)
    ada, bo = sign_in(), sign_in("bo@example.com")
    for number in range(3):
        job_id = desk.wait(3, f"Boat {number}")
        told = at_once(
            saying(ada, desk.path(job_id, "approve")),
            saying(bo, desk.path(job_id, "deny"), words="No"),
        )
        state = Approval.objects.get(pk=job_id).state
        held = Hold.objects.filter(job_id=job_id).count()
        if state == "approved":
            assert (held, Job.objects.get(pk=job_id).state) == (1, "queued")
            assert "Already approved." in told[1]
        else:
            assert (state, held, Job.objects.get(pk=job_id).state) == ("denied", 0, "canceled")
            assert "Already denied." in told[0]
    assert ledger.verify() == []


def test_plans_approved_at_once_never_pass_the_cap(desk: Desk) -> None:
    desk.limit(approval_threshold=2, cap_day=7)
    plans = [desk.wait(3, f"Boat {number}") for number in range(4)]
    session = sign_in().cookies
    clients = [Client() for _ in plans]
    for client in clients:
        client.cookies = session
    told = at_once(
        *(saying(client, desk.path(job_id, "approve")) for client, job_id in zip(clients, plans, strict=True))
    )
    assert sum("Approved." in page for page in told) == 2
    assert sum("Not started: a cap would be passed." in page for page in told) == 2
    assert sum(hold.credits for hold in Hold.objects.filter(job_id__in=plans)) == 6
    assert ledger.verify() == []
