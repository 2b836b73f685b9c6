"""Pages of claims at the same moment: a code opens once, tries are not shared, and one decision stands."""

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from accounts import claim_opening, emails
from accounts.claim_opening import Visitor
from billing import payers
from imageskill.core import tallies
from imageskill.flows import claiming
from tests.pages.claim.claimants import asking, claim_of, code_of, opened, person, terms
from tests.pages.people import PERSON, make_user, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Let every act begin at the same moment; return their answers, in no order."""
    barrier, answers = Barrier(len(acts)), []

    def run(act: Callable[[], Any]) -> None:
        barrier.wait(30)
        try:
            answers.append(act())
        finally:
            connection.close()

    running = [Thread(target=run, args=[act]) for act in acts]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    assert len(answers) == len(acts)
    return answers


def visitor(address: str = PERSON) -> Visitor:
    return Visitor(make_user(address).pk, frozenset({address}), "loopback", "", payers.of)


def test_one_code_typed_by_five_at_once_opens_once() -> None:
    agent = asking(None)
    code = code_of(agent)
    people = [visitor(f"p{number}@example.com") for number in range(5)]
    typed = at_once([lambda who=who: claim_opening.type_code(code, visitor=who) for who in people])
    assert sum(each.claim is not None for each in typed) == 1


def test_wrong_codes_at_once_share_no_try() -> None:
    who = visitor()
    typed = at_once([lambda: claim_opening.type_code("BBBBB-BBBBB", visitor=who) for _ in range(8)])
    assert all(each.claim is None for each in typed)
    assert tallies.count("claim_try_person", who.user_id, period=tallies.HOUR) == claim_opening.WRONG_BY_PERSON


def test_allowing_twice_and_denying_at_once_leaves_one_decision() -> None:
    agent = asking()
    client = person()
    path = opened(client, agent)
    others = [sign_in() for _ in range(2)]
    acts = [
        lambda: client.post(f"{path}/allow", terms()),
        lambda: others[0].post(f"{path}/allow", terms()),
        lambda: others[1].post(f"{path}/deny", {"reason": "no"}),
    ]
    answers = at_once(acts)
    assert {answer.status_code for answer in answers} == {302}
    claim = claim_of(agent)
    is_mine = agent.row.claim_state == "claimed"
    assert claim.state == ("approved" if is_mine else "denied")
    assert agent.row.organization.memberships.count() == (1 if is_mine else 0)


def test_disowning_and_allowing_at_once_never_leave_a_paused_agent_with_an_owner() -> None:
    agent = asking()
    client = person()
    path = opened(client, agent)
    read = emails.read_stop_word(emails.stop_word(claim_of(agent), agent.row))
    assert read is not None
    acts = [
        lambda: client.post(f"{path}/allow", terms()),
        lambda: claiming.disown(claim_id=read[0], mailbox=read[1]),
    ]
    at_once(acts)
    row = agent.row
    assert (row.claim_state == "claimed") != (row.paused_at is not None)
