"""A view outdoors: sky, land or water, and the things that stand, swim or fly in it."""

from typing import Final

from creative.providers.canvas import fields, land, sky, water
from creative.providers.canvas.colour import darker, lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.frame import Frame
from creative.providers.canvas.light import Light
from creative.providers.canvas.repertoire import REPERTOIRE, STANDING
from creative.providers.canvas.scene import Scene, Thing
from creative.providers.canvas.sheet import Point, Sheet
from creative.providers.canvas.weather import paint_weather

_BANK: Final = 0.8
"""Where the near bank of a sea or a lake begins, as a share of the height."""


def place_of(scene: Scene, dice: Dice) -> str:
    """Return where a scene plays: what the prompt names, else what suits its things."""
    named = scene.found.get("place", [])
    for place in named:
        if place not in ("table", "road"):
            return "lake" if place == "mountain" and "lake" in named else place
    kinds = {thing.kind for thing in scene.things}
    for kind, place in (
        ("lighthouse", "sea"),
        ("boat", "sea"),
        ("fish", "underwater"),
        ("whale", "underwater"),
        ("rocket", "space"),
        ("planet", "space"),
        ("bridge", "lake"),
        ("car", "city"),
    ):
        if kind in kinds:
            return place
    return "hill" if kinds else dice.one_of(("mountain", "hill", "sea", "lake", "forest", "desert"))


def paint_outdoors(sheet: Sheet, light: Light, scene: Scene, dice: Dice) -> None:
    """Paint the view."""
    place = place_of(scene, dice.of("place"))
    horizon = {"sea": 0.56, "lake": 0.55, "mountain": 0.62, "forest": 0.5, "city": 0.6}.get(place, 0.58)
    horizon += dice.between(-0.025, 0.025)
    if place == "underwater":
        water.paint_deep(sheet, scene, dice.of("deep"))
    elif place == "space":
        _space(sheet, scene, dice.of("space"))
    else:
        sun = sky.paint_sky(sheet, light, scene, horizon, dice.of("sky"))
        _ground(sheet, light, scene, place, horizon, sun, dice)
        if place in ("hill", "mountain", "desert", "forest") and scene.has("place", "road"):
            fields.paint_road(sheet, light, horizon + (0.1 if place == "mountain" else 0.0), dice.of("road"))
    if place in ("sea", "lake") and any(thing.kind in STANDING for thing in scene.things):
        _bank(sheet, light, place, dice.of("bank"))
    _things(sheet, light, scene, place, horizon, dice.of("things"))
    if place not in ("space", "underwater"):
        if scene.detail > 0.5:
            _foreground(sheet, light, scene, place, dice.of("front"))
        paint_weather(sheet, light, scene.first("weather"), horizon, dice.of("weather"))


def _ground(sheet: Sheet, light: Light, scene: Scene, place: str, horizon: float, sun: Point, dice: Dice) -> None:
    named = scene.found.get("place", [])
    if "mountain" in named and place != "mountain":
        land.paint_mountains(sheet, light, scene, horizon, dice.of("land"))
    if place == "sea":
        if "hill" in named or dice.chance(0.4):
            _headland(sheet, light, horizon, dice.of("head"))
        water.paint_sea(sheet, light, scene, horizon, sun, dice.of("water"))
    elif place == "lake":
        if "mountain" not in named:
            land.paint_mountains(sheet, light, scene, horizon, dice.of("land"))
        _shore(sheet, light, horizon, dice.of("shore"))
        water.mirror(sheet, light, scene, horizon + 0.03, dice.of("water"))
    elif place == "mountain":
        land.paint_mountains(sheet, light, scene, horizon, dice.of("land"))
        land.paint_hills(sheet, light, scene, horizon + 0.1, dice.of("hills"))
    elif place == "forest":
        land.paint_forest(sheet, light, scene, horizon, dice.of("land"))
    elif place == "desert":
        land.paint_dunes(sheet, light, scene, horizon, dice.of("land"))
    elif place == "city":
        land.paint_city(sheet, light, scene, horizon, dice.of("land"))
    else:
        land.paint_hills(sheet, light, scene, horizon, dice.of("land"))


