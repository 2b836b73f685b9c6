"""Where somebody wanted to go stays known while they sign in: a claimant comes back to the claim."""

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from accounts.models import Claim
from imageskill.core.models import Outbox
from tests.cast import sign_up
from tests.pages.people import PERSON, last_code, make_user

pytestmark = pytest.mark.django_db

ASKS = {"/account/login/code/": "/account/signup/", "/account/signup/": "/account/login/"}
"""Where an address is typed, and where the mail leads that says that it was the wrong place."""


def place_of_claim() -> str:
    """Return the path of a claim that waits."""
    sign_up("somebody.else@example.com")
    return f"/claim/{Claim.objects.get().link}"


def mail_after(asked: str, place: str) -> str:
    """Have the mail written that says "not here, but there" to somebody who wanted to go to a place."""
    if asked == "/account/signup/":
        make_user()
    Client().post(asked, {"email": PERSON, "next": place})
    return Outbox.objects.filter(recipient=PERSON).order_by("-pk")[0].text


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("asked", ASKS)
def test_cancel_leads_to_a_sign_in_that_goes_on_to_the_same_place(asked: str, *, is_known: bool) -> None:
    if is_known:
        make_user()
    client = Client()
    page = client.post(asked, {"email": PERSON, "next": "/claim/word?a=1&b=2"}, follow=True).content.decode()
    shown = re.search(r'action="/account/logout/">.*?name="next" value="([^"]*)"', page, re.DOTALL)
    assert shown is not None, page
    canceled = client.post("/account/logout/", {"next": shown[1].replace("&amp;", "&")})
    assert canceled.url == "/account/login/?next=/claim/word%3Fa%3D1%26b%3D2"
    again = client.get(canceled.url).content.decode()
    assert '<input type="hidden" name="next" value="/claim/word?a=1&amp;b=2">' in again


def test_cancel_of_a_plain_sign_in_leads_to_the_plain_page() -> None:
    page = Client().post("/account/login/code/", {"email": PERSON}, follow=True).content.decode()
    assert 'name="next" value="/account/login/"' in page


@pytest.mark.parametrize("asked", ASKS)
def test_the_mail_about_the_other_door_leads_on_to_the_claim(asked: str) -> None:
    place = place_of_claim()
    assert f"http://testserver{ASKS[asked]}?next={place}\n" in mail_after(asked, place)


@pytest.mark.parametrize("place", ["/claim", "/invitations"])
def test_it_leads_on_to_the_places_that_somebody_new_is_sent_to(place: str) -> None:
    assert f"/account/signup/?next={place}\n" in mail_after("/account/login/code/", place)


@pytest.mark.parametrize(
    "place",
    ["/claim/CALL-0900-12345", "/claim/", "/claim/%00", "/you-won", "https://evil.example/", "//evil.example"],
)
def test_no_mail_carries_words_of_who_typed_the_address(place: str) -> None:
    place_of_claim()
    Claim.objects.update(link="")
    assert "http://testserver/account/signup/\n" in mail_after("/account/login/code/", place)


def test_who_makes_an_account_by_the_mailed_link_arrives_at_the_claim() -> None:
    place = place_of_claim()
    client = Client()
    client.post("/account/login/code/", {"email": PERSON, "next": place})
    mail = Outbox.objects.filter(recipient=PERSON).order_by("-pk")[0].text
    link = re.search(r"http://testserver(\S+)", mail)
    assert link is not None, mail
    assert client.get(link[1]).context["redirect_field_value"] == place
    asked = client.post("/account/signup/", {"email": PERSON, "next": place})
    done = client.post(asked.url, {"code": last_code(PERSON)})
    assert done.url == place


def test_cancel_of_the_second_step_keeps_it_too() -> None:
    user = make_user()
    TOTP.activate(user, generate_totp_secret())
    client = Client()
    client.post("/account/login/code/", {"email": PERSON})
    step = client.post("/account/login/code/confirm/", {"code": last_code(PERSON), "next": "/claim/word"})
    assert 'name="next" value="/account/login/?next=/claim/word"' in client.get(step.url).content.decode()


def test_the_last_wrong_code_leads_to_a_new_one_for_the_same_place() -> None:
    make_user()
    client = Client()
    client.post("/account/login/code/", {"email": PERSON, "next": "/claim/word"})
    tries = [
        client.post("/account/login/code/confirm/", {"code": "AAAA-AAAA", "next": "/claim/word"}) for _ in range(3)
    ]
    assert [answer.status_code for answer in tries] == [200, 200, 302]
    assert tries[-1].url == "/account/login/code/?next=/claim/word"


def test_the_last_wrong_code_of_a_new_account_keeps_it_too() -> None:
    client = Client()
    client.post("/account/signup/", {"email": PERSON, "next": "/claim/word"})
    tries = [client.post("/account/confirm-email/?next=/claim/word", {"code": "AAAA-AAAA"}) for _ in range(3)]
    assert tries[-1].url == "/account/login/?next=/claim/word"


@pytest.mark.parametrize(
    ("page", "door"),
    [("/account/login/code/confirm/", "/account/login/code/"), ("/account/2fa/authenticate/", "/account/login/")],
)
def test_a_code_that_is_over_leads_to_a_door_to_the_same_place(page: str, door: str) -> None:
    assert Client().get(f"{page}?next=/claim/word%3Fa%3D1").url == f"{door}?next=/claim/word%3Fa%3D1"
    assert Client().get(page).url == door


@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_door_is_told_the_way_to_somebody_else(place: str) -> None:
    assert Client().get("/account/login/code/confirm/", {"next": place}).url == "/account/login/code/"


def test_a_forgotten_password_leads_on_to_the_same_place() -> None:
    make_user(password="a long word of mine")
    client = Client()
    page = client.get("/account/login/?next=/claim/word").content.decode()
    link = re.search(r'href="(/account/password/reset/[^"]*)"', page)
    assert link is not None, page
    assert '<input type="hidden" name="next" value="/claim/word">' in client.get(link[1]).content.decode()
    asked = client.post(link[1], {"email": PERSON, "next": "/claim/word"})
    assert asked.url == "/account/password/reset/confirm/?next=%2Fclaim%2Fword"
