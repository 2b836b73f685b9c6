"""An agent that is claimed into a workspace of several owners: the others get a mail, nobody else does."""

import pytest

from accounts.models import Membership, Role
from imageskill.core.models import Outbox
from tests.cast import Member, sign_up
from tests.claims.people import owner_of, person_with, take_over, workspace_of
from tests.pages.people import join

pytestmark = pytest.mark.django_db


def mails() -> dict[str, str]:
    return {mail.recipient: mail.text for mail in Outbox.objects.filter(kind="agent_claimed")}


def test_the_other_owners_get_a_mail_that_leads_to_its_page(agent: Member) -> None:
    person = owner_of(agent)
    studio = workspace_of(person)
    for address, role in (
        ("bo@example.com", Role.OWNER),
        ("cy@example.com", Role.ADMIN),
        ("di@example.com", "viewer"),
    ):
        join(person_with(address).user, studio, Role(role))
    take_over(agent, person, studio)
    told = mails()
    assert set(told) == {"bo@example.com"}
    assert f"/w/{studio.pk}/agents/{agent.agent_id}" in told["bo@example.com"]
    assert person.user.email in told["bo@example.com"]
    assert '"atlas"' in told["bo@example.com"]


def test_an_admin_who_claims_tells_every_owner(agent: Member) -> None:
    boss = person_with("bo@example.com")
    studio = workspace_of(boss)
    admin = owner_of(agent)
    Membership.objects.create(user=admin.user, organization=studio, role=Role.ADMIN, created_at=studio.created_at)
    take_over(agent, admin, studio)
    assert set(mails()) == {"bo@example.com"}


def test_in_a_workspace_of_ones_own_nobody_is_told() -> None:
    agent = sign_up("owner@example.com", name="alone")
    take_over(agent, owner_of(agent))
    assert mails() == {}


def test_a_name_in_the_mail_holds_no_link_and_no_second_line() -> None:
    agent = sign_up("owner@example.com", name="see https://evil.example\nBy: your bank")
    person = owner_of(agent)
    studio = workspace_of(person)
    join(person_with("bo@example.com").user, studio, Role.OWNER)
    take_over(agent, person, studio)
    text = mails()["bo@example.com"]
    assert "https://evil" not in text
    assert "\nBy: your bank" not in text
