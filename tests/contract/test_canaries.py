"""Canaries: a token, a prompt, a card and an address go in; none comes out in a log or in a wrong table."""

import logging

import pytest
from django.db import connection

from imageskill.logging import JsonFormatter
from tests.cast import Caller, Member, sign_up
from tests.doubles import FakeProvider

pytestmark = pytest.mark.django_db

PROMPT = "canaryprompt of a secret garden"
CARD = "4242424242424242"
ADDRESS = "canary.address@example.com"
HOME_OF_PROMPTS = {"creative_job": "prompt"}
HOMES_OF_ADDRESSES = {"accounts_agent": "contact", "core_outbox": "recipient"}


def act(agent: Member, provider: FakeProvider) -> None:
    """Do everything that an agent can do, well and badly, with canaries in it."""
    agent.create(PROMPT, key="run-001")
    agent.create(PROMPT, dry_run=True)
    agent.create(PROMPT, key="run-001", output_count=2)
    agent.create(PROMPT, idempotency_key=CARD)
    agent.create(PROMPT, model="no.such")
    agent.create(PROMPT, max_usd=0)
    agent.create(PROMPT + "\x00")
    agent.post("/v1/credit-quotes", {"credits": 10, "card_number": CARD})
    agent.post("/v1/credit-quotes", {"credits": 10, "idempotency_key": CARD})
    agent.post("/v1/agent-claims", {"contact": ADDRESS, "return_claim_secret": True})
    agent.get(f"/v1/activity?token={agent.token}")
    provider.behaviour = broken
    agent.create(PROMPT)
    Caller().post("/v1/agent-claims/collect", {"claim_id": "claim_1", "claim_secret": str(agent.token)})


def broken(call: object) -> None:
    raise RuntimeError(f"{PROMPT} {CARD}")


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture, provider: FakeProvider) -> str:
    """Return every log line of such a life, as the service would write it."""
    with caplog.at_level(logging.DEBUG):
        act(sign_up(ADDRESS), provider)
    formatter = JsonFormatter()
    return "\n".join(formatter.format(record) for record in caplog.records if record.name.startswith("imageskill"))


@pytest.mark.parametrize("canary", ["canaryprompt", CARD, "canary.address", "isk_r_", "isk_c_"])
def test_no_canary_reaches_a_log_line(told: str, canary: str) -> None:
    assert "answered" in told
    assert canary not in told


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("canary", "homes"),
    [
        ("canaryprompt", HOME_OF_PROMPTS),
        (CARD, {}),
        ("isk_r_", {"accounts_agenttoken": "prefix"}),
        ("isk_c_", {}),
        ("canary.address", HOMES_OF_ADDRESSES),
    ],
)
def test_a_canary_is_stored_where_it_belongs_and_nowhere_else(canary: str, homes: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            for column in connection.introspection.get_table_description(cursor, table):
                if homes.get(table) == column.name:
                    continue
                cursor.execute(f'SELECT CAST("{column.name}" AS TEXT) FROM "{table}"')  # noqa: S608 - our own names
                assert canary not in str(cursor.fetchall()), (table, column.name)
