"""The front page: what this service is, and the first commands of an agent."""

from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.views.generic import TemplateView

from imageskill import __version__
from imageskill.local import first_run


@dataclass(frozen=True, slots=True)
class Print:
    """A picture on the front page; width and height are in pixels."""

    file: str
    title: str
    seed: int
    width: int = 640
    height: int = 640


PRINTS: Final = (
    Print("img/prints/camera.webp", "A compact field camera on a stainless workbench", 1234),
    Print("img/prints/lighthouse.webp", "A lighthouse above a calm teal sea at golden hour", 7),
    Print("img/prints/mountains.webp", "Snowy mountains by a lake under the moon", 11),
)
"""Pictures by canvas.draft, kept as files; `manage.py paint_prints` makes them anew."""


class Home(TemplateView):
    """`GET /`."""

    template_name = "site/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - Django's signature
        """Add the prints on the wall, the first commands and the service's own address."""
        return super().get_context_data(
            base_url=settings.BASE_URL,
            first_run=first_run(settings.BASE_URL),
            prints=PRINTS,
            version=__version__,
            **kwargs,
        )
