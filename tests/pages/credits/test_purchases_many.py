"""The purchases of a workspace that bought thousands of times: no page reads them whole, and none is left out."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Organization, User
from billing import history
from billing.models import PaymentAttempt, Quote
from imageskill.core.ids import new_id
from tests.pages.people import make_user, make_workspace, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

FULL = {
    "sqlite": r"SCAN (billing_paymentattempt|U0)\b(?! USING COVERING INDEX)",
    "postgresql": r"Seq Scan on billing_paymentattempt\b",
}


def buy(place: Organization, user: User, count: int, state: str = "expired") -> list[str]:
    """Write payments of a workspace as rows only; return their ids, the newest first."""
    now, own = timezone.now(), {"organization": place, "user": user, "credits": 500, "amount_cents": 500}
    told = {**own, "live_money": False, "created_at": now, "expires_at": now}
    quotes = Quote.objects.bulk_create(
        [Quote(id=new_id("quote"), payment_method="fake", idempotency_key="k", **told) for _ in range(count)],
        batch_size=2_000,
    )
    rows = PaymentAttempt.objects.bulk_create(
        [
            PaymentAttempt(id=new_id("payatt"), quote=quote, state=state, idempotency_key="k", **told)
            for quote in quotes
        ],
        batch_size=2_000,
    )
    return sorted((row.pk for row in rows), reverse=True)


@pytest.fixture
def user() -> User:
    return make_user()


@pytest.fixture
def place(user: User) -> Organization:
    return make_workspace(user)


def shell_of(place: Organization) -> Organization:
    return Organization.objects.create(name="shell", created_at=timezone.now(), merged_into=place)


def plans(work: Callable[[], Any]) -> list[str]:
    """Return how each query of some work is answered."""
    with CaptureQueriesContext(connection) as asked:
        work()
    explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    told = []
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            cursor.execute(explain + query["sql"])
            told.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
    return told


def test_no_part_of_the_history_reads_a_whole_table(
    place: Organization, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "CHUNK", 50)
    monkeypatch.setattr(history, "LOOKED_AT", 50)
    elsewhere = make_workspace(make_user("bo@example.com"), name="Elsewhere")
    buy(elsewhere, user, 15_000)
    shell = shell_of(place)
    newest = [*buy(shell, user, 60), *buy(place, user, 400)]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for ids in ([place.pk], [place.pk, shell.pk]):

        def work(ids: list[str] = ids) -> None:
            history.page(ids)
            history.page(ids, before=newest[50])
            history.waiting(ids)
            next(iter(history.every(ids)))

        found = plans(work)
        assert len(found) >= 6
        assert "\n\n".join(plan for plan in found if re.search(FULL[connection.vendor], plan)) == ""
    assert re.search(FULL[connection.vendor], plans(lambda: list(PaymentAttempt.objects.filter(tries=9)))[0])


def test_page_after_page_tells_every_purchase_of_a_workspace_and_its_shells_once(
    place: Organization, user: User
) -> None:
    shell, elsewhere = shell_of(place), make_workspace(user, name="Elsewhere")
    own = []
    for count in (15, 9, 21):
        own += buy(place, user, count)
        own += buy(shell, user, count)
        buy(elsewhere, user, count)
    told: list[str] = []
    before: str | None = None
    pages = 0
    while pages == 0 or before is not None:
        found, before = history.page([place.pk, shell.pk], before=before)
        told += [one.attempt.pk for one in found]
        pages += 1
    assert pages == 5
    assert told == sorted(own, reverse=True)
    answer = sign_in().get(f"/w/{place.pk}/credits/purchases.csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert [line.split(",")[11] for line in lines[1:]] == told


def test_a_table_of_all_purchases_holds_a_few_at_a_time(
    place: Organization, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "CHUNK", 4)
    rows = buy(place, user, 13)
    told = history.every([place.pk])
    with CaptureQueriesContext(connection) as first:
        begun = [next(told) for _ in range(4)]
    assert len([query for query in first.captured_queries if "LIMIT 4" in query["sql"]]) == 1
    assert "billing_paymentattempt" in first.captured_queries[0]["sql"]
    assert [one.attempt.pk for one in [*begun, *told]] == rows


def test_what_waits_is_found_among_the_newest_payments_whoever_was_billed(
    place: Organization, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LOOKED_AT", 6)
    shell = shell_of(place)
    (ancient,) = buy(place, user, 1, "created")
    buy(place, user, 3)
    (early,) = buy(shell, user, 1, "processing")
    buy(place, user, 4)
    (late,) = buy(place, user, 1, "action_required")
    ids = [place.pk, shell.pk]
    assert [one.attempt.pk for one in history.waiting(ids)] == [late, early]
    monkeypatch.setattr(history, "LOOKED_AT", 11)
    assert [one.attempt.pk for one in history.waiting(ids)] == [late, early, ancient]


def test_the_credits_page_asks_as_often_for_many_purchases_as_for_few(place: Organization, user: User) -> None:
    client = sign_in()

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/w/{place.pk}/credits").status_code == 200
            assert client.get(f"/w/{place.pk}/credits/purchases").status_code == 200
        return len(asked)

    buy(place, user, 2)
    queries()
    few = queries()
    buy(place, user, 40)
    assert queries() == few
