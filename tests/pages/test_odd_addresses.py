"""Addresses and forms that nobody can have been given: answered as what is not there, never by a fault."""

from typing import Any

import pytest
from django.test import Client

from tests.pages.people import said, sign_in
from tests.pages.studio import make_studio

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_what_no_address_of_ours_holds_is_not_there() -> None:
    studio = make_studio()
    owner, here = sign_in(), f"/w/{studio.organization.pk}"
    agent = f"{here}/agents/{studio.agent.agent_id}"
    for missing in (
        "/w/org_%00/agents",
        "/claim/%00",
        f"{here}/agents/agt_%00",
        f"{agent}/tokens/tok_%00/revoke",
        f"{agent}/tokens/tok_%00/receipt",
        f"{here}/credits/statements/{studio.organization.pk}/9999-12.jsonl",
    ):
        assert owner.get(missing).status_code == 404, missing
    assert owner.get(f"{here}/gallery?until=9999-12-31").status_code == 200
    assert owner.post("/claim/%00/seen").status_code in (204, 404)
    assert said(owner.post(f"{agent}/tokens/tok_%00/revoke/now")) == ["There is no living token to revoke."]
    answer = owner.post(f"{here}/gallery/shares/make", {"days": "1" * 5_000, "p": "x"})
    assert answer.status_code == 302


def test_a_button_address_opened_by_itself_is_a_page_with_the_policy_and_what_to_do() -> None:
    studio = make_studio()
    owner, here = sign_in(), f"/w/{studio.organization.pk}"
    acts = [f"{here}/gallery/shares/make", f"{here}/agents/{studio.agent.agent_id}/pause"]
    for act in acts:
        answer = owner.get(act, headers={"accept": "text/html"})
        assert (answer.status_code, answer["allow"]) == (405, "POST"), act
        assert "Nothing opens at this address" in answer.content.decode(), act
        assert "script-src 'self'" in answer["content-security-policy"], act
        assert answer["x-trace-id"] in answer.content.decode(), act
    line = b"This address does not take this method; it takes POST.\n"
    assert owner.get(acts[0], headers={"accept": "application/json"}).content == line
    assert (
        owner.get("/v1/agent-signups", headers={"accept": "text/html"}).json()["error"]["code"]
        == "METHOD_NOT_ALLOWED"
    )


@pytest.mark.parametrize(
    "address",
    [
        "/s/nothing",
        f"/s/{'t' * 26}",
        f"/s/{'t' * 28}",
        f"/s/{'t' * 26}!",
        f"/s/{'t' * 26}/1-320",
        "/a/nothing",
        f"/a/image_{'0' * 35}.png",
        f"/a/image_{'0' * 37}.png",
        f"/a/image_{'0' * 35}A.png",
        f"/a/other_{'0' * 36}.png",
    ],
)
def test_the_database_is_not_asked_for_what_nobody_can_have_been_given(
    address: str, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert Client().get(address).status_code == 404


@pytest.mark.parametrize("address", [f"/s/{'t' * 27}", f"/a/image_{'0' * 36}.png"])
def test_it_is_asked_for_what_somebody_could_have(address: str, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert Client().get(address).status_code == 404
