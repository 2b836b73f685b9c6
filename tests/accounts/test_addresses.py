"""Contact addresses: which are taken, which are one mailbox, and how they are told."""

import pytest
from django.conf import LazySettings

from accounts import contacts
from accounts.models import Agent
from imageskill.core.models import Outbox
from tests.cast import Caller

pytestmark = pytest.mark.django_db

SIGNUP = {"agent_name": "atlas", "runtime": "tests"}
BAD = [
    "",
    "   ",
    "human",
    "human@@example.com",
    "human@example..com",
    "human@example.com\nbcc: x@example.com",
    "human@example.com, other@example.com",
    "Human <human@example.com>",
    '"human"@example.com',
    '"\x1c"@example.com',
    '"a b"@example.com',
    "human@[192.0.2.1]",
    "human@[IPv6:2001:db8::1]",
    "человек@example.com",
    "human@exämple.com",
    "x" * 65 + "@" + "y" * 250 + ".com",
]


@pytest.mark.parametrize("name", ["human_email", "agent_contact"])
@pytest.mark.parametrize("address", BAD)
def test_a_bad_address_is_told_in_exactly_these_words_and_makes_nothing(name: str, address: str) -> None:
    refused = Caller().post("/v1/agent-signups", SIGNUP | {name: address})
    assert (refused.code, refused.status, refused.exit_code) == ("INVALID_ARGUMENTS", 400, 2)
    assert refused.error["message"] == f"{name} must be a valid email address"
    assert refused.error["recovery"]["fields"] == {name: ["must be a valid email address"]}
    assert not Agent.objects.exists()
    assert not Outbox.objects.exists()


@pytest.mark.parametrize("address", BAD)
def test_a_claim_takes_no_bad_address_either(agent: Caller, address: str) -> None:
    refused = agent.post("/v1/agent-claims", {"contact": address})
    assert refused.error["message"] == "contact must be a valid email address"


@pytest.mark.parametrize(
    "address", ["a.b-c_d+e@example.com", "o'neil@example.co.uk", "a@xn--mnchen-3ya.de", "X@EXAMPLE.COM"]
)
def test_usual_addresses_are_taken(address: str) -> None:
    assert Caller().post("/v1/agent-signups", SIGNUP | {"human_email": f" {address} "}).ok
    assert Agent.objects.get().contact == address


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("human@example.com", "HUMAN@EXAMPLE.COM", True),
        ("human@example.com", "human+a@example.com", True),
        ("human@example.com", "human+a+b@example.com", True),
        ("human@example.com", "hu.man@example.com", False),
        ("human@example.com", "human@example.org", False),
        ("human@gmail.com", "h.u.m.a.n@gmail.com", True),
        ("human@gmail.com", "h.uman+x@googlemail.com", True),
    ],
)
def test_one_mailbox_is_one_however_it_is_spelt(one: str, other: str, *, same: bool) -> None:
    assert (contacts.digest(one) == contacts.digest(other)) is same
    given = [
        Caller().post("/v1/agent-signups", SIGNUP | {"human_email": address}).data["limits"]["remaining_credits"]
        for address in (one, other)
    ]
    assert given == [50, 0 if same else 50]


def test_a_rotated_secret_key_opens_no_allowance_anew(settings: LazySettings) -> None:
    before = contacts.digest("human@example.com")
    settings.SECRET_KEY = "another-" * 8
    assert contacts.digest("human@example.com") == before
    settings.IDENTITY_KEY = "another-" * 8
    assert contacts.digest("human@example.com") != before


@pytest.mark.parametrize(
    ("address", "told"), [("human@example.com", "h***@example.com"), ("a@b.de", "a***@b.de"), ("", None)]
)
def test_an_address_is_told_by_its_first_letter(address: str, told: str | None) -> None:
    assert contacts.redact(address) == told
