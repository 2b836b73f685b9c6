"""The veil over what people ask for: while it is drawn, this thread reads no prompt and looks none up.

It is drawn where somebody looks at a workspace without belonging to it. The columns that hold prompts heed it by
themselves, so that no page has to think of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

HIDDEN: Final = "Hidden: prompts are for members of this workspace."
"""What is read in place of a prompt."""
_drawn: ContextVar[bool] = ContextVar("veil_drawn", default=False)


class VeiledError(Exception):
    """Something asked for prompts, or would write what it read in place of one."""


@contextmanager
def drawn() -> Iterator[None]:
    """Hide prompts from all that this context reads."""
    token = _drawn.set(True)
    try:
        yield
    finally:
        _drawn.reset(token)


def is_drawn() -> bool:
    """Say whether prompts are hidden now."""
    return _drawn.get()


def refuse(what: str) -> None:
    """Raise VeiledError while the veil is drawn; `what` is told to whoever asked."""
    if _drawn.get():
        raise VeiledError(what)
