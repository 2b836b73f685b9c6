"""Prices by staff: drafted, shown with what they would do, saved once, in force from the next plan on."""

from decimal import Decimal
from threading import Barrier, Thread
from typing import Any, Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.staff import Staff
from billing.models import Hold
from creative import approvals, offers, prices
from creative.catalogue import building, loader
from creative.catalogue.costs import default_cost
from creative.catalogue.entries import ModelEntry
from creative.models import Job, PriceVersion
from imageskill.core.errors import ApiError
from imageskill.core.events import Human
from imageskill.core.models import ActivityEvent
from tests.cast import Member
from tests.console.desk import desk
from tests.pages.people import make_old, said
from tests.pages.studio import make_studio

pytestmark = pytest.mark.django_db

MODEL: Final = "canvas.draft"
STAFF: Final = Staff("usr_staff")
PATH: Final = f"/console/prices/{MODEL}"


def draft_of(usd: str, **changes: Any) -> Any:
    entry = offers.entry_of(MODEL)
    document = prices.document_of(entry.price)
    table = [{**row, "usd": usd} for row in document["table"]]
    return prices.drafted(entry, {"table": table, **changes})


def put(usd: str, *, seen: int = 0, reason: str = "The provider asks for more") -> PriceVersion:
    return prices.change(draft_of(usd), reason=reason, actor=STAFF, seen=seen)


def sent(usd: str, *, seen: int = 0, **fields: Any) -> dict[str, Any]:
    return {"usd_0": usd, "source": "An invoice", "reason": "Invoice of today", "seen": seen, **fields}


def test_every_price_of_the_files_is_the_same_after_a_round_trip() -> None:
    for entry in loader.current().order:
        assert building.price(prices.document_of(entry.price)) == entry.price, entry.id


@pytest.mark.both_databases
def test_a_change_is_in_force_with_the_next_plan_and_not_before(agent: Member) -> None:
    before = agent.create(model=MODEL)
    assert before.ok
    row = put("0.03")
    assert offers.entry_of(MODEL).price.version == row.version == f"{MODEL}/{row.created_at:%Y-%m-%d}.1"
    listed = next(one for one in agent.get("/v1/models").data["models"] if one["id"] == MODEL)
    assert "5" in str(listed), "0.03 / 0.6 is five credits"
    assert Job.objects.get(pk=before.data["job_id"]).price_version == loader.current().find(MODEL).price.version
    assert Hold.objects.get().credits == 1


def test_what_a_hold_was_placed_for_is_what_it_is_settled_by(agent: Member) -> None:
    told = agent.create(model=MODEL)
    hold = Hold.objects.get()
    put("0.9")
    assert (hold.settled_credits, Job.objects.get(pk=told.data["job_id"]).settled_credits) == (1, 1)
    assert hold.price_version == loader.current().find(MODEL).price.version


def test_a_waiting_approval_that_became_dearer_ends_as_plan_changed() -> None:
    studio = make_studio()
    put("0.30")
    with pytest.raises(ApiError) as refused:
        approvals.approve(job_id=studio.waiting_job_id, decider=Human(studio.owner.pk))
    assert refused.value.recovery["reason"] == "plan_changed"
    assert not Hold.objects.filter(job_id=studio.waiting_job_id).exists()


