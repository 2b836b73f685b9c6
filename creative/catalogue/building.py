"""Turns a data file that has passed schema.json into a typed, immutable row."""

from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from creative.catalogue.entries import (
    AspectRatioControl,
    Confidence,
    Controls,
    Megapixels,
    ModelEntry,
    Operation,
    OutputCountControl,
    OutputFormatControl,
    Price,
    PriceRow,
    Retirement,
    SizeKind,
    SizeRule,
    Surcharge,
)
from creative.catalogue.frozen import freeze, thaw

Document = dict[str, Any]


def entry(document: Document) -> ModelEntry:
    """Build the row of one valid data file."""
    return ModelEntry(
        id=document["id"],
        rank=document["rank"],
        aliases=tuple(document["aliases"]),
        display_name=document["display_name"],
        provider_id=document["provider_id"],
        provider_model=document["provider_model"],
        requires_key=document["requires_key"],
        description=document["description"],
        modality=document["modality"],
        operations=tuple(Operation(word) for word in document["operations"]),
        accepts_input_images=document["accepts_input_images"],
        accepts_mask=document["accepts_mask"],
        latency_class=document["latency_class"],
        media=freeze(document["media"]),
        parameters=freeze(document["parameters"]),
        defaults=freeze(document["defaults"]),
        fixed_controls=freeze(document["fixed_controls"]),
        controls=_controls(document["controls"]),
        size=_size(document["size"]),
        safety=freeze(document["safety"]),
        retirement=_retirement(document["retirement"]),
        price=price(document["price"]),
    )


def _controls(document: Document) -> Controls:
    ratio, form, count = document["aspect_ratio"], document["output_format"], document["output_count"]
    return Controls(
        prompt_max_characters=document["prompt"]["max_characters"],
        aspect_ratio=AspectRatioControl(ratio["parameter"], ratio["default"], freeze(ratio["values"]))
        if ratio
        else None,
        output_format=OutputFormatControl(form["parameter"], form["default"], tuple(form["values"])),
        output_count=OutputCountControl(count["parameter"], count["max"], count["basis"]),
    )


def _size(document: Document) -> SizeRule:
    sizes = {name: (width, height) for name, (width, height) in document.get("sizes", {}).items()}
    return SizeRule(
        kind=SizeKind(document["rule"]),
        parameter=document.get("parameter", ""),
        sizes=MappingProxyType(sizes),
        long_side_parameter=document.get("long_side_parameter", ""),
    )


def _retirement(document: Document) -> Retirement:
    day = document["retires_on"]
    return Retirement(
        retires_on=date.fromisoformat(day) if day else None,
        replaced_by=document["replaced_by"],
        notes=document["notes"],
        migration=document["migration"],
    )


def price(document: Document) -> Price:
    """Build a valid price."""
    confidence = Confidence(document["confidence"])
    rule = document["megapixels"]
    return Price(
        version=document["version"],
        as_of=date.fromisoformat(document["as_of"]),
        source=document["source"],
        confidence=confidence,
        unit=document["unit"],
        table=tuple(
            PriceRow(freeze(row["when"]), Decimal(row["usd"]), Confidence(row.get("confidence", confidence)))
            for row in document["table"]
        ),
        surcharges=tuple(Surcharge(freeze(row["when"]), Decimal(row["usd"])) for row in document["surcharges"]),
        megapixels=Megapixels(rule["pixels"], rule["rounding"] == "up") if rule else None,
        ceiling_credits=document["ceiling_credits"],
        ceiling_basis=document["ceiling_basis"],
        unverified=tuple(document["unverified"]),
    )


def price_document(price: Price) -> Document:
    """Return a price as a data file has it: what `price` makes the same of again."""
    rule = price.megapixels
    return {
        "version": price.version,
        "as_of": price.as_of.isoformat(),
        "source": price.source,
        "confidence": str(price.confidence),
        "unit": price.unit,
        "table": [_row(row, price.confidence) for row in price.table],
        "surcharges": [{"when": thaw(extra.when), "usd": format(extra.usd, "f")} for extra in price.surcharges],
        "megapixels": {"pixels": rule.pixels, "rounding": "up" if rule.round_up else "none"} if rule else None,
        "ceiling_credits": price.ceiling_credits,
        "ceiling_basis": price.ceiling_basis,
        "unverified": list(price.unverified),
    }


def _row(row: PriceRow, shared: Confidence) -> Document:
    own = {} if row.confidence is shared else {"confidence": str(row.confidence)}
    return {"when": thaw(row.when), "usd": format(row.usd, "f"), **own}
