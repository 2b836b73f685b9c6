"""The part of the client that the service imports too reaches nothing: no file, socket, stdin or environment."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

from imageskill.cli.commands import COMMANDS
from tests.environment import REPOSITORY

CLI = REPOSITORY / "imageskill" / "cli"
PURE = ("commands", "grammar", "flags", "agent_table", "picture_table")
FORBIDDEN_NAMES = {"open", "input", "print", "exec", "eval", "compile", "__import__", "breakpoint", "globals"}
LOADED = """
import sys
from imageskill.cli import commands
loaded, reached = sorted(sys.modules), []
sys.addaudithook(lambda event, args: reached.append(event))
for line in ("create --prompt-file /etc/passwd --output /x", "upload x", "whoami --token-stdin", "doctor"):
    commands.parse(line.split())
seen = list(reached)
print(loaded)
print(seen)
"""


def test_it_imports_json_and_its_own_parts_only() -> None:
    for name in PURE:
        for node in ast.walk(ast.parse((CLI / f"{name}.py").read_text())):
            if isinstance(node, ast.Import):
                assert [alias.name for alias in node.names] == ["json"], name
            if isinstance(node, ast.ImportFrom):
                module = node.module or ""
                known = (*(f"imageskill.cli.{part}" for part in PURE), "__future__", "typing", "collections.abc")
                assert module in known, (name, module)


def test_it_names_nothing_that_reaches_out() -> None:
    for name in PURE:
        for node in ast.walk(ast.parse((CLI / f"{name}.py").read_text())):
            if isinstance(node, ast.Name):
                assert node.id not in FORBIDDEN_NAMES, (name, node.id)
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"environ", "stdin", "getenv", "argv", "modules"}, (name, node.attr)


def test_reading_a_line_opens_nothing_and_loads_nothing_that_could() -> None:
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-S", "-c", LOADED],
        cwd=REPOSITORY,
        env={"PATH": "/usr/bin", "IMAGE_SKILL_TOKEN": "isk_r_secret"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded, reached = (ast.literal_eval(line) for line in done.stdout.splitlines())
    assert not set(loaded) & {
        "socket",
        "ssl",
        "http.client",
        "urllib.request",
        "subprocess",
        "pathlib",
        "tempfile",
    }
    assert [name for name in loaded if name.startswith("imageskill.cli.")] == sorted(
        f"imageskill.cli.{n}" for n in PURE
    )
    assert reached == []


def test_the_table_keeps_its_promises() -> None:
    seen = set()
    for command in COMMANDS:
        for words in (command.words, *command.aliases):
            assert words not in seen
            seen.add(words)
        names = [flag.name for flag in command.flags]
        assert len(names) == len(set(names)), command.words
        assert {*command.one_of, *command.at_most_one} <= set(names)
        assert "--json" in names
        for argument in command.arguments:
            field = "{" + argument.rstrip("*?").lower() + "}"
            assert field in command.path or not command.path or command.runner == "uploading", command.words
        assert Path(CLI / f"{command.runner}.py").is_file()


def test_what_is_installed_is_the_client_alone() -> None:
    told = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert told["project"]["dependencies"] == []
    assert told["project"]["scripts"] == {"image-skill": "imageskill.cli.entry:main"}
    installed = told["tool"]["setuptools"]
    assert (installed["packages"], installed["py-modules"]) == (["imageskill.cli"], ["imageskill.__init__"])
    assert [path.name for path in CLI.iterdir() if path.is_dir()] in ([], ["__pycache__"])


def test_the_version_is_told_without_loading_anything() -> None:
    script = "import sys\nfrom imageskill.cli.entry import main\nmain(['version'])\nprint(sorted(sys.modules))"
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-S", "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    loaded = ast.literal_eval(done.stdout.splitlines()[1])
    assert not {"json", "re", "enum", "typing", "argparse", "pathlib", "http.client"} & set(loaded)
    own = ["imageskill.cli", "imageskill.cli.entry", "imageskill.cli.loading"]
    assert [name for name in loaded if name.startswith("imageskill.")] == own
