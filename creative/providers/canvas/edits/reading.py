"""Reads a prompt's wishes into the values of parameters; what it does not understand adds nothing."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from creative.providers.canvas.edits import colours
from creative.providers.canvas.edits.clauses import clauses
from creative.providers.canvas.edits.sizing import cropping, resizing

Wishes = dict[str, Any]

_PERCENT: Final = re.compile(r"(\d+(?:\.\d+)?) ?%")
_WEAK: Final = re.compile(
    r"\b(?:a (?:little|bit|touch|tad|hint)|slight(?:ly)?|subtl[ey]|gent(?:le|ly)|"
    r"soft(?:ly)?|light(?:ly)?|somewhat|faint(?:ly)?)\b"
)
_STRONG: Final = re.compile(
    r"\b(?:very|strong(?:ly|er)?|heav(?:y|ily)|a lot|much|really|extreme(?:ly)?|"
    r"far|highly|dramatic(?:ally)?|intense(?:ly)?)\b"
)
_LESS: Final = re.compile(r"\b(?:less|lower\w*|reduc\w+|decreas\w+|drop|down|soften|weaker|cut)\b")
_PICTURE: Final = (
    r"(?:it|this|that|everything|"
    r"(?:the|my|this) (?:whole |entire )?(?:picture|image|photo|photograph|pic|logo|icon))"
)


def wishes(prompt: str) -> Wishes:
    """Return what a prompt asks for, by the parameters' names; of two wishes of one kind the later counts.

    `blur_pixels` (a radius) is the one name that is no parameter.
    """
    found: Wishes = {}
    for clause in clauses(prompt):
        rules = (_background,) if clause.removing else _RULES
        for rule in rules:
            found.update(rule(clause.text))
        if clause.removing and re.search(r"\b(?:all |the |its )?colours?\b", clause.text):
            found["grayscale"] = True
    return found


def _strength(text: str, usual: float, most: float = 100) -> float:
    """Return the percent that a clause states, or the usual amount, weaker or stronger by its adverbs."""
    stated = _PERCENT.search(text)
    if stated:
        return min(float(stated[1]), most)
    if _WEAK.search(text):
        return usual / 2
    return min(usual * 2, most) if _STRONG.search(text) else usual


def _background(text: str) -> Wishes:
    if not re.search(r"\bback(?:ground|drop)(?! (?:noise|people|person|text|objects?|music|colours?)\b)", text):
        return {"remove_background": True} if re.search(r"\b(?:cut ?out|isolated?) the subject\b", text) else {}
    verb = (
        r"\b(?:remov\w+|delet\w+|eras\w+|cut\w*|strip\w*|drop\w*|get\w* rid|tak\w+ (?:away|off|out)|"
        r"knock\w* out|clear|transparent)\b"
    )
    # "remove the man from the background" takes the man away.
    thing = re.search(r"\b(?:from|in|on) (?:the|its) (?:\w+ )?back", text)
    return {"remove_background": True} if re.search(verb, text) and not thing else {}


def _rotation(text: str) -> Wishes:
    # A number begins at its sign or its first digit: were each digit tried, a long one would take forever.
    stated = re.search(r"((?:[+-]|(?<!\d))\d+(?:\.\d+)?) ?(?:degrees?|deg\b|°)", text)
    verb = re.search(r"\b(?:rotat\w+|turn(?:ed|ing)?|tilt\w*|spin)\b|^(?:make it )?upside[- ]down$", text)
    if re.search(r"\b(?:flip|mirror)", text) or not (verb or stated):
        return {}
    back = re.search(r"\banticlockwise\b|\bleft\b", text)
    way = back or re.search(r"\b(?:clockwise|cw|right|sideways)\b", text)
    stated = stated or (
        re.search(r"\b(?:rotat\w+|tilt\w*)(?: \w+)?(?: by)? ([+-]?\d+(?:\.\d+)?)\b(?! ?(?:%|px|x))", text)
    )
    if stated:
        degrees = float(stated[1])
    elif re.search(r"\bupside[- ]down\b|\bhalf (?:a |way )?turn\b", text):
        degrees = 180.0
    elif verb and (verb[0].startswith("rotat") or way or "quarter turn" in text):
        degrees = 90.0
    else:
        return {}
    degrees = (-degrees if back else degrees) % 360
    return {"rotate": degrees if degrees <= 180 else degrees - 360}


def _filling(text: str) -> Wishes:
    corner = re.search(r"\bcorners?\b|\bfill", text) and colours.PHRASE.search(text)
    return {"fill": colours.of_phrase(corner)} if corner else {}


def _flipping(text: str) -> Wishes:
    if not re.search(r"\b(?:flip\w*|mirror\w*)\b", text):
        return {}
    down = re.search(r"\bvertical(?:ly)?\b|\bupside[- ]down\b|\btop to bottom\b", text)
    across = re.search(r"\bhorizontal(?:ly)?\b|\bleft to right\b|\bsideways\b", text)
    if re.search(r"\bboth\b", text) or (down and across):
        return {"flip": "both"}
    return {"flip": "vertical" if down else "horizontal"}


def _tones(text: str) -> Wishes:
    found: Wishes = {}
    # "a grayscale dog" is a thing of that colour; "a grayscale picture" is the picture.
    dyed = re.search(rf"\bgrayscale (?!(?:{_AFTER_GREY})\b)[a-z]", text)
    if re.search(r"\b(?:grayscale|monochrom\w*|colou?rless)\b", text) and not dyed:
        found["grayscale"] = True
    if re.search(rf"\b(?:make|making|turn|colour|paint) {_PICTURE} (?:all |completely )?grey\b", text):
        found["grayscale"] = True
    if re.search(r"\bsepia\b", text):
        found["sepia"] = True
    if re.search(r"\bnegative\b(?! space)|\binvert\w*\b|\binverse\b", text):
        found["invert"] = True
    return found


_AFTER_GREY: Final = (
    "photo|photograph|pic|picture|image|version|filter|look|style|copy|effect|mode|please|a|at|for|with|like|by|now|"
    "too|again|rotated|cropped|in"
)


@dataclass(frozen=True, slots=True)
class _Scale:
    """A parameter that goes both ways from 0: its usual step, and the words for up, for down and for itself."""

    usual: float
    up: str
    down: str
    noun: str

    def read(self, text: str) -> float:
        """Return what a clause asks of it, -100 to 100; 0 for nothing."""
        less = bool(_LESS.search(text) or re.search(r"-\d", text))
        if re.search(self.noun, text):
            stated = re.search(r"\b(\d{1,3})\b(?! ?(?:px|x|:|degree|°))", text)
            if not (less or stated or _MORE.search(text) or re.search(self.up, text)):
                return 0
            size = min(float(stated[1]), 100) if stated else _strength(text, self.usual)
            return -size if less else size
        if not re.search(rf"{self.up}|{self.down}", text):
            return 0
        # "less warm" names the other end of the scale.
        lowered = bool(re.search(self.down, text)) != bool(re.search(r"\b(?:less|reduc\w+)\b", text))
        return _strength(text, self.usual) * (-1 if lowered else 1)


def _amounts(text: str) -> Wishes:
    """Read brightness, contrast, saturation and temperature, each up or down."""
    read = {name: scale.read(text) for name, scale in _SCALES.items()}
    return {name: value for name, value in read.items() if value}


_MORE: Final = re.compile(
    r"\b(?:more|higher|increas\w+|rais\w+|boost\w*|add\w*|up|strong\w*|extra|enhanc\w+)\b|\+ ?\d"
)
_SCALES: Final = {
    "brightness": _Scale(
        25,
        up=r"\b(?:bright(?:er|en\w*)|lighte(?:r|n\w*))\b",
        down=r"\b(?:dark(?:er|en\w*)|dim(?:mer|med)?)\b",
        noun=r"\b(?:brightness|exposure|bright)\b",
    ),
    "contrast": _Scale(30, up=r"\b(?:contrasty|punchier)\b", down=r"\bflatter\b", noun=r"\bcontrast\b"),
    "saturation": _Scale(
        40,
        up=r"\b(?:vivid|vibrant|saturated?|(?:more )?colourful)\b",
        down=r"\b(?:desaturat\w*|muted?|duller|paler)\b",
        noun=r"\bsaturation\b",
    ),
    "temperature": _Scale(
        45, up=r"\bwarm(?:er|ly|th)?\b", down=r"\b(?:cool(?:er)?|cold(?:er)?)\b", noun=r"\btemperature\b"
    ),
}


def _tinting(text: str) -> Wishes:
    word = re.search(
        r"\b(?:tint\w*|ting(?:e|ed)|ton(?:e|ed|ing)|colou?ri[sz]\w+|wash|hue|cast|duotone|overlay)\b", text
    )
    made = re.search(
        rf"\b(?:make|making|turn|colour|paint|dye) {_PICTURE} (?:a (?:bit |little )?|all |more |slightly )*", text
    )
    phrase = colours.PHRASE.match(text, made.end()) if made else None
    phrase = phrase or (colours.PHRASE.search(text) if word else None)
    if phrase is None:
        return {}
    colour = colours.of_phrase(phrase)
    if colours.is_grey(colour):
        return {}
    found: Wishes = {"tint": colour}
    if _PERCENT.search(text) or _WEAK.search(text) or _STRONG.search(text):
        found["tint_strength"] = min(_strength(text, 65), 100)
    return found


def _focus(text: str) -> Wishes:
    if any(re.search(pattern, text) for pattern in _SHARPER):
        return {"sharpen": _strength(text, 50)}
    if not re.search(r"(?<!motion )\b(?:blur(?:red|ry|ring|rier)?|defocus\w*|out of focus)\b", text):
        return {}
    radius = re.search(r"(\d+(?:\.\d+)?) ?(?:px|pixels?)\b", text)
    if radius:
        return {"blur_pixels": min(float(radius[1]), 100), "blur": 0}
    return {"blur": _strength(text, 1.2, 10), "blur_pixels": 0}


_SHARPER: Final = (
    r"\b(?:sharp(?:en\w*|er)?|crisp(?:er)?|more sharpness|un-?blur|de-?blur)\b",
    r"\b(?:increas\w+|boost|add) (?:the )?sharpness\b",
    r"\b(?:less|reduce|reducing) (?:the |its )?blur\w*",
)


def _without_colours(rule: Callable[[str], Wishes]) -> Callable[[str], Wishes]:
    """Hide colours and what describes them: `a darker blue` darkens nothing."""
    return lambda text: rule(colours.PHRASE.sub("colour", text))


_RULES: Final = (
    _background,
    _rotation,
    _filling,
    _flipping,
    cropping,
    resizing,
    _tones,
    _without_colours(_amounts),
    _tinting,
    _focus,
)
