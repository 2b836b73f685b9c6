"""The documents say what is, all of it, and nothing else; the pages load nothing from anywhere else."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from imageskill.cli.commands import COMMANDS
from imageskill.core.errors import ErrorCode
from imageskill.core.events import BY_NAME, SEED_NAMES
from imageskill.core.routes import is_served
from imageskill.site.openapi.document import described
from imageskill.site.openapi.operations import OPERATIONS

DOCUMENTS = {"/skill.md": "text/markdown", "/cli.md": "text/markdown", "/llms.txt": "text/plain"}
WHOLE = ("/llms.txt", "/cli.md")
_CODE = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")
_PATH = re.compile(r"(?<![\w.])/(?:v1/[a-z0-9./_{}-]*[a-z}]|healthz|livez)")
_EVENT = re.compile(r"`([a-z]+(?:\.[a-z_]+)+)`")
_FIELD = re.compile(r"`([a-z]+(?:[_.\[\]]+[a-z_]+)+)`")
ENVELOPE = ("ok", "command", "trace_id", "actor", "data", "warnings", "error")
WORDS_IN_CAPITALS = {"IMAGE_SKILL_TOKEN", "IMAGE_SKILL_API_BASE_URL", "JOB_ID", "MODEL_ID", "CAPABILITY_ID"}
WORDS_IN_CAPITALS |= {"ASSET_ID", "FEEDBACK_ID", "TRACE_ID"}
"""Names of variables and of what the reader fills in; everything else in capitals is an error code."""


def text_of(path: str) -> str:
    return Client().get(path).content.decode()


@pytest.mark.parametrize(("path", "kind"), DOCUMENTS.items())
def test_a_document_is_text_that_may_be_cached(path: str, kind: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, f"{kind}; charset=utf-8")
    assert answer["Cache-Control"] == "public, max-age=300"
    assert answer["x-image-skill-exit-code"] == "0"
    assert Client().get(path, headers={"if-none-match": answer["ETag"]}).status_code == 304
    assert Client().head(path).status_code == 200
    assert Client().post(path).status_code == 405
    assert not answer.cookies


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_address_in_a_document_is_this_services(path: str) -> None:
    text = text_of(path)
    for address in re.findall(r"https?://[^\s)'\"`\]]+", text):
        assert address.startswith(settings.BASE_URL), address
        assert is_served(address.removeprefix(settings.BASE_URL).partition("?")[0].rstrip(".,") or "/"), address
    assert settings.BASE_URL in text
    assert "{{" not in text
    assert "{%" not in text


@pytest.mark.parametrize("path", DOCUMENTS)
def test_everything_that_a_document_names_exists(path: str) -> None:
    text = text_of(path)
    told = {re.sub(r"\{[a-z_]+\}", "{reference}", found.rstrip("/.")) for found in _PATH.findall(text)}
    known = {*described()["paths"], "/v1/openapi.json", "/v1/docs"}
    assert {found for found in told if not is_served(found.replace("{reference}", "x"))} == set()
    assert {found for found in told if "{" in found} <= known
    assert {*_CODE.findall(text)} - WORDS_IN_CAPITALS <= {code.name for code in ErrorCode}
    assert {name for name in _EVENT.findall(text) if name.partition(".")[0] in {"job", "asset"}} <= set(BY_NAME)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_field_that_a_document_names_exists(path: str) -> None:
    schemas = described()["components"]["schemas"].values()
    known = {field for schema in schemas for field in schema.get("properties", {})} | {*ENVELOPE}
    named = [found for found in _FIELD.findall(text_of(path)) if found not in BY_NAME]
    assert [name for name in named if not {*re.split(r"[.\[\]]+", name)} <= known] == []


@pytest.mark.parametrize("path", WHOLE)
def test_a_whole_document_leaves_no_code_and_no_event_out(path: str) -> None:
    text = text_of(path)
    assert [code.name for code in ErrorCode if code.name not in text] == []
    assert [name for name in SEED_NAMES if name not in text] == []
    assert [name for name in BY_NAME if name not in SEED_NAMES and name in text] == []


def test_every_operation_stands_in_llms_txt_and_in_the_reference() -> None:
    for path in ("/llms.txt", "/v1/docs"):
        text = text_of(path)
        assert [operation for operation in OPERATIONS if operation not in text] == []


def test_every_command_and_flag_stands_in_cli_md() -> None:
    text = text_of("/cli.md")
    for command in COMMANDS:
        served = not command.path or is_served(re.sub(r"\{[a-z_]+\}", "x", command.path))
        assert (f"### image-skill {command.words}" in text) is served, command.words
        assert not served or all(flag.name in text for flag in command.flags), command.words


def test_skill_md_begins_as_skills_do() -> None:
    head = text_of("/skill.md").split("\n")
    assert head[:2] == ["---", "name: image-skill"]
    assert head[2].startswith("description: ")
    assert head[3] == "---"


class Page(HTMLParser):
    """What a page loads, where it leads, and what its policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.forbidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        self.loads += [given[name] for name in ("src", "srcset", "data", "poster") if name in given]
        if tag == "link":
            self.loads.append(given["href"])
        elif "href" in given:
            self.links.append(given["href"])
        self.ids |= {given["id"]} if "id" in given else set()
        inline = tag == "style" or (tag == "script" and "src" not in given) or "style" in given
        if inline or any(name.startswith("on") for name in given):
            self.forbidden.append(f"{tag} {given}")


def test_the_reference_page_runs_under_the_strict_policy_and_loads_only_its_own() -> None:
    answer = Client().get("/v1/docs")
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    page = Page()
    page.feed(answer.content.decode())
    assert page.forbidden == []
    assert page.loads
    assert all(address.startswith("/static/") for address in page.loads)
    inner = {address.removeprefix("#") for address in page.links if address.startswith("#")}
    assert inner <= page.ids
    assert len(inner) == len(OPERATIONS)
    assert all(address.startswith((f"{settings.BASE_URL}/", "#")) for address in page.links)
