"""Where the client begins: the fast way for `version`, and the one way out with an exit code."""

from __future__ import annotations

import os
import sys

from imageskill import __version__
from imageskill.cli.loading import part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Nothing else of the client is loaded for it, not even JSON.
_VERSION = (
    '{{"ok": true, "command": "image-skill version", "trace_id": "trace_local", "actor": null, '
    '"data": {{"version": "{0}", "client": "image-skill"}}, "warnings": [], "error": null}}'
)
_ONLY_VERSION = (["version"], ["version", "--json"], ["--version"], ["--version", "--json"])
_GENERIC_FAILURE = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; everything that it tells is on stdout."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if words in _ONLY_VERSION:
            sys.stdout.write(_VERSION.format(__version__) + "\n")
            sys.stdout.flush()
            return 0
        code: int = part("output").run(words)
    except KeyboardInterrupt:
        # Before there was a command, or while its answer was written: there is nothing to add.
        return _GENERIC_FAILURE
    except BrokenPipeError:
        # Whoever read the answer has gone; the interpreter would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _GENERIC_FAILURE
    return code
