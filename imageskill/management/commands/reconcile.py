"""`manage.py reconcile`: prove that the books balance."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from imageskill.flows import invariants


class Command(BaseCommand):
    """Recomputes every balance, hold and receipt from the entries."""

    help = "Recompute every balance from the ledger; print what differs and exit 1."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Print each offence."""
        offences = invariants.reconcile()
        for offence in offences:
            self.stdout.write(offence)
        if offences:
            raise CommandError(f"{len(offences)} offences")
        self.stdout.write("The books balance.")
