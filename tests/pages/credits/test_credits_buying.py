"""Buying on the credits page: one click is one attempt, credited is said only when the ledger says so."""

import csv
import io
import re
import time
from datetime import timedelta
from threading import Barrier, Thread
from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection
from django.test import Client

from accounts.models import Membership, Organization, Role, User
from billing import buyers, buying, ledger, purchases, rails, standing, sweeping
from billing.models import CreditLot, PaymentAttempt, Quote, Receipt
from imageskill.core.models import ActivityEvent
from tests.local_stripe import LocalStripe
from tests.pages.people import PERSON, join, make_user, make_workspace, said, sign_in
from tests.pages.studio import make_studio

pytestmark = [pytest.mark.django_db]
ONCE = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def organization(db: None) -> Organization:
    return make_workspace(make_user())


@pytest.fixture
def fake(settings: LazySettings) -> None:
    settings.FAKE_RAIL = True
    rails.rail.cache_clear()


@pytest.fixture
def client(organization: Organization) -> Client:
    return sign_in()


def here(organization: Organization, path: str = "") -> str:
    return f"/w/{organization.pk}/credits{path}"


def send(client: Client, organization: Organization, once: str = ONCE, **fields: str) -> object:
    return client.post(here(organization, "/buy"), {"once": once, "pack_id": "starter-500"} | fields)


