"""What OpenAI's tokens cost, as dated data (`openai_rates.json`), and what a call's tokens come to."""

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

_MICROS_PER_USD: Final = 1_000_000
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Rates:
    """What a million tokens of a model cost, in millionths of a USD."""

    text_in: int
    image_in: int
    out: int


@cache
def load() -> MappingProxyType[str, Rates]:
    """Return the rates of each model by the provider's name of it."""
    data = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            model: Rates(**{kind: int(Decimal(usd) * _MICROS_PER_USD) for kind, usd in row.items()})
            for model, row in data["usd_per_million_tokens"].items()
        }
    )


def cost_micros(model: str, usage: object) -> int | None:
    """Return the cost of a call in millionths of a USD, rounded up, from the `usage` of its answer.

    Input tokens that the answer does not call text count as image tokens, the dearer ones. None: the model has no
    rates, or the answer does not say how many tokens it used.
    """
    rates = load().get(model)
    if rates is None or not isinstance(usage, dict):
        return None
    tokens_in, tokens_out = _count(usage.get("input_tokens")), _count(usage.get("output_tokens"))
    if tokens_in is None or tokens_out is None:
        return None
    details = usage.get("input_tokens_details")
    text = _count(details.get("text_tokens")) if isinstance(details, dict) else None
    text = min(text or 0, tokens_in)
    together = text * rates.text_in + (tokens_in - text) * rates.image_in + tokens_out * rates.out
    return -(-together // _MILLION)


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None
