"""`manage.py grant_staff ADDRESS`: open the console to somebody who has a second factor, or close it.

With `--superuser` it opens the admin as well.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import staff


class Command(BaseCommand):
    """The only way to become staff; it ends the person's sessions, so that the next one needs the factor."""

    help = "Give the rights of staff or of a superuser to an account that has a second factor, or take them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address, and which rights to give or whether to take them all."""
        parser.add_argument("address", help="the address with which the person signs in")
        rights = parser.add_mutually_exclusive_group()
        rights.add_argument("--superuser", action="store_true", help="open the admin too")
        rights.add_argument("--revoke", action="store_true", help="take every right of staff away")

    def handle(self, *args: object, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Grant or revoke, and say what holds now."""
        try:
            if options["revoke"]:
                user = staff.revoke(options["address"])
                self.stdout.write(f"{user.email} is no staff any more; its sessions are ended.")
            else:
                user = staff.grant(options["address"], is_superuser=options["superuser"])
                rights = "a superuser" if user.is_superuser else "staff"
                self.stdout.write(
                    f"{user.email} is {rights}. Its sessions are ended: sign in again, with the factor."
                )
        except staff.CannotGrantError as error:
            raise CommandError(str(error)) from error
