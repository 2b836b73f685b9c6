"""The memory of a web process after 10,000 requests, beside that after the first 1,000: it should be flat.

.venv/bin/python -m benchmarks.memory [REQUESTS] [--small]

A tenth of the requests, of each kind of a program's, fills the caches before the first look. On SQLite, whose web
process also runs the jobs and keeps the clock.
"""

from benchmarks import stage
from benchmarks.load import request, run
from benchmarks.stage import Service

PATHS = ("/v1/quota", "/v1/models", "/v1/jobs", "/v1/activity", "/v1/whoami", "/livez")
LIMIT = 1.1


def main() -> None:
    """Ask, look, ask on, look again; fail where the second look finds a tenth more."""
    count = stage.number(0, 10_000, 300)
    with Service("sqlite") as service:
        pid = service.web()
        bearer = f"Bearer {service.sign_up(0)}"
        lines = [request("GET", path, authorization=bearer) for path in PATHS]
        lines.append(request("POST", "/v1/create", {"prompt": "A boat", "dry_run": True}, authorization=bearer))
        asked = iter(range(10**9))

        def ask(_: int) -> bytes:
            return lines[next(asked) % len(lines)]

        told, done = [], 0
        for part in (count // 10, count - count // 10):
            answers = run(service.port, ask, connections=8, seconds=1e9, most=part)
            told.append(stage.memory_of(pid) / 1024)
            done += part
            print(f"after {done:,} requests ({answers.rate:.0f}/s): {told[-1]:.1f} MB")
    print(f"{told[1] / told[0]:.2f} times")
    if told[1] > told[0] * LIMIT and not stage.SMALL:
        raise SystemExit(f"{LIMIT} times are allowed.")


if __name__ == "__main__":
    main()
