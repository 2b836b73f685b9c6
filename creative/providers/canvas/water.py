"""Water: the sea with its path of light, a lake that mirrors, and the deep."""

from PIL import Image

from creative.providers.canvas.colour import Colour, darker, lighter, mix
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.light import Light
from creative.providers.canvas.scene import Scene
from creative.providers.canvas.sheet import Point, Sheet, gradient, smooth


def paint_sea(sheet: Sheet, light: Light, scene: Scene, horizon: float, sun: Point, dice: Dice) -> None:
    """Paint the open sea from the horizon down, with the sun's or the moon's path upon it."""
    tint = scene.place_colours.get("sea")
    deep = mix(tint, light.shade, light.dim * 0.7) if tint else light.water
    sheet.backdrop(
        (mix(light.sky[3], deep, 0.45), mix(deep, light.sky[2], 0.15), deep, darker(deep, 0.35)), horizon, 1
    )
    _ripples(sheet, horizon, deep, light, dice.of("ripples"))
    if light.time != "overcast":
        _path(sheet, horizon, sun, light, dice.of("path"))


def _ripples(sheet: Sheet, top: float, deep: Colour, light: Light, dice: Dice) -> None:
    for _ in range(150):
        near = dice.between(0, 1) ** 1.6
        y = top + (1 - top) * (0.015 + 0.98 * near)
        length = (0.012 + 0.11 * near) * dice.between(0.5, 1.5)
        tone = mix(lighter(deep, 0.22), light.sky[2], 0.35) if dice.chance(0.55) else darker(deep, 0.18)
        _dash(sheet, (dice.between(-0.02, 1.02), y), length, 0.0012 + 0.0045 * near, tone, 0.5)


def _path(sheet: Sheet, top: float, sun: Point, light: Light, dice: Dice) -> None:
    for _ in range(110):
        near = dice.between(0, 1) ** 1.25
        y = top + (1 - top) * (0.01 + 0.92 * near)
        spread = sheet.x_of(0.02 + 0.16 * near)
        x = sun[0] + spread * (dice.between(-1, 1) + dice.between(-1, 1)) / 2
        length = (0.01 + 0.05 * near) * dice.between(0.4, 1.2)
        _dash(sheet, (x, y), length, 0.0015 + 0.0035 * near, light.sun, 0.75 * (1 - 0.5 * near))


def _dash(sheet: Sheet, at: Point, length: float, thick: float, tone: Colour, alpha: float) -> None:
    """Paint a short lens of light or shade, as the back of a small wave."""
    width, height = sheet.x_of(length), sheet.y_of(thick)
    sheet.fill(
        [(at[0] - width, at[1]), (at[0], at[1] - height), (at[0] + width, at[1]), (at[0], at[1] + height)],
        tone,
        alpha,
    )


def mirror(sheet: Sheet, light: Light, scene: Scene, shore: float, dice: Dice) -> None:
    """Turn all below the shore into a lake that mirrors what stands above it."""
    top = round(shore * sheet.h)
    depth = sheet.h - top
    taken = min(depth, top)
    tint = scene.place_colours.get("lake")
    deep = mix(tint, light.shade, light.dim * 0.7) if tint else mix(light.water, light.sky[1], 0.2)
    above = sheet.image.crop((0, top - taken, sheet.w, top)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    above = above.resize((sheet.w // 4, max(1, depth // 4)), Image.Resampling.BOX).resize(
        (sheet.w, depth), Image.Resampling.BILINEAR
    )
    tone = gradient((sheet.w, depth), (mix(deep, light.sky[3], 0.5), deep, darker(deep, 0.35)))
    sheet.image.paste(Image.blend(above, tone, 0.42), (0, top))
    _ripples(sheet, shore + 0.02, deep, light, dice.of("ripples"))
    sheet.box(0, shore - 0.0015, 1, shore + 0.0015, lighter(mix(deep, light.sky[3], 0.6), 0.15))


def _weed(sheet: Sheet, at: float, tall: float, lean: float, tone: Colour) -> None:
    """Paint a swaying leaf of weed that grows from the ground."""
    width = sheet.x_of(0.014)
    left = [(at - width, 1.03), (at - width + lean, 1 - tall * 0.35), (at - width * 0.8 - lean, 1 - tall * 0.7)]
    right = [(at + width * 0.8 - lean, 1 - tall * 0.68), (at + width + lean, 1 - tall * 0.33), (at + width, 1.03)]
    sheet.fill(smooth([*left, (at + lean * 0.6, 1 - tall), *right]), tone)


def paint_deep(sheet: Sheet, scene: Scene, dice: Dice) -> None:
    """Paint under water: light from above, reeds and rocks, bubbles."""
    tint = scene.place_colours.get("underwater") or (24, 104, 136)
    sheet.backdrop((lighter(tint, 0.5), lighter(tint, 0.12), tint, darker(tint, 0.62)))
    for _ in range(6):
        x, width = dice.between(-0.1, 1.0), dice.between(0.03, 0.1)
        sheet.fill(
            [(x, -0.02), (x + width, -0.02), (x + width * 2.4 - 0.2, 0.9), (x - 0.25, 0.9)],
            lighter(tint, 0.55),
            0.1,
        )
    for layer in range(2):
        tone = darker(tint, 0.55 + 0.2 * layer)
        for _ in range(9):
            at, tall = dice.between(0, 1), dice.between(0.14, 0.4) * (0.7 + 0.3 * layer)
            _weed(sheet, at, tall, dice.between(-0.05, 0.05), tone)
        sheet.oval((dice.between(0, 1), 1.02), dice.between(0.2, 0.4), 0.09, tone)
    for _ in range(30):
        sheet.disc(
            (dice.between(0, 1), dice.between(0.05, 0.9)), dice.between(0.002, 0.008), lighter(tint, 0.7), 0.5
        )
