"""Holds and settlements a second: one busy organization, and 1,000 of them, beside pgbench's simple update.

.venv/bin/python -m benchmarks.ledger [SECONDS] [--small]

A pair is `authorise` in one transaction and `settle` in another, with their entries, hashes and sums; four
processes of two threads do it at once on PostgreSQL. pgbench's `-N` with eight clients is what the server can do
with the least that is worth keeping; a pair is two of its transactions. benchmarks/stage.py tells of the database.
"""

import os
import re
import shutil
import subprocess
import sys

from benchmarks import stage
from benchmarks.stage import Service

PROCESSES = 4
ORGANIZATIONS = 1_000


def together(service: Service, organizations: int, seconds: int) -> float:
    """Return the pairs a second of all processes."""
    command = [sys.executable, "-m", "benchmarks.ledger_work", "pairs", str(organizations), str(seconds)]
    running = [
        subprocess.Popen(command, cwd=stage.REPOSITORY, env=service.settings, stdout=subprocess.PIPE)  # noqa: S603 - ours
        for _ in range(PROCESSES)
    ]
    return sum(float(process.communicate()[0]) for process in running)


def simple_update(program: str, url: str, seconds: int) -> float:
    """Return pgbench's transactions a second."""
    told = subprocess.run(  # noqa: S603 - PostgreSQL's own program
        [program, "--no-vacuum", "-N", "-c", "8", "-T", str(seconds), url],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"tps = ([\d.]+)", told.stdout)
    return float(found[1]) if found else 0.0


def main() -> None:
    """Measure by turns, and look at the books."""
    seconds = stage.number(0, 10, 1)
    organizations = 20 if stage.SMALL else ORGANIZATIONS
    program = shutil.which("pgbench", path=f"{os.environ.get('PGBIN', '')}:{os.environ['PATH']}")
    with Service("postgresql") as service:
        fill = [sys.executable, "-m", "benchmarks.ledger_work", "fill", str(organizations)]
        subprocess.run(fill, cwd=stage.REPOSITORY, env=service.settings, check=True)  # noqa: S603 - ours
        limit = 0.0
        if program:
            scale = "1" if stage.SMALL else "10"
            fill = [program, "-q", "-i", "-s", scale, service.database_url]
            subprocess.run(fill, check=True, capture_output=True)  # noqa: S603 - PostgreSQL's own program
            limit = simple_update(program, service.database_url, seconds)
            print(f"pgbench -N, 8 clients: {limit:.0f} transactions/s")
        for count in (1, organizations):
            rate = together(service, count, seconds)
            share = f", {2 * rate / limit:.2f} of that limit" if limit else ""
            print(f"{count:>5} organizations: {rate:6.1f} pairs/s, {2 * rate:6.1f} transactions/s{share}")
        print(service.manage("reconcile").strip().splitlines()[-1])


if __name__ == "__main__":
    main()
