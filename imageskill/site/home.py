"""The front page: what this service is, and the first commands of an agent."""

from typing import Any

from django.conf import settings
from django.views.generic import TemplateView


class Home(TemplateView):
    """`GET /`."""

    template_name = "site/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - Django's signature
        """Add the service's own address."""
        return super().get_context_data(base_url=settings.BASE_URL, **kwargs)
