"""A page that shows a secret once: reloading it sends its form again, and makes no second secret."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts import tokens, used_forms
from accounts.models import AgentToken
from creative.models import ShareLink
from tests.at_once import at_once
from tests.pages.agents.acts import path, with_token
from tests.pages.gallery.rooms import key_of
from tests.pages.people import said, sign_in
from tests.pages.studio import Studio

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def word_of(page: Any) -> str:
    """Return the word that a page's form carries."""
    found = re.search(r'name="form_word" value="(\w+)"', page.content.decode())
    assert found, page.content
    return found[1]


def alive(studio: Studio) -> int:
    return AgentToken.objects.filter(agent_id=studio.agent.agent_id, revoked_at=None).count()


def test_reloading_a_new_token_leads_to_the_agent_and_the_token_stays_good(studio: Studio, owner: Client) -> None:
    form = {"form_word": word_of(owner.get(path(studio)))}
    shown = owner.post(path(studio, "tokens/new"), form)
    raw = tokens.PATTERN.search(shown.content.decode())
    assert raw
    assert alive(studio) == 2
    again = owner.post(path(studio, "tokens/new"), form)
    assert again.url == path(studio)
    assert said(again) == ["This form made its token already and showed it then. If it is lost, make another."]
    assert alive(studio) == 2
    assert with_token(studio, raw[0]).get("/v1/whoami").ok


def test_another_page_has_another_form_and_makes_another_token(studio: Studio, owner: Client) -> None:
    words = [word_of(owner.get(path(studio))) for _ in range(2)]
    assert words[0] != words[1]
    answers = [owner.post(path(studio, "tokens/new"), {"form_word": word}) for word in words]
    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize("later", [timedelta(hours=1), timedelta(days=1)])
def test_it_stays_used_past_midnight(studio: Studio, owner: Client, later: timedelta) -> None:
    form = {"form_word": word_of(owner.get(path(studio)))}
    owner.post(path(studio, "tokens/new"), form)
    with time_machine.travel(timezone.now() + later):
        assert sign_in().post(path(studio, "tokens/new"), form).status_code == 302
    assert alive(studio) == 2


@pytest.mark.parametrize("word", ["x", "0" * 31, "0" * 33, "0" * 31 + "\0", "A" * 32])
def test_a_word_that_no_page_had_makes_nothing(studio: Studio, owner: Client, word: str) -> None:
    assert owner.post(path(studio, "tokens/new"), {"form_word": word}).status_code == 302
    assert alive(studio) == 1


def test_reloading_a_new_share_link_leads_to_the_links_and_makes_no_second(studio: Studio, owner: Client) -> None:
    keys = [key_of(asset) for asset in studio.assets[:2]]
    place = f"/w/{studio.organization.pk}/gallery/shares"
    word = word_of(owner.get(f"{place}/new", {"p": keys}))
    form = {"p": keys, "days": "7", "form_word": word}
    assert owner.post(f"{place}/make", form).status_code == 200
    again: Any = owner.post(f"{place}/make", form)
    assert again.url == place
    assert said(again)[0].startswith("This form made its link already")
    assert ShareLink.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_eight_posts_at_the_same_moment_one_is_the_first() -> None:
    told = at_once(*[lambda: used_forms.use("usr_1", "0" * 32)] * 8)
    assert sorted(told) == [False] * 7 + [True]
    assert used_forms.use("usr_2", "0" * 32), "another person's word is another"
