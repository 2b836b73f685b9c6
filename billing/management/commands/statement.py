"""`manage.py statement ORGANIZATION YYYY-MM`: print a month's statement as JSON lines."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import statements


class Command(BaseCommand):
    """Writes a statement to standard output."""

    help = "Print an organization's ledger of a month as JSON lines; deploy/verify_statement.py checks it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the organization and the month."""
        parser.add_argument("organization_id")
        parser.add_argument("month", help="YYYY-MM")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Print the lines."""
        try:
            month = datetime.strptime(options["month"], "%Y-%m").replace(tzinfo=UTC).date()
        except ValueError:
            raise CommandError("the month must be written as YYYY-MM") from None
        if not statements.has_account(options["organization_id"]):
            raise CommandError("no such organization has an account")
        for line in statements.lines(organization_id=options["organization_id"], month=month):
            self.stdout.write(line)
