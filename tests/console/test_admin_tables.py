"""Every table of the house is in the admin: found by id along an index, only to look at, without secrets."""

import re
from typing import Any, Final

import pytest
from django.apps import apps
from django.contrib.admin import site as of_django
from django.core.checks import run_checks
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Agent, AgentToken, Organization
from creative.models import Asset, Job
from imageskill.console.admin.site import APPS, site
from imageskill.core.admin.rows import PAGE, Rows
from imageskill.core.ids import PublicIdField, prefix_of
from imageskill.core.models import ActivityEvent, Outbox
from tests.console.admins import row_of, superuser, table_of
from tests.console.desk import make_agent
from tests.pages.studio import PROMPTS, Studio, make_studio

pytestmark = pytest.mark.django_db

TABLES: Final = [model for label in APPS for model in apps.get_app_config(label).get_models()]
MOST_OF_A_LIST: Final = 4
"""Session, person, factor, rows."""
MOST_OF_A_ROW: Final = 6
"""The same, the table's own number, what was done to the row."""
WRITES: Final = re.compile(r"^\s*(INSERT|UPDATE|DELETE|BEGIN IMMEDIATE|SAVEPOINT)", re.IGNORECASE)


def rows_of(model: type[models.Model]) -> Any:
    return model._default_manager.all()


def table(model: type[models.Model]) -> Rows:
    found = site.get_model_admin(model)
    assert isinstance(found, Rows)
    return found


@pytest.fixture
def client() -> Client:
    return superuser()


@pytest.fixture
def studio() -> Studio:
    return make_studio()


def test_every_table_is_there_and_takes_no_change_by_a_form() -> None:
    assert len(TABLES) > 50
    request: Any = None
    for model in TABLES:
        one = table(model)
        assert one.has_view_permission
        assert not one.has_add_permission(request)
        assert not one.has_change_permission(request)
        assert not one.has_delete_permission(request)
    assert run_checks(app_configs=None, tags=["admin"]) == []
    assert "delete_selected" not in dict(site.actions)
    assert of_django.__class__ is not site.__class__


def test_lists_and_rows_write_nothing_count_nothing_and_cost_the_same(client: Client, studio: Studio) -> None:
    wrong = []
    client.get("/admin/")
    for model in TABLES:
        for path, most in (
            (table_of(model), MOST_OF_A_LIST),
            *((row_of(row), MOST_OF_A_ROW) for row in rows_of(model)[:1]),
        ):
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(path)
            said = [query["sql"] for query in queries.captured_queries]
            if answer.status_code != 200:
                wrong.append(f"{path}: {answer.status_code}")
            if len(said) > most:
                wrong.append(f"{path}: {len(said)} queries, {said}")
            wrong += [f"{path}: {sql}" for sql in said if WRITES.match(sql) or "COUNT(" in sql.upper()]
    assert wrong == []


def test_a_longer_list_asks_no_more(client: Client) -> None:
    for at in range(3):
        make_agent(f"agent-{at}")
    asked = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(table_of(Agent))
        asked.append(len(queries))
        for at in range(30):
            make_agent(f"more-{at}")
    assert asked[0] == asked[1]


def _is_kept_back(value: str) -> bool:
    """Long enough to be recognised, and no public id: those stand in shown columns too."""
    return len(value) > 11 and prefix_of(value) in (None, "image")


def kept_back() -> set[str]:
    """Return each value of a column that is hidden, long enough to be recognised."""
    values: set[str] = set()
    for model in TABLES:
        shown = table(model).shown
        hidden = [field.attname for field in model._meta.concrete_fields if field.name not in shown]
        for row in rows_of(model).values_list(*hidden) if hidden else ():
            values |= {value for value in row if isinstance(value, str) and _is_kept_back(value)}
    return values


def test_nothing_that_opens_or_was_asked_for_is_on_any_page(client: Client, studio: Studio) -> None:
    pages = {}
    for model in TABLES:
        for path in (table_of(model), *(row_of(row) for row in rows_of(model) if model is not Asset)):
            pages[path] = client.get(path).content.decode()
    secret = kept_back() | {prompt for prompt, _ in PROMPTS} | {studio.agent.token or ""}
    secret |= set(Asset.objects.values_list("pk", flat=True)) | set(Outbox.objects.values_list("text", flat=True))
    assert AgentToken.objects.values_list("sha256", flat=True)[0] in secret
    assert Job.objects.values_list("prompt", flat=True)[0] in secret
    told = [f"{path} shows {value!r}" for path, page in pages.items() for value in secret if value in page]
    assert told == []


