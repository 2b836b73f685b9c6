"""Gauges: what the rows say of this moment, in few queries that stay short however much lies behind them."""

import json
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import BooksFinding, BooksRun, CapsRun, Hold, StripeEvent
from creative.models import Approval, Job, KillSwitch, ProviderSlot
from imageskill.core.models import Outbox, PeriodicRun
from imageskill.flows import gauges
from tests.cast import Member

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

MANY = 20_000
MOST_QUERIES = 14
SMALL = {"billing_booksfinding", "billing_booksrun", "billing_capsrun", "core_periodicrun", "creative_killswitch"}
"""Tables of some dozens of rows, or of one row for each check within 90 days: a scan of them is short."""
SMALLER = {"creative_providerslot", "procrastinate_workers"}


def value(name: str, *labels: str) -> float:
    return dict(gauges.read()[name])[labels]


@pytest.fixture
def waiting(agent: Member, settings: LazySettings) -> Job:
    """A queued job of a minute ago."""
    settings.JOB_QUEUE = "tests.doubles.run_never"
    settings.CREATE_WAIT_SECONDS = 0
    made = agent.create()
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    Hold.objects.update(authorised_at=timezone.now() - timedelta(minutes=2))
    return Job.objects.get(pk=made.data["job_id"])


def test_a_service_at_rest_has_nothing_waiting(db: None) -> None:
    told = gauges.read()
    assert set(told) <= set(gauges.WORDS)
    still = ("jobs", "queue_oldest_seconds", "holds_open", "webhooks_waiting", "webhook_lag_seconds")
    assert all(sum(number for _, number in told[f"imageskill_{name}"]) == 0 for name in still)
    assert "imageskill_books_checked_seconds" not in told


def test_what_waits_is_told_with_its_age(waiting: Job) -> None:
    assert value("imageskill_jobs", "queued", "canvas") == 1
    assert 60 <= value("imageskill_queue_oldest_seconds") < 180
    assert value("imageskill_holds_open") == 1
    assert value("imageskill_holds_open_credits") == waiting.credits_required
    assert 120 <= value("imageskill_holds_oldest_seconds") < 240
    Job.objects.update(state=Job.State.RUNNING)
    assert value("imageskill_jobs", "running", "canvas") == 1
    assert value("imageskill_queue_oldest_seconds") == 0


def test_a_payment_event_without_its_effect_is_the_lag(db: None) -> None:
    long_ago = timezone.now() - timedelta(minutes=10)
    for number, state in enumerate(StripeEvent.State.values):
        StripeEvent.objects.create(
            event_id=f"evt_{number}", type="x", object_id="x", livemode=False, state=state, received_at=long_ago
        )
    assert value("imageskill_webhooks_waiting") == 2
    assert 600 <= value("imageskill_webhook_lag_seconds") < 700


def test_books_that_do_not_balance_are_told(db: None) -> None:
    now = timezone.now()
    for number, confirmed in enumerate((None, now, now)):
        BooksFinding.objects.create(
            what="hold",
            row_id=str(number),
            told="x",
            deep=False,
            first_seen_at=now,
            last_seen_at=now,
            confirmed_at=confirmed,
        )
    began = {"began_at": now, "finished_at": now - timedelta(hours=1)}
    BooksRun.objects.create(full=True, unconfirmed=1, confirmed=2, **began)
    CapsRun.objects.create(decisions=9, overspent=3, offences=4, tightest="x", **began)
    assert (
        value("imageskill_books_findings", "confirmed"),
        value("imageskill_books_findings", "unconfirmed"),
    ) == (
        2,
        1,
    )
    assert (value("imageskill_caps_overspent"), value("imageskill_caps_offences")) == (3, 4)
    for name in ("books_checked", "books_proven", "caps_proven"):
        assert 3600 <= value(f"imageskill_{name}_seconds") < 3700


