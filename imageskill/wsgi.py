"""The WSGI application. Where no worker process does, the process that serves it also keeps the clock."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imageskill.settings")
application = get_wsgi_application()

from django.conf import settings  # noqa: E402 - the apps must be ready first

from imageskill import watching  # noqa: E402 - the same
from imageskill.flows import clock  # noqa: E402 - the same

watching.start()

if settings.JOB_RUNNER != "worker":
    clock.start()
