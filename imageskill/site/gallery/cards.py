"""What a tile shows, ready for its template."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from creative import assets
from creative.gallery import Tile
from creative.models import Asset, Job
from creative.thumbnails import WIDTHS
from imageskill.site.gallery.shapes import shape_of, sizes_of

_LONGEST_ALT: Final = 120


@dataclass(frozen=True, slots=True)
class Card:
    """A picture with its addresses and its label."""

    tile: Tile
    shape: str
    sizes: str
    srcset: str
    src: str
    alt: str


@dataclass(frozen=True, slots=True)
class Blank:
    """A job that ended without a picture."""

    job: Job

    @property
    def is_free(self) -> bool:
        """Whether nothing was charged for it."""
        return self.job.settled_credits == 0


def cards(items: Iterable[Tile | Job]) -> list[Card | Blank]:
    """Return what a page of the wall shows."""
    return [card(item) if isinstance(item, Tile) else Blank(item) for item in items]


def picture_cards(tiles: Sequence[Tile]) -> list[Card]:
    """Return pictures as they are shown outside of the wall."""
    return [card(tile) for tile in tiles]


def card(tile: Tile) -> Card:
    """Return one picture as it is shown."""
    asset = tile.asset
    return Card(
        tile=tile,
        shape=shape_of(asset.width, asset.height),
        sizes=sizes_of(asset.width, asset.height),
        srcset=", ".join(f"{assets.url(asset, width)} {shown_width(asset, width)}w" for width in WIDTHS),
        src=assets.url(asset, WIDTHS[0]),
        alt=alt_of(tile),
    )


def alt_of(tile: Tile) -> str:
    """Return what stands for a picture where it is not seen: what it was asked for by."""
    words = " ".join(tile.prompt.split())
    if not words:
        return "Uploaded picture"
    return words if len(words) <= _LONGEST_ALT else f"{words[: _LONGEST_ALT - 1]}…"


def shown_width(asset: Asset, longest: int) -> int:
    """Return how wide a thumbnail is; a smaller picture keeps its size."""
    side = max(asset.width, asset.height)
    return asset.width if side <= longest else max(1, round(asset.width * longest / side))
