"""A visit of staff writes nothing, in whatever company a write comes."""

import pytest

from accounts.models import Organization
from imageskill.console.view_as import reading
from imageskill.console.view_as.reading import WriteRefusedError
from imageskill.core.messages import send
from imageskill.core.statements import Select, Update
from tests.cast import Member

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

FOUND = Select(lambda pk: Organization.objects.filter(pk=pk))
RENAMED = Update(lambda pk, name: (Organization.objects.filter(pk=pk), {"name": name}))


def test_a_write_behind_a_reading_is_refused(agent: Member) -> None:
    pk = agent.row.organization_id
    before = FOUND.all(pk=pk)[0].name
    with reading.only():
        assert send(FOUND.asked(pk=pk), FOUND.asked_rows(pk=pk))[0][0].name == before
        with pytest.raises(WriteRefusedError):
            send(FOUND.asked(pk=pk), RENAMED.asked(pk=pk, name="written"))
    assert FOUND.all(pk=pk)[0].name == before
