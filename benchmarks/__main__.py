"""All benchmarks, one after the other, and what they said in docs/performance.md: `make bench`.

.venv/bin/python -m benchmarks [NAME ...] [--small]

The part of docs/performance.md between the two marks is written anew, with the machine, the day and the load
before and after. A named benchmark alone is shown and written nowhere; neither is anything of `--small`.
"""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import django

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "docs" / "performance.md"
BEGIN, END = "<!-- make bench writes from here -->", "<!-- to here -->"
ALL = (
    *("reading", "creating", "processes", "queue", "ledger", "webhooks", "media", "memory", "client", "canvas"),
    *("activity", "gallery", "triage"),
)
_SMALL = {"client": ["2"], "canvas": [], "gallery": ["2000"], "triage": ["1000"]}
"""How those are made small that take a size instead of the word."""
_LONGEST_SECONDS = 3_600


def machine() -> str:
    """Return what the figures depend on."""
    cpu = Path("/proc/cpuinfo")
    names = (
        [line for line in cpu.read_text().splitlines() if line.startswith("model name")] if cpu.exists() else []
    )
    model = names[0].partition(":")[2].strip() if names else platform.processor()
    return (
        f"{time.strftime('%d %B %Y', time.gmtime())}, {os.cpu_count()} cores of {model}, {platform.system()}, "
        f"Python {platform.python_version()}, Django {django.__version__}"
    )


def load() -> str:
    """Return how much others ask of the machine."""
    return "/".join(f"{one:.1f}" for one in os.getloadavg())


def said(name: str, small: list[str]) -> tuple[str, bool]:
    """Run a benchmark; return what it said, and whether its own limits held."""
    before, began = load(), time.monotonic()
    words = _SMALL.get(name, small) if small else []
    command = [sys.executable, "-m", f"benchmarks.{name}", *words]
    done = subprocess.run(  # noqa: S603 - ours
        command,
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_LONGEST_SECONDS,
    )
    took = f"{time.monotonic() - began:.0f} s, load {before} before and {load()} after"
    return f"{name} ({took})\n\n{done.stdout.strip()}", done.returncode == 0


def written(page: str, told: list[str]) -> str:
    """Return the page with what the benchmarks said. ValueError: it has no marks."""
    first, _, rest = page.partition(BEGIN)
    _, mark, last = rest.partition(END)
    if not mark:
        raise ValueError("docs/performance.md has lost its marks")
    return "\n".join([first + BEGIN, "", machine() + ".", "", "```", "\n\n".join(told), "```", "", END + last])


def main(words: list[str]) -> int:
    """Run what is named, or all and write them down; return 1 where a limit was broken."""
    small = [word for word in words if word == "--small"]
    named = [word for word in words if word in ALL]
    print(machine(), flush=True)
    told, broken = [], []
    for name in named or ALL:
        text, held = said(name, small)
        print(f"== {text}\n", flush=True)
        told.append(text)
        broken += [] if held else [name]
    if not small and not named:
        PAGE.write_text(written(PAGE.read_text(), told))
    if broken:
        print(f"Not held, or not run: {', '.join(broken)}")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