def _headland(sheet: Sheet, light: Light, horizon: float, dice: Dice) -> None:
    """Paint a far coast on one side of the horizon."""
    tone = mix(light.leaf, light.air, 0.62)
    left = dice.chance(0.5)
    crest: list[Point] = []
    for step in range(21):
        share = step / 20
        x = share * 0.5 if left else 1 - share * 0.5
        crest.append((x, horizon - sheet.y_of(0.075) * (1 - share) ** 0.8 * dice.between(0.75, 1.1)))
    edge = 0.0 if left else 1.0
    sheet.shade(
        [(edge, horizon + 0.01), *crest, (crest[-1][0], horizon + 0.01)], (tone, mix(tone, light.air, 0.4))
    )


def _bank(sheet: Sheet, light: Light, place: str, dice: Dice) -> None:
    """Paint the near bank on which things stand: sand by the sea, grass by a lake."""
    sand = mix(mix((226, 200, 156), light.sky[2], 0.2), light.shade, light.dim * 0.7)
    tone = sand if place == "sea" else light.ground
    parts = land.waves(dice)
    crest = [(x / 40, _BANK + 0.012 * land.rolling(parts, x / 40)) for x in range(-1, 42)]
    foam = [(x, y - 0.008) for x, y in crest]
    sheet.fill([*foam, (1.05, 1.05), (-0.05, 1.05)], lighter(light.sky[3], 0.3), 0.55)
    sheet.shade([*crest, (1.05, 1.05), (-0.05, 1.05)], (darker(tone, 0.12), tone, darker(tone, 0.16)))


def _shore(sheet: Sheet, light: Light, horizon: float, dice: Dice) -> None:
    """Paint the wooded far shore of a lake."""
    tone = mix(mix(light.leaf, light.shade, 0.35), light.air, 0.22)
    line: list[Point] = [(-0.02, horizon + 0.04)]
    steps = 150
    parts = land.waves(dice)
    for step in range(steps + 1):
        x = step / steps
        tall = 0.03 + 0.018 * land.rolling(parts, x)
        line.append((x, horizon + 0.03 - sheet.y_of(tall * dice.between(0.6, 1.25))))
    sheet.shade([*line, (1.02, horizon + 0.04)], (mix(tone, light.sun, 0.12), tone))


def _space(sheet: Sheet, scene: Scene, dice: Dice) -> None:
    """Paint stars, a nebula and a far world."""
    tint = scene.place_colours.get("space") or (scene.colours[0] if scene.colours else (92, 70, 150))
    sheet.backdrop(((8, 8, 24), mix((12, 12, 36), tint, 0.22), (10, 10, 30)))
    for _ in range(7):
        cloud = dice.one_of((tint, mix(tint, (40, 130, 170), 0.6), mix(tint, (220, 90, 130), 0.6)))
        at = (dice.between(0.05, 0.95), dice.between(0.1, 0.9))
        sheet.glow(at, dice.between(0.3, 0.65), cloud, 0.42, flat=dice.between(0.4, 0.9))
    for _ in range(320):
        bright = dice.between(0.1, 1) ** 2
        sheet.disc(
            (dice.between(0, 1), dice.between(0, 1)),
            0.0008 + 0.0022 * bright,
            mix((70, 80, 130), (255, 252, 244), bright),
        )
    if not any(thing.kind == "planet" for thing in scene.things):
        at = (dice.one_of((0.2, 0.8)), 0.86)
        world = mix(tint, (60, 110, 150), 0.5)
        sheet.glow(at, 0.75, lighter(world, 0.3), 0.5)
        sheet.shade(sheet.ring(at, 0.4, 0.4, 72), (lighter(world, 0.35), world, darker(world, 0.7)))


def _things(sheet: Sheet, light: Light, scene: Scene, place: str, horizon: float, dice: Dice) -> None:
    """Place the things: the first is the hero, the others stand apart from it, the small ones in front."""
    shown = scene.things[:4]
    field = [thing for thing in shown if thing.kind == "flower" and thing.count in (1, 3, 5)]
    if field and place in ("hill", "mountain"):
        fields.paint_flowers(sheet, light, horizon, field[0].colour, dice.of("field"))
        shown.remove(field[0])
    if not shown and place == "underwater":
        shown = [Thing("fish", None, 3)]
    hero_x = dice.one_of((0.36, 0.64)) if len(shown) > 1 else dice.one_of((0.38, 0.5, 0.6))
    spots = [hero_x, 1 - hero_x + dice.between(-0.05, 0.05), 0.5, 0.14]
    # A planet is far away whatever its place in the prompt is.
    for order, thing in sorted(enumerate(shown), key=lambda one: one[1].kind != "planet"):
        part, rng = REPERTOIRE[thing.kind], dice.of(f"{thing.kind}{order}")
        for place_in_group in range(min(thing.count, 7)):
            at, scale = _spot(thing, place, horizon, spots[order], place_in_group, rng)
            if place_in_group and thing.kind in ("bridge", "castle", "lighthouse"):
                break
            size = part.outdoors * thing.size * scale * (1.0 if order == 0 else 0.82)
            if thing.kind == "planet" and len(shown) > 1:
                at, size = (0.26 if hero_x > 0.5 else 0.74, 0.42), size * 0.7
            flip = rng.chance(0.5) if thing.kind not in ("bridge", "flower", "castle") else False
            frame = Frame(sheet, at, size, flip=flip)
            part.paint(frame, thing.colour, light, rng.of(str(place_in_group)))


