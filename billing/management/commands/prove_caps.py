"""`manage.py prove_caps`: show that no cap was ever passed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing import proving


class Command(BaseCommand):
    """Rebuilds used and held from the ledger and compares every decision."""

    help = "Rebuild what was used and held from the ledger and compare it with every decision."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Print how many decisions there were, how many overspent and the tightest; exit 1 on any offence."""
        proof = proving.prove()
        self.stdout.write(f"{proof.decisions} decisions, {proof.overspent} overspent, tightest: {proof.tightest}")
        for offence in proof.offences:
            self.stdout.write(offence)
        if proof.overspent or proof.offences:
            raise CommandError("the caps do not hold")
