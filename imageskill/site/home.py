"""The front page: what this service is, and the first commands of an agent."""

from typing import Any, Final

from django.conf import settings
from django.views.generic import TemplateView

from imageskill import __version__
from imageskill.local import first_run

PRINTS: Final = (
    {
        "file": "img/prints/camera.webp",
        "width": 640,
        "height": 640,
        "seed": 1234,
        "title": "A compact field camera on a stainless workbench",
    },
    {
        "file": "img/prints/lighthouse.webp",
        "width": 640,
        "height": 640,
        "seed": 7,
        "title": "A lighthouse above a calm teal sea at golden hour",
    },
    {
        "file": "img/prints/mountains.webp",
        "width": 640,
        "height": 640,
        "seed": 11,
        "title": "Snowy mountains by a lake under the moon",
    },
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
