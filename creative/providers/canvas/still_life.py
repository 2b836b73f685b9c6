"""A table, a bench or a studio: things in the light of one large window."""

from typing import Final

from PIL import Image, ImageChops, ImageFilter

from creative.providers.canvas.colour import Colour, darker, lighter, mix, turned
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.frame import Frame
from creative.providers.canvas.light import Light
from creative.providers.canvas.repertoire import REPERTOIRE, Part
from creative.providers.canvas.scene import Scene, Thing
from creative.providers.canvas.sheet import Point, Sheet

_WALLS: Final = (
    (158, 184, 182),
    (220, 186, 152),
    (160, 178, 202),
    (220, 184, 172),
    (174, 190, 162),
    (226, 198, 142),
)
_GLOSS: Final = {"steel": 0.34, "marble": 0.24, "wood": 0.1}
"""How strongly a surface mirrors what stands upon it."""
_EDGE: Final = 0.62
"""Where the table begins, as a share of the height."""


def paint_still_life(sheet: Sheet, light: Light, scene: Scene, dice: Dice) -> None:
    """Paint the room, the table and the things upon it."""
    wall = _wall(scene, light, dice.of("wall"))
    homely = any(thing.kind in ("chair", "lamp", "guitar", "cat", "dog") for thing in scene.things)
    surface = scene.first("material") or ("wood" if scene.has("place", "table") or homely else "linen")
    _room(sheet, wall, light, dice.of("room"))
    _table(sheet, surface, wall, dice.of("table"))
    shown = scene.things or [Thing("vase")]
    _arrange(sheet, shown[:3], light, dice.of("things"), gloss=_GLOSS.get(surface, 0.0))


def _wall(scene: Scene, light: Light, dice: Dice) -> Colour:
    """Return the colour of the wall: calm, and apart from the things' own colours."""
    if light.time in ("night", "dusk") or scene.has("mood", "dark"):
        return turned((48, 56, 78), dice.between(-14, 14))
    taken = next((thing.colour for thing in scene.things if thing.colour), None)
    spare = [colour for colour in scene.colours if colour != taken]
    if spare:
        return mix(spare[0], (228, 222, 212), 0.5)
    if taken and max(taken) - min(taken) > 40:
        return mix(turned(taken, dice.one_of((165, 180, 195)), 0.5, 1.0), (216, 212, 202), 0.48)
    return dice.one_of(_WALLS)


def _room(sheet: Sheet, wall: Colour, light: Light, dice: Dice) -> None:
    sheet.backdrop((darker(wall, 0.1), wall, lighter(wall, 0.14)), 0, _EDGE + 0.02)
    side = dice.one_of((0.2, 0.26, 0.32))
    sheet.glow((side, 0.26), 1.05, lighter(wall, 0.62), 0.75)
    late = light.time in ("night", "dusk")
    warm = (150, 176, 224) if late else mix(lighter(wall, 0.7), (255, 236, 196), 0.5)
    for row in range(2):
        for column in range(2):
            left, top = side - 0.12 + 0.155 * column, 0.06 + 0.2 * row
            skew = 0.05
            pane = [(left, top + skew), (left + 0.14, top), (left + 0.14, top + 0.17), (left, top + 0.17 + skew)]
            sheet.fill(pane, warm, 0.16 if late else 0.34)


def _table(sheet: Sheet, surface: str, wall: Colour, dice: Dice) -> None:
    if surface == "steel":
        _steel(sheet, wall, dice)
    elif surface == "wood":
        _wood(sheet, dice)
    elif surface == "marble":
        _marble(sheet, dice)
    else:
        tone = lighter(mix(wall, (240, 234, 222), 0.5), 0.1)
        sheet.backdrop((darker(tone, 0.16), tone, lighter(tone, 0.2)), _EDGE, 1)
        sheet.glow((0.5, _EDGE), 0.8, darker(tone, 0.1), 0.5, flat=0.12)


def _steel(sheet: Sheet, wall: Colour, dice: Dice) -> None:
    """Brushed stainless steel: a bright back edge, fine strokes, the wall mirrored softly."""
    tone = mix((168, 176, 184), wall, 0.12)
    sheet.backdrop(
        (darker(tone, 0.14), lighter(tone, 0.2), tone, darker(tone, 0.22), darker(tone, 0.36)), _EDGE, 1
    )
    sheet.backdrop((lighter(tone, 0.8), lighter(tone, 0.4)), _EDGE - 0.004, _EDGE + 0.006)
    for _ in range(170):
        near = dice.between(0, 1)
        y = _EDGE + 0.015 + (1 - _EDGE) * near
        length = dice.between(0.06, 0.34)
        x = dice.between(-0.1, 1.0)
        stroke = lighter(tone, 0.4) if dice.chance(0.5) else darker(tone, 0.22)
        sheet.fill([(x, y), (x + length, y), (x + length, y + 0.0016), (x, y + 0.0016)], stroke, 0.26)
    sheet.glow((0.3, _EDGE + 0.1), 0.5, (250, 252, 252), 0.5, flat=0.16)


