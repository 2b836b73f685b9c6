"""The one place that loads a part of the client, so that a command pays only for what it uses."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

PARTS = {
    "about": "imageskill.cli.about",
    "auth": "imageskill.cli.auth",
    "breadcrumbs": "imageskill.cli.breadcrumbs",
    "calling": "imageskill.cli.calling",
    "commands": "imageskill.cli.commands",
    "completion": "imageskill.cli.completion",
    "doctor": "imageskill.cli.doctor",
    "fetching": "imageskill.cli.fetching",
    "files": "imageskill.cli.files",
    "human": "imageskill.cli.human",
    "inputs": "imageskill.cli.inputs",
    "output": "imageskill.cli.output",
    "painting": "imageskill.cli.painting",
    "progress": "imageskill.cli.progress",
    "signing": "imageskill.cli.signing",
    "uploading": "imageskill.cli.uploading",
    "waiting": "imageskill.cli.waiting",
}


def part(name: str) -> ModuleType:
    """Return a part of the client, loaded at its first use."""
    return import_module(PARTS[name])
