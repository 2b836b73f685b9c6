"""Statements composed once say, find and change what their querysets do, on each database and in every run."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, connection, models
from django.db.models import DurationField, ExpressionWrapper, F, IntegerField, QuerySet
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from accounts.models import Agent, AgentToken, Organization
from billing.models import CreditAccount, CreditLot, SpendBucket
from creative.models import Attempt, Job
from imageskill.core import veil
from imageskill.core.models import IdempotencyKey
from imageskill.core.rows import insert, save
from imageskill.core.statements import Select, Update
from tests.cast import Member

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

MOMENT = datetime(2026, 11, 3, 4, 5, 6, 789, tzinfo=UTC)


def key(number: int, **fields: object) -> IdempotencyKey:
    given = {"agent_id": f"a{number}", "organization_id": "o", "operation": "create", "key": f"k{number}"}
    given |= {"body_sha256": "b", "object_id": "job", "created_at": MOMENT + timedelta(days=number)}
    return IdempotencyKey(**(given | fields))


@pytest.fixture
def job(agent: Member, settings: LazySettings) -> Job:
    """A job that waits for a runner."""
    settings.JOB_QUEUE = "tests.doubles.run_never"
    agent.post("/v1/create", {"prompt": "A red boat"}, headers={"prefer": "respond-async"})
    return Job.objects.get()


def fields_of(row: models.Model) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_a_select_finds_what_its_queryset_finds_with_every_value() -> None:
    insert(*(key(number) for number in range(5)))
    calls = []

    def compose(since: object, words: object) -> QuerySet[IdempotencyKey]:
        calls.append(since)
        rows = IdempotencyKey.objects.filter(created_at__gte=since, agent_id__in=words, operation="create")
        return rows.order_by("-created_at")

    found = Select(compose)
    for number in range(5):
        since = MOMENT + timedelta(days=number)
        for words in (("a1", "a3"), ("a4", "a0")):
            told = found.all(since=since, words=words)
            assert told == list(IdempotencyKey.objects.filter(created_at__gte=since, agent_id__in=words)[::-1])
            assert [fields_of(row) for row in told] == [fields_of(key(int(row.key[1]), id=row.pk)) for row in told]
    assert found.all(since=MOMENT, words=("a2",))[0].key == "k2"
    # Composed once for each length of the list, however often it ran.
    assert len(calls) == 2


def test_a_select_brings_related_rows_and_none_where_there_is_none(agent: Member) -> None:
    found = Select(
        lambda agent_id: Agent.objects.select_related("organization__credit_account").filter(pk=agent_id)
    )
    CreditAccount.objects.get_or_create(organization_id=agent.row.organization_id)
    told = found.first(agent_id=agent.agent_id)
    assert told is not None
    with CaptureQueriesContext(connection) as asked:
        assert told.organization.credit_account == CreditAccount.objects.get()
    assert len(asked) == 1
    assert fields_of(told) == fields_of(Agent.objects.get())
    assert isinstance(told.grants, list)
    assert told.created_at.tzinfo is not None
    CreditAccount.objects.all().delete()
    bare = found.first(agent_id=agent.agent_id)
    assert bare is not None
    with pytest.raises(CreditAccount.DoesNotExist):
        _ = bare.organization.credit_account
    assert found.first(agent_id="agt_nobody") is None


def test_rows_are_converted_as_values_list_converts_them(agent: Member) -> None:
    asked = Agent.objects.values_list("grants", "created_at", "paused_at")
    found = Select(lambda pk: asked.filter(pk=pk))
    assert found.rows(pk=agent.agent_id) == list(asked.filter(pk=agent.agent_id))


def test_an_update_changes_what_its_queryset_would_and_counts_the_rows(agent: Member) -> None:
    bucket = SpendBucket.objects.create(
        organization=agent.row.organization, agent=agent.row, start=MOMENT, held_credits=5, settled_credits=1
    )
    moved = Update(
        lambda start, held: (
            SpendBucket.objects.filter(start=start),
            {"held_credits": F("held_credits") + ExpressionWrapper(held, IntegerField())},
        )
    )
    assert moved.run(start=MOMENT, held=7) == 1
    assert moved.run(start=MOMENT, held=-2) == 1
    assert moved.run(start=MOMENT + timedelta(minutes=15), held=100) == 0
    bucket.refresh_from_db()
    assert (bucket.held_credits, bucket.settled_credits) == (10, 1)


def test_an_update_writes_json_instants_and_the_database_s_clock(job: Job) -> None:
    attempt = Attempt.objects.create(job=job, lease_epoch=1, started_at=MOMENT)
    kept = Update(lambda pk, outputs, at: (Attempt.objects.filter(pk=pk), {"outputs": outputs, "finished_at": at}))
    assert kept.run(pk=attempt.pk, outputs=[{"key": "ä'%s\"", "n": 1}], at=MOMENT) == 1
    attempt.refresh_from_db()
    assert (attempt.outputs, attempt.finished_at) == ([{"key": "ä'%s\"", "n": 1}], MOMENT)
    leased = Update(
        lambda pk, lease: (
            Job.objects.filter(pk=pk),
            {"lease_expires_at": Now() + ExpressionWrapper(lease, DurationField())},
        )
    )
    for seconds in (60, 600):
        assert leased.run(pk=job.pk, lease=timedelta(seconds=seconds)) == 1
        held = Job.objects.annotate(left=F("lease_expires_at") - Now()).get(pk=job.pk)
        assert timedelta(seconds=seconds - 5) < held.left <= timedelta(seconds=seconds, milliseconds=1)


def test_an_update_writes_as_the_field_does_at_every_run(job: Job) -> None:
    asked = Update(lambda pk, prompt, at: (Job.objects.filter(pk=pk), {"prompt": prompt, "finished_at": at}))
    assert asked.run(pk=job.pk, prompt="A blue boat", at=MOMENT) == 1
    with veil.drawn(), pytest.raises(veil.VeiledError):
        asked.run(pk=job.pk, prompt=veil.HIDDEN, at=MOMENT)
    assert asked.run(pk=job.pk, prompt="A green boat", at=None) == 1
    job.refresh_from_db()
    assert (job.prompt, job.finished_at) == ("A green boat", None)


def test_none_is_refused_because_sql_compares_it_to_nothing() -> None:
    found = Select(lambda replaces: AgentToken.objects.filter(replaces_id=replaces))
    with pytest.raises(TypeError):
        found.all(replaces=None)


def test_a_blank_that_the_orm_took_for_a_value_is_refused(agent: Member) -> None:
    lost = Select(lambda ids: Agent.objects.filter(organization_id__in=ids))
    with pytest.raises(TypeError, match="relation__pk__in"):
        lost.all(ids=(agent.row.organization_id,))
    found = Select(lambda ids: Agent.objects.filter(organization__pk__in=ids))
    assert found.first(ids=(agent.row.organization_id,)) == agent.row


def test_an_insert_writes_what_save_writes(agent: Member, job: Job) -> None:
    saved, inserted = (Job.objects.get(pk=job.pk) for _ in range(2))
    saved.pk, inserted.pk = "job_saved", "job_inserted"
    saved.hold = inserted.hold = None
    saved.state = inserted.state = Job.State.PLANNED
    saved.lease_expires_at = inserted.lease_expires_at = MOMENT
    saved.save(force_insert=True)
    insert(inserted)
    told = [fields_of(Job.objects.get(pk=pk)) | {"id": ""} for pk in ("job_saved", "job_inserted")]
    assert told[0] == told[1]
    assert inserted._state.adding is False
    inserted.save()
    with pytest.raises(IntegrityError):
        insert(saved)


def test_an_insert_sets_a_key_that_the_database_gives_and_keeps_one_that_is_given() -> None:
    one = key(1)
    insert(one)
    assert IdempotencyKey.objects.get(pk=one.pk).key == "k1"
    insert(key(2, id=one.pk + 1000))
    assert IdempotencyKey.objects.get(pk=one.pk + 1000).key == "k2"
    insert(key(3), key(4))
    assert IdempotencyKey.objects.count() == 4
    insert()


def test_an_insert_dates_by_the_database_s_clock(job: Job) -> None:
    job.pk, job.hold, job.state = "job_dated", None, Job.State.PLANNED
    insert(job, clock={"lease_expires_at": timedelta(minutes=10)})
    kept = Job.objects.annotate(left=F("lease_expires_at") - Now()).get(pk="job_dated")
    # SQLite tells its time in milliseconds.
    assert timedelta(minutes=9) < kept.left <= timedelta(minutes=10, milliseconds=1)


def test_a_save_writes_its_columns_alone(agent: Member) -> None:
    lot = CreditLot.objects.order_by("pk").first()
    assert lot is not None
    granted, available = lot.granted_credits, lot.available_credits
    lot.available_credits, lot.held_credits, lot.granted_credits = available - 1, 1, granted + 5
    save(lot, "available_credits", "held_credits")
    lot.refresh_from_db()
    assert (lot.granted_credits, lot.available_credits, lot.held_credits) == (granted, available - 1, 1)
    with pytest.raises(LookupError, match="held_credit"):
        save(lot, "held_credits", "held_credit")
    lot.pk += 1000
    with pytest.raises(LookupError):
        save(lot, "held_credits")


def test_text_that_looks_like_sql_stays_text(agent: Member) -> None:
    found = Select(lambda name: Organization.objects.filter(name=name))
    hostile = "x'); DROP TABLE accounts_agent; -- %s %(name)s"
    Organization.objects.filter(pk=agent.row.organization_id).update(name=hostile)
    assert [row.pk for row in found.all(name=hostile)] == [agent.row.organization_id]
    assert found.all(name="x") == []
