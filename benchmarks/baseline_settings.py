"""The service's settings with nothing between the server and a view; `imageskill.settings` explains each."""

from imageskill.settings import *  # noqa: F403 - all of them

ROOT_URLCONF = "benchmarks.baseline"
# Without this one the library of signing in does not start.
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]
