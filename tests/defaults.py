"""The settings of the suite, put into the environment before Django reads it (a pytest plugin)."""

import gc
import os
import tempfile
import time
from pathlib import Path

# What is loaded stays: the collector rests until all tests are (`pytest_collection_finish`).
gc.disable()
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="image-skill-tests-"))
os.environ.update(
    {
        "SECRET_KEY": "a-key-of-the-suite-" + "s" * 40,
        "IDENTITY_KEY": "an-identity-key-of-the-suite-" + "i" * 40,
        "BASE_URL": "http://testserver",
        "EMAIL_URL": "memorymail://",
        "SIGNUPS_PER_HOUR": "100000",
    }
)
(Path(os.environ["DATA_DIR"]) / "static").mkdir(parents=True, exist_ok=True)

_PERIOD_SECONDS = 600
_LAST_SECONDS = 5.0


def pytest_runtest_setup() -> None:
    """Begin no test when ten minutes are about to end.

    The code of a claim ends with them, and with some of them the hour or the day by which mails, refusals and
    spending are counted: a test that this happens to in its middle would fail without a fault.
    """
    left = _PERIOD_SECONDS - time.time() % _PERIOD_SECONDS
    if left < _LAST_SECONDS:
        time.sleep(left)
