"""The web server: threads, one process on SQLite, an orderly end. Read by `make run` and by `deploy/start web`.

Run from the checkout as `python -m gunicorn --config deploy/gunicorn.conf.py`, with the service's settings in
the environment. A listening socket that systemd hands over ($LISTEN_FDS) goes before HOST and PORT.
"""  # noqa: INP001 - read by gunicorn, not imported

import gc
import itertools
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from socket import socket
from types import FrameType

import gunicorn.http.wsgi  # type: ignore[import-untyped]
import gunicorn.util  # type: ignore[import-untyped]
from django.utils.module_loading import import_string
from gunicorn.workers.base import Worker  # type: ignore[import-untyped]

Handler = Callable[[int, FrameType | None], None]

_host = os.environ.get("HOST", "127.0.0.1")
_port = os.environ.get("PORT", "8000")
# Kept from the server, which would say "ready" before any process has loaded the service.
_supervisor = os.environ.pop("NOTIFY_SOCKET", "")
_on_sqlite = os.environ.get("DATABASE_URL", "sqlite:").startswith("sqlite")
_OBJECTS_BETWEEN_COLLECTIONS = 20_000
_memory = Path("/dev/shm")  # noqa: S108 - a folder in memory, for a file that is deleted as soon as it is open

wsgi_app = "imageskill.wsgi:application"
chdir = str(Path(__file__).resolve().parent.parent)
bind = f"[{_host}]:{_port}" if ":" in _host else f"{_host}:{_port}"

# SQLite has one writer, and the limits kept in a process's memory hold for one process.
workers = 1 if _on_sqlite else int(os.environ.get("WEB_WORKERS", "1"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "16"))

# A worker's heart beats apart from its requests; a create may wait 240 s, and clients give up after 300 s.
timeout = 300
# Above the longest settle (60 s): a job that is being stored and charged when the process is told to stop.
graceful_timeout = 90
# Longer than the 60 s for which proxies usually keep an idle connection, so that they close it first.
keepalive = 75
worker_tmp_dir = str(_memory) if _memory.is_dir() and os.access(_memory, os.W_OK) else os.environ.get("DATA_DIR")
control_socket_disable = True

limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# Which proxy is trusted, and for what, is the service's own setting (TRUSTED_PROXY_COUNT), not the server's.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

# The service writes its own access line; the server's errors join it as JSON, without the address asked for.
accesslog = None
errorlog = "-"
loglevel = "error"
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "imageskill.logging.JsonFormatter"}},
    "filters": {"no_address": {"()": lambda: _without_address}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["no_address"]},
    },
    "root": {"handlers": ["stderr"], "level": "ERROR"},
    "loggers": {
        "gunicorn.error": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        "gunicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}

# Answers do not tell which server wrote them.
gunicorn.http.wsgi.SERVER = "image-skill"


def _without_address(record: logging.LogRecord) -> bool:
    if str(record.msg).startswith("Error handling request"):
        record.msg, record.args = "Error handling request", ()
    return True


def post_fork(_arbiter: object, _worker: Worker) -> None:
    """Let the collector rest while the service is loaded: it would go again and again through what stays."""
    gc.disable()


def post_worker_init(worker: Worker) -> None:
    """Tell the worker how to refuse what is no HTTP, and what to do at once when it has to stop."""
    _answer_in_envelopes()
    let_waiters_go: Callable[[], None] = import_string("creative.waiting.release_all")
    take_no_more_jobs: Callable[[], None] = import_string("creative.turns.stop")

    def release() -> None:
        take_no_more_jobs()
        let_waiters_go()

    signal.signal(signal.SIGTERM, _releasing(release, worker.handle_exit))
    signal.signal(signal.SIGQUIT, _once(_releasing(release, worker.handle_quit)))
    # A terminal's Ctrl-C comes to the master too, which passes it on as SIGQUIT. A second one ends it all.
    signal.signal(signal.SIGINT, _second(lambda _number, _frame: os._exit(0)))
    # As the server has it: being told to stop does not break into what a request is doing.
    signal.siginterrupt(signal.SIGTERM, False)  # noqa: FBT003 - the function takes no name for it
    # What is loaded stays: the collector need not go through it again, nor begin after every few hundred objects.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    gc.enable()
    if _supervisor:
        os.environ["NOTIFY_SOCKET"] = _supervisor
    say_ready: Callable[[], None] = import_string("imageskill.core.supervisor.say_ready")
    say_ready()


def _answer_in_envelopes() -> None:
    """Have the server's own refusals say what every answer of the service says."""
    refusal: Callable[[int, str], bytes] = import_string("imageskill.site.transport.refusal")

    def write_error(sock: socket, status: int, reason: str, _: str) -> None:
        gunicorn.util.write_nonblock(sock, refusal(status, reason))

    gunicorn.util.write_error = write_error


def _releasing(release: Callable[[], None], then: Handler) -> Handler:
    def handle(number: int, frame: FrameType | None) -> None:
        release()
        then(number, frame)

    return handle


def _once(then: Handler) -> Handler:
    """Heed the first signal only: a second one would break into the orderly end."""
    calls = itertools.count(1)
    return lambda number, frame: then(number, frame) if next(calls) == 1 else None


def _second(then: Handler) -> Handler:
    """Heed signals from the second one on."""
    calls = itertools.count(1)
    return lambda number, frame: then(number, frame) if next(calls) > 1 else None
