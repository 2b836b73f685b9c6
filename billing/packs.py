"""What credits are sold in: named packs and exact amounts. One credit is one cent."""

from dataclasses import dataclass
from typing import Final

CURRENCY: Final = "USD"
MIN_CUSTOM_CREDITS: Final = 1
MAX_CUSTOM_CREDITS: Final = 5000


@dataclass(frozen=True, slots=True)
class Pack:
    """A named number of credits."""

    pack_id: str
    name: str
    credits: int

    @property
    def amount_cents(self) -> int:
        """The price in cents."""
        return price_cents(self.credits)


PACKS: Final = (
    Pack("starter-500", "Starter", 500),
    Pack("builder-2000", "Builder", 2000),
    Pack("studio-5000", "Studio", 5000),
)
DEFAULT_PACK: Final = PACKS[0]


def find(pack_id: str) -> Pack | None:
    """Return the pack of this id, if there is one."""
    return next((pack for pack in PACKS if pack.pack_id == pack_id), None)


def price_cents(credits: int) -> int:
    """Return what a number of credits costs in cents."""
    return credits
