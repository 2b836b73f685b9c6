"""Reads what a clause says about the shape and the size of the picture."""

import re
from typing import Any, Final

from creative.providers.canvas.edits.geometry import LARGEST, SMALLEST

_RESIZE: Final = (
    r"\b(?:re-?siz\w+|scal(?:e|ed|ing)|siz(?:e|ed)|shr[iu]n\w*|enlarg\w+|reduc\w+|(?:up|down)-?(?:scale|size|sample)\w*|"
    r"bigger|larger|smaller|resolution|thumbnail|wide|high|tall|width|height|big|large)\b"
)
_OTHER: Final = re.compile(
    r"\b(?:contrast|brightness|saturation|exposure|sharp\w*|blur\w*|tint\w*|warm\w*|colours?|noise|temperature)\b"
)
_SHARES: Final = (
    (r"\bhalf\b|\bby two times smaller\b|\b50 ?% (?:of )?(?:the |its )?size\b", 50.0),
    (r"\b(?:double|twice|two times|2 ?x|2 times)\b", 200.0),
    (r"\bquarter\b", 25.0),
    (r"\b(?:triple|three times|3 ?x|3 times)\b", 300.0),
    (r"\b(?:a|one) third\b", 100 / 3),
    (r"\b(?:four times|4 ?x|4 times)\b", 400.0),
)
_GROWING: Final = re.compile(r"\b(?:enlarg\w+|bigger|larger|increas\w+|grow\w*|up-?(?:scal|siz|sampl)\w+)\b")
_SHRINKING: Final = re.compile(
    r"\b(?:shr[iu]n\w*|smaller|reduc\w+|cut|decreas\w+|lower|down-?(?:scal|siz|sampl)\w+)\b"
)
_SQUARE: Final = re.compile(
    r"\bsquared?\b(?! (?!crop|format|shape|picture|image|photo|version|aspect|ratio|please|for|with|at|"
    r"thumbnail|of|size|canvas|frame|in|by|again|now|logo|icon|proportions)[a-z])"
)
_WIDEST: Final = 8
"""The most unequal shape that a prompt can ask for, either way."""


def cropping(text: str) -> dict[str, Any]:
    """Return the shape that the clause names, and the part that a crop keeps."""
    found: dict[str, Any] = {}
    stated = re.search(r"(?<![\d:])(\d{1,2}):(\d{1,2})(?![\d:])", text)
    if stated and 0 < int(stated[1]) <= _WIDEST * int(stated[2]) and int(stated[2]) <= _WIDEST * int(stated[1]):
        found["aspect_ratio"] = f"{int(stated[1])}:{int(stated[2])}"
    elif _SQUARE.search(text):
        found["aspect_ratio"] = "1:1"
    elif re.search(r"\bwide-?screen\b", text):
        found["aspect_ratio"] = "16:9"
    part = re.search(r"\b(?:at|towards?|on|favou?ring|aligned (?:to|at)) the (top|bottom|left|right)\b", text)
    return found | ({"keep": part[1]} if part and found else {})


def resizing(text: str) -> dict[str, Any]:
    """Return the sides in pixels, or the share of the size in percent, that the clause names."""
    both = re.search(r"\b(\d{2,4})x(\d{2,4})\b", text)
    if both:
        return {"width": _side(both[1]), "height": _side(both[2])}
    if _OTHER.search(text):
        return {}
    side = _one_side(text)
    if side:
        return side
    if not re.search(_RESIZE, text) and not re.search(
        r"\b(?:half|twice|double) (?:the |its )?(?:size|dimensions)\b", text
    ):
        return {}
    return _share(text)


def _one_side(text: str) -> dict[str, Any]:
    pixels = re.search(r"\b(\d{2,5}) ?(?:px|pixels?)\b", text)
    named = re.search(r"\b(?:width|height)(?: of| to| is|:)?(?: exactly)? (\d{2,5})\b", text)
    number = pixels or named or re.search(r"\b(?:re-?siz\w+|scal\w+)(?: \w+){0,2} to (\d{2,5})\b(?! ?[%x:])", text)
    if not number or not (
        re.fullmatch(r"(?:to |at )?\d+ ?(?:px|pixels?)", text)
        or re.search(_RESIZE, text)
        or re.search(r"\b(?:long(?:er|est)?|large(?:r|st)) (?:side|edge)\b", text)
    ):
        return {}
    if re.search(r"\b(?:width|wide)\b", text):
        return {"width": _side(number[1])}
    if re.search(r"\b(?:height|high|tall)\b", text):
        return {"height": _side(number[1])}
    return {"long_side": _side(number[1])}


def _share(text: str) -> dict[str, Any]:
    stated = re.search(r"(\d+(?:\.\d+)?) ?%", text)
    times = re.search(r"\bfactor (?:of )?(\d+(?:\.\d+)?)\b|\bby (\d+(?:\.\d+)?)(?: times)?\b(?! ?%)", text)
    if stated:
        percent = float(stated[1])
        if not re.search(r"\bto \d", text) and not re.search(r"% (?:of )?(?:the |its )?(?:original )?size", text):
            percent = _relative(text, percent)
    elif times:
        percent = 100 * float(times[1] or times[2])
        percent = 10_000 / percent if _SHRINKING.search(text) and percent > 100 else percent
    else:
        named = next((value for pattern, value in _SHARES if re.search(pattern, text)), None)
        if named is not None and named > 100 and _SHRINKING.search(text):
            named = 10_000 / named
        percent = named or _vague(text)
    return {"scale_percent": min(max(percent, 1.0), 800.0)} if percent else {}


def _relative(text: str, percent: float) -> float:
    """Return what `30% smaller` and `enlarge by 20%` leave of the size."""
    if _GROWING.search(text):
        return 100 + percent
    if _SHRINKING.search(text):
        return max(100 - percent, 1.0)
    return percent


def _vague(text: str) -> float:
    weak = re.search(r"\b(?:a (?:little|bit|touch|tad)|slightly|somewhat)\b", text)
    if _SHRINKING.search(text) or "thumbnail" in text:
        return 75 if weak else 50
    if _GROWING.search(text):
        return 125 if weak else 200
    return 0


def _side(number: str) -> int:
    return min(max(int(number), SMALLEST), LARGEST)
