"""Numbered system checks: what would make the service lie or lose is refused at the start, with a hint."""

from collections.abc import Sequence
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.utils.module_loading import import_string

from imageskill import storage_url

_SHORTEST_KEY = 32
_MOST_SLOTS = 1000
_MOST = 1_000_000
RANGES = {
    "WEB_THREADS": (1, 512),
    "WEB_WORKERS": (1, 64),
    "JOB_THREADS": (1, 256),
    "WORKER_THREADS": (1, 1024),
    "WORKER_STOP_SECONDS": (1, 24 * 3600),
    "JOB_LEASE_SECONDS": (1, 3600),
    "JOB_TIMEOUT_SECONDS": (1, 24 * 3600),
    "CREATE_WAIT_SECONDS": (0, 240),
    "PREVIEW_CREDITS": (0, _MOST),
    "PREVIEW_DAILY_JOBS": (0, _MOST),
    "PREVIEW_PER_NETWORK": (0, _MOST),
    "PREVIEW_PER_DOMAIN": (0, _MOST),
    "PREVIEW_DAILY_BUDGET_CREDITS": (0, 1000 * _MOST),
    "SIGNUPS_PER_HOUR": (0, _MOST),
    "TOKEN_REQUESTS_PER_MINUTE": (1, _MOST),
    "NETWORK_REQUESTS_PER_MINUTE": (1, _MOST),
    "TRUSTED_PROXY_COUNT": (0, 10),
    "FAKE_RAIL_CREDITS_PER_CONTACT": (0, _MOST),
    "FAKE_RAIL_DAILY_CREDITS": (0, 1000 * _MOST),
}
"""The smallest and the largest number of each setting that the service can work with."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@register(Tags.security)
def check_keys(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E001, E002: keys that can be guessed, and one key for two purposes on a public service."""
    problems: list[CheckMessage] = []
    if min(len(settings.SECRET_KEY), len(settings.IDENTITY_KEY)) < _SHORTEST_KEY:
        problems.append(
            Error(
                f"SECRET_KEY and IDENTITY_KEY need at least {_SHORTEST_KEY} characters.",
                hint="Make each with: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
                id="imageskill.E001",
            )
        )
    if settings.HTTPS and settings.IDENTITY_KEY == settings.SECRET_KEY:
        problems.append(
            Error(
                "IDENTITY_KEY is not set, so rotating SECRET_KEY would open every free allowance anew.",
                hint="Set IDENTITY_KEY to a key of its own, and never change it.",
                id="imageskill.E002",
            )
        )
    return problems


