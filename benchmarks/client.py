"""How long the client takes to start, against `node -e 0` in the same run; and how large it is once installed.

.venv/bin/python -m benchmarks.client [ROUNDS]

The client is installed into a fresh environment that holds nothing else, and calls a stand-in on the loopback that
answers at once, so that what is measured is the client. node is left out where it is not installed. Where the
caller has NODE_EXTRA_CA_CERTS, which makes node read certificates at its start, node is measured with it too.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ROUNDS = 25
_CERTIFICATES = "NODE_EXTRA_CA_CERTS"
_WITH_CERTIFICATES = "node -e 0, certificates"
_ENVELOPE = {"ok": True, "command": "c", "trace_id": "t", "actor": None, "data": {}, "warnings": [], "error": None}
_BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE", "imageskill/__init__.py")


class Answers(BaseHTTPRequestHandler):
    """A service that answers everything at once with an empty envelope."""

    def do_GET(self) -> None:
        """Answer."""
        body = json.dumps(_ENVELOPE).encode()
        self.send_response(200)
        self.send_header("x-image-skill-exit-code", "0")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def install(folder: Path) -> Path:
    """Install the client alone, as `pip install .` does without extras; return its command."""
    source = folder / "source"
    for name in _BUILT_FROM:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, source / name)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "imageskill" / "cli", source / "imageskill" / "cli", ignore=ignored)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "--quiet", "install", str(source)], check=True)  # noqa: S603 - our words
    return folder / "venv" / "bin" / "image-skill"


def size_of(command: Path) -> tuple[int, int]:
    """Return bytes and number of the client's files, compiled ones too."""
    (packages,) = command.parent.parent.glob("lib/python3*/site-packages")
    files = [path for path in packages.glob("image*skill*/**/*") if path.is_file()]
    return sum(path.stat().st_size for path in files), len(files)


def measure(commands: dict[str, list[str]], environment: dict[str, str], rounds: int) -> dict[str, list[float]]:
    """Run the commands by turns and return the milliseconds of each."""
    extra = {name: os.environ[name] for name in [_CERTIFICATES] if name in os.environ}
    took: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(rounds + 2):
        for name, words in commands.items():
            settings = environment | (extra if name == _WITH_CERTIFICATES else {})
            began = time.perf_counter()
            subprocess.run(words, env=settings, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - our words
            # The first two turns fill the caches of the machine.
            if turn > 1:
                took[name].append((time.perf_counter() - began) * 1000)
    return took


def main(rounds: int) -> None:
    """Install, measure, print."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = install(folder)
        size, count = size_of(command)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "IMAGE_SKILL_API_BASE_URL": f"http://127.0.0.1:{server.server_address[1]}",
            "IMAGE_SKILL_TOKEN": "isk_r_" + "0" * 36,
        }
        commands = {
            "python -c pass": [str(command.parent / "python"), "-c", "pass"],
            "image-skill version": [str(command), "version"],
            "image-skill usage quota": [str(command), "usage", "quota", "--json"],
        }
        node = shutil.which("node")
        if node:
            commands["node -e 0"] = [node, "-e", "0"]
            if _CERTIFICATES in os.environ:
                commands[_WITH_CERTIFICATES] = [node, "-e", "0"]
        took = measure(commands, environment, rounds)
    server.shutdown()
    print(f"{size / 1000:.0f} kB in {count} files; Python {sys.version.split()[0]}; {rounds} rounds by turns")
    for label, values in took.items():
        share = f", {statistics.median(values) / statistics.median(took['node -e 0']):.2f} of node" if node else ""
        print(f"{label:<24} median {statistics.median(values):6.1f} ms, best {min(values):6.1f} ms{share}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
