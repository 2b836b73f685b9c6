"""Statements that go in one message find, change and refuse what they do when each is sent alone."""

import time
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import organizations
from accounts.models import Organization
from imageskill.core.messages import ask, clock, send, written
from imageskill.core.models import IdempotencyKey
from imageskill.core.rows import inserted, saved
from imageskill.core.statements import Select, Update
from imageskill.core.units import database_now, unit_of_work
from tests.at_once import at_once
from tests.cast import Member

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

MOMENT = datetime(2026, 11, 3, 4, 5, 6, 789, tzinfo=UTC)
NAMED = Select(lambda key: IdempotencyKey.objects.filter(key=key))
RENAMED = Update(lambda key, name: (IdempotencyKey.objects.filter(key=key), {"object_id": name}))


def row(key: str, **fields: object) -> IdempotencyKey:
    given = {"agent_id": "agt", "organization_id": "org", "operation": "create", "key": key}
    given |= {"body_sha256": "b", "object_id": "job", "created_at": MOMENT}
    return IdempotencyKey(**(given | fields))


def test_each_sees_what_those_before_it_did_and_tells_its_own() -> None:
    made = row("100% o'clock; -- %s")
    told = send(
        inserted(made),
        NAMED.asked_rows(key=made.key),
        RENAMED.asked(key=made.key, name="it's; \\ another %(name)s"),
        NAMED.asked_first(key=made.key),
        RENAMED.asked(key="nobody's", name="x"),
        NAMED.asked(key="nobody's"),
    )
    assert made.pk is not None
    assert (told[0], len(told[1]), told[2], told[4], told[5]) == (None, 1, 1, 0, [])
    assert (told[3].pk, told[3].object_id) == (made.pk, "it's; \\ another %(name)s")


def test_they_are_one_message_where_a_message_costs_a_way() -> None:
    with CaptureQueriesContext(connection) as asked:
        send(inserted(row("a")), RENAMED.asked(key="a", name="x"), clock())
    # SQLite's clock is the process's own.
    assert len(asked) == (1 if connection.vendor == "postgresql" else 2)
    assert send() == []


def test_who_looks_at_statements_sees_placeholders_and_no_value() -> None:
    seen = []

    def look(execute: Any, sql: str, *others: Any) -> Any:
        seen.append(sql)
        return execute(sql, *others)

    with connection.execute_wrapper(look):
        send(inserted(row("a secret", object_id="of somebody's")), NAMED.asked(key="a secret"))
    assert "".join(seen).count("%s") == len(IdempotencyKey._meta.concrete_fields)
    assert "secret" not in "".join(seen)
    assert "somebody" not in "".join(seen)
    assert IdempotencyKey.objects.get().object_id == "of somebody's"


def test_nothing_stands_of_a_message_that_fails_within_a_unit_of_work() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        send(inserted(row("a")), inserted(row("b"), row("b")), inserted(row("c")))
    assert list(IdempotencyKey.objects.all()) == []


def test_what_a_statement_raises_of_its_answer_ends_the_unit_of_work() -> None:
    kept, gone = row("a"), row("b")
    send(inserted(kept), inserted(gone))
    gone.delete()
    gone.pk = 0

    @unit_of_work
    def write() -> None:
        kept.object_id = "changed"
        send(saved(kept, "object_id"), saved(gone, "object_id"))

    with pytest.raises(LookupError):
        write()
    assert IdempotencyKey.objects.get().object_id == "job"


def test_a_value_that_the_database_refuses_is_no_statement_of_its_own() -> None:
    with pytest.raises((DataError, ValueError, IntegrityError)), transaction.atomic():
        send(inserted(row("a")), inserted(row("b\x00; DELETE FROM core_idempotencykey", body_sha256=None)))
    assert list(IdempotencyKey.objects.all()) == []


def test_a_written_statement_takes_what_a_composed_one_takes() -> None:
    send(inserted(row("a")), inserted(row("b", created_at=MOMENT + timedelta(hours=1))))
    sql = "SELECT key FROM core_idempotencykey WHERE created_at > %s AND agent_id = %s"
    assert ask(written(sql, MOMENT, "agt")) == [("b",)]
    with pytest.raises(TypeError):
        written(sql, None, "agt")


def test_the_clock_is_read_at_its_turn() -> None:
    before = timezone.now()
    [first, *_, second] = send(clock(), *(NAMED.asked(key="a") for _ in range(20)), clock())
    assert before - timedelta(seconds=1) < first <= second < timezone.now() + timedelta(seconds=1)


@pytest.mark.django_db(transaction=True)
def test_what_is_read_behind_a_lock_is_read_when_the_lock_is_had(agent: Member) -> None:
    organization_id = agent.row.organization_id
    held, asking = Event(), Event()
    names = Select(lambda pk: Organization.objects.filter(pk=pk).values_list("name"))

    @unit_of_work
    def change() -> datetime:
        organizations.lock(organization_id)
        held.set()
        assert asking.wait(30)
        # Long enough for the other's message to have come to the lock.
        time.sleep(0.3)
        Organization.objects.filter(pk=organization_id).update(name="Renamed meanwhile")
        return database_now()

    @unit_of_work
    def read() -> list[object]:
        return send(organizations.locked(organization_id), names.asked_rows(pk=organization_id), clock())

    def ask_behind() -> list[object]:
        assert held.wait(30)
        asking.set()
        return read()

    changed_at, (_, names_then, read_at) = at_once(change, ask_behind)
    assert names_then == [("Renamed meanwhile",)]
    assert read_at > changed_at
