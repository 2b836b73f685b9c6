"""Signing up: a new agent each time, its token once, its credits once a mailbox."""

from threading import Barrier, Thread
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from accounts.models import Agent, Organization
from billing.models import CreditAccount, FreeAllowance, LedgerEntry
from imageskill.core.models import ActivityEvent, Outbox
from tests.cast import Answer, Caller

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def sign_up(email: str | None = "human@example.com", **more: Any) -> Answer:
    body = {"agent_name": "atlas", "runtime": "tests"} | ({"human_email": email} if email else {}) | more
    return Caller().post("/v1/agent-signups", body)


def test_a_signup_tells_everything_of_the_contract() -> None:
    answer = sign_up(return_claim_secret=True)
    told = answer.data
    assert set(told) == {
        "agent_id", "organization_id", "agent_name", "runtime", "claim_state", "token", "token_presented",
        "token_class", "token_prefix", "grants", "limits", "contact", "agent_contact", "claim", "storage",
    }  # fmt: skip
    assert (told["claim_state"], told["token_class"], told["contact"]) == (
        "unclaimed",
        "restricted",
        "h***@example.com",
    )
    assert told["token"].startswith("isk_r_")
    assert told["token_prefix"] == told["token"][:12]
    assert told["claim"]["claim_secret"].startswith("isk_c_")
    assert told["limits"]["remaining_credits"] == 50
    assert told["grants"] == [
        "create.preview", "edit.preview", "asset.upload", "asset.read", "job.read", "activity.read",
        "feedback.create", "credits.buy",
    ]  # fmt: skip
    assert answer.body["actor"]["actor_id"] == told["agent_id"]
    assert not ActivityEvent.objects.exists()
    assert Caller(told["token"]).get("/v1/whoami").data["agent"]["agent_id"] == told["agent_id"]


def test_secrets_are_shown_where_they_are_asked_for_and_stored_nowhere() -> None:
    quiet = sign_up(return_token=False)
    assert (quiet.data["token"], quiet.data["token_presented"]) == (None, False)
    assert "claim_secret" not in quiet.data["claim"]
    told = sign_up("other@example.com", return_claim_secret=True).data
    secrets = (told["token"], told["claim"]["claim_secret"])
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - the tables' own names
            rows = str(cursor.fetchall())
            assert not [secret for secret in secrets if secret in rows], table


def test_each_signup_is_a_new_agent_in_a_new_organization() -> None:
    first, second = sign_up(), sign_up()
    assert first.data["agent_id"] != second.data["agent_id"]
    assert (Agent.objects.count(), Organization.objects.count()) == (2, 2)
    assert Caller(first.data["token"]).get("/v1/whoami").ok


@pytest.mark.parametrize(
    "again",
    ["human@example.com", "HUMAN@Example.com", "human+tag@example.com"],
)
def test_a_mailbox_gets_its_credits_once_and_the_answer_does_not_tell_why(again: str) -> None:
    assert sign_up("human@example.com").data["limits"]["remaining_credits"] == 50
    second = sign_up(again)
    assert second.data["limits"]["remaining_credits"] == 0
    assert second.body["warnings"] == ["No free credits were added for this signup."]
    assert FreeAllowance.objects.count() == 1


def test_dots_make_no_new_mailbox_at_gmail() -> None:
    assert sign_up("a.b@gmail.com").data["limits"]["remaining_credits"] == 50
    assert sign_up("ab@googlemail.com").data["limits"]["remaining_credits"] == 0


def test_without_a_contact_there_are_no_credits_until_one_is_attached() -> None:
    told = sign_up(None)
    agent = Caller(told.data["token"])
    assert (told.data["contact"], told.data["limits"]["remaining_credits"]) == (None, 0)
    assert "no free credits" in told.body["warnings"][0]
    assert agent.create().code == "QUOTA_EXCEEDED"
    assert agent.post("/v1/agent-claims", {"contact": "late@example.com"}).ok
    assert agent.get("/v1/quota").data["limits"]["remaining_credits"] == 50


def test_an_operator_may_ask_for_a_contact(settings: LazySettings) -> None:
    settings.SIGNUP_REQUIRES_CONTACT = True
    refused = sign_up(None)
    assert (refused.code, refused.error["recovery"]["required_flag"]) == ("INVALID_ARGUMENTS", "--human-email")


