"""The page of promises names tests that exist, and each of them once."""

import ast
import re
from collections import Counter

from tests.environment import REPOSITORY

ROW = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def _tests_of(path: str) -> set[str]:
    tree = ast.parse((REPOSITORY / "tests" / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_test_that_the_page_names_exists() -> None:
    named = ROW.findall((REPOSITORY / "docs" / "promises.md").read_text(encoding="utf-8"))
    assert len(named) > 100
    known = {path: _tests_of(path) for path, _ in named}
    assert [f"{path}::{name}" for path, name in named if name not in known[path]] == []


def test_every_row_names_its_test() -> None:
    rows = [
        line
        for line in (REPOSITORY / "docs" / "promises.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| what")
    ]
    assert [row for row in rows if not ROW.search(row)] == []
    assert [row for row, times in Counter(rows).items() if times > 1] == []
