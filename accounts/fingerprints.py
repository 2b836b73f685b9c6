"""Three words for an id, so that a person sees at a glance that a mail and a page tell of the same thing."""

import hashlib
import re
from typing import Final

_WORDS: Final = re.findall(
    r"\w+",
    "acorn amber anchor apple arrow aspen badge bamboo barley basil beacon birch bison bloom bottle branch "
    "breeze brick bridge bronze brook cabin candle canyon carbon castle cedar chalk cherry cinder clay cliff "
    "clover cobalt comet copper coral cotton crane crater crown crystal cypress daisy dawn delta desert dove "
    "drum dune eagle ebony echo elm ember falcon feather fern fig finch fjord flint flute forest fossil fox "
    "frost garnet ginger glacier glass globe goose granite grape gravel grove gull hammer harbour harp hazel "
    "heron hill honey horizon ink iris iron island ivory ivy jade jasmine juniper kelp kettle kite lagoon lake "
    "lamp lantern larch laurel lava leaf lemon lichen lilac lily linen lion lotus lunar magnet maple marble "
    "marsh meadow melon mint mirror moss moth mountain",
)


def of(public_id: str) -> str:
    """Return the three words of an id. They are no secret and prove nothing; they only have to match."""
    digest = hashlib.sha256(public_id.encode()).digest()
    places = (int.from_bytes(digest[at : at + 4], "big") for at in (0, 4, 8))
    return " ".join(_WORDS[place % len(_WORDS)] for place in places)
