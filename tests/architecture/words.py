"""Rules about words that stand nowhere: floats, local clocks, tests in production, places of one machine."""

import ast
import re
from collections.abc import Mapping

from tests.architecture.tree import dotted, imports, is_under, nodes

_TEST_NAMES = {"TESTING", "TEST_MODE", "TEST", "IS_TEST", "IS_TESTING", "UNDER_TEST", "RUNNING_TESTS"}
_TEST_PACKAGES = ("pytest", "unittest", "tests", "hypothesis", "django.test", "sys.modules")
_CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
_MACHINE = re.compile(r"(?<![\w.}/*:-])/(?:" + "work|root" + r")(?![\w-])")
_PIN = re.compile(r"^([a-z0-9-]+==\S+)", re.MULTILINE)


def floats(path: str, source: str) -> list[str]:
    """No column and no field is a float."""
    return [
        f"{path}:{getattr(node, 'lineno', 0)}: FloatField"
        for node in nodes(source)
        if (isinstance(node, ast.Attribute) and node.attr == "FloatField")
        or (isinstance(node, ast.Name) and node.id == "FloatField")
    ]


def local_clocks(path: str, source: str) -> list[str]:
    """The time is asked of django.utils.timezone or of the database."""
    return [
        f"{path}:{node.lineno}: {'.'.join(dotted(node.func))}"
        for node in nodes(source)
        if isinstance(node, ast.Call) and tuple(dotted(node.func)[-2:]) in _CLOCKS
    ]


def test_modes(path: str, source: str) -> list[str]:
    """Production code does not know that it is being tested."""
    found = [f"{path}:{line}: {name}" for name, line in imports(source) if is_under(name, *_TEST_PACKAGES)]
    documentation = {_docstring_of(node) for node in nodes(source)}
    for node in nodes(source):
        told = None if node in documentation else _test_word(node)
        if told:
            found.append(f"{path}:{getattr(node, 'lineno', 0)}: {told}")
    return found


def _test_word(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute):
        name = node.attr
        if dotted(node) == ["sys", "modules"]:
            return "sys.modules"
    elif isinstance(node, ast.Name):
        name = node.id
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        # "TEST" as a word is Django's own key for the name of a test database.
        name = node.value if node.value != "TEST" else ""
    elif isinstance(node, ast.Compare) and any(dotted(part) == ["sys", "argv"] for part in node.comparators):
        return "a look for a word among sys.argv"
    else:
        return None
    return name if name in _TEST_NAMES or "pytest" in name.lower() else None


def _docstring_of(node: ast.AST) -> ast.AST | None:
    body = getattr(node, "body", None)
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or not body:
        return None
    return body[0].value if isinstance(body[0], ast.Expr) else None


def machine_paths(path: str, text: str) -> list[str]:
    """No file names a place of the machine it was written on."""
    return [
        f"{path}:{number}: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), start=1)
        if _MACHINE.search(line)
    ]


def migration_faults(path: str, source: str) -> list[str]:
    """A migration is named for what it does, and imports nothing of the house."""
    name = path.rpartition("/")[2].removesuffix(".py")
    found = [] if re.fullmatch(r"\d{4}_[a-z0-9_]+", name) and "_auto_" not in name else [f"{path}: not a name"]
    house = ("imageskill", "accounts", "billing", "creative")
    found += [f"{path}:{line}: {imported}" for imported, line in imports(source) if is_under(imported, *house)]
    return found


def lock_faults(path: str, text: str) -> list[str]:
    """A lock holds pins and hashes, and no address that a package would come from."""
    found = [
        f"{path}:{number}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), start=1)
        if "://" in line or re.match(r"\s*(-|[^#]* @ )", re.sub(r"^\s+--hash=", "", line))
    ]
    entries = re.split(r"\n(?=[a-z0-9])", text.strip())
    return found + [
        f"{path}: {entry.splitlines()[0]} has no hash or no exact version"
        for entry in entries
        if not entry.startswith("#") and (not _PIN.match(entry) or "--hash=sha256:" not in entry)
    ]


def unequal_pins(locks: Mapping[str, str]) -> list[str]:
    """What is tested is what runs: every pin of the service stands in the developers' lock too."""
    return sorted(set(_PIN.findall(locks["service"])) - set(_PIN.findall(locks["dev"])))
