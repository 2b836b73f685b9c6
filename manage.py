#!/usr/bin/env python3
"""Django's command line for this service."""

import gc
import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command that the arguments name. A setting that is missing or malformed is told in one line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imageskill.settings")
    try:
        # What is loaded stays: the collector need not go through it, neither now nor later.
        gc.disable()
        django.setup()
        gc.freeze()
        gc.enable()
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"manage.py: {error}")


if __name__ == "__main__":
    main()
