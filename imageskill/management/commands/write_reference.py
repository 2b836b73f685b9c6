"""`manage.py write_reference`: write the pages of docs/ that are made from the code."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

from imageskill.site.reference import PAGES


class Command(BaseCommand):
    """Writes docs/errors.md and docs/events.md."""

    help = "Write the pages of docs/ that are made from the code."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Write each page."""
        for name, page in PAGES.items():
            (settings.REPOSITORY / "docs" / name).write_text(page(), encoding="utf-8")
            self.stdout.write(f"docs/{name}")
