"""Comparing pictures: one row a setting, with what each picture has, and whether they differ."""

from collections.abc import Sequence
from dataclasses import dataclass

from creative.gallery import Tile

NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Row:
    """A setting, its value for each picture, and whether the pictures differ in it."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether not all pictures have the same value."""
        return len(set(self.values)) > 1


def rows(tiles: Sequence[Tile]) -> list[Row]:
    """Return the settings of pictures, those that differ first, otherwise in the order of a request."""
    told = [_settings(tile) for tile in tiles]
    names = list(dict.fromkeys(name for settings in told for name in settings))
    found = [Row(name, tuple(settings.get(name, NOTHING) for settings in told)) for name in names]
    return sorted(found, key=lambda row: not row.differs)


def _settings(tile: Tile) -> dict[str, str]:
    asset, job = tile.asset, tile.job
    told = {"Agent": asset.agent.name, "Size": f"{asset.width} \N{MULTIPLICATION SIGN} {asset.height}"}
    if job is None:
        return {"Kind": "uploaded", **told}
    price = "" if tile.price is None else f"{tile.price}"
    own = {"Kind": job.operation, "Model": job.model_id, "Prompt": job.prompt, "Credits": price}
    return {**own, **told, **{name: _word(value) for name, value in sorted(job.parameters.items())}}


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return NOTHING if value is None else str(value)
