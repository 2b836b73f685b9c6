"""How pages write amounts, instants and pictures: `{% load look %}`."""

from datetime import UTC, datetime, tzinfo
from typing import Final

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma, naturaltime
from django.utils.html import format_html
from django.utils.safestring import SafeString

from creative import assets
from creative.models import Asset
from creative.thumbnails import WIDTHS
from imageskill.core import plain_text

register = template.Library()

SQUARE: Final = 120
"""Up to this size in pixels a thumbnail is cut to a square, so that rows stay even."""

MINUS: Final = "\N{MINUS SIGN}"

_BROWSERS: Final = (
    (("Edg/", "EdgA/", "EdgiOS/"), "Edge"),
    (("OPR/",), "Opera"),
    (("Firefox/", "FxiOS/"), "Firefox"),
    (("Chrome/", "CriOS/"), "Chrome"),
    (("Safari/",), "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "a Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)

_WANTED: Final = '<svg class="thumb wanted" width="{}" height="{}" aria-hidden="true"></svg>'


@register.filter
def credits(amount: int) -> str:
    """Write an amount of credits: 1 credit, 1,500 credits."""
    return f"{intcomma(amount)} credit{'' if amount == 1 else 's'}"


@register.filter
def dollars(amount: int) -> str:
    """Write what an amount of credits costs; a credit is a cent."""
    whole, cents = divmod(abs(amount), 100)
    return f"{MINUS if amount < 0 else ''}${intcomma(whole)}.{cents:02}"


@register.filter
def one_line(name: str) -> str:
    """Write what an agent calls itself where only text can stand: a title, a choice; all of it can be seen."""
    return plain_text.one_line(name)


@register.filter
def isolated(name: str) -> SafeString:
    """Write what an agent calls itself so that it turns nothing around it; all of it can be seen."""
    return format_html("<bdi>{}</bdi>", plain_text.one_line(name))


@register.filter
def exact(moment: datetime | None) -> str:
    """Write an instant to the second, in UTC; nothing where there is none."""
    return f"{moment.astimezone(UTC):%-d %B %Y, %H:%M:%S} UTC" if moment is not None else ""


@register.filter
def minute(moment: datetime, zone: tzinfo = UTC) -> str:
    """Write an instant to the minute by the clock of a zone, which it names; UTC unless told otherwise."""
    return f"{moment.astimezone(zone):%-d %B %Y, %H:%M} {str(zone).replace('_', ' ')}"


@register.filter
def browser(user_agent: str) -> str:
    """Write which browser on which system calls itself so; one that is not known stands in its own words."""
    name = next((name for marks, name in _BROWSERS if any(mark in user_agent for mark in marks)), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if not name:
        return plain_text.one_line(user_agent)[:90] or "A browser without a name"
    return f"{name} on {system}" if system else name


@register.simple_tag
def ago(moment: datetime | None) -> SafeString:
    """Write how long ago an instant was, with the instant itself for who points at it."""
    if moment is None:
        return SafeString("never")
    told = str(naturaltime(moment)).replace("\xa0", " ")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact(moment), told)


@register.simple_tag
def picture(asset: Asset, size: int = 40, alt: str = "") -> SafeString:
    """Show a thumbnail of at most `size` pixels, sharp on screens of double density.

    Small ones are cut to a square by the style sheet; larger ones keep their proportions. A picture whose
    thumbnail is not made yet is a quiet area of the same size.
    """
    width, height = (size, size) if size <= SQUARE else _fitted(asset, size)
    if asset.thumbnails_at is None or asset.deleted_at is not None:
        return format_html(_WANTED, width, height)
    stored = next((one for one in WIDTHS if one >= 2 * size), WIDTHS[-1])
    return format_html(
        '<img class="thumb" src="{}" width="{}" height="{}" loading="lazy" decoding="async" alt="{}">',
        assets.url(asset, stored),
        width,
        height,
        alt,
    )


def _fitted(asset: Asset, size: int) -> tuple[int, int]:
    longest = max(asset.width, asset.height)
    return (max(1, asset.width * size // longest), max(1, asset.height * size // longest))
