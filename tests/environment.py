"""How the tests are run: pytest, in an environment made up so that nothing of the caller reaches it."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

REPOSITORY = Path(__file__).resolve().parent.parent
KEPT = ("CI", "COLUMNS", "HOME", "LANG", "LC_ALL", "PATH", "PGBIN", "PYTEST_ADDOPTS", "TERM", "TMPDIR")


def for_tests(data_dir: Path, *, given: Mapping[str, str] = os.environ, **settings: str) -> dict[str, str]:
    """Return the environment of a test run that keeps its files in `data_dir`."""
    return {name: given[name] for name in KEPT if name in given} | {"DATA_DIR": str(data_dir)} | settings


def run_pytest(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run pytest to its end and return its exit code; a signal that asks for the end reaches pytest once."""
    command = [sys.executable, "-m", "pytest", *arguments]
    child = subprocess.Popen(command, cwd=REPOSITORY, env=environment)  # noqa: S603 - pytest

    def pass_on(number: int, _frame: FrameType | None) -> None:
        # A terminal sends Ctrl-C to the child as well; pytest would take a second one as impatience.
        if number != signal.SIGINT or not sys.stdin.isatty():
            child.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code
