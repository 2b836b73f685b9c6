"""`make run`: fill in what a first start lacks, prepare the database, say what to do next, start the server.

Nothing of Django is set up before the environment is whole. All that this writes lies under DATA_DIR.
"""

import errno
import fcntl
import io
import ipaddress
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections

REPOSITORY = Path(__file__).resolve().parent.parent
FIRST_RUN = REPOSITORY / "templates" / "local" / "first_run.txt"
SERVER = REPOSITORY / "deploy" / "gunicorn.conf.py"
PRICED_KEYS = ("FAL_KEY", "OPENAI_API_KEY", "XAI_API_KEY")
FILLED = ("HOST", "PORT", "BASE_URL", "DATA_DIR", "DATABASE_URL", "WEB_WORKERS", "WEB_THREADS")
KEY_FILES = {"SECRET_KEY": "secret_key", "IDENTITY_KEY": "identity_key"}
_LEAST_KEY_LENGTH = 50


class CannotStartError(Exception):
    """The service cannot start; the message says why and what to do."""


def fill_in(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with the defaults of a local start; what is given is kept."""
    filled = {name: value for name, value in given.items() if value or name not in FILLED}
    host = filled.setdefault("HOST", "127.0.0.1")
    port = filled.setdefault("PORT", "8000")
    filled.setdefault("BASE_URL", f"http://{in_url(host)}:{port}")
    filled["DATA_DIR"] = str(Path(filled.get("DATA_DIR", REPOSITORY / ".data")).absolute())
    database = filled.setdefault("DATABASE_URL", f"sqlite:///{filled['DATA_DIR']}/imageskill.sqlite3")
    filled.setdefault("WEB_WORKERS", "1")
    filled.setdefault("WEB_THREADS", "16")
    # One command starts one process, so its threads run the jobs, whatever the database.
    filled.setdefault("JOB_RUNNER", "threads")
    filled.setdefault("DJANGO_SETTINGS_MODULE", "imageskill.settings")
    if database.startswith("sqlite"):
        # SQLite has one writer: a second process would only wait for the first.
        filled["WEB_WORKERS"] = "1"
    here = is_loopback(host) and is_loopback(urlsplit(filled["BASE_URL"]).hostname or "")
    # Who gives a key of Stripe, also of `make stripe-local`, means to pay there.
    if here and not any(filled.get(name) for name in (*PRICED_KEYS, "STRIPE_SECRET_KEY")):
        filled.setdefault("FAKE_RAIL", "1")
    return filled


def in_url(host: str) -> str:
    """Return the host as it is written in a URL."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach the host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_port(host: str, port: str) -> None:
    """Raise unless the server will be able to listen there."""
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:  # noqa: PLR2004 - the last port
        raise CannotStartError(f"PORT is {port!r}, which is no port. Choose a number: PORT=8001 make run")
    problem = _listening_problem(host, int(port))
    if problem is None:
        return
    if isinstance(problem, socket.gaierror) or problem.errno == errno.EADDRNOTAVAIL:
        raise CannotStartError(f"HOST is {host!r}, which is no address of this machine: HOST=127.0.0.1 make run")
    if isinstance(problem, PermissionError):
        raise CannotStartError(f"Port {port} on {host} needs more rights. Choose another: PORT=8000 make run")
    if problem.errno == errno.EADDRINUSE:
        free = next((n for n in range(int(port) + 1, 65536) if _listening_problem(host, n) is None), 8001)
        raise CannotStartError(f"Port {port} on {host} is taken. Choose another: PORT={free} make run")
    raise CannotStartError(f"Nothing can listen at {host} port {port}: {problem.strerror}.")


def _listening_problem(host: str, port: int) -> OSError | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As the server does it: a connection that is only closing does not keep the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        return error
    return None


def make_data_dir(path: Path) -> None:
    """Make the folder, for its owner alone, and prove that it can be written."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise CannotStartError(
            f"DATA_DIR {path} is not writable: {error.strerror}. Choose another: DATA_DIR=FOLDER make run"
        ) from None


def take_data_dir(path: Path) -> None:
    """Keep the folder for this service until its last process ends; raise where another has it.

    Two services on one SQLite file would each keep limits of their own and run each other's jobs.
    """
    descriptor = os.open(path / "service.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise CannotStartError(
            f"DATA_DIR {path} is in use by another service. Stop it, or choose another: DATA_DIR=FOLDER make run"
        ) from None
    # The server, which replaces this process, and its workers inherit the lock with the descriptor.
    os.set_inheritable(descriptor, True)  # noqa: FBT003 - the call takes it so


def key_in(path: Path) -> str:
    """Return the key kept in this file; make it first where there is none."""
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(64))
    key = path.read_text().strip()
    if len(key) < _LEAST_KEY_LENGTH:
        raise CannotStartError(f"{path} holds no usable key. Put the old one back from a backup.")
    return key


def _write_once(path: Path, content: str) -> None:
    """Write a file that appears whole, readable by its owner alone, and never replaces another."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(path).hardlink_to(name)
    except FileExistsError:
        return
    finally:
        Path(name).unlink()


def prepare() -> None:
    """Run the system checks, the migrations and the gathering of static files; quiet where all is well."""
    try:
        django.setup()
        call_command("check", stdout=io.StringIO())
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
    except (CommandError, ImproperlyConfigured) as error:
        raise CannotStartError(str(error)) from None
    except DatabaseError as error:
        raise CannotStartError(f"The database cannot be used: {str(error).strip()}") from None
    except (ValueError, KeyError) as error:
        raise CannotStartError(f"A setting cannot be read: {error}. docs/settings.md names them all.") from None
    finally:
        if settings.configured:
            connections.close_all()


def first_run(base_url: str) -> str:
    """Return the commands of a first run, a shell script that can be pasted line by line."""
    return FIRST_RUN.read_text().replace("BASE_URL", base_url, 1)


def greeting(environment: Mapping[str, str]) -> str:
    """Return what is printed before the server starts."""
    mail = environment.get("EMAIL_URL", "")
    shown = "is sent by EMAIL_URL" if urlsplit(mail).scheme not in {"", "consolemail"} else "is printed here"
    return (
        f"Image Skill at {environment['BASE_URL']}\n"
        f"People sign in at {environment['BASE_URL']}/account/login/ by a code that comes by mail.\n"
        f"Everything it keeps lies in {environment['DATA_DIR']}. Mail {shown}. Ctrl-C stops the service.\n\n"
        f"{first_run(environment['BASE_URL'])}\n"
    )


def start() -> None:
    """Prepare everything, then become the server."""
    filled = fill_in(os.environ)
    check_port(filled["HOST"], filled["PORT"])
    data_dir = Path(filled["DATA_DIR"])
    make_data_dir(data_dir)
    if filled["DATABASE_URL"].startswith("sqlite"):
        take_data_dir(data_dir)
    for name, file in KEY_FILES.items():
        if not filled.get(name):
            filled[name] = key_in(data_dir / file)
    os.environ.update(filled)
    prepare()
    sys.stdout.write(greeting(filled))
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(REPOSITORY)
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "--config", str(SERVER)])  # noqa: S606 - no shell


def main() -> int:
    """Start, or say in a line why not."""
    try:
        start()
    except CannotStartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
