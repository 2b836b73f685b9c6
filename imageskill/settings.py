"""All settings, read from the environment; the defaults are safe for production.

docs/settings.md explains each variable. `make run` fills in the keys that a first start lacks.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

from imageskill import storage_url
from imageskill.logging import logging_config


class _NamedEnv(Env):  # type: ignore[misc] # the library has no types
    """Says which variable cannot be read, where the library only quotes its value."""

    EMAIL_SCHEMES = Env.EMAIL_SCHEMES | {"consolemail": "imageskill.local_mail.EmailBackend"}

    def bool(self, var: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as its parent
        """Read a switch; a word that is neither yes nor no is refused instead of taken for no."""
        told = self.ENVIRON.get(var, "").strip().lower()
        if told not in {"", "0", "false", "off", "n", "no", "none", *self.BOOLEAN_TRUE_STRINGS}:
            raise ImproperlyConfigured(f"{var} cannot be read: it is neither true nor false.")
        return super().bool(var, *args, **kwargs)

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as its parent
        try:
            return super().get_value(var, *args, **kwargs)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} cannot be read: {error}. docs/settings.md explains it.") from None

    def cache_url(self, var: str, *, default: str) -> Any:  # noqa: ANN401 - as its parent
        return self._address(var, default, self.cache_url_config)

    def email_url(self, var: str, *, default: str) -> Any:  # noqa: ANN401 - as its parent
        return self._address(var, default, self.email_url_config)

    def _address(self, var: str, default: str, read: Callable[[str], Any]) -> Any:  # noqa: ANN401 - what is read
        """Read an address; a name without a value is not set, and a kind that nobody knows is told by its name."""
        try:
            return read(self.str(var, default="") or default)
        except ImproperlyConfigured as error:
            raise ImproperlyConfigured(f"{var} cannot be read: {error}. docs/settings.md explains it.") from None


env = _NamedEnv()
REPOSITORY = Path(__file__).resolve().parent.parent

# Where the service lives and what it is called outside.
HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
BASE_URL = env.str("BASE_URL", default=f"http://{HOST}:{PORT}").rstrip("/")
DATA_DIR = Path(env.str("DATA_DIR", default=str(REPOSITORY / ".data"))).resolve()
MEDIA_URL_BASE = env.str("MEDIA_URL_BASE", default=BASE_URL).rstrip("/")
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
HTTPS = BASE_URL.startswith("https://")

# Keys. IDENTITY_KEY digests contact addresses, so it outlives a rotated SECRET_KEY.
SECRET_KEY = env.str("SECRET_KEY")
IDENTITY_KEY = env.str("IDENTITY_KEY", default=SECRET_KEY)
DEBUG = False

_NAMES = {urlsplit(address).hostname or HOST for address in (BASE_URL, MEDIA_URL_BASE)}
ALLOWED_HOSTS = sorted({*_NAMES, HOST, "127.0.0.1", "localhost", "[::1]"})
ROOT_URLCONF = "imageskill.urls"
WSGI_APPLICATION = "imageskill.wsgi.application"
INSTALLED_APPS = [
    # Without its search for admin.py: imageskill/console/admin says what is shown, and libraries say nothing.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "rest_framework",
    "imageskill.core",
    "imageskill.apps.RoofConfig",
    "accounts",
    "billing",
    "creative",
]
MIDDLEWARE = [
    "imageskill.core.middleware.AnswerMiddleware",
    "imageskill.core.middleware.PlainHttpMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "imageskill.site.policy.ContentPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "imageskill.console.view_as.middleware.ViewAsMiddleware",
    "accounts.pages.way.KeepTheWayMiddleware",
    "accounts.pages.fresh.FreshSignInMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [REPOSITORY / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.pages.people.frame",
                "imageskill.site.context.frame",
            ]
        },
    }
]
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]

# People sign in by a mailed code, which shows the address as well, or by passkey; by password who wants one.
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home_of_person"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
# The password is named so that signing in by one stays possible; the form of signing up does not ask for it.
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
# The pages and the mails say ten minutes of every code.
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 600
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "add_email": "accounts.forms.NewAddress",
    "change_email": "accounts.forms.OtherAddress",
    "change_password": "accounts.forms.PasswordChange",
    "confirm_email_verification_code": "accounts.forms.AddressCode",
    "confirm_login_code": "accounts.forms.SignInCode",
    "confirm_password_reset_code": "accounts.forms.PasswordCode",
    "login": "accounts.forms.PasswordSignIn",
    "request_login_code": "accounts.forms.CodeRequest",
    "reset_password": "accounts.forms.PasswordReset",
    "reset_password_from_key": "accounts.forms.PasswordAfterCode",
    "set_password": "accounts.forms.PasswordSet",
    "signup": "accounts.forms.SignUp",
}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
MFA_ADAPTER = "accounts.adapter.FactorAdapter"
MFA_FORMS = {
    "activate_totp": "accounts.forms.AppSetUp",
    "add_webauthn": "accounts.forms.PasskeyAdd",
    "authenticate": "accounts.forms.FactorCode",
    "reauthenticate": "accounts.forms.FactorCodeAgain",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Image Skill"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_WEBAUTHN_USER_VERIFICATION = "required"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# Processes and threads.
WEB_THREADS = env.int("WEB_THREADS", default=16)
WEB_WORKERS = env.int("WEB_WORKERS", default=1)
JOB_THREADS = env.int("JOB_THREADS", default=4)
WORKER_THREADS = env.int("WORKER_THREADS", default=16)
WORKER_STOP_SECONDS = env.int("WORKER_STOP_SECONDS", default=90)
JOB_LEASE_SECONDS = env.int("JOB_LEASE_SECONDS", default=60)
JOB_TIMEOUT_SECONDS = env.int("JOB_TIMEOUT_SECONDS", default=600)
CREATE_WAIT_SECONDS = env.int("CREATE_WAIT_SECONDS", default=120)

# The database. SQLite writers take turns: IMMEDIATE is the lock, FULL keeps what was acknowledged.
DATABASE_URL = env.str("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'imageskill.sqlite3'}")
if urlsplit(DATABASE_URL).scheme not in ("sqlite", "postgres", "postgresql", "pgsql"):
    # Told without the address, which may hold a password.
    raise ImproperlyConfigured("DATABASE_URL cannot be read: it begins with neither sqlite:// nor postgres://.")
_database = env.db_url_config(DATABASE_URL)
if _database["ENGINE"].endswith("sqlite3"):
    # A thread keeps its file open from request to request: opening it anew reads the whole schema.
    _database["CONN_MAX_AGE"] = None
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000;",
    }
    _database["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    _database["DISABLE_SERVER_SIDE_CURSORS"] = True
    _database["OPTIONS"] = {
        # Threads share these: a job holds none while its provider works, and PostgreSQL has 100 for all processes.
        "pool": {
            "min_size": 1,
            "max_size": min(max(WEB_THREADS, WORKER_THREADS) + JOB_THREADS + 4, 32),
            # While the database is away a caller hears so after this long; who is quicker back is not noticed.
            "timeout": 5,
        },
        "prepare_threshold": None,
        "connect_timeout": 5,
    }
DATABASES = {"default": _database}
DATABASE_DIRECT_URL = env.str("DATABASE_DIRECT_URL", default="")

# Who runs jobs: threads of the web process, or processes of their own, which take their notes from PostgreSQL.
_has_queue = _database["ENGINE"].endswith("postgresql")
JOB_RUNNER = env.str("JOB_RUNNER", default="worker" if _has_queue else "threads")
JOB_QUEUE = "creative.queue.procrastinate.notes" if JOB_RUNNER == "worker" else "creative.queue.threads.pool"
PROVIDER_SLOTS = {"fal": 2, "openai": 8, "xai": 8} | env.dict("PROVIDER_SLOTS", cast={"value": int}, default={})
if _has_queue:
    INSTALLED_APPS.insert(INSTALLED_APPS.index("imageskill.core"), "procrastinate.contrib.django")
CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}
if CACHES["default"]["BACKEND"].endswith("RedisCache"):
    # While it is away or hangs, calls go on: each process counts for itself.
    _soon = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}
    CACHES["default"] |= {
        "BACKEND": "imageskill.core.shared_cache.RedisOrMemory",
        "OPTIONS": _soon | CACHES["default"].get("OPTIONS", {}),
    }

# Pictures, static files, mail.
MEDIA_ROOT = DATA_DIR / "media"
STORAGE_URL = env.str("STORAGE_URL", default="local")
MEDIA_PRIVATE = env.bool("MEDIA_PRIVATE", default=False)
MEDIA_ACCEL_PREFIX = env.str("MEDIA_ACCEL_PREFIX", default="")
MEDIA_REDIRECT = env.bool("MEDIA_REDIRECT", default=False)
MEDIA_PURGE_HOOK = env.str("MEDIA_PURGE_HOOK", default="")
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [REPOSITORY / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "media": storage_url.backend(STORAGE_URL, MEDIA_ROOT),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Image Skill <no-reply@localhost>")
EMAIL_TIMEOUT = 20
# Kind of mail -> what returns its own headers for a recipient.
MAIL_HEADERS = {
    "claim_requested": "accounts.emails.headers_for",
    "contact_change_asked": "accounts.emails.headers_for",
}

# The free preview, and what keeps it from being farmed.
PREVIEW_CREDITS = env.int("PREVIEW_CREDITS", default=50)
PREVIEW_DAILY_JOBS = env.int("PREVIEW_DAILY_JOBS", default=4)
PREVIEW_MODELS = env.list("PREVIEW_MODELS", default=[])
PREVIEW_PER_NETWORK = env.int("PREVIEW_PER_NETWORK", default=20)
PREVIEW_PER_DOMAIN = env.int("PREVIEW_PER_DOMAIN", default=20)
PREVIEW_DAILY_BUDGET_CREDITS = env.int("PREVIEW_DAILY_BUDGET_CREDITS", default=10_000)
SIGNUP_REQUIRES_CONTACT = env.bool("SIGNUP_REQUIRES_CONTACT", default=False)

# Payments. Play money is for trying the way of a payment; it is bounded, and never becomes real.
FAKE_RAIL = env.bool("FAKE_RAIL", default=False)
FAKE_RAIL_CREDITS_PER_CONTACT = env.int("FAKE_RAIL_CREDITS_PER_CONTACT", default=5_000)
FAKE_RAIL_DAILY_CREDITS = env.int("FAKE_RAIL_DAILY_CREDITS", default=100_000)
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")
ALLOW_FREE_PROVIDER_SPEND = env.bool("ALLOW_FREE_PROVIDER_SPEND", default=False)
STAFF_ADJUSTMENT_CREDITS = env.int("STAFF_ADJUSTMENT_CREDITS", default=1_000)
PROVIDER_KEYS = {
    "fal": env.str("FAL_KEY", default=""),
    "openai": env.str("OPENAI_API_KEY", default=""),
    "xai": env.str("XAI_API_KEY", default=""),
}
PROVIDER_BASES = {
    "fal": env.str("FAL_BASE_URL", default="").rstrip("/"),
    "openai": env.str("OPENAI_BASE_URL", default="").rstrip("/"),
    "xai": env.str("XAI_BASE_URL", default="").rstrip("/"),
}
STRIPE_PROMOTION_CODES = env.bool("STRIPE_PROMOTION_CODES", default=False)

# Requests a minute; the signup limit is a database row and counts an hour.
TOKEN_REQUESTS_PER_MINUTE = env.int("TOKEN_REQUESTS_PER_MINUTE", default=600)
NETWORK_REQUESTS_PER_MINUTE = env.int("NETWORK_REQUESTS_PER_MINUTE", default=600)
SIGNUPS_PER_HOUR = env.int("SIGNUPS_PER_HOUR", default=60)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.GrantRequired"],
    "DEFAULT_THROTTLE_CLASSES": ["imageskill.core.throttles.CallerThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "imageskill.core.api.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "NUM_PROXIES": TRUSTED_PROXY_COUNT,
    "DEFAULT_SCHEMA_CLASS": "imageskill.site.openapi.schema.OperationSchema",
}
SPECTACULAR_SETTINGS = {"OAS_VERSION": "3.1.1", "POSTPROCESSING_HOOKS": [], "ENFORCE_NON_BLANK_FIELDS": True}

# Browsers and the edge. API paths answer plain http with an error of their own.
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^v1/", r"^v1$", r"^healthz$", r"^livez$", r"^metrics$", r"^a/", r"^webhooks/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
# Not "no-referrer": with it browsers send `Origin: null` with our own forms, which then fail as forged.
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_FAILURE_VIEW = "imageskill.core.error_pages.csrf_failure"
X_FRAME_OPTIONS = "DENY"
# Preloading binds a whole domain for years: that is the operator's word to give, at the edge.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

# Those who watch. What is empty is neither started nor loaded.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
SENTRY_DSN = env.str("SENTRY_DSN", default="")
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
LOGGING = logging_config()
