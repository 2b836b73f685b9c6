"""Calls for adapters, and the words that must not come back from them."""

import io
from typing import Any

from PIL import Image

from creative.providers.base import InputPicture, ProviderCall, ProviderError, Submission

PROMPT = "a marmalade lighthouse at dusk, zeugma-51"


def call(**changes: Any) -> ProviderCall:
    """Return a call of one picture, with what the test wants otherwise."""
    wanted: dict[str, Any] = {
        "operation": "edit" if changes.get("inputs") else "create",
        "model": "a-model",
        "prompt": PROMPT,
        "parameters": {},
        "output_count": 1,
        "inputs": (),
        "timeout_seconds": 20.0,
        "submission": None,
        "on_submitted": ignore,
    }
    return ProviderCall(**wanted | changes)


def ignore(submission: Submission) -> None:
    """Take a submission and do nothing with it."""


def input_picture(colour: str = "navy", mime_type: str = "image/png") -> InputPicture:
    """Return a small picture that goes into a call."""
    file = io.BytesIO()
    Image.new("RGBA" if mime_type == "image/png" else "RGB", (64, 64), colour).save(file, mime_type[6:].upper())
    return InputPicture(file.getvalue(), mime_type, 64, 64)


def leaks(error: ProviderError, *secrets: str) -> list[str]:
    """Return what of the prompt, of the secrets or of an address stands in an error's words."""
    words = f"{error.message} {error!r} {error}"
    return [secret for secret in (PROMPT, "zeugma-51", "127.0.0.1", *secrets) if secret in words]
