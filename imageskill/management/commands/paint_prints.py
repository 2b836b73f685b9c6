"""`manage.py paint_prints`: paint the front page's pictures anew."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from creative.providers.canvas.painter import Brief, paint
from imageskill.site.home import PRINTS


class Command(BaseCommand):
    """Paints each print as canvas.draft does, from its title and its seed."""

    help = "Paint the front page's pictures anew, into static/img/prints/."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Write one WebP a print."""
        for shown in PRINTS:
            brief = Brief(
                prompt=shown.title,
                seed=shown.seed,
                number=0,
                width=shown.width,
                height=shown.height,
                style="auto",
                palette="auto",
                detail="medium",
                texture="paper",
            )
            path = settings.REPOSITORY / "static" / shown.file
            path.parent.mkdir(parents=True, exist_ok=True)
            paint(brief).save(path, "WEBP", quality=90)
            self.stdout.write(f"static/{shown.file}\n")
