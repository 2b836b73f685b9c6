"""Completion scripts: made from the table, understood by their shells."""

import json
import shutil
import subprocess

import pytest

from tests.cli.terminal import Terminal

OFFERS = """
source <(cat)
compopt() {{ :; }}
COMP_WORDS=({words})
COMP_CWORD={place}
_image_skill
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def offered(script: str, *words: str) -> list[str]:
    """What bash offers after these words; the last is the beginning of one."""
    told = " ".join(f"'{word}'" for word in ("image-skill", *words))
    done = subprocess.run(  # noqa: S603 - our own words
        ["bash", "-c", OFFERS.format(words=told, place=len(words))],  # noqa: S607 - the shell of whoever tests
        input=script,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.fixture
def script(terminal: Terminal) -> str:
    return terminal.run("completion", "bash").out


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_offers_commands_their_words_flags_and_choices(script: str) -> None:
    assert "create" in offered(script, "")
    assert offered(script, "cap") == ["capabilities"]
    assert set(offered(script, "credits", "")) == {"packs", "methods", "quote", "buy", "status", "fake-purchase"}
    assert offered(script, "credits", "packs", "l") == ["list"]
    assert "--prompt-file" in offered(script, "create", "--prompt")
    assert "--model" in offered(script, "create", "--prompt", "A boat", "--m")
    assert offered(script, "credits", "quote", "--payment-method", "f") == ["fake"]
    assert "--output" in offered(script, "assets", "get", "image_1", "--o")
    assert {"list", "show", "--available"} <= set(offered(script, "models", ""))


@pytest.mark.parametrize(("shell", "check"), [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
def test_each_shell_can_read_its_script(terminal: Terminal, shell: str, check: str) -> None:
    script = terminal.run("completion", shell).out
    assert "image-skill" in script
    if shutil.which(shell):
        subprocess.run([shell, check], input=script, text=True, check=True)  # noqa: S603 - our own words


def test_a_script_is_told_in_an_envelope_on_request(terminal: Terminal) -> None:
    told = terminal.run("completion", "fish", "--json")
    assert json.loads(told.out)["data"]["script"] == terminal.run("completion", "fish").out
    assert terminal.run("completion", "cmd").code == 2
