"""`manage.py check_media`: compare the rows of pictures with the bytes in the storage."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from creative import media_check
from creative.storage import StorageError


class Command(BaseCommand):
    """Finds pictures without bytes, and bytes and thumbnails that belong to nothing."""

    help = "Find pictures without bytes and bytes that belong to nothing; exit 1 while anything is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--mend`."""
        parser.add_argument(
            "--mend", action="store_true", help="remove bytes older than an hour that belong to nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Print a line for each finding and the sum."""
        try:
            found = media_check.check(mend=options["mend"], tell=self.stdout.write)
        except StorageError as error:
            raise CommandError(f"{error}; nothing is known of what was not read yet") from None
        self.stdout.write(
            f"{found.objects} objects, {found.lost} pictures without bytes,"
            f" {found.orphans} objects of nothing, {found.removed} removed"
        )
        if not found.is_clean:
            raise CommandError("rows and bytes do not agree")
