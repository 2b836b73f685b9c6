"""Rules about who imports whom, as far as import-linter's contracts in pyproject.toml cannot say them."""

import sys

from tests.architecture.tree import APPS, FLOORS, imports, is_under

ROOF_BELOW = ("imageskill.core", "imageskill.__version__")
# What an app holds besides noun modules.
OUTER = {"urls", "views", "pages", "webhooks", "admin", "presenters", "forms", "models", "management", "apps"}
ADAPTERS = {"authentication", "permissions"}
STRIPE = ("billing/rails/", "billing/webhooks.py", "billing/webhooks/")
HTTP = ("requests", "httpx", "aiohttp", "urllib3", "urllib.request", "http.client")
SPEAKERS = ("creative/providers/", "imageskill/cli/")


def roof_imports(path: str, source: str) -> list[str]:
    """A floor imports nothing of the roof."""
    if not path.startswith(FLOORS):
        return []
    return [
        f"{path}:{line}: {name}"
        for name, line in imports(source)
        if is_under(name, "imageskill") and not is_under(name, *ROOF_BELOW)
    ]


def is_noun_module(path: str) -> bool:
    """Tell whether the file is a noun module of an app, or one of the flows."""
    app, _, rest = path.partition("/")
    if path.startswith("imageskill/flows/"):
        return True
    first = rest.split("/")[0].removesuffix(".py")
    return app in APPS and first not in OUTER | ADAPTERS


def http_in_nouns(path: str, source: str) -> list[str]:
    """A noun module knows no request, no view and no presenter."""
    if not is_noun_module(path):
        return []
    web = ("rest_framework", "django.http", "django.views", "django.shortcuts")
    return [
        f"{path}:{line}: {name}"
        for name, line in imports(source)
        if is_under(name, *web)
        or any(is_under(name, f"{app}.{part}") for app in APPS for part in OUTER - {"models", "apps", "forms"})
    ]


def stripe_elsewhere(path: str, source: str) -> list[str]:
    """Stripe is spoken to by the rails and heard by the webhooks."""
    if path.startswith(STRIPE):
        return []
    return [f"{path}:{line}: {name}" for name, line in imports(source) if is_under(name, "stripe")]


def http_elsewhere(path: str, source: str) -> list[str]:
    """Calls to the outside are made under creative/providers/, and by the client."""
    if path.startswith(SPEAKERS):
        return []
    return [f"{path}:{line}: {name}" for name, line in imports(source) if is_under(name, *HTTP)]


def client_dependencies(path: str, source: str) -> list[str]:
    """The client imports the standard library and itself."""
    if not path.startswith("imageskill/cli/"):
        return []
    return [
        f"{path}:{line}: {name}"
        for name, line in imports(source)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not is_under(name, "imageskill.cli", "imageskill.__version__")
    ]


def framework_shortcuts(path: str, source: str) -> list[str]:
    """A view is one class and one path: no model serializer, viewset, router or generic view."""
    banned = {"ModelSerializer", "HyperlinkedModelSerializer", "viewsets", "routers", "generics"}
    return [
        f"{path}:{line}: {name}"
        for name, line in imports(source)
        if is_under(name, "rest_framework") and banned & set(name.split("."))
    ]
