"""A quota rests on the limits that are in the books, also where the books were put back under it."""

from copy import copy
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Agent, ClaimState
from billing import mandates, quota
from billing.mandates import Terms
from imageskill.core.events import System
from tests.cast import Member

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_limits_whose_id_came_again_after_a_restore_are_read_anew(agent: Member) -> None:
    Agent.objects.filter(pk=agent.agent_id).update(claim_state=ClaimState.CLAIMED)
    row = agent.row
    mandate = mandates.set_terms(agent=row, terms=Terms(cap_per_job=25, cap_day=500), actor=System("tests"))
    assert quota.of_agent(row).spend[0].cap == 25
    with CaptureQueriesContext(connection) as queries:
        assert quota.of_agent(row).spend[0].cap == 25
    assert len(queries) == 1

    of_before = copy(mandate)
    of_before.cap_per_job, of_before.created_at = 7, mandate.created_at - timedelta(seconds=1)
    quota._remembered[row.pk] = of_before
    assert quota.of_agent(row).spend[0].cap == 25