def _wood(sheet: Sheet, dice: Dice) -> None:
    tone = turned(dice.one_of(((158, 112, 76), (132, 90, 62), (186, 142, 100))), dice.between(-4, 4))
    sheet.backdrop((darker(tone, 0.28), tone, lighter(tone, 0.1), darker(tone, 0.14)), _EDGE, 1)
    for board in range(-6, 8):
        near, far = 0.5 + board * 0.22, 0.5 + board * 0.09
        sheet.fill(
            [(far, _EDGE), (far + 0.0016, _EDGE), (near + 0.005, 1.01), (near, 1.01)], darker(tone, 0.45), 0.6
        )
    for _ in range(90):
        share = dice.between(0, 1)
        y = _EDGE + 0.01 + (1 - _EDGE) * share
        x, length = dice.between(-0.1, 1), dice.between(0.04, 0.2)
        grain = darker(tone, 0.25) if dice.chance(0.6) else lighter(tone, 0.16)
        sheet.fill(
            [(x, y), (x + length * 0.5, y - 0.0012), (x + length, y), (x + length * 0.5, y + 0.0012)], grain, 0.5
        )
    sheet.backdrop((darker(tone, 0.5), darker(tone, 0.3)), _EDGE - 0.002, _EDGE + 0.004)
    sheet.glow((0.34, _EDGE + 0.12), 0.55, (255, 232, 196), 0.32, flat=0.2)


def _marble(sheet: Sheet, dice: Dice) -> None:
    tone = (222, 222, 220)
    sheet.backdrop((darker(tone, 0.16), tone, lighter(tone, 0.5), darker(tone, 0.1)), _EDGE, 1)
    for _ in range(9):
        x, y = dice.between(-0.1, 1), _EDGE + 0.02
        vein = [(x, y)]
        while y < 1.02:
            x, y = x + dice.between(-0.03, 0.07), y + dice.between(0.02, 0.06)
            vein.append((x, y))
        sheet.line(vein, darker(tone, dice.between(0.08, 0.26)), dice.between(0.001, 0.004))
    sheet.backdrop((lighter(tone, 0.8), darker(tone, 0.1)), _EDGE - 0.003, _EDGE + 0.004)


def _arrange(sheet: Sheet, shown: list[Thing], light: Light, dice: Dice, *, gloss: float) -> None:
    """Stand the things on the table: one large in the middle, or a small group, the first in front."""
    placed = [
        Thing(thing.kind, thing.colour, 1, thing.size)
        for thing in shown
        for _ in range(1 if thing.kind in ("book", "vase") else min(thing.count, 4))
    ][:5]
    spans = [_part(thing).width * _part(thing).on_table * thing.size for thing in placed]
    room = sheet.w / sheet.u * 0.9
    scale = min(1.3 if len(placed) == 1 else 1.15, room / sum(spans), sheet.h / sheet.u * 1.3)
    x = 0.5 - sheet.x_of(sum(spans) * scale) / 2
    foot = _EDGE + (0.2 if len(placed) == 1 else 0.17)
    standing = []
    for place, thing in enumerate(placed):
        width = sheet.x_of(spans[place] * scale)
        step = 0.0 if gloss or len(placed) == 1 else (0.0, 0.05, 0.015, 0.055, 0.01)[place]
        size = _part(thing).on_table * scale * thing.size
        standing.append((thing, (x + width / 2, foot + step), size, dice.of(f"{thing.kind}{place}")))
        x += width
    if gloss:
        plain = sheet.image.copy()
        _stand(sheet, standing, light)
        _mirror(sheet, plain, foot, gloss)
    _stand(sheet, sorted(standing, key=lambda one: one[1][1]), light)


def _part(thing: Thing) -> Part:
    return REPERTOIRE[thing.kind]


def _stand(sheet: Sheet, standing: "list[tuple[Thing, Point, float, Dice]]", light: Light) -> None:
    for thing, foot, size, dice in standing:
        _part(thing).paint(Frame(sheet, foot, size), thing.colour, light, dice.of("strokes"))


def _mirror(sheet: Sheet, plain: Image.Image, foot: float, gloss: float) -> None:
    """Go on upon the plain sheet, with all that was painted over it mirrored softly below the foot."""
    line = round(foot * sheet.h)
    depth = sheet.h - line
    box = (0, max(0, line - depth), sheet.w, line)
    small = (sheet.w // 4, max(1, (box[3] - box[1]) // 4))
    painted = sheet.image.crop(box).resize(small, Image.Resampling.BOX)
    bare = plain.crop(box).resize(small, Image.Resampling.BOX)
    changed = ImageChops.difference(painted, bare).convert("L").point([0] * 6 + [255] * 250)
    fade = Image.linear_gradient("L").resize(small).point([round(gloss * step) for step in range(256)])
    mask = ImageChops.multiply(changed, fade).filter(ImageFilter.GaussianBlur(2))
    size = (box[2] - box[0], box[3] - box[1])
    flip = Image.Transpose.FLIP_TOP_BOTTOM
    plain.paste(
        painted.transpose(flip).resize(size, Image.Resampling.BILINEAR),
        (0, line),
        mask.transpose(flip).resize(size, Image.Resampling.BILINEAR),
    )
    sheet.replace(plain)
