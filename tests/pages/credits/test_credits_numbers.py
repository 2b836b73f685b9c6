"""The three numbers of the credits page: never merged, each the sum of its entries, and the same everywhere."""

import csv
import io
import itertools
import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import organizations
from accounts.models import Agent, Role
from billing import entries, findings, ledger, outlook, standing
from billing.entries import Filters, View
from billing.models import CreditAccount, Hold, LedgerEntry, LotKind
from deploy.verify_statement import verify
from imageskill.core import ids
from imageskill.core.events import System
from imageskill.core.units import unit_of_work
from tests.pages.people import PERSON, join, make_user, make_workspace, sign_in
from tests.pages.studio import Studio, add_viewer, make_studio

pytestmark = [pytest.mark.django_db]
TESTS = System("tests")


@pytest.fixture
def studio() -> Studio:
    return make_studio()


@pytest.fixture
def client(studio: Studio) -> Client:
    return sign_in()


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def table(client: Client, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert answer["x-content-type-options"] == "nosniff"
    assert answer["content-disposition"].startswith("attachment;")
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


@unit_of_work
def hold_some(agent: Agent, credits: int) -> Hold:
    """Hold credits of an agent's workspace for a job that never ends."""
    lot = agent.organization.credit_lots.filter(available_credits__gte=credits).latest("pk")
    return ledger.hold(
        organization_id=agent.organization_id,
        agent_id=agent.pk,
        job_id=ids.new_id("job"),
        split=ledger.Split(((lot, credits),)),
        price_version="tests/1",
        authorised_at=timezone.now(),
        actor=TESTS,
    )


def test_every_number_is_the_same_on_the_page_in_the_api_in_the_table_and_in_the_statement(
    studio: Studio, client: Client
) -> None:
    hold_some(studio.agent.row, 7)
    here = f"/w/{studio.organization.pk}/credits"
    told = standing.of_workspace(studio.organization.pk)
    assert (told.held, told.available > 0, told.spent > 0) == (7, True, True)
    quota = studio.agent.get("/v1/quota").data
    limits = quota["limits"]
    api = limits["remaining_credits"] + limits["payment_backed_remaining_credits"]
    assert (api, limits["held_credits"]) == (told.available, told.held)
    shown = client.get(here).context
    assert shown["standing"] == told == shown["figures"]
    page = text(client, here)
    assert f"{told.available} " in page
    for view, number in ((View.AVAILABLE, told.available), (View.HELD, told.held), (View.SPENT, told.spent)):
        rows = table(client, f"{here}/ledger.csv?view={view}")
        assert sum(int(row["change"]) for row in rows) == number, view
        assert f"{number} credit" in text(client, f"{here}/ledger?view={view}")
    closing: dict[str, int] = {}
    for chain in (studio.organization.pk, studio.agent.row.shell_id):
        answer = client.get(f"{here}/statements/{chain}/{timezone.now():%Y-%m}.jsonl")
        for name, left in verify(b"".join(answer.streaming_content).decode().splitlines()).items():
            closing[name] = closing.get(name, 0) + left
    assert (closing["available"], closing["held"]) == (told.available, told.held)
    spent = sum(one["used"] for name, one in quota["spend"].items() if name == "month")
    # What was spent before the claim is the workspace's history, too.
    shell = LedgerEntry.objects.filter(organization_id=studio.agent.row.shell_id, kind="settle")
    assert told.spent == spent + sum(shell.values_list("credits", flat=True))


def test_the_running_balance_ends_at_nothing_and_begins_at_what_there_is(studio: Studio, client: Client) -> None:
    here = f"/w/{studio.organization.pk}/credits"
    rows = table(client, f"{here}/ledger.csv?view=available")
    told = standing.of_workspace(studio.organization.pk)
    assert int(rows[0]["left"]) == told.available
    assert int(rows[-1]["left"]) == int(rows[-1]["change"])
    for newer, older in itertools.pairwise(rows):
        assert int(newer["left"]) - int(newer["change"]) == int(older["left"])


def test_pages_of_the_ledger_carry_the_balance_on(studio: Studio, client: Client) -> None:
    agent = studio.agent.row
    for _ in range(entries.PAGE + 5):
        hold_some(agent, 1)
    here = f"/w/{studio.organization.pk}/credits/ledger?view=available"
    first = client.get(here).context
    second = client.get(f"{here}&cursor={first['older']}").context
    last, then = first["lines"][-1][0], second["lines"][0][0]
    assert last.left - last.change == then.left
    assert then.entry.pk < last.entry.pk
    # A cursor of another question, or a forged one, begins anew instead of telling a wrong balance.
    other = client.get(f"/w/{studio.organization.pk}/credits/ledger?view=all&cursor={first['older']}").context
    assert other["lines"][0][0].left == standing.of_workspace(studio.organization.pk).available
    assert client.get(f"{here}&cursor=forged").context["lines"][0][0].entry.pk == first["lines"][0][0].entry.pk


def test_a_job_is_told_from_its_quote_to_its_charge(studio: Studio, client: Client) -> None:
    job = studio.jobs[-1]
    page = text(client, f"/w/{studio.organization.pk}/credits/ledger?job={job.pk}")
    for word in ("Quoted", "Held", "Settled", job.price_version, f"{job.settled_credits} credit", job.model_id):
        assert word in page
    kinds = [row["kind"] for row in table(client, f"/w/{studio.organization.pk}/credits/ledger.csv?job={job.pk}")]
    assert kinds == ["settle", "hold"]


def test_each_running_job_is_named_beside_what_it_holds(studio: Studio, client: Client) -> None:
    hold = hold_some(studio.agent.row, 7)
    page = client.get(f"/w/{studio.organization.pk}/credits").content.decode()
    assert f"ledger?job={hold.job_id}" in page
    assert "1 running job" in page
    part = client.get(f"/w/{studio.organization.pk}/credits/numbers").content.decode()
    assert f"ledger?job={hold.job_id}" in part
    assert "<html" not in part


def test_a_debt_and_frozen_credits_are_said_in_plain_words(studio: Studio, client: Client) -> None:
    lots = ledger.lots_of_receipt(studio.organization.credit_lots.filter(kind="paid").latest("pk").receipt_id)
    mine = [lot for lot in lots if lot.organization_id == studio.organization.pk]

    @unit_of_work
    def freeze() -> None:
        ledger.freeze(lots=mine, credits=30, reference="tests", actor=TESTS)

    freeze()
    page = text(client, f"/w/{studio.organization.pk}/credits")
    assert "30 frozen" in page
    assert "They come back, or go" in page
    assert "are owed" not in page
    CreditAccount.objects.filter(pk=studio.organization.pk).update(debt_credits=12)
    page = text(client, f"/w/{studio.organization.pk}/credits")
    assert "12 credits are owed" in page


@pytest.mark.both_databases
def test_a_list_takes_the_same_queries_at_three_rows_and_at_thirty(client: Client, studio: Studio) -> None:
    here = f"/w/{studio.organization.pk}/credits"
    paths = [here, f"{here}/ledger?view=all", f"{here}/ledger?view=held", f"{here}/purchases", f"{here}/books"]

    def counts() -> list[int]:
        told = []
        for path in paths:
            client.get(path)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(path).status_code == 200
            told.append(len(queries))
        return told

    for _ in range(3):
        more(studio)
    before = counts()
    for _ in range(18):
        more(studio)
    assert counts() == before
    assert max(before) <= 32, before


def more(studio: Studio) -> None:
    """Add a running job, a lot and a purchase."""
    hold_some(studio.agent.row, 1)
    quote = studio.agent.post("/v1/credit-quotes", {"credits": 5}).data["quote_id"]
    key = f"more-{quote}"
    studio.agent.post("/v1/credit-purchases", {"quote_id": quote, "idempotency_key": key})


@pytest.mark.parametrize(
    "path",
    ["", "/numbers", "/ledger", "/ledger.csv", "/books", "/purchases", "/purchases.csv", "/verify_statement.py"],
)
def test_a_stranger_finds_nothing_and_looking_writes_nothing(studio: Studio, client: Client, path: str) -> None:
    here = f"/w/{studio.organization.pk}/credits{path}"
    client.get(f"/w/{studio.organization.pk}/")
    before = LedgerEntry.objects.count()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(here).status_code == 200
    writes = [row["sql"] for row in queries if re.match(r"\s*(INSERT|UPDATE|DELETE)", row["sql"])]
    assert (writes, LedgerEntry.objects.count()) == ([], before)
    make_user("bo@example.com")
    assert sign_in("bo@example.com").get(here).status_code == 404
    assert Client().get(here).url.startswith("/account/login/")


@pytest.mark.parametrize(
    "path", ["ledger?view=none", "ledger?job=1", "ledger?agent=x", "statements/org_x/2026-11.jsonl", "payments/x"]
)
def test_what_nobody_can_have_asked_for_is_not_found(studio: Studio, client: Client, path: str) -> None:
    assert client.get(f"/w/{studio.organization.pk}/credits/{path}").status_code == 404


def test_a_statement_of_another_workspace_is_not_found(studio: Studio, client: Client) -> None:
    other = make_workspace(make_user("bo@example.com"))
    month = f"{timezone.now():%Y-%m}"
    assert (
        client.get(f"/w/{studio.organization.pk}/credits/statements/{other.pk}/{month}.jsonl").status_code == 404
    )
    own = studio.organization.pk
    assert client.get(f"/w/{own}/credits/statements/{own}/last-month.jsonl").status_code == 404


def test_the_anchor_on_the_page_is_the_end_of_the_statement(studio: Studio, client: Client) -> None:
    here = f"/w/{studio.organization.pk}/credits"
    answer = client.get(f"{here}/statements/{studio.organization.pk}/{timezone.now():%Y-%m}.jsonl")
    last = json.loads(b"".join(answer.streaming_content).decode().splitlines()[-1])
    assert last["closing_sha256"] in client.get(f"{here}/books").content.decode()
    program = b"".join(client.get(f"{here}/verify_statement.py").streaming_content)
    assert b"def verify" in program


def test_a_viewer_sees_numbers_and_no_payer(studio: Studio) -> None:
    add_viewer(studio)
    client = sign_in("bo@example.com")
    here = f"/w/{studio.organization.pk}/credits"
    for path in ("", "/purchases", "/ledger", "/books"):
        page = client.get(f"{here}{path}").content.decode()
        assert PERSON not in page, path
        assert '<form method="post" action="/w/' not in page, path
    assert client.get(f"{here}/purchases.csv").status_code == 403
    assert client.get(f"{here}/ledger.csv").status_code == 200
    for path in ("buy", "alerts/set", "alerts/switch", "alerts/test", "payments/x/cancel"):
        assert client.post(f"{here}/{path}").status_code == 403, path


def test_the_books_badge_says_what_the_checks_found(studio: Studio, client: Client) -> None:
    here = f"/w/{studio.organization.pk}/credits"
    assert "not checked yet" in text(client, here)
    now = timezone.now()
    findings.record(found=[], full=True, began_at=now)
    assert "the books balance" in text(client, here)
    assert "0 rows out of place" in text(client, here)
    bad = findings.Found("account.held", studio.organization.pk, studio.organization.pk, "account.held: 1 for 2")
    findings.record(found=[bad], full=True, began_at=now)
    assert "1 row may be out of place" in text(client, here)
    findings.record(found=[bad], full=True, began_at=now)
    assert "The books do not balance." in text(client, here)
    assert "account.held: 1 for 2" in text(client, f"{here}/books")


def test_the_outlook_names_the_day_on_which_nothing_is_left(studio: Studio, client: Client) -> None:
    told = standing.of_workspace(studio.organization.pk)
    now = timezone.now()
    ahead = outlook.foresee(organizations.with_shells(studio.organization.pk), told, at=now)
    assert ahead.spent_week == told.spent
    days = (told.available * 7) / told.spent
    if ahead.beyond:
        assert days > 365
    else:
        assert ahead.ends_at is not None
        assert abs((ahead.ends_at - now).total_seconds() / 86400 - days) < 0.01
    chart = outlook.days(organizations.with_shells(studio.organization.pk), told, at=now)
    assert (len(chart), chart[-1][1], chart[0][1]) == (14, told.available, 0)


def test_lots_stand_in_the_order_in_which_they_are_spent(studio: Studio, client: Client) -> None:
    @unit_of_work
    def give() -> None:
        for kind in (LotKind.PROMO, LotKind.FREE):
            ledger.grant(organization_id=studio.organization.pk, kind=kind, credits=9, source="tests", actor=TESTS)

    give()
    lots = client.get(f"/w/{studio.organization.pk}/credits").context["lots"]
    assert [kind for _, _, kind, _ in lots] == ["Free", "Granted", "Bought"]
    assert [number for number, *_ in lots] == [1, 2, 3]


def test_an_empty_workspace_teaches(db: None) -> None:
    organization = make_workspace(make_user())
    join(make_user("bo@example.com"), organization, Role.ADMIN)
    page = text(sign_in(), f"/w/{organization.pk}/credits")
    for words in ("Nothing was bought yet", "No credits yet", "Nothing is available now", "no job runs now"):
        assert words in page


def test_the_split_by_agent_sums_to_what_was_spent(studio: Studio, client: Client) -> None:
    shown = client.get(f"/w/{studio.organization.pk}/credits").context
    assert sum(share.spent for share in shown["shares"]) == shown["standing"].spent
    rows = table(
        client, f"/w/{studio.organization.pk}/credits/ledger.csv?view=spent&agent={studio.agent.agent_id}"
    )
    assert sum(int(row["change"]) for row in rows) == shown["shares"][0].spent
    assert Filters().book == "available"
