"""`GET /v1/quota` and `GET /v1/models` beside the smallest DRF view with the same token look-up; 32 callers.

.venv/bin/python -m benchmarks.reading [SECONDS] [--small]

Each server is one process of 16 threads on PostgreSQL. They are asked by turns, and a ratio is that of medians of
the rounds. The goal is 0.7 of the smallest view. benchmarks/stage.py tells of the database.
"""

import statistics

from benchmarks import stage
from benchmarks.load import always, request, run
from benchmarks.stage import Service

CALLERS = 32
ROUNDS = 5
GOAL = 0.7


def main() -> None:
    """Start both servers, ask them by turns, and print the rates with their ratios."""
    seconds, rounds = stage.number(0, 4, 1), 1 if stage.SMALL else ROUNDS
    with Service("postgresql") as service:
        service.web()
        plain = stage.free_port()
        told = {"DJANGO_SETTINGS_MODULE": "benchmarks.baseline_settings"}
        service.web("benchmarks.baseline:application", plain, **told)
        bearer = f"Bearer {service.sign_up(0)}"
        asked = {
            "bare WSGI function": (plain, "/bare"),
            "smallest DRF view": (plain, "/drf"),
            "GET /v1/quota": (service.port, "/v1/quota"),
            "GET /v1/models": (service.port, "/v1/models"),
        }
        rates: dict[str, list[float]] = {name: [] for name in asked}
        for turn in range(rounds + 1):
            for name, (port, path) in asked.items():
                line = request("GET", path, authorization=bearer)
                answers = run(port, always(line), connections=CALLERS, seconds=seconds)
                if set(answers.statuses) != {200}:
                    raise SystemExit(f"{path}: {dict(answers.statuses)}")
                # The first turn fills the caches.
                if turn:
                    rates[name].append(answers.rate)
    base = statistics.median(rates["smallest DRF view"])
    for name, measured in rates.items():
        rate = statistics.median(measured)
        print(f"{name:20} {rate:7.0f}/s, {rate / base:5.2f} of the smallest view")


if __name__ == "__main__":
    main()
