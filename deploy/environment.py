"""Make .venv and install one of the requirements files into it, where that file has changed since.

The Makefile runs this as `python3 deploy/environment.py service` (or `dev`, which holds all of `service`).
Each installed file leaves a stamp with its content's hash in .venv, so a second start has nothing to do.
Standard library only. Where `uv` is on the PATH it does the work faster; what ends up installed is the same.
"""  # noqa: INP001 - a script beside others, no package

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
VENV = REPOSITORY / ".venv"
INSIDE = str(VENV / "bin" / "python")
HOLDS = {"service": ("service",), "dev": ("dev", "service")}


class CannotPrepareError(Exception):
    """The environment cannot be made; the message says what to do."""


def prepare(name: str) -> None:
    """Leave .venv with everything of requirements/NAME.txt in it."""
    if _is_ours() and _stamp(name) == _digest(name):
        return
    uv = shutil.which("uv")
    if not _is_ours() or not (uv or _has_pip()):
        _make(uv)
    for other in HOLDS:
        _stamp_path(other).unlink(missing_ok=True)
    sys.stdout.write(f"Installing requirements/{name}.txt into .venv (about a minute the first time).\n")
    sys.stdout.flush()
    _install(name, uv)
    for held in HOLDS[name]:
        _stamp_path(held).write_text(_digest(held))


def _is_ours() -> bool:
    """Tell whether .venv runs, and runs the same Python as this one."""
    told = _output([INSIDE, "-c", "import sys; print(*sys.version_info[:2])"])
    return told == "{} {}".format(*sys.version_info)


def _has_pip() -> bool:
    return _output([INSIDE, "-m", "pip", "--version"]) != ""


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _make(uv: str | None) -> None:
    if uv:
        _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)], os.environ)
        return
    if importlib.util.find_spec("ensurepip") is None:
        raise CannotPrepareError(
            "This Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv"
        )
    _run([sys.executable, "-m", "venv", "--clear", str(VENV)], os.environ)


def _install(name: str, uv: str | None) -> None:
    file = str(REPOSITORY / "requirements" / f"{name}.txt")
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", INSIDE, "--require-hashes", "-r", file]
        _run(command, {**os.environ, "UV_COMPILE_BYTECODE": "1"})
        return
    pip = [INSIDE, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    _run([*pip, "install", "--require-hashes", "-r", file], os.environ)


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    if subprocess.run(command, env=environment, check=False).returncode != 0:  # noqa: S603 - our own words
        raise CannotPrepareError(f"This failed, and its words stand above: {' '.join(command)}")


def _stamp_path(name: str) -> Path:
    return VENV / f".installed-{name}"


def _stamp(name: str) -> str:
    try:
        return _stamp_path(name).read_text()
    except OSError:
        return ""


def _digest(name: str) -> str:
    return hashlib.sha256((REPOSITORY / "requirements" / f"{name}.txt").read_bytes()).hexdigest()


def main(arguments: list[str]) -> int:
    """Prepare what the command line names."""
    if len(arguments) != 1 or arguments[0] not in HOLDS:
        sys.stderr.write("usage: environment.py service|dev\n")
        return 2
    try:
        prepare(arguments[0])
    except CannotPrepareError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