def _spot(thing: Thing, place: str, horizon: float, x: float, number: int, dice: Dice) -> tuple[Point, float]:
    """Return where the foot of a thing stands, and how much smaller distance makes it."""
    step = (0, -0.24, 0.25, -0.42, 0.42, 0.1, -0.1)[number % 7]
    grouped = thing.count > 1
    scale = (1.0, 0.72, 0.62, 0.5, 0.56, 0.45, 0.4)[number % 7] if grouped else 1.0
    x = min(0.9, max(0.1, (0.5 if grouped and thing.count > 2 else x) + step + dice.between(-0.03, 0.03)))
    return (0.5 if thing.kind == "bridge" else x, _foot(thing.kind, place, horizon, number, scale, dice)), scale


def _foot(kind: str, place: str, horizon: float, number: int, scale: float, dice: Dice) -> float:
    """Return the height at which a thing stands, floats or flies."""
    flying = horizon * (0.78 - 0.16 * (number % 3)) + dice.between(-0.04, 0.04)
    standing = min(0.93, horizon + 0.26 - 0.1 * (1 - scale))
    if place in ("sea", "lake"):
        standing = _BANK + 0.12 - 0.05 * (1 - scale)
    heights = {
        "planet": 0.66,
        "rocket": 0.74 if place == "space" else horizon * 0.98,
        "balloon": flying,
        "bird": flying,
        "butterfly": horizon + 0.02 - 0.1 * (number % 3) + dice.between(-0.04, 0.04),
        "whale": 0.62,
        "fish": 0.62 - 0.2 * (number % 3) + dice.between(-0.04, 0.04),
        "boat": min(0.9, horizon + 0.2 - 0.18 * (1 - scale)),
        "lighthouse": horizon + 0.1 if place in ("sea", "lake") else standing,
        "bridge": horizon + 0.16,
        "castle": standing - 0.06,
        "windmill": standing - 0.06,
        "house": standing - 0.06,
    }
    return heights.get(kind, standing)


def _foreground(sheet: Sheet, light: Light, scene: Scene, place: str, dice: Dice) -> None:
    """Paint grass, flowers or reeds at the foot of the picture, which gives it depth."""
    if place in ("city", "desert", "sea") or scene.has("season", "winter") or scene.has("weather", "snow"):
        return
    tone = darker(mix(light.leaf, light.shade, 0.35), 0.18)
    side = dice.one_of((0.0, 1.0))
    for _ in range(scene.some(120)):
        reach = dice.between(0, 1) ** (1.0 if place in ("hill", "mountain", "forest") else 1.8)
        x = reach if side == 0 else 1 - reach
        tall = sheet.y_of(dice.between(0.03, 0.11) * (1.1 - 0.6 * reach))
        lean = sheet.x_of(dice.between(-0.03, 0.03))
        half = sheet.x_of(0.0028)
        blade = mix(tone, light.sun, dice.between(0, 0.16))
        sheet.fill([(x - half, 1.01), (x + lean, 1.0 - tall), (x + half, 1.01)], blade)
    if (
        scene.first("season") in ("spring", "summer", "")
        and light.time != "night"
        and place in ("hill", "mountain")
    ):
        petals = dice.one_of(
            (
                ((240, 214, 120), (246, 240, 226)),
                ((222, 96, 84), (246, 232, 214)),
                ((170, 120, 190), (244, 214, 226)),
            )
        )
        for _ in range(scene.some(34)):
            at = (dice.between(0, 1), 1 - sheet.y_of(dice.between(0.01, 0.12)))
            sheet.disc(at, dice.between(0.003, 0.007), mix(dice.one_of(petals), light.shade, light.dim))
