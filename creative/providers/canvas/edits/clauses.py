"""Cuts a prompt into clauses, and says of each whether it is a wish at all and whether it means the picture.

"make it grey, without cropping the sky" -> "make it grey" (a wish), "without cropping the sky" (none)
"""

import re
from dataclasses import dataclass
from typing import Final

from creative.providers.canvas.edits import colours

_WORDS_READ: Final = 400
_SPELLINGS: Final = (
    (r"[\u2018\u2019]", "'"),
    (r"[\u00d7]", "x"),
    (r"\b(\d{1,3}),(\d{3})\b", r"\1\2"),
    (r"\bblack[- ](?:and|&|n)[- ]white\b|\bb ?(?:&|/|and) ?w\b|\bbw\b|\bgr[ae]y[- ]?scaled?\b", "grayscale"),
    (r"\b(?:counter|anti)[- ]?clock[- ]?wise\b|\bccw\b", "anticlockwise"),
    (r"\b(\d{1,2}) by (\d{1,2})\b(?! ?(?:px|pixels?))", r"\1:\2"),
    (r"\b(\d{1,2}) ?[/:] ?(\d{1,2})\b", r"\1:\2"),
    (r"\b(\d{2,4}) ?(?:px|pixels?)? ?(?:x|by) ?(\d{2,4})\b", r"\1x\2"),
    (r"\b(?:no|without(?: an?y?| the| its| any)?) background\b", ", remove background"),
    (r"\b(?:no|without(?: any)?) colou?rs?\b", ", grayscale"),
    (r"\bdont\b", "don't"),
    (r"\bper ?cent\b", "%"),
    (r"\bgray", "grey"),
    (r"\bgreyscale\b", "grayscale"),
    (r"\bcolor", "colour"),
    (r"\bcenter", "centre"),
)
_NUMBERS: Final = {
    "five": 5,
    "ten": 10,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty-five": 45,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
}
_SEPARATORS: Final = re.compile(
    r"\s*(?:([;!?\n]|\.(?!\d)|,)|\b(and|then|but|or|nor|plus|also|while|instead)\b)\s*"
)
_NEGATIONS: Final = (
    r"(?:do not|don't|does not|doesn't|must not|mustn't|should not|shouldn't|never|without|not|no|avoid|skip|"
    r"rather than|except|keep|leave|preserve|maintain|retain|undo|stop)"
)
_BEFORE_NEGATION: Final = re.compile(rf"\s+(?=\b{_NEGATIONS}\b)")
_NEGATED: Final = re.compile(rf"(?:please |and |just )*{_NEGATIONS}\b")
_REMOVING: Final = re.compile(r"\b(?:remov|delet|eras|get(?:ting)? rid of|tak(?:e|ing) (?:away|out|off))")
_IMPERATIVES: Final = "make turn give convert please just only apply add set let have i it"
_VERBS: Final = re.compile(
    r"\b(?:make|making|turn(?:ing)?|convert(?:ing)?|render|add(?:ing)?|apply|give|blur\w*|sharpen\w*|rotat\w+|"
    r"flip\w*|mirror\w*|crop\w*|trim|resiz\w+|scal\w+|enlarg\w+|shrink\w*|reduc\w+|brighten\w*|lighten\w*|"
    r"darken\w*|tint\w*|colou?ri[sz]\w+|invert\w*|desaturat\w+|saturat\w+|warm|cool|soften|dim)\b"
)
_PLACES: Final = re.compile(
    r"\b(?:of|in|on|around|behind|over)(?= (?:the|a|an|my|her|his|their|its|our|your|this|that)\b)"
)
_PASSED_OVER: Final = (
    "the a an my her his their its our your these those some any more less very quite bit little touch "
    "tad lot slight strong soft gentle heavy light subtle much out up down back whole entire full "
    "complete overall original input first given attached of nice good clean final all so too me us "
    "please somewhat further golden"
)
_MEANT: Final = (
    "it this that them everything picture image photo photograph pic result region area part selection "
    "masked mask drawing painting canvas file screenshot logo illustration graphic artwork icon scan "
    "version copy variant look style filter effect mode format size resolution pixels width height side "
    "sides dimensions shape ratio aspect contrast brightness saturation exposure sharpness warmth "
    "temperature tones tone hue colours colour background backdrop left right top bottom centre "
    "middle half twice double triple quarter third clockwise anticlockwise upside vertical horizontal "
    "horizontally vertically square portrait landscape widescreen smaller bigger larger thumbnail by to "
    "at with from in as for on so until using per into percent degree degrees deg px times sideways cw "
    "negative inverse inverted mirrored flipped rotated resized sized cropped way round around factor "
    "scale transparent focus axis longest longer long short wide high tall"
)
_EFFECT: Final = re.compile(
    r"blur|sharp|crisp|sepia|grayscale|monochrom|warm|cool|cold|tint|wash|cast|tinge|bright|dark|dim|vivid|vibrant|"
    r"mut(?:e|ed)$|satur|contrast|invert|desatur|mirror|flip|crop|rotat|defocus|gaussian|light|\d|#|[+-]\d"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a prompt that wishes for something."""

    text: str
    removing: bool
    """It asks to take something away, so that only the background's rule may read it."""


def clauses(prompt: str) -> list[Clause]:
    """Return the wishes of a prompt that mean the whole picture, in its order and in plain spelling."""
    found = []
    negated, elsewhere, before = False, False, ""
    pieces = _pieces(_spelled(prompt))
    for place, (joint, text) in enumerate(pieces):
        following = pieces[place + 1][0] if place + 1 < len(pieces) else ""
        negated = _is_negated(text, joint, before, following, still=negated)
        short = joint in {"and", ","} and len(text.split()) <= 2
        elsewhere = means_a_part(text) or (elsewhere and short)
        if not negated and not elsewhere:
            found.append(Clause(_with_verb(text, before), removing=bool(_REMOVING.search(text))))
        before = text
    return found


def means_a_part(text: str) -> bool:
    """Return whether a clause speaks of a thing in the picture: `blur the background`, `make her hair red`."""
    return any(_names_a_thing(text[match.end() :]) for match in (*_VERBS.finditer(text), *_PLACES.finditer(text)))


def _names_a_thing(rest: str) -> bool:
    start = rest.lstrip()
    if colours.PHRASE.match(start):
        return False
    for word in start.split()[:6]:
        if word in _PASSED_OVER.split() or word.endswith("ly") or word.isdigit():
            continue
        if word in {"background", "backdrop"}:
            return not re.search(r"\btransparent\b|\bremov|\bcut", rest)
        return not (word in _MEANT.split() or _EFFECT.match(word) or colours.PHRASE.match(word))
    return False


def _spelled(prompt: str) -> str:
    text = " ".join(prompt.casefold().split()[:_WORDS_READ])
    for pattern, plain in _SPELLINGS:
        text = re.sub(pattern, plain, text)
    return re.sub(r"\b(?:forty-five|[a-z]+)\b", lambda word: str(_NUMBERS.get(word[0], word[0])), text)


def _pieces(text: str) -> list[tuple[str, str]]:
    """Return each clause after the word or sign that joins it to the one before."""
    pieces = []
    joint, start = "", 0
    for match in [*_SEPARATORS.finditer(text), None]:
        whole = text[start : match.start() if match else None].strip()
        for place, part in enumerate(_BEFORE_NEGATION.split(whole)):
            if part:
                pieces.append((joint if place == 0 else "", part))
                joint = ""
        if match:
            joint, start = match[1] or match[2], match.end()
    return pieces


def _is_negated(text: str, joint: str, before: str, following: str, *, still: bool) -> bool:
    """Carry a negation on over `or`, and over `and` or a comma between two verbs of one form."""
    if _NEGATED.match(text):
        return True
    if not still or joint not in {"and", "or", "nor", ","}:
        return False
    if joint in {"or", "nor"}:
        return True
    first, last = text.partition(" ")[0], before.rpartition(" ")[2]
    if first in _IMPERATIVES.split() or not (_EFFECT.match(last) or _VERBS.match(last)):
        return False
    alike = first.endswith("ing") == last.endswith("ing")
    return alike and (joint == "and" or first.endswith("ing") or following in {"or", "nor"})


def _with_verb(text: str, before: str) -> str:
    """Let `increase the contrast and brightness` increase both, and `flip across and down` flip both ways."""
    if re.fullmatch(r"vertical(?:ly)?|horizontal(?:ly)?", text) and re.search(r"\b(?:flip|mirror)", before):
        return f"{before} {text}"
    if re.fullmatch(r"(?:the |its )?(?:contrast|brightness|saturation|sharpness|warmth|exposure)", text):
        verb = re.search(
            r"\b(?:increas\w+|rais\w+|boost\w*|more|add|higher|reduc\w+|decreas\w+|lower|less)\b", before
        )
        return f"{verb[0]} {text}" if verb else text
    return text
