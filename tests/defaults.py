"""The settings of the suite, put into the environment before Django reads it (a pytest plugin)."""

import os
import tempfile
from pathlib import Path

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
