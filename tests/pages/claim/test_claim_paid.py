"""The claim page of an agent that was paid for and names no address: its payer's, and nothing at all to others."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Claim
from billing.models import Receipt
from creative.models import Asset
from tests.cast import Member
from tests.local_stripe import LocalStripe
from tests.local_stripe.paying import PAYER
from tests.pages.claim.claimants import asking, claim_of, code_of, opened, person, terms, text_of
from tests.payments.conftest import Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]

STRANGER = "mallory@example.com"


@pytest.fixture
def paid(db: None, stripe: LocalStripe) -> Member:
    """An agent without an address for which somebody has paid."""
    agent = asking(None)
    checkout = Checkout(agent)
    checkout.begin()
    stripe.pay(checkout.session_id, email=PAYER)
    stripe.deliver_all()
    return agent


def test_its_right_code_is_a_wrong_one_to_everybody_but_its_payer(paid: Member) -> None:
    client = person(STRANGER)
    stolen = client.post("/claim/code", {"code": code_of(paid)})
    assert stolen.status_code == 200
    assert "opens nothing for you" in stolen.content.decode()
    assert (claim_of(paid).opened_by_id, claim_of(paid).wrong_tries) == (None, 0)
    path = f"/claim/{claim_of(paid).link}"
    theirs, none = client.get(path), client.get("/claim/" + "x" * 32)
    assert theirs.status_code == none.status_code == 404
    assert len(theirs.content) == len(none.content)


def test_nobody_else_sees_its_pictures_even_who_typed_the_code_before_the_money_came(stripe: LocalStripe) -> None:
    agent = asking(None)
    checkout = Checkout(agent)
    checkout.begin()
    client = person(STRANGER)
    path = opened(client, agent)
    assert client.get(path).status_code == 200
    stripe.pay(checkout.session_id, email=PAYER)
    stripe.deliver_all()
    asset = agent.create().data["asset_ids"][0]
    Asset.objects.update(thumbnails_at=timezone.now())
    answers = [client.get(path), *(client.post(f"{path}/{act}", terms()) for act in ("allow", "limits", "deny"))]
    assert {answer.status_code for answer in answers} == {404}
    assert not any(asset in answer.content.decode() for answer in answers)
    assert (agent.row.claim_state, claim_of(agent).state) == ("payment_backed_unclaimed", "open")
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        payer = person(PAYER)
        assert asset in payer.get(opened(payer, agent)).content.decode()


def test_its_payer_finds_it_opens_it_and_takes_it_over(paid: Member) -> None:
    client = person(PAYER)
    assert "Paid for with your address atlas-7 signed up" in text_of(client, "/claim")
    assert claim_of(paid).link not in client.get("/claim").content.decode()
    path = opened(client, paid)
    assert "it is yours to claim because you paid for its credits" in text_of(client, path)
    assert client.post(f"{path}/allow", terms()).url == f"{path}/done"
    assert (paid.row.claim_state, paid.row.contact) == ("claimed", PAYER)
    assert "Paid for with your address" not in text_of(client, "/claim")


def test_nobody_else_finds_it(paid: Member) -> None:
    assert "atlas-7" not in text_of(person(STRANGER), "/claim")
    payer = person(PAYER)
    assert "atlas-7" in text_of(payer, "/claim")
    Receipt.objects.update(payer_digest="")
    assert "atlas-7" not in text_of(payer, "/claim")
    assert Claim.objects.get().state == "open"
