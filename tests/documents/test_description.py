import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from jsonschema import Draft202012Validator

from creative.presenters.capabilities import DeprecationNoticeJSON
from creative.presenters.models import SurchargeJSON
from imageskill.core.errors import ErrorCode
from imageskill.core.events import BY_NAME
from imageskill.site.openapi import words
from imageskill.site.openapi.document import described
from imageskill.site.openapi.examples import FILE
from imageskill.site.openapi.operations import OPERATIONS
from tests.documents import description, examples
from tests.documents.walk import Said, Walk, over_everything
from tests.doubles import FakeProvider

pytestmark = pytest.mark.django_db

NOT_ENVELOPES = {"/v1/openapi.json", "/v1/docs"}
UNSEEN = {
    # Today no model is about to end, and none has a surcharge; the catalogue's own tests make up such models.
    *(f"DeprecationNotice.{name}" for name in DeprecationNoticeJSON.__annotations__),
    *(f"Surcharge.{name}" for name in SurchargeJSON.__annotations__),
}
"""Fields that no answer of the walk has."""


@pytest.fixture(scope="module")
def kept() -> list[Said]:
    """What was said on the walk, which is made once."""
    return []


@pytest.fixture
def said(kept: list[Said], db: None, settings: LazySettings, provider: FakeProvider) -> list[Said]:
    if not kept:
        settings.PREVIEW_DAILY_JOBS = 100
        walk = Walk(settings)
        over_everything(walk, provider)
        kept += walk.said
    return kept


def test_every_answer_is_as_the_description_says(said: list[Said]) -> None:
    faults = []
    for one in said:
        answer = one.answer
        faults += description.faults(one.method, one.path, answer.status, answer.response.headers, answer.body)
    assert faults == []


def test_every_operation_was_walked(said: list[Said]) -> None:
    assert {one.operation for one in said if one.answer.ok} == set(OPERATIONS)


def test_no_described_field_is_made_up(said: list[Said]) -> None:
    seen = description.Seen()
    for one in said:
        seen.add(one.method, one.path, one.answer.status, one.answer.body)
    assert " ".join(sorted(seen.missing() ^ UNSEEN)) == ""


def test_the_examples_are_those_of_the_walk(said: list[Said]) -> None:
    fresh = examples.taken_from(said)
    target = os.environ.get("WRITE_EXAMPLES_TO")
    if target:
        Path(target).write_text(json.dumps(fresh, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    written = json.loads(FILE.read_text(encoding="utf-8"))
    assert set(written) == set(OPERATIONS)
    for operation, example in fresh.items():
        told = "run: python -m tests.documents.write_examples"
        assert examples.shape_of(written[operation]) == examples.shape_of(example), f"{operation}: {told}"


def test_every_example_is_as_the_description_says() -> None:
    for path, methods in described()["paths"].items():
        for method, told in methods.items():
            assert "200" in told["responses"], path
            body = told.get("requestBody", {}).get("content", {}).get("application/json")
            if body:
                schema = body["schema"] | {"components": described()["components"]}
                assert list(Draft202012Validator(schema).iter_errors(body["example"])) == [], path
            for status, response in told["responses"].items():
                example = response["content"]["application/json"].get("example")
                address = path.replace("{reference}", "x")
                headers = dict.fromkeys(response["headers"], "")
                if example is not None:
                    assert description.faults(method.upper(), address, int(status), headers, example) == []


def test_the_url_map_and_the_description_hold_the_same_paths() -> None:
    served = {f"/{re.sub('<str:[a-z]+>', '{reference}', route)}" for route in routes(get_resolver().url_patterns)}
    other = {path for path in served if not path.startswith(("/v1/", "/healthz"))}
    assert served - other - NOT_ENVELOPES == set(described()["paths"])


def routes(patterns: Any, before: str = "") -> list[str]:
    """Every path of the url map."""
    found = []
    for pattern in patterns:
        route = before + str(pattern.pattern)
        nested = getattr(pattern, "url_patterns", None)
        found += routes(nested, route) if nested is not None else [route]
    return found


def test_it_is_openapi(client: Client) -> None:
    """The document is an OpenAPI 3.1 document, served from memory, and cacheable."""
    first = client.get("/v1/openapi.json")
    document = first.json()
    assert document["openapi"].startswith("3.1.")
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    names = re.findall(r'"#/components/([a-z]+)/([A-Za-z]+)"', first.content.decode())
    assert all(name in document["components"][kind] for kind, name in names)
    ids = [told["operationId"] for methods in document["paths"].values() for told in methods.values()]
    assert len(ids) == len(set(ids))
    again = client.get("/v1/openapi.json", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    with CaptureQueriesContext(connection) as queries:
        client.get("/v1/openapi.json")
    assert len(queries) == 0


def test_every_error_code_and_event_type_is_described() -> None:
    document = json.dumps(described())
    told = {
        code
        for methods in described()["paths"].values()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        if not status.startswith("2")
        for code in response["content"]["application/json"]["schema"]["allOf"][1]["properties"]["error"][
            "properties"
        ]["code"]["enum"]
    }
    assert told == {code.name for code in ErrorCode}
    assert all(f'"{name}"' in document for name in BY_NAME)


def test_whatever_a_caller_sends_is_explained() -> None:
    for methods in described()["paths"].values():
        for told in methods.values():
            assert all(parameter["description"] for parameter in told.get("parameters", []))
    bodies = {
        name: schema for name, schema in described()["components"]["schemas"].items() if name.endswith("Body")
    }
    sent = [inner for schema in bodies.values() for inner in schema["properties"].values()]
    assert all(inner["description"] for inner in sent)
    assert set(words.BODY_WORDS) <= {name for schema in bodies.values() for name in schema["properties"]}


def test_words_are_said_of_fields_that_exist() -> None:
    schemas = described()["components"]["schemas"]
    fields = {f"{name}.{field}" for name, schema in schemas.items() for field in schema.get("properties", {})}
    assert set(words.WORDS) <= fields | {field.partition(".")[2] for field in fields}
