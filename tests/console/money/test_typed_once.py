"""What staff typed into an adjustment that is refused stands in the form again, to be put right."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Role, User
from billing.models import Adjustment
from imageskill.core.ids import new_id
from tests.console.desk import desk
from tests.console.money.wishes import NEW, ask, available, fields, place
from tests.pages.people import join, make_user, make_workspace, said

pytestmark = pytest.mark.django_db


def typed(answer: Any) -> dict[str, str]:
    """Return what stands in the form of an answer."""
    form = answer.context["form"]
    return {name: str(form[name].value()) for name in form.fields}


def test_an_unknown_workspace_leaves_what_was_typed_and_one_more_post_adjusts() -> None:
    organization, client = place(), desk()
    sent = fields(organization, -7, feedback_id="")
    wrong = {**sent, "organization_id": new_id("org")}
    refused: Any = client.post(NEW, wrong)
    assert refused.status_code == 200
    assert "There is no such organization." in refused.content.decode()
    assert typed(refused) == wrong
    client.post(NEW, {**typed(refused), "organization_id": organization.pk})
    assert Adjustment.objects.get().credits == -7


def test_a_member_of_the_workspace_keeps_the_words_for_a_colleague() -> None:
    client = desk()
    workspace = make_workspace(make_user("ada@example.com"))
    join(User.objects.get(email="sam@example.com"), workspace, Role.VIEWER)
    refused: Any = ask(client, workspace, 5)
    assert said(refused)[0].startswith("Members of a workspace neither ask")
    assert typed(refused)["reason"] == "Pictures of 3 May came out black"


@pytest.mark.parametrize("field", ["reason", "ticket"])
def test_what_looks_like_a_key_is_not_said_again(field: str) -> None:
    key = "whsec_" + "0" * 20
    refused: Any = ask(desk(), place(), 5, **{field: key})
    assert "looks like a key" in refused.content.decode()
    assert key not in refused.content.decode()
    assert typed(refused)["credits"] == "5"


def test_a_form_that_was_used_leads_to_the_list_instead() -> None:
    organization, client = place(), desk()
    sent = fields(organization, 7)
    client.post(NEW, sent)
    again: Any = client.post(NEW, sent)
    assert again.url == "/console/money/adjustments"
    assert said(again) == ["This was asked for already; it stands below."]
    assert available(organization) == 7


def test_the_refused_page_is_not_there_for_who_is_no_staff() -> None:
    assert Client().post(NEW, fields(place(), 1)).status_code == 404
