"""Examples in the description: requests that the suite sends, and answers that it got."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings

FILE: Final = Path(__file__).with_name("examples.json")


@cache
def recorded() -> dict[str, dict[str, Any]]:
    """Return the recorded examples: operation -> `request` (a body or null) and `answers` by HTTP status."""
    text = FILE.read_text(encoding="utf-8").replace("BASE_URL", settings.BASE_URL)
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found


def add_to(told: dict[str, Any], operation: str) -> None:
    """Put an operation's examples into its description."""
    example = recorded().get(operation)
    if example is None:
        return
    if example["request"] is not None:
        told["requestBody"]["content"]["application/json"]["example"] = example["request"]
    for status, answer in example["answers"].items():
        told["responses"][status]["content"]["application/json"]["example"] = answer
