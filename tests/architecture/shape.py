"""Rules about the shape of files: how long, how named, and where an import stands."""

import ast
from collections.abc import Iterable
from statistics import median

from tests.architecture.tree import imports, is_under, nodes

FILE_LINES = 350
FUNCTION_LINES = 60
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
TOP_LEVEL = {
    *("manage.py", "pyproject.toml", "Makefile", ".gitignore", ".ci", "requirements", "docs", "deploy"),
    *("imageskill", "accounts", "billing", "creative", "templates", "static", "tests", "benchmarks"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"),
}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def long_files(path: str, source: str) -> list[str]:
    """A file is at most 350 lines."""
    lines = len(source.splitlines())
    return [f"{path}: {lines} lines, at most {FILE_LINES}"] if lines > FILE_LINES else []


def long_functions(path: str, source: str) -> list[str]:
    """A function is at most 60 lines."""
    return [
        f"{path}:{node.lineno}: {node.name} has {_lines(node)} lines, at most {FUNCTION_LINES}"
        for node in nodes(source)
        if isinstance(node, _FUNCTIONS) and _lines(node) > FUNCTION_LINES
    ]


def medians(sources: Iterable[str]) -> str:
    """Tell the medians, which the house aims to keep at 90 and 10."""
    written = [source for source in sources if source]
    functions = [_lines(node) for source in written for node in nodes(source) if isinstance(node, _FUNCTIONS)]
    files = [len(source.splitlines()) for source in written]
    return f"medians: {median(files or [0]):.0f} lines a file, {median(functions or [0]):.0f} a function"


def _lines(node: "ast.FunctionDef | ast.AsyncFunctionDef") -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def imports_inside_functions(path: str, source: str) -> list[str]:
    """Imports stand at the top of a file."""
    return sorted(
        {
            f"{path}:{inner.lineno}: an import inside {node.name}"
            for node in nodes(source)
            if isinstance(node, _FUNCTIONS)
            for inner in ast.walk(node)
            if isinstance(inner, ast.Import | ast.ImportFrom)
        }
    )


def signals(path: str, source: str) -> list[str]:
    """Our apps call each other; they send no Django signals."""
    banned = ("django.dispatch", "django.db.models.signals", "django.core.signals")
    return [f"{path}:{line}: {name}" for name, line in imports(source) if is_under(name, *banned)]


def empty_names(path: str, _source: str) -> list[str]:
    """A file or folder is named after what it holds."""
    parts = path.removesuffix(".py").split("/")
    return [f"{path}: {part} says nothing" for part in parts if part.lower() in EMPTY_NAMES]


def other_top_level(paths: Iterable[str]) -> list[str]:
    """The top level holds the fixed set and nothing else."""
    return sorted({path.split("/")[0] for path in paths} - TOP_LEVEL)
