"""A stranger that knows the description only: what it sends is answered as described, and never with a fault."""

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from imageskill.site.openapi.operations import OPERATIONS
from tests.environment import for_tests

CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
UNCHECKED = {
    "positive_data_acceptance": "a well-formed call is refused where credits, rights or things are missing",
    "negative_data_rejection": "outside of money, create and edit, unknown fields are ignored with a warning",
    "missing_required_header": "no header but Authorization is required, and ignored_auth looks at that",
    "use_after_free": "the description links no operations, so no walk from one to the next is made",
    "ensure_resource_availability": "the same",
    "object_level_authorization": "it needs two users; the suite's own strangers and teammates look at that",
}
"""Checks that are left out, and why."""

EXAMPLES, SEED = 3, 20260
_SUMMARY = re.compile(r"Selected: (\d+)/(\d+)\s+Tested: (\d+)")


def token(running: str) -> str:
    body = {"agent_name": "reader", "runtime": "tests", "human_email": "reader@example.com"}
    request = urllib.request.Request(  # noqa: S310 - our own service
        f"{running}/v1/agent-signups", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
        return str(json.load(answer)["data"]["token"])


def run(running: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Let the stranger call everything, in the same order and with the same words each time."""
    return subprocess.run(  # noqa: S603 - the words are this test's
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{running}/v1/openapi.json"),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--seed", str(SEED)),
            *("--checks", ",".join(CHECKED), "--header", f"Authorization: Bearer {token(running)}"),
            *("--generation-database", "none", "--no-color", "--request-timeout", "60", "--continue-on-failure"),
        ],
        cwd=folder,
        env=for_tests(folder / "data"),
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )


def test_every_answer_of_every_operation_is_one_that_the_description_knows(running: str, tmp_path: Path) -> None:
    done = run(running, tmp_path)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    match = _SUMMARY.search(done.stdout)
    assert match is not None
    assert {int(number) for number in match.groups()} == {len(OPERATIONS)}


def test_no_check_is_left_out_unsaid() -> None:
    done = subprocess.run(  # noqa: S603 - the words are this test's
        [str(Path(sys.executable).with_name("schemathesis")), "run", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    listed = done.stdout.partition("--checks")[2].partition("values:")[2].partition("]")[0]
    assert {name.strip() for name in listed.split(",")} - {"all"} == {*CHECKED, *UNCHECKED}
