"""`GET /styleguide`: every part of the pages at a glance, where the service is not public."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from imageskill.site.home import PRINTS

_HERE: Final = ("127.0.0.1", "localhost", "::1", "testserver")
COLOURS: Final = ("ground", "surface", "sunken", "hairline", "ink", "quiet-ink", "accent", "danger", "held", "ok")


@dataclass(frozen=True, slots=True)
class Cap:
    """A cap with what is spent and held of it, in credits and in hundredths of the bar."""

    name: str
    limit: int
    spent: int
    held: int

    @property
    def spent_part(self) -> int:
        """How much of the bar is solid."""
        return 100 * self.spent // self.limit

    @property
    def held_part(self) -> int:
        """How much of the bar is hatched; what is held is seen, however little it is."""
        return max(1, 100 * self.held // self.limit) if self.held else 0


class Example(forms.Form):
    """Fields of each kind, one of them wrong."""

    name = forms.CharField(label="Name", help_text="People and receipts call it so.")
    address = forms.EmailField(label="E-mail address")
    role = forms.ChoiceField(label="Role", choices=[("viewer", "Viewer"), ("owner", "Owner")])
    words = forms.CharField(label="Words", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agreed = forms.BooleanField(label="Ask before each job over 100 credits", required=False)


@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show the parts; 404 on a service that others can reach."""
    if urlsplit(settings.BASE_URL).hostname not in _HERE:
        raise Http404
    shown = {
        "colours": COLOURS,
        "form": Example({"name": "atlas", "address": "atlas at example", "role": "viewer"}),
        "caps": [Cap("Today", 200, 84, 24), Cap("This month", 5000, 1200, 24)],
        "prints": PRINTS,
        "command": "image-skill create --prompt 'A red boat' --max-estimated-usd-per-image 0.10",
    }
    return render(request, "site/styleguide.html", shown)
