"""`manage.py grant_staff ADDRESS`: open the console to somebody who has a second factor, or close it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import staff


class Command(BaseCommand):
    """The only way to become staff; it ends the person's sessions, so that the next one needs the factor."""

    help = "Give the rights of staff to an account that has a second factor, or take them with --revoke."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address, and whether to take the rights away."""
        parser.add_argument("address", help="the address with which the person signs in")
        parser.add_argument("--revoke", action="store_true", help="take the rights away")

    def handle(self, *args: object, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Grant or revoke, and say what holds now."""
        try:
            if options["revoke"]:
                user = staff.revoke(options["address"])
                self.stdout.write(f"{user.email} is no staff any more; its sessions are ended.")
            else:
                user = staff.grant(options["address"])
                self.stdout.write(
                    f"{user.email} is staff. Its sessions are ended: sign in again, with the factor."
                )
        except staff.CannotGrantError as error:
            raise CommandError(str(error)) from error
