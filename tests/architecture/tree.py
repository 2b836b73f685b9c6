"""What the rules look at: the files of this repository, and parsed Python."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
APPS = ("accounts", "billing", "creative")
FLOORS = ("imageskill/core/", *(f"{app}/" for app in APPS))
PRODUCTION = ("imageskill/", *(f"{app}/" for app in APPS))


@cache
def listed() -> tuple[str, ...]:
    """Return the paths of all files that git knows or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    told = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)  # noqa: S603 - git
    return tuple(sorted(path for path in told.stdout.split("\0") if path and (REPOSITORY / path).is_file()))


@cache
def text_of(path: str) -> str:
    """Return a file's text, or an empty string where it holds none."""
    try:
        return (REPOSITORY / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def python_files() -> dict[str, str]:
    """Return path and source of the Python files that people write; migrations are generated."""
    return {path: text_of(path) for path in listed() if path.endswith(".py") and not is_migration(path)}


def production_files() -> dict[str, str]:
    """Return path and source of what runs in production."""
    return {path: source for path, source in python_files().items() if path.startswith(PRODUCTION)}


def migrations() -> dict[str, str]:
    """Return path and source of the migrations."""
    return {
        path: text_of(path)
        for path in listed()
        if path.endswith(".py") and is_migration(path) and not path.endswith("/__init__.py")
    }


def is_migration(path: str) -> bool:
    """Tell whether the file lies among migrations."""
    return "/migrations/" in path


@cache
def parsed(source: str) -> ast.Module:
    """Return the syntax tree of a source."""
    return ast.parse(source)


@cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    """Return all nodes of a source."""
    return tuple(ast.walk(parsed(source)))


@cache
def imports(source: str) -> tuple[tuple[str, int], ...]:
    """Return each imported name with its line; `from a import b` is told as `a.b`."""
    return tuple(_imports(source))


def _imports(source: str) -> Iterator[tuple[str, int]]:
    for node in nodes(source):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module or ''}.{alias.name}", node.lineno) for alias in node.names)


def is_under(name: str, *packages: str) -> bool:
    """Tell whether a dotted name is one of the packages or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def dotted(node: ast.AST) -> list[str]:
    """Return the names along a chain like `Model.objects.filter(...).update`, the first name first."""
    names: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Name):
            names.append(node.id)
            return names[::-1]
        else:
            return names[::-1]
