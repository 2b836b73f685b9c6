"""What holds for the models at this moment: the prices in force and the kill switches, in one query.

Every plan asks for both, and so does every call of a provider right before it. Written out, because composing two
queries took the ORM longer than the database needs to answer them.
"""

from dataclasses import dataclass
from typing import Final

from creative import prices, switches
from creative.catalogue.entries import ModelEntry
from creative.catalogue.loader import Catalogue
from imageskill.core.messages import Rows, Statement, ask, written

_PRICE: Final = "price"
_QUERY: Final = f"""
SELECT '{_PRICE}', model_id, file_version, CAST(document AS text)
FROM creative_priceversion WHERE ended_at IS NULL AND document IS NOT NULL
UNION ALL SELECT 'switch', target, reason, '' FROM creative_killswitch WHERE is_on
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class Standing:
    """The catalogue with the prices in force, and the reason of each switch that is on, by its target."""

    catalogue: Catalogue
    switched_off: dict[str, str]

    def require_open(self, entry: ModelEntry) -> None:
        """Raise what ends a job whose provider or model is switched off."""
        switches.require_open(self.switched_off, entry.provider_id, entry.id)


def now() -> Standing:
    """Return what holds at this moment."""
    return ask(asked())


def asked() -> Statement[Standing]:
    """Return the statement behind `now`, to be sent with others."""
    return written(_QUERY).then(_told)


def _told(rows: Rows) -> Standing:
    laid = [(model_id, version, document) for kind, model_id, version, document in rows if kind == _PRICE]
    return Standing(prices.laid(laid), {target: reason for kind, target, reason, _ in rows if kind != _PRICE})
