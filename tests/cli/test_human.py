"""Answers for people: tables and words, and no character that commands a terminal."""

import json
import os
import pty
import subprocess

from imageskill.cli import human
from imageskill.cli.output import Answer
from tests.cli.front import HOLD, Front
from tests.cli.terminal import CLIENT, Terminal


def test_lists_are_tables(terminal: Terminal) -> None:
    lines = terminal.run("models", "--human").out.splitlines()
    head = next(line for line in lines if line.startswith("id "))
    assert "display name" in head
    assert any(line.startswith("canvas.draft ") for line in lines)


def test_a_refusal_is_told_with_its_way_on(terminal: Terminal) -> None:
    said = terminal.run("whoami", "--human")
    assert said.code == 3
    assert said.out.startswith("AUTH_REQUIRED: ")
    assert "image-skill signup" in said.out


def test_others_words_command_no_terminal() -> None:
    row = {"feedback_id": "sig_1", "state": "received", "title": "a\x1b[2Jb\r\u202ec\x9b"}
    envelope = {
        "ok": True,
        "data": {"feedback": [row], "note": "x\x07y\nz"},
        "warnings": ["\x1b]0;w\x07"],
        "error": None,
    }
    text = human.told(Answer(envelope))
    assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_a_picture_is_told_by_its_file(agent_terminal: Terminal) -> None:
    out = agent_terminal.run("create", "--prompt", "A boat", "--output", "boat.png", "--human").out
    assert "boat.png" in out
    assert "{" not in out


def test_a_person_who_waits_sees_that_something_goes_on(fronted: Terminal, front: Front) -> None:
    front.disturb([HOLD])
    ours, theirs = pty.openpty()
    begun = subprocess.Popen(  # noqa: S603 - our own words
        [*CLIENT, "create", "--prompt", "A boat"],
        env=fronted.environment({}),
        cwd=fronted.home,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    seen = b""
    while b"waiting for the picture, " not in seen:
        seen += os.read(ours, 1024)
    begun.terminate()
    out, _ = begun.communicate(timeout=60)
    assert json.loads(out)["error"]["code"] == "INTERRUPTED"
    os.close(ours)
    os.close(theirs)
