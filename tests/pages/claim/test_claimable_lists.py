"""Who may claim an agent finds it: on the overview and among the agents, by their address or by their money."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import Organization
from billing.models import Receipt
from tests.cast import Member
from tests.console.desk import desk
from tests.local_stripe import LocalStripe
from tests.local_stripe.paying import PAYER
from tests.pages.claim.claimants import asking, opened, terms
from tests.pages.people import make_user, make_workspace, sign_in
from tests.pages.studio import Studio, make_studio
from tests.payments.conftest import Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]


def text_of(client: Client, place: Organization, path: str = "") -> str:
    page: Any = client.get(f"/w/{place.pk}/{path}")
    assert page.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def pay_for(stripe: LocalStripe, name: str) -> Member:
    """Return an agent without an address whose credits PAYER has paid for."""
    agent = asking(None, name=name)
    checkout = Checkout(agent)
    checkout.begin()
    stripe.pay(checkout.session_id, email=PAYER)
    stripe.deliver_all()
    return agent


@pytest.fixture
def studio() -> Studio:
    """A workspace of PAYER's with an agent and pictures: the first steps are behind it."""
    return make_studio(PAYER)


def test_a_payer_finds_what_was_paid_for_and_everybody_else_does_not(stripe: LocalStripe, studio: Studio) -> None:
    pay_for(stripe, "rook-1")
    asking("cy@example.com", name="pawn-1")
    payer, other = sign_in(PAYER), make_workspace(make_user("bo@example.com"))
    for path in ("", "agents"):
        page = text_of(payer, studio.organization, path)
        assert re.search("Waiting for you to claim .* rook-1 was paid for with your address, signed up", page), (
            path
        )
        assert "pawn-1" not in page
        assert "rook-1" not in text_of(sign_in("bo@example.com"), other, path)
    Receipt.objects.update(payer_digest="")
    assert "rook-1" not in text_of(payer, studio.organization, "agents")


def test_who_has_pictures_already_still_finds_what_names_the_address(studio: Studio) -> None:
    asking(PAYER, name="rook-2")
    client = sign_in(PAYER)
    for path in ("", "agents"):
        assert "rook-2 named your address, signed up" in text_of(client, studio.organization, path), path
    # Two lists on a page, each under its own heading.
    agents = text_of(client, studio.organization, "agents")
    assert re.search("Waiting for you to claim .* Type its code .* In Studio North .*atlas-7", agents)
    client.post(f"{opened(client, asking(PAYER, name='rook-3'))}/allow", terms(workspace=studio.organization.pk))
    page = text_of(client, studio.organization)
    assert "rook-3 named your address" not in page
    assert "rook-2 named your address" in page


def test_a_tag_of_the_address_is_another_contact_until_it_is_shown_to_be_theirs(studio: Studio) -> None:
    asking(PAYER.replace("@", "+tag@"), name="rook-4")
    assert "rook-4" not in text_of(sign_in(PAYER), studio.organization)


def test_in_a_new_workspace_they_are_the_first_step(stripe: LocalStripe) -> None:
    pay_for(stripe, "rook-5")
    asking(PAYER, name="rook-6")
    place = make_workspace(make_user(PAYER))
    page = text_of(sign_in(PAYER), place)
    assert "rook-6 named your address, rook-5 was paid for with your address. Until you claim it" in page
    assert "Waiting for you to claim" not in page
    assert "/v1/agent-signups" not in page


def test_a_visit_of_staff_shows_nothing_that_waits_for_staff_itself(studio: Studio) -> None:
    asking("sam@example.com", name="rook-7")
    client = desk()
    client.post(f"/console/workspaces/{studio.organization.pk}/view", {"reason": "Ticket 7"})
    for path in ("", "agents"):
        assert "rook-7" not in text_of(client, studio.organization, path), path
