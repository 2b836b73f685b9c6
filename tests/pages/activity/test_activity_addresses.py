"""The links and the instants of the activity: hundreds a page, each leads where it says, and costs little."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import time_machine
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolvers

from accounts.models import Organization
from imageskill.site.activity.addresses import Addresses
from tests.pages.activity.happenings import happen, make_agent, refuse
from tests.pages.people import make_user, make_workspace, sign_in

pytestmark = [pytest.mark.django_db]

ODD = 'agent:"a & b" words+more'


@pytest.fixture
def place(db: None) -> Organization:
    return make_workspace(make_user())


def get(client: Client, place: Organization, query: str = "") -> str:
    answer = client.get(f"/w/{place.pk}/activity{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def links(page: str, pattern: str) -> list[str]:
    """Return where some links lead."""
    found = [html.unescape(href) for href in re.findall(pattern, page)]
    assert found, pattern
    return found


def test_links_keep_what_was_asked_but_for_what_they_name() -> None:
    asked = QueryDict("live=1&q=a%26b&event=evt_1&tab=money&before=x")
    addresses = Addresses("org_1", asked)
    assert addresses.for_query == "/w/org_1/activity?live=1&q="
    assert addresses.of_row("evt_2") == "/w/org_1/activity?live=1&q=a%26b&before=x&event=evt_2"
    assert addresses.of_drawer("evt_2") == "/w/org_1/activity/of/evt_2?q=a%26b"
    bare = Addresses("org_1", QueryDict(""))
    assert bare.for_query == "/w/org_1/activity?q="
    assert bare.of_row("refusal_7") == "/w/org_1/activity?event=refusal_7"
    assert bare.of_drawer("refusal_7") == "/w/org_1/activity/of/refusal_7"
    assert asked["tab"] == "money"


def test_every_link_of_a_query_asks_for_what_it_names(place: Organization) -> None:
    agent = make_agent(place, "a & b")
    happen(agent)
    client = sign_in()
    page = get(client, place, f"?live=1&tab=money&q={quote(ODD)}")
    (chip, _) = links(page, r'<a class="chip[^"]*" href="([^"]*)"')
    bars = links(page, r'<a tabindex="-1" href="([^"]*)"')
    presets = links(page, r'<li><a href="([^"]*created%3A[^"]*)"')
    # The times stand together, and the way to the filters after them.
    assert page.index(">30 days</a>") < page.index(">All</a>") < page.index(">Filters</a>")
    for href in (chip, *bars, *presets):
        told = parse_qs(urlsplit(href).query)
        assert told["live"] == ["1"]
        assert set(told) == {"live", "q"}
    assert parse_qs(urlsplit(chip).query)["q"] == ["words+more"]
    assert all(parse_qs(urlsplit(href).query)["q"][0].startswith(f"{ODD} created:") for href in bars)
    facet = links(get(client, place), r'<a class="only" href="([^"]*a%20%26%20b[^"]*)"')[0]
    assert parse_qs(urlsplit(facet).query)["q"] == ['agent:"a & b"']
    assert re.findall(r'<a class="open"', get(client, place, f"?{urlsplit(facet).query}"))


def test_a_row_leads_to_its_drawer_with_and_without_script(place: Organization) -> None:
    happen(make_agent(place))
    client = sign_in()
    page = get(client, place, "?q=type:asset.uploaded")
    href, drawer = links(page, r'<a class="open" href="([^"]*)"')[0], links(page, r'hx-get="([^"]*/of/[^"]*)"')[0]
    opened = client.get(href).content.decode()
    alone = client.get(drawer).content.decode()
    assert 'aria-current="true">atlas-7 uploaded' in opened
    assert 'aria-current="true">atlas-7 uploaded' not in page
    assert "asset.uploaded" in alone
    assert "q=type%3Aasset.uploaded" in alone


@time_machine.travel("2026-07-03T12:00:30Z", tick=False)
def test_instants_are_told_by_the_readers_clock(place: Organization) -> None:
    agent, now = make_agent(place), datetime(2026, 7, 3, 12, 0, 30, tzinfo=UTC)
    client = sign_in()
    client.post("/time-zone", {"zone": "Asia/Kolkata"})
    for age in (timedelta(seconds=20), timedelta(minutes=3), timedelta(minutes=3, seconds=9), timedelta(days=2)):
        with time_machine.travel(now - age, tick=False):
            happen(agent)
    refuse(agent, seconds_ago=7_200)
    page = html.unescape(get(client, place))
    told = re.findall(r'<span class="quiet when"><time datetime="([^"]*)" title="([^"]*)">([^<]*)</time>', page)
    assert [words.replace("\xa0", " ") for _, _, words in told] == [
        *("20 seconds ago", "3 minutes ago", "3 minutes ago", "2 hours ago", "1 Jul 2026, 17:30"),
    ]
    assert told[-1][:2] == ("2026-07-01T17:30:30+05:30", "1 July 2026, 17:30:30 IST")
    assert 'starts anew <time datetime="2026-11-22T05:30:00+05:30">22 Nov, 05:30 IST</time>' in page
    assert 'data-from="2026-07-03T00:00" data-to="2026-07-03T' in page


def test_a_full_page_costs_no_more_queries_or_addresses_than_one_row(
    place: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make_agent(place)
    happen(agent)
    client = sign_in()
    asked: list[str] = []
    written = resolvers.URLResolver._reverse_with_prefix

    def counted(self: Any, name: Any, *args: Any, **kwargs: Any) -> str:
        asked.append(str(name))
        return written(self, name, *args, **kwargs)

    monkeypatch.setattr(resolvers.URLResolver, "_reverse_with_prefix", counted)

    def cost() -> tuple[int, int]:
        asked.clear()
        with CaptureQueriesContext(connection) as queries:
            get(client, place)
        return len(queries), len(asked)

    cost()
    few = cost()
    for _ in range(60):
        happen(agent)
    assert few[1] > 0
    assert cost() == few
