"""Every command in the documents can be pasted as it stands, and works."""

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.environment import REPOSITORY, for_tests

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")), reason="the commands are typed with curl"
)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def document(running: str, name: str) -> str:
    with urllib.request.urlopen(f"{running}/{name}", timeout=60) as answer:  # noqa: S310 - our own service
        return str(answer.read().decode())


def blocks(text: str) -> list[str]:
    """The commands of a document; every block in it is one."""
    found = _BLOCK.findall(text)
    assert {language for language, _ in found} == {"sh"}
    return [commands for _, commands in found]


def machine(folder: Path) -> dict[str, str]:
    """The environment of somebody who has the client and nothing else."""
    programs = folder / "bin"
    programs.mkdir()
    client = programs / "image-skill"
    client.write_text(f'#!/bin/sh\nPYTHONPATH={REPOSITORY} exec {sys.executable} -m imageskill.cli "$@"\n')
    client.chmod(0o755)
    told = for_tests(folder / "data")
    return told | {"HOME": str(folder), "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"}


def typed(script: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - the documents' own words
        ["bash", "-eu", "-o", "pipefail", "-c", script],  # noqa: S607 - whichever shell the reader has
        cwd=folder,
        env=machine(folder),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("name", ["skill.md", "cli.md"])
def test_the_commands_of_a_document_work_in_their_order(running: str, tmp_path: Path, name: str) -> None:
    found = blocks(document(running, name))
    assert found
    # curl ends with 0 whatever the answer says, so each envelope is looked at as well.
    done = typed("\n".join(found), tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert '"ok": false' not in done.stdout
    assert '"ok": true' in done.stdout
    assert "are ignored" not in done.stdout
    assert not re.search(r"isk_r_[0-9A-Za-z]{36}", done.stdout)
    assert (tmp_path / "camera.png").stat().st_size > 0


def test_every_command_of_the_first_part_of_cli_md_is_typed(running: str) -> None:
    """The examples use only commands that the document lists below them."""
    text = document(running, "cli.md")
    listed = re.findall(r"^### image-skill ([a-z -]+?)(?: \[?[A-Z].*)?$", text, re.MULTILINE)
    lines = [line for block in blocks(text) for line in block.splitlines() if line.startswith("image-skill ")]
    for line in lines:
        words = line.removeprefix("image-skill ")
        assert any(words == known or words.startswith(f"{known} ") for known in listed), line