def words(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.mark.both_databases
def test_a_person_buys_a_pack_with_play_money(organization: Organization, client: Client, fake: None) -> None:
    answer = send(client, organization)
    attempt = PaymentAttempt.objects.get()
    assert (answer.status_code, answer.url) == (303, here(organization, f"/payments/{attempt.pk}"))
    receipt = Receipt.objects.get()
    user = User.objects.get(email=PERSON)
    assert (receipt.user_id, receipt.agent_id, receipt.paid_credits) == (user.pk, None, 500)
    assert standing.of_workspace(organization.pk).available == 500
    page = words(client, answer.url)
    assert "credited" in page
    assert "500 credits" in page
    assert "play money" in page
    assert "hx-get" not in client.get(answer.url).content.decode().split('id="progress"')[1].split(">")[0]
    assert ActivityEvent.objects.get(type="credits.payment_backed_granted").agent_id == ""
    assert ledger.verify() == []


def test_the_same_form_twice_is_one_attempt_and_another_form_is_another(
    organization: Organization, client: Client, fake: None
) -> None:
    first = send(client, organization).url
    assert send(client, organization).url == first
    assert (Quote.objects.count(), PaymentAttempt.objects.count(), Receipt.objects.count()) == (1, 1, 1)
    again = send(client, organization, pack_id="builder-2000")
    assert again.url.endswith("#buy")
    assert "another" not in again.url
    assert PaymentAttempt.objects.count() == 1
    assert send(client, organization, once=ONCE[::-1]).url != first
    assert PaymentAttempt.objects.count() == 2


@pytest.mark.parametrize("fields", [{"pack_id": "mega"}, {"once": ""}, {"pack_id": "", "credits": "1e9"}])
def test_what_is_not_sold_is_refused_in_words(
    organization: Organization, client: Client, fake: None, fields: dict[str, str]
) -> None:
    answer = client.post(here(organization, "/buy"), {"once": ONCE, "pack_id": "starter-500"} | fields)
    assert answer.url == here(organization) + "#buy"
    assert said(answer)[0].endswith(".")
    assert not PaymentAttempt.objects.exists()


@pytest.mark.parametrize("amount", ["0", "-5", "5001", "12.5", "٣"])
def test_another_amount_is_a_whole_number_within_its_bounds(
    organization: Organization, client: Client, fake: None, amount: str
) -> None:
    client.post(here(organization, "/buy"), {"once": ONCE, "credits": amount})
    assert not Quote.objects.exists()
    client.post(here(organization, "/buy"), {"once": ONCE, "credits": "123"})
    assert Receipt.objects.get().paid_credits == 123


def test_a_service_that_sells_nothing_says_so(organization: Organization, client: Client) -> None:
    assert "This service sells no credits." in words(client, here(organization))
    answer = send(client, organization)
    assert said(answer) == ["This service takes no payments of that kind."]


@pytest.mark.both_databases
def test_a_purchase_at_stripe_is_credited_by_stripe_s_word_alone(
    organization: Organization, client: Client, stripe: LocalStripe
) -> None:
    answer = send(client, organization)
    attempt = PaymentAttempt.objects.get()
    assert (answer.status_code, answer.url) == (303, attempt.checkout_url)
    assert urlsplit(answer.url).netloc in client.get(here(organization))["content-security-policy"]
    metadata = stripe.object(str(attempt.session_id))["metadata"]
    assert metadata["user_id"] == attempt.user_id
    assert "agent_id" not in metadata
    path = here(organization, f"/payments/{attempt.pk}")
    # Back from Stripe's page without having paid: nothing is promised.
    back = client.get(f"/pay/{attempt.pk}/return")
    assert back.url == path
    assert "Not paid yet." in words(client, path)
    assert "Credited" in words(client, path)
    assert standing.of_workspace(organization.pk).available == 0
    stripe.pay(str(attempt.session_id), method="async")
    stripe.deliver_all()
    assert "the bank is still working on it" in words(client, path)
    part = f"{path}/state?since=0"
    assert 'id="figures"' not in client.get(part, headers={"hx-request": "true"}).content.decode()
    stripe.settle_async(str(attempt.session_id), ok=True)
    stripe.deliver_all()
    # The page that waited has the three numbers at once, not with their own next turn.
    brought = client.get(part, headers={"hx-request": "true"}).content.decode()
    assert re.search(r'id="figures"[^>]*hx-swap-oob="true"', brought)
    assert re.search(r"Available</dt><dd><a[^>]*>500<", brought)
    page = client.get(path).content.decode()
    assert "500 credits</" in page or "came in" in page
    assert standing.of_workspace(organization.pk).available == 500
    assert Receipt.objects.get().receipt_url.startswith("https://pay.stripe.com/receipts/")
    assert Receipt.objects.get().receipt_url in page


def test_the_page_that_waits_asks_and_offers_to_ask_stripe_after_two_minutes(
    organization: Organization, client: Client, stripe: LocalStripe
) -> None:
    send(client, organization)
    attempt = PaymentAttempt.objects.get()
    path = here(organization, f"/payments/{attempt.pk}")
    assert "every 3s" in client.get(path).content.decode()
    assert "Check with Stripe again" not in words(client, path)
    part = f"{path}/state?since={int(time.time()) - 121}"
    assert "Check with Stripe again" in words(client, part)
    assert "<html" not in client.get(part).content.decode()
    for odd in ("x", "-1", "9" * 30, "٣"):
        assert client.get(f"{path}/state?since={odd}").status_code == 200
    stripe.delivery = "lost"
    stripe.pay(str(attempt.session_id))
    assert "Not paid yet." in words(client, part)
    checked = client.post(f"/pay/{attempt.pk}/check")
    assert checked.url == f"/pay/{attempt.pk}/return"
    assert client.get(checked.url).url == path
    assert "credited" in words(client, path)


def test_a_payer_without_a_session_still_sees_the_page_of_the_payment(
    organization: Organization, client: Client, stripe: LocalStripe
) -> None:
    send(client, organization)
    attempt = PaymentAttempt.objects.get()
    assert "Not paid yet" in words(Client(), f"/pay/{attempt.pk}/return")
    make_user("bo@example.com")
    stranger = sign_in("bo@example.com")
    assert stranger.get(f"/pay/{attempt.pk}/return").status_code == 200
    assert stranger.get(here(organization, f"/payments/{attempt.pk}")).status_code == 404


def test_the_page_of_a_payment_looks_again_by_itself_until_it_ends_and_for_ten_minutes(
    organization: Organization, client: Client, stripe: LocalStripe
) -> None:
    send(client, organization)
    attempt = PaymentAttempt.objects.get()
    page, by_itself = f"/pay/{attempt.pk}/return", {"hx-request": "true"}
    payer = Client()
    looks = re.search(r'hx-get="([^"]+)"', payer.get(page).content.decode())
    assert looks is not None
    address = looks[1].replace("&amp;", "&")
    unchanged = payer.get(address, headers=by_itself)
    assert (unchanged.status_code, unchanged.content) == (204, b"")
    for old in (f"{page}?state={attempt.state}&since={int(time.time()) - 601}", f"{page}?state={attempt.state}"):
        last = payer.get(old, headers=by_itself)
        assert (last.status_code, "hx-get" in last.content.decode()) == (286, False)
        assert "Check again now" in last.content.decode()
    # A member is led to the same on the credits page, whole.
    led = client.get(address, headers=by_itself)
    assert (led.status_code, led["hx-redirect"]) == (204, here(organization, f"/payments/{attempt.pk}"))
    stripe.pay(str(attempt.session_id))
    stripe.deliver_all()
    paid = payer.get(address, headers=by_itself)
    assert paid.status_code == 200
    assert "Paid and credited" in paid.content.decode()
    assert "hx-get" not in paid.content.decode()


@pytest.mark.both_databases
def test_a_payment_page_that_stripe_did_not_open_is_opened_by_the_same_form_or_by_the_sweeper(
    organization: Organization, client: Client, stripe: LocalStripe
) -> None:
    stripe.fail(500, times=9, method="POST", path="/v1/checkout/sessions")
    refused = send(client, organization)
    assert "Nothing is charged." in said(refused)[0]
    attempt = PaymentAttempt.objects.get()
    assert attempt.state == "created"
    stripe.stop_failing()
    with time_machine.travel(attempt.created_at + timedelta(minutes=3)):
        sweeping.sweep()
    attempt.refresh_from_db()
    assert attempt.state == "action_required"
    assert send(client, organization).url == attempt.checkout_url
    event = ActivityEvent.objects.get(type="payment.checkout_session.created")
    assert (event.agent_id, event.subject_id) == ("", attempt.pk)


def test_a_person_has_at_most_three_payments_open(
    organization: Organization, client: Client, stripe: LocalStripe
) -> None:
    for number in range(3):
        assert send(client, organization, once=f"{number}" * 20).status_code == 303
    refused = send(client, organization, once="9" * 20)
    assert "3 payments are open" in said(refused)[0]
    assert PaymentAttempt.objects.count() == 3


def test_a_receipt_s_address_is_kept_only_where_it_is_stripe_s(
    organization: Organization, client: Client, stripe: LocalStripe
) -> None:
    send(client, organization)
    attempt = PaymentAttempt.objects.get()
    stripe.pay(str(attempt.session_id))
    intent = stripe.object(str(stripe.object(str(attempt.session_id))["payment_intent"]))
    stripe.rewrite(intent["latest_charge"], receipt_url="https://pay.stripe.com.evil.example/x")
    stripe.deliver_all()
    assert Receipt.objects.get().receipt_url == ""


def test_the_table_of_purchases_runs_no_formula(stripe: LocalStripe) -> None:
    studio = make_studio(name='=HYPERLINK("http://evil.example")')
    answer = sign_in().get(here(studio.organization, "/purchases.csv"))
    content = b"".join(answer.streaming_content).decode()
    assert (answer["content-disposition"].split(";")[0], answer["x-content-type-options"]) == (
        "attachment",
        "nosniff",
    )
    row = next(csv.DictReader(io.StringIO(content)))
    assert row["asked_by_name"] == '\'=HYPERLINK("http://evil.example")'
    assert (row["credits"], row["paid_cents"], row["state"], row["live_money"]) == (
        "500",
        "500",
        "succeeded",
        "no",
    )
    page = sign_in().get(here(studio.organization)).content.decode()
    assert 'href="http://evil.example' not in page
    assert "=HYPERLINK(&quot;" in page


def test_the_packs_tell_what_they_buy_by_the_model_that_is_used_most(stripe: LocalStripe) -> None:
    studio = make_studio()
    page = words(sign_in(), here(studio.organization))
    assert "About 500 pictures by canvas.draft, your most used model." in page
    assert "% off" not in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
def test_four_clicks_at_once_are_one_attempt_and_one_grant(fake: None) -> None:
    organization = make_workspace(make_user())
    join(make_user("bo@example.com"), organization, Role.ADMIN)
    by = buyers.of_place(Membership.objects.get(role=Role.OWNER))
    start, found = Barrier(4), []

    def click() -> None:
        try:
            start.wait()
            found.append(buying.buy(by=by, pack_id="starter-500", credits=None, once=ONCE).pk)
        finally:
            connection.close()

    threads = [Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 4
    assert len(set(found)) == 1
    assert (PaymentAttempt.objects.count(), CreditLot.objects.count(), ledger.verify()) == (1, 1, [])
    assert purchases.by_address(found[0]) is not None
