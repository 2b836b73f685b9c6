"""`manage.py reconcile`: prove that the books balance."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from imageskill.flows import invariants


class Command(BaseCommand):
    """Recomputes every balance, hold and receipt from the entries."""

    help = "Recompute every balance from the ledger; print what differs, confirmed or not, and exit 1."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--new`."""
        parser.add_argument(
            "--new", action="store_true", help="read only what came after each account's checkpoint"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Print each offence; the first check that finds one says unconfirmed, the next confirmed."""
        standing = invariants.check(full=not options["new"])
        for finding in standing:
            state = "unconfirmed" if finding.confirmed_at is None else "confirmed"
            self.stdout.write(f"{state}: {finding.told}")
        if standing:
            raise CommandError(f"{len(standing)} offences")
        self.stdout.write("The books balance.")