@register(Tags.compatibility)
def check_processes(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E003, E004: limits that are kept in one process's memory hold for one process only."""
    if settings.WEB_WORKERS == 1:
        return []
    problems: list[CheckMessage] = []
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        problems.append(
            Error(
                f"WEB_WORKERS is {settings.WEB_WORKERS}, but SQLite is served by one process.",
                hint="Set WEB_WORKERS=1, or DATABASE_URL to a PostgreSQL database.",
                id="imageskill.E003",
            )
        )
    if settings.CACHES["default"]["BACKEND"].endswith("LocMemCache"):
        problems.append(
            Error(
                f"WEB_WORKERS is {settings.WEB_WORKERS}, but each process would count its own calls.",
                hint="Set CACHE_URL to a cache that all processes share, such as redis://127.0.0.1:6379/0.",
                id="imageskill.E004",
            )
        )
    return problems


@register(Tags.compatibility)
def check_mail(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E005, E020: a public service whose mail goes to the console, or comes from nobody, reaches nobody."""
    if not settings.HTTPS:
        return []
    problems: list[CheckMessage] = []
    if settings.EMAIL_BACKEND.endswith(("console.EmailBackend", "local_mail.EmailBackend")):
        problems.append(
            Error(
                "BASE_URL is public, but mail goes to the console.",
                hint="Set EMAIL_URL, for example smtp+tls://user:password@mail.example.com:587.",
                id="imageskill.E005",
            )
        )
    if parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] in ("", "localhost"):
        problems.append(
            Error(
                "BASE_URL is public, but mail has no sender that a mail server takes.",
                hint="Set DEFAULT_FROM_EMAIL, for example Image Skill <images@example.com>.",
                id="imageskill.E020",
            )
        )
    return problems


@register(Tags.security)
def check_play_money(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E008: credits that cost nobody anything must not buy pictures that cost the house real money."""
    priced = sorted(name for name, key in settings.PROVIDER_KEYS.items() if key)
    stripe_is_play = settings.STRIPE_SECRET_KEY and "_live_" not in settings.STRIPE_SECRET_KEY
    if not priced or settings.ALLOW_FREE_PROVIDER_SPEND or not (settings.FAKE_RAIL or stripe_is_play):
        return []
    money = "the fake rail is on" if settings.FAKE_RAIL else "STRIPE_SECRET_KEY is a test key"
    return [
        Error(
            f"{', '.join(priced)} would be paid for with play money: {money}.",
            hint="Set FAKE_RAIL=0 and a live Stripe key, or ALLOW_FREE_PROVIDER_SPEND=1 if you mean it.",
            id="imageskill.E008",
        )
    ]


@register(Tags.security)
def check_stripe(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E009, E010: payments whose webhooks anybody could forge, or whose key would travel in clear."""
    problems: list[CheckMessage] = []
    if settings.STRIPE_SECRET_KEY and not settings.STRIPE_WEBHOOK_SECRET:
        problems.append(
            Error(
                "STRIPE_SECRET_KEY is set, but STRIPE_WEBHOOK_SECRET is not: no payment could be credited safely.",
                hint="Make a webhook endpoint for BASE_URL/webhooks/stripe and set its signing secret.",
                id="imageskill.E009",
            )
        )
    base = urlsplit(settings.STRIPE_API_BASE)
    if settings.STRIPE_API_BASE and base.scheme != "https" and base.hostname not in _LOOPBACK:
        problems.append(
            Error(
                "STRIPE_API_BASE is plain http to another machine.",
                hint="Use https, or leave it empty for Stripe itself.",
                id="imageskill.E010",
            )
        )
    return problems


@register(Tags.compatibility)
def check_numbers(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E011: a number that no service could work with."""
    wrong = [
        f"{name} is {getattr(settings, name)}; it must be {low} to {high}"
        for name, (low, high) in RANGES.items()
        if not low <= getattr(settings, name) <= high
    ]
    if not wrong:
        return []
    return [Error("; ".join(wrong) + ".", hint="Set a number within its range.", id="imageskill.E011")]


@register(Tags.compatibility)
def check_runner(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E016: jobs that nobody would run, or a provider that no call could ever reach."""
    on_postgres = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    wrong: list[tuple[str, str]] = []
    if settings.JOB_RUNNER not in ("threads", "worker"):
        wrong.append((f"JOB_RUNNER is {settings.JOB_RUNNER}.", "Set threads or worker."))
    elif settings.JOB_RUNNER == "worker" and not on_postgres:
        wrong.append(("JOB_RUNNER is worker, but workers need PostgreSQL.", "Set JOB_RUNNER=threads."))
    for name, slots in settings.PROVIDER_SLOTS.items():
        if not 1 <= slots <= _MOST_SLOTS:
            hint = f"Set 1 to {_MOST_SLOTS}; `manage.py switch provider:{name} off` stops a provider."
            wrong.append((f"PROVIDER_SLOTS gives {name} {slots} calls at once.", hint))
    return [Error(message, hint=hint, id="imageskill.E016") for message, hint in wrong]


@register(Tags.security)
def check_provider_bases(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E013: a provider's key that would travel in clear to another machine."""
    wrong = [
        name
        for name, base in settings.PROVIDER_BASES.items()
        if base and not (urlsplit(base).scheme == "https" or _is_loopback_http(base))
    ]
    return [
        Error(
            f"{name.upper()}_BASE_URL is no https address.",
            hint="Use https, plain http on loopback only, or leave it empty for the provider itself.",
            id="imageskill.E013",
        )
        for name in wrong
    ]


def _is_loopback_http(base: str) -> bool:
    parts = urlsplit(base)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


@register(Tags.compatibility)
def check_base_url(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E012: an address that no link could be made of; the service lives at the root of its origin."""
    base = urlsplit(settings.BASE_URL)
    if base.scheme in ("http", "https") and base.hostname and base.path in ("", "/") and not base.query:
        return []
    return [
        Error(
            f"BASE_URL is {settings.BASE_URL}; it must be an origin.",
            hint="For example https://images.example.com, without a path.",
            id="imageskill.E012",
        )
    ]


@register(Tags.files)
def check_storage(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E017: pictures that would be kept nowhere, or travel in clear to another machine."""
    problems = storage_url.parse(settings.STORAGE_URL).problems
    if not problems:
        return []
    return [
        Error(
            f"STORAGE_URL cannot be used: {'; '.join(problems)}.",
            hint="For example s3://BUCKET/PREFIX?region=eu-central-1, with AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY in the environment.",
            id="imageskill.E017",
        )
    ]


@register(Tags.urls)
def check_media(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E018: addresses of pictures that would lead nowhere, or a way of serving that the storage has not."""
    place = storage_url.parse(settings.STORAGE_URL)
    base, prefix = urlsplit(settings.MEDIA_URL_BASE), settings.MEDIA_ACCEL_PREFIX
    wrong: list[str] = []
    if base.scheme not in ("http", "https") or not base.hostname or base.path or base.query:
        wrong.append("MEDIA_URL_BASE must be an origin, such as https://media.example.com")
    if prefix and not (prefix.startswith("/") and prefix.endswith("/") and len(prefix) > 1):
        wrong.append("MEDIA_ACCEL_PREFIX must begin and end with a slash, such as /_media/")
    if prefix and place.is_bucket:
        wrong.append("MEDIA_ACCEL_PREFIX serves a local folder, and STORAGE_URL is a bucket")
    if settings.MEDIA_REDIRECT and not place.is_bucket and not place.problems:
        wrong.append("MEDIA_REDIRECT needs a bucket, and STORAGE_URL is the local folder")
    if settings.MEDIA_PURGE_HOOK and not _is_callable(settings.MEDIA_PURGE_HOOK):
        wrong.append("MEDIA_PURGE_HOOK must be the dotted path of a function")
    return [Error(f"{message}.", hint="See docs/operations.md.", id="imageskill.E018") for message in wrong]


def _is_callable(path: str) -> bool:
    try:
        return callable(import_string(path))
    except ImportError:
        return False


@register(Tags.security)
def check_watching(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E019: numbers behind a word that can be guessed, or an address that nothing could be sent to."""
    wrong: list[str] = []
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < _SHORTEST_KEY:
        wrong.append(f"METRICS_TOKEN needs at least {_SHORTEST_KEY} characters")
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "SENTRY_DSN"):
        address = urlsplit(getattr(settings, name))
        # Without the address itself, which may hold a key.
        if getattr(settings, name) and not (address.scheme in ("http", "https") and address.hostname):
            wrong.append(f"{name} must be an http or https address")
    return [Error(f"{message}.", hint="See docs/observability.md.", id="imageskill.E019") for message in wrong]


@register(Tags.files)
def check_data_dir(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E006: everything that is written lies under DATA_DIR, so it must be a folder."""
    folder = Path(settings.DATA_DIR)
    if folder.exists() and not folder.is_dir():
        return [
            Error(
                "DATA_DIR is a file.",
                hint="Name a folder; it is made when it is missing.",
                id="imageskill.E006",
            )
        ]
    return []


@register(Tags.database)
def check_isolation(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """E007: the locks of the ledger are written for READ COMMITTED."""
    problems: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor != "postgresql":
            continue
        with connection.cursor() as cursor:
            cursor.execute("SHOW default_transaction_isolation")
            level = cursor.fetchone()[0]
        if level != "read committed":
            problems.append(
                Error(
                    f"The database runs at {level}; READ COMMITTED is required.",
                    hint="Set default_transaction_isolation of the database or the role to 'read committed'.",
                    id="imageskill.E007",
                )
            )
    return problems
