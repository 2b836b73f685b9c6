#!/usr/bin/env python3
"""Django's command line for this service."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imageskill.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
