"""Ledger entries are only ever added: the model refuses to change one, PostgreSQL refuses by itself."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing import ledger
from billing.models import LedgerEntry
from tests.billing.books import give, new_agent, release, set_aside

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
STATEMENTS = (
    "UPDATE billing_ledgerentry SET credits = credits + 1",
    "UPDATE billing_ledgerentry SET reason = 'another' WHERE seq = 1",
    "UPDATE billing_ledgerentry SET sha256 = ''",
    "UPDATE billing_ledgerentry SET actor_id = 'agt_another' WHERE seq = 2",
    "DELETE FROM billing_ledgerentry WHERE seq = 3",
    "DELETE FROM billing_ledgerentry",
)


@pytest.fixture
def entry() -> LedgerEntry:
    """The first of some entries."""
    agent = new_agent()
    release(set_aside(agent, (give(agent, 50), 5)))
    return LedgerEntry.objects.get(organization_id=agent.organization_id, seq=1)


def test_a_stored_entry_is_not_saved_again(entry: LedgerEntry) -> None:
    entry.credits = 5_000
    with pytest.raises(TypeError, match="never changed"):
        entry.save()
    with pytest.raises(TypeError, match="never changed"):
        entry.save(update_fields=["reason"])
    assert LedgerEntry.objects.get(pk=entry.pk).credits == 50


def test_a_stored_entry_is_not_deleted(entry: LedgerEntry) -> None:
    with pytest.raises(TypeError, match="never removed"):
        entry.delete()
    assert LedgerEntry.objects.filter(pk=entry.pk).exists()


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.usefixtures("entry")
def test_a_statement_that_goes_round_the_model_is_refused_or_found(statement: str) -> None:
    refused_or_found(lambda: run(statement))


@pytest.mark.parametrize(
    "act",
    [
        lambda rows: rows.update(credits=1),
        lambda rows: rows.update(created_at=timezone.now()),
        lambda rows: rows._raw_delete(using="default"),
    ],
    ids=["update", "backdate", "delete"],
)
def test_a_queryset_that_goes_round_the_model_is_refused_or_found(
    entry: LedgerEntry, act: Callable[[QuerySet[LedgerEntry]], object]
) -> None:
    refused_or_found(lambda: act(LedgerEntry.objects.filter(pk=entry.pk)))


def refused_or_found(act: Callable[[], object]) -> None:
    """PostgreSQL refuses the change and nothing has happened; elsewhere the chain shows that it happened."""
    before = list(LedgerEntry.objects.order_by("pk").values())
    if connection.vendor == "postgresql":
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()
        assert list(LedgerEntry.objects.order_by("pk").values()) == before
        assert ledger.verify() == []
    else:
        act()
        assert any(offence.what.startswith("chain.") for offence in ledger.verify())


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
