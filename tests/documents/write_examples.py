"""Write the description's examples anew: `python -m tests.documents.write_examples`."""

import sys
import tempfile
from pathlib import Path

from tests.environment import REPOSITORY, for_tests, run_pytest

FILE = REPOSITORY / "imageskill" / "site" / "openapi" / "examples.json"


def main() -> int:
    """Take the walk and keep what was said; return pytest's exit code."""
    with tempfile.TemporaryDirectory(prefix="imageskill-tests-") as folder:
        told = for_tests(Path(folder), WRITE_EXAMPLES_TO=str(FILE))
        return run_pytest(["-n0", "-q", "-k", "examples_are_those", "tests/documents"], told)


if __name__ == "__main__":
    sys.exit(main())