def test_a_column_of_free_words_stays_away_until_it_is_named() -> None:
    class Unknown(Rows):
        pass

    shown = Unknown(Job, site).shown
    assert not {"prompt", "parameters", "selection"} & set(shown)
    assert {"id", "state", "credits_required"} <= set(shown)


def test_a_picture_is_found_by_its_whole_id_alone(client: Client, studio: Studio) -> None:
    key = studio.assets[-1].pk
    for asked in ("", f"?q={key[:-1]}", f"?q={studio.organization.pk}", f"?q={studio.agent.agent_id}"):
        page = client.get(f"{table_of(Asset)}{asked}").content.decode()
        assert f"{key}/change/" not in page, asked
    assert f"{key}/change/" in client.get(f"{table_of(Asset)}?q={key}").content.decode()


def test_the_address_looks_up_no_column(client: Client, studio: Studio) -> None:
    everything = client.get(table_of(Job)).content.count(b"/change/")
    assert everything > 3
    for asked in ("prompt__startswith=zzz", "prompt=x", "organization__name=x", "o=3", "all=", "nothing=1"):
        answer = client.get(f"{table_of(Job)}?{asked}")
        assert answer.content.count(b"/change/") == everything, asked


def test_a_list_goes_on_after_its_last_row(client: Client) -> None:
    place = Organization.objects.get(pk=make_agent("first").organization_id)
    for at in range(PAGE + 1):
        make_agent(f"agent-{at}", place)
    seen: list[str] = []
    address = table_of(Agent)
    while True:
        page = client.get(address).content.decode()
        seen += re.findall(r"/admin/accounts/agent/(agt_\w+)/change/", page)
        more = re.search(r'href="(\?after=\w+)">Next page', page)
        if more is None:
            break
        address = table_of(Agent) + more[1]
    assert seen == sorted(Agent.objects.values_list("pk", flat=True), reverse=True)
    assert client.get(f"{table_of(ActivityEvent)}?after=%00").status_code == 404


def test_what_is_not_there_is_not_found_whatever_is_typed(client: Client) -> None:
    for model in TABLES:
        for key in ("nothing", "0", "9" * 30, "%00", "a" * 200):
            assert client.get(f"{table_of(model)}{key}/change/").status_code == 404, (model, key)
        for asked in ("nothing", "9" * 30, "9" * 5000, "%00", "agt_", "org_zz"):
            assert client.get(f"{table_of(model)}?q={asked}").status_code == 200, (model, asked)


@pytest.mark.both_databases
def test_every_id_is_found_whole_and_by_its_beginning_along_an_index(client: Client) -> None:
    found = finds(client, Agent, make_agent().pk)
    assert found == [True, True, False]
    wrong = []
    for model in TABLES:
        one = table(model)
        for prefix in one.by_prefix:
            wrong += scans(model, f"{prefix}_0a1b")
        wrong += scans(model, "7") if isinstance(one.opts.pk, models.IntegerField) else []
        wrong += scans(model, "words") if one.found_by else []
    assert wrong == []


def finds(client: Client, model: type[models.Model], key: str) -> list[bool]:
    """Say whether a row is found by its whole id, by its beginning, and by another one."""
    asked = (key, key[:16], f"{key[:16]}!")
    return [f"{key}/change/" in client.get(f"{table_of(model)}?q={text}").content.decode() for text in asked]


def scans(model: type[models.Model], asked: str) -> list[str]:
    """Return what a search reads without an index."""
    one: Any = table(model)
    rows, _ = one.get_search_results(None, rows_of(model), asked)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # The tables are empty; so the plan says what an index can do, not what a small table needs.
            cursor.execute("SET LOCAL enable_seqscan = off")
        plan = rows.explain()
        return [f"{model.__name__} by {asked}: {plan}"] if "Seq Scan" in plan else []
    plan = rows.explain()
    return [f"{model.__name__} by {asked}: {plan}"] if re.search(r"\bSCAN\b", plan) else []


def test_the_key_of_each_table_with_a_public_id_is_one_of_its_ways() -> None:
    public = [model for model in TABLES if isinstance(model._meta.pk, PublicIdField)]
    assert len(public) > 15
    for model in public:
        assert model._meta.pk.attname == table(model).by_prefix[model._meta.pk.prefix][0], model