def test_works_mails_switches_and_slots_are_told(waiting: Job) -> None:
    now = timezone.now()
    PeriodicRun.objects.create(name="sweep_jobs", due_at=now - timedelta(minutes=5), failures=2)
    PeriodicRun.objects.create(name="reconcile", due_at=now - timedelta(days=1), leased_until=now + timedelta(1))
    PeriodicRun.objects.create(name="of another version", due_at=now - timedelta(days=9), failures=9)
    Outbox.objects.all().delete()
    for attempts in (0, 3, 8):
        Outbox.objects.create(
            kind="x",
            recipient="a@example.com",
            subject="x",
            text="x",
            attempts=attempts,
            created_at=now - timedelta(minutes=attempts + 1),
            next_try_at=now,
        )
    KillSwitch.objects.create(
        target="provider:fal", is_on=True, kind="automatic", reason="x", actor_id="x", changed_at=now
    )
    for number, ends in ((1, now + timedelta(minutes=1)), (2, now - timedelta(minutes=1))):
        ProviderSlot.objects.create(provider_id="fal", number=number, job=waiting, expires_at=ends)
    assert value("imageskill_works_failing") == 1
    assert 300 <= value("imageskill_works_late_seconds") < 400
    assert (value("imageskill_mails_waiting"), value("imageskill_mails_given_up")) == (2, 1)
    assert 240 <= value("imageskill_mail_oldest_seconds") < 300
    assert (value("imageskill_switches_on", "automatic"), value("imageskill_switches_on", "manual")) == (1, 0)
    assert (value("imageskill_provider_slots", "fal"), value("imageskill_provider_slots_busy", "fal")) == (2, 1)


def multiply(row: Model, **changed: str) -> None:
    """Write MANY more rows like this one, in one statement; `changed` are expressions, with `n.i` as a number."""
    fields = [field for field in row._meta.concrete_fields if field.column in changed or not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(changed.get(field.column, f't."{field.column}"') for field in fields)
    table, key = row._meta.db_table, row._meta.pk
    assert key is not None
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) "  # noqa: S608 - our own
            f'INSERT INTO "{table}" ({columns}) SELECT {values} FROM "{table}" t, n WHERE t."{key.column}" = %s',
            [row.pk],
        )


def numbered(prefix: str) -> str:
    return f"'{prefix}' || CAST(n.i AS TEXT)"


@pytest.fixture
def crowded(waiting: Job) -> None:
    """A service with a long past: many rows that have ended, and one of each kind that has not."""
    now = timezone.now()
    hold = Hold.objects.get()
    multiply(hold, id=numbered("hold_x"), job_id=numbered("job_x"), state="'settled'")
    multiply(waiting, id=numbered("job_x"), hold_id=numbered("hold_x"), state="'completed'")
    event = StripeEvent.objects.create(
        event_id="evt", type="x", object_id="x", livemode=False, payload={}, received_at=now
    )
    multiply(event, event_id=numbered("evt"), state="'processed'")
    mail = Outbox.objects.create(
        kind="x", recipient="a@example.com", subject="x", text="x", created_at=now, next_try_at=now
    )
    multiply(mail, sent_at="t.created_at")
    card = Approval.objects.create(
        job_id=waiting.pk, **_defaults(Approval, waiting), requested_at=now, expires_at=now
    )
    multiply(card, job_id=numbered("job_x"), state="'approved'")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _defaults(model: type[Model], job: Job) -> dict[str, object]:
    """Return something for each column that has to have it."""
    known: dict[str, object] = {"agent_id": job.agent_id, "organization_id": job.organization_id}
    given: dict[str, object] = {}
    for field in model._meta.concrete_fields:
        if field.primary_key or field.has_default() or field.null or field.name.endswith("_at"):
            continue
        if field.attname in known:
            given[field.attname] = known[field.attname]
        elif field.get_internal_type() not in ("CharField", "TextField"):
            given[field.attname] = {} if field.get_internal_type() == "JSONField" else 0
    return given


@pytest.mark.usefixtures("crowded")
def test_the_queries_are_few_and_short_at_twenty_thousand_rows() -> None:
    assert Job.objects.count() > MANY
    with CaptureQueriesContext(
        connection,
    ) as captured:
        told = gauges.read()
    assert len(captured) <= MOST_QUERIES
    assert told["imageskill_jobs"] == [(("queued", "canvas"), 1)]
    long = [plan for query in captured for plan in scans(query["sql"])]
    assert long == []


def scans(sql: str) -> list[str]:
    """Return the steps of a statement's plan that read a whole table that grows."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            steps = [str(row[3]) for row in cursor.fetchall()]
            found = [step for step in steps if step.startswith("SCAN ") and " USING " not in step]
            return [step for step in found if step.split()[1] not in SMALL | SMALLER]
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        (plan,) = cursor.fetchone() or ([],)
    steps = json.loads(plan) if isinstance(plan, str) else plan
    return [name for name in sequential(steps[0]["Plan"]) if name not in SMALL | SMALLER]


def sequential(step: dict[str, object]) -> list[str]:
    own = [str(step["Relation Name"])] if step["Node Type"] == "Seq Scan" else []
    below = step.get("Plans", [])
    assert isinstance(below, list)
    return own + [name for inner in below for name in sequential(inner)]