@pytest.mark.both_databases
def test_of_two_editors_the_second_saves_nothing() -> None:
    put("0.03")
    with pytest.raises(prices.PriceMovedError):
        put("0.05")
    assert [row.number for row in PriceVersion.objects.order_by("number")] == [1]
    put("0.05", seen=1)
    assert offers.entry_of(MODEL).price.table[0].usd == Decimal("0.05")
    with pytest.raises(prices.PriceMovedError):
        put("0.07", seen=1)
    assert PriceVersion.objects.filter(ended_at=None).count() == 1


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_six_editors_at_the_same_moment_one_saves() -> None:
    drafts = [draft_of(f"0.0{number}") for number in range(1, 7)]
    barrier, ends = Barrier(len(drafts)), list[str]()

    def save(draft: Any) -> None:
        barrier.wait(30)
        try:
            ends.append(prices.change(draft, reason="At once", actor=STAFF, seen=0).version)
        except prices.PriceMovedError:
            ends.append("")
        finally:
            connection.close()

    threads = [Thread(target=save, args=(draft,)) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(map(bool, ends)) == [False] * 5 + [True]
    assert PriceVersion.objects.count() == 1
    assert offers.entry_of(MODEL).price.version in ends
    assert ActivityEvent.objects.filter(type="price.changed").count() == 1


def test_a_release_with_another_file_ends_what_lay_over_the_old_one() -> None:
    put("0.03")
    PriceVersion.objects.update(file_version=f"{MODEL}/2020-01-01")
    assert offers.entry_of(MODEL).price == loader.current().find(MODEL).price


def test_the_file_s_own_price_can_be_put_back() -> None:
    put("0.03")
    prices.restore(MODEL, reason="A mistake", actor=STAFF, seen=1)
    assert offers.entry_of(MODEL).price == loader.current().find(MODEL).price
    assert [row.in_force for row in prices.versions(offers.entry_of(MODEL))] == [False, True]


@pytest.mark.parametrize(
    "changes", [{"ceiling_credits": 0}, {"source": ""}, {"table": [{"when": {"no": 1}, "usd": "1"}]}]
)
def test_what_can_be_no_price_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(prices.BadPriceError):
        draft_of("0.03", **changes)


@pytest.mark.parametrize("which", ["all", "default"])
def test_no_price_of_staff_lets_free_credits_buy_what_the_house_pays_for(which: str) -> None:
    """Free credits buy whatever costs nothing by default, with all its options, and anybody has free credits."""
    entry = next(
        one for one in loader.current().order if len(one.price.table) > 1 and default_cost(one).micros_per_image
    )
    table = prices.document_of(entry.price)["table"]
    rows = table if which == "all" else [row for row in table if Decimal(row["usd"]) == _default_usd(entry)]
    for row in rows:
        row["usd"] = "0"
    with pytest.raises(prices.BadPriceError, match="free credits"):
        prices.drafted(entry, {"table": table})


def _default_usd(entry: ModelEntry) -> Decimal:
    return Decimal(default_cost(entry).micros_per_image or 0).scaleb(-6)


def test_a_model_that_is_free_by_its_file_may_be_free_again() -> None:
    put("0.03")
    put("0", seen=1)
    assert offers.entry_of(MODEL).price.table[0].usd == 0


def test_a_form_from_before_a_release_with_another_file_saves_nothing() -> None:
    """Its amounts are those of other rows."""
    client = desk()
    page = client.get(PATH, {"is_draft": 1, "usd_0": "0.03", "source": "An invoice"}).content.decode()
    assert f'name="base" value="{loader.current().find(MODEL).price.version}"' in page
    answer = client.post(f"{PATH}/change", sent("0.03", base=f"{MODEL}/2020-01-01"))
    assert "nothing was saved" in said(answer)[0]
    assert not PriceVersion.objects.exists()


def test_a_draft_shows_what_it_would_do_and_saves_nothing() -> None:
    studio = make_studio()
    with CaptureQueriesContext(connection) as queries:
        page = desk().get(PATH, {"is_draft": 1, "usd_0": "0.03", "source": "An invoice"})
    body = page.content.decode()
    assert f"{MODEL}/" in body
    assert studio.waiting_job_id in body, "the approval that would end as plan_changed"
    assert "Put this price in force" in body
    assert "plan_changed" in body
    assert not PriceVersion.objects.exists()
    assert len(queries) < 60
    assert "Three boats in the fog" not in body


def test_staff_saves_it_with_a_reason_and_the_owner_reads_that() -> None:
    studio = make_studio()
    client = desk()
    answer = client.post(f"{PATH}/change", sent("0.03"))
    row = PriceVersion.objects.get()
    assert said(answer) == [f"{row.version} is in force from the next plan on. What is held keeps its price."]
    assert (row.reason, row.document["source"]) == ("Invoice of today", "An invoice")
    told = ActivityEvent.objects.filter(type="price.changed").order_by("pk")
    places = {studio.organization.pk, *Job.objects.values_list("organization_id", flat=True)}
    assert {event.organization_id for event in told} == {"", *places}
    assert {event.summary for event in told} == {f"Price of {MODEL} changed: Invoice of today"}
    again = client.post(f"{PATH}/change", sent("0.04"))
    assert said(again) == [
        f"Somebody has changed the price of {MODEL} meanwhile. It is shown as it is; nothing was saved."
    ]
    assert PriceVersion.objects.count() == 1
    client.post(f"{PATH}/change", {"restore": 1, "reason": "Mistake", "seen": 1})
    assert offers.entry_of(MODEL).price == loader.current().find(MODEL).price
    compared = client.get(
        f"{PATH}/compared", {"older": loader.current().find(MODEL).price.version, "newer": row.version}
    )
    assert "$0.03" in compared.content.decode()


@pytest.mark.parametrize(
    "bad", [{"reason": " "}, {"usd_0": "-1"}, {"usd_0": "NaN"}, {"usd_0": "0.1234567"}, {"seen": ""}]
)
def test_a_bad_form_saves_nothing(bad: dict[str, Any]) -> None:
    assert desk().post(f"{PATH}/change", {**sent("0.03"), **bad}).status_code == 302
    assert not PriceVersion.objects.exists()


def test_saving_asks_for_a_fresh_sign_in_and_looking_does_not() -> None:
    client = desk()
    make_old(client)
    assert client.get("/console/prices").status_code == 200
    assert client.get(PATH).status_code == 200
    assert client.get("/console/prices/no.model").status_code == 404
    assert client.post(f"{PATH}/change", sent("0.03")).url.startswith("/account/confirm/?next=")
    assert Client().post(f"{PATH}/change", sent("0.03")).status_code == 404
    assert not PriceVersion.objects.exists()
