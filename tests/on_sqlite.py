"""Run pytest on SQLite in a clean environment: `python -m tests.on_sqlite [pytest arguments]`."""

import sys
import tempfile
from pathlib import Path

from tests.environment import for_tests, run_pytest


def main(arguments: list[str]) -> int:
    """Run the tests and return pytest's exit code."""
    with tempfile.TemporaryDirectory(prefix="imageskill-tests-") as folder:
        return run_pytest(arguments, for_tests(Path(folder)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
