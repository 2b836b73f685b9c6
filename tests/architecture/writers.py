"""Rules about who may write what: one writer for each kind of row, one caller of the providers."""

import ast
from collections.abc import Mapping

from tests.architecture.tree import dotted, imports, nodes

LEDGER = ("billing/ledger/",)
ROWS = "imageskill/core/rows.py"
WRITERS = {
    "ActivityEvent": ("imageskill/core/events.py",),
    "EventReference": ("imageskill/core/events.py",),
    "IdempotencyKey": ("imageskill/core/idempotency.py",),
    "AgentToken": ("accounts/tokens.py",),
    "LedgerEntry": LEDGER,
    "CreditAccount": LEDGER,
    "CreditLot": LEDGER,
    "Hold": LEDGER,
}
WRITES = {
    *("create", "bulk_create", "get_or_create", "update_or_create", "update", "bulk_update", "delete"),
    *("acreate", "abulk_create", "aget_or_create", "aupdate_or_create", "aupdate", "abulk_update", "adelete"),
}
HOLDING = "billing/authorisations.py"
STORAGE = "creative/storage.py"


def foreign_writes(path: str, source: str) -> list[str]:
    """Each kind of row that counts has one writer; `rows.save`, which names no model, is for the ledger."""
    found = []
    if not path.startswith((*LEDGER, ROWS)):
        saves = {"imageskill.core.rows.save", "imageskill.core.rows.saved"}
        found += [f"{path}:{line}: {name}" for name, line in imports(source) if name in saves]
        found += [
            f"{path}:{node.lineno}: rows.{node.attr}"
            for node in nodes(source)
            if isinstance(node, ast.Attribute)
            and node.attr in ("save", "saved")
            and dotted(node.value)[-1:] == ["rows"]
        ]
    for node in nodes(source):
        model = _written(node)
        if model and not path.startswith(WRITERS[model]):
            found.append(
                f"{path}:{getattr(node, 'lineno', 0)}: writes {model}; {' '.join(WRITERS[model])} does that"
            )
    return found


def _written(node: ast.AST) -> str | None:
    """Return the guarded model that this call makes, changes or deletes rows of."""
    if not isinstance(node, ast.Call):
        return None
    chain = dotted(node.func)
    if not chain:
        return None
    if chain[-1] in WRITERS:
        return chain[-1]
    if chain[-1] == "Update":
        # An update that is composed once: its function names the model whose rows it changes.
        return next((name for part in ast.walk(node) for name in dotted(part) if name in WRITERS), None)
    if chain[-1] in WRITES:
        return next((name for name in chain if name in WRITERS), None)
    return None


def foreign_holds(path: str, source: str) -> list[str]:
    """Only the authorisation, which has checked everything under the lock, places a hold."""
    if path == HOLDING or path.startswith(LEDGER):
        return []
    called = [
        f"{path}:{node.lineno}: ledger.hold"
        for node in nodes(source)
        if isinstance(node, ast.Attribute) and node.attr == "hold" and dotted(node.value)[-1:] == ["ledger"]
    ]
    names = {"billing.ledger.hold", "billing.ledger.holding.hold"}
    return called + [f"{path}:{line}: {name}" for name, line in imports(source) if name in names]


def foreign_storage(path: str, source: str) -> list[str]:
    """Only creative/storage.py knows where the bytes lie."""
    if path == STORAGE:
        return []
    banned = {"django.core.files.storage.storages", "django.core.files.storage.default_storage"}
    names = {"storages", "default_storage"}
    return [f"{path}:{line}: {name}" for name, line in imports(source) if name in banned] + [
        f"{path}:{node.lineno}: storage.{node.attr}"
        for node in nodes(source)
        if isinstance(node, ast.Attribute) and node.attr in names and dotted(node.value)[-1:] == ["storage"]
    ]


def provider_calls(sources: Mapping[str, str]) -> list[str]:
    """Return the places outside of the providers that make a provider paint."""
    return [
        f"{path}:{node.lineno}"
        for path, source in sources.items()
        if not path.startswith("creative/providers/")
        for node in nodes(source)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "generate"
    ]


def queries_in_answers(path: str, source: str) -> list[str]:
    """Views, pages and presenters show what a door handed them; they make no query of their own."""
    parts = path.removesuffix(".py").split("/")
    if not {"views", "pages", "presenters"} & set(parts):
        return []
    return [
        f"{path}:{node.lineno}: .objects"
        for node in nodes(source)
        if isinstance(node, ast.Attribute) and node.attr == "objects"
    ]