@pytest.mark.parametrize("field", ["agent_name", "runtime"])
@pytest.mark.parametrize("unseen", ["\u200b", "\u2060\u200b", "\u202e", "\u200d"])
def test_what_the_owner_reads_holds_something_that_can_be_seen(field: str, unseen: str) -> None:
    body = {"agent_name": "atlas", "runtime": "codex"}
    refused = Caller().post("/v1/agent-signups", body | {field: unseen})
    assert refused.code == "INVALID_ARGUMENTS"
    assert refused.error["recovery"]["fields"] == {field: ["must hold something that can be seen"]}
    assert not Agent.objects.exists()
    assert Caller().post("/v1/agent-signups", body | {field: f"ko{unseen}yo"}).ok
    kept = Agent.objects.get()
    assert {"agent_name": kept.name, "runtime": kept.runtime}[field] == "koyo"


@pytest.mark.parametrize(
    "address",
    [
        "human",
        "human@",
        "@example.com",
        "human@example",
        "a b@example.com",
        "ü@example.com",
        "x" * 250 + "@e.com",
    ],
)
def test_a_bad_address_is_told_in_the_words_of_the_contract(address: str) -> None:
    refused = sign_up(address)
    assert (refused.code, refused.status, refused.exit_code) == ("INVALID_ARGUMENTS", 400, 2)
    assert refused.error["message"] in (
        "human_email must be a valid email address",
        "human_email must be at most 254 characters long",
    )
    assert not Agent.objects.exists()


def test_limits_a_network_a_domain_and_a_day_bound_what_is_given(settings: LazySettings) -> None:
    settings.PREVIEW_PER_DOMAIN = 2
    given = [sign_up(f"a{number}@catch-all.example").data["limits"]["remaining_credits"] for number in range(4)]
    assert given == [50, 50, 0, 0]
    settings.PREVIEW_DAILY_BUDGET_CREDITS = 120
    given = [sign_up(f"b{number}@gmail.com").data["limits"]["remaining_credits"] for number in range(3)]
    assert given == [0, 0, 0]


def test_two_hundred_signups_of_one_network_get_twenty_allowances(settings: LazySettings) -> None:
    caller = Caller()
    given = 0
    for number in range(200):
        body = {"agent_name": "farm", "runtime": "tests", "human_email": f"farm{number}@gmail.com"}
        answer = caller.send("POST", "/v1/agent-signups", body, remote="203.0.113.7")
        given += answer.data["limits"]["remaining_credits"]
    assert given == 20 * 50
    assert sum(LedgerEntry.objects.filter(kind="grant").values_list("credits", flat=True)) == 1000


@pytest.mark.django_db(transaction=True)
def test_fifty_signups_of_one_mailbox_at_once_get_one_allowance() -> None:
    barrier, answers = Barrier(50), []

    def act() -> None:
        barrier.wait(60)
        answers.append(sign_up("raced@gmail.com"))
        connection.close()

    threads = [Thread(target=act) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [answer.status for answer in answers] == [200] * 50
    assert sum(answer.data["limits"]["remaining_credits"] for answer in answers) == 50
    assert sum(CreditAccount.objects.values_list("free_credits", flat=True)) == 50


def test_the_owner_is_mailed_within_limits_and_the_agents_words_are_quoted() -> None:
    for _ in range(5):
        sign_up(agent_name="Click http://evil.example now\r\nBcc: a@b.c")
    mails = list(Outbox.objects.all())
    assert len(mails) == 3
    assert {mail.subject for mail in mails} == {"An agent asks you to claim it"}
    assert "\r\nBcc:" not in mails[0].text
    assert mails[0].recipient == "human@example.com"


def test_another_contact_opens_no_second_allowance_and_contacts_change_rarely() -> None:
    agent = Caller(sign_up("first@example.com").data["token"])
    answers = [agent.post("/v1/agent-claims", {"contact": f"me@d{number}.example"}) for number in range(7)]
    assert [answer.status for answer in answers] == [200] * 5 + [429] * 2
    assert answers[-1].error["recovery"]["reason"] == "contact_changes"
    assert agent.get("/v1/quota").data["limits"]["remaining_credits"] == 50
    assert FreeAllowance.objects.count() == 1


def test_asking_again_with_the_same_contact_warns_of_nothing() -> None:
    agent = Caller(sign_up("first@example.com").data["token"])
    assert agent.post("/v1/agent-claims", {"contact": "first@example.com"}).body["warnings"] == []
