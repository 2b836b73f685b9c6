"""Everything that can be drawn by name: its painter, and how large it is outdoors and on a table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from creative.providers.canvas import animals, creatures, devices, goods, landmarks, nature, things, vehicles
from creative.providers.canvas.colour import Colour
from creative.providers.canvas.dice import Dice
from creative.providers.canvas.frame import Frame
from creative.providers.canvas.light import Light

Painter = Callable[[Frame, Colour | None, Light, Dice], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One thing of the repertoire."""

    paint: Painter
    outdoors: float
    """Its size in a view, as a share of the shorter side."""
    on_table: float = 0.5
    """Its size on a table, as a share of the shorter side."""
    width: float = 0.9
    """Its width in units of its own size, with a little air."""
    indoors: bool = False
    """Whether it stands on a table unless the prompt names a place outdoors."""
    afloat: bool = False
    """Whether it swims, flies or brings its own ground: no bank is needed under it."""


REPERTOIRE: Final = {
    "camera": Part(things.camera, 0.24, 0.56, 1.55, indoors=True),
    "mug": Part(things.mug, 0.2, 0.42, 1.1, indoors=True),
    "bottle": Part(things.bottle, 0.3, 0.5, 0.7, indoors=True),
    "vase": Part(things.vase, 0.32, 0.5, 0.9, indoors=True),
    "pot": Part(things.pot, 0.32, 0.5, 0.95, indoors=True),
    "book": Part(things.book, 0.22, 0.44, 1.2, indoors=True),
    "fruit": Part(things.fruit, 0.2, 0.3, 0.95, indoors=True),
    "lamp": Part(devices.lamp, 0.3, 0.5, 0.85, indoors=True),
    "phone": Part(devices.phone, 0.3, 0.5, 0.8, indoors=True),
    "laptop": Part(devices.laptop, 0.28, 0.52, 1.6, indoors=True),
    "chair": Part(devices.chair, 0.36, 0.5, 1.2, indoors=True),
    "robot": Part(devices.robot, 0.38, 0.5, 1.0, indoors=True),
    "gem": Part(devices.gem, 0.28, 0.42, 1.0, indoors=True),
    "heart": Part(devices.heart, 0.3, 0.46, 1.05, indoors=True),
    "emblem": Part(devices.emblem, 0.3, 0.5, 1.1, indoors=True),
    "clock": Part(goods.clock, 0.26, 0.5, 0.95, indoors=True),
    "headphones": Part(goods.headphones, 0.26, 0.5, 1.3, indoors=True),
    "shoe": Part(goods.shoe, 0.26, 0.54, 1.44, indoors=True),
    "cake": Part(goods.cake, 0.28, 0.5, 1.25, indoors=True),
    "guitar": Part(goods.guitar, 0.34, 0.46, 0.75, indoors=True),
    "umbrella": Part(goods.umbrella, 0.36, 0.52, 1.2, indoors=True),
    "lighthouse": Part(landmarks.lighthouse, 0.5, afloat=True),
    "house": Part(landmarks.house, 0.34, 0.4, 1.2),
    "castle": Part(landmarks.castle, 0.5, 0.4, 1.4),
    "tower": Part(landmarks.tower, 0.5, 0.5, 0.7),
    "windmill": Part(landmarks.windmill, 0.46, 0.5, 1.0),
    "bridge": Part(landmarks.bridge, 0.5, 0.3, 2.0, afloat=True),
    "tent": Part(landmarks.tent, 0.34, 0.4, 1.4),
    "tree": Part(nature.tree, 0.56, 0.5, 1.0),
    "flower": Part(nature.flower, 0.34, 0.5, 0.7),
    "mushroom": Part(nature.mushroom, 0.36, 0.4, 1.0),
    "boat": Part(vehicles.boat, 0.34, 0.46, 1.1, afloat=True),
    "balloon": Part(vehicles.balloon, 0.36, 0.5, 0.85, afloat=True),
    "rocket": Part(vehicles.rocket, 0.5, 0.42, 0.7, afloat=True),
    "car": Part(vehicles.car, 0.4, 0.5, 1.35),
    "bicycle": Part(vehicles.bicycle, 0.46, 0.5, 1.4),
    "train": Part(vehicles.train, 0.4, 0.34, 2.4),
    "planet": Part(devices.planet, 0.5, 0.4, 1.5, afloat=True),
    "bird": Part(creatures.bird, 0.15, 0.4, 1.1, afloat=True),
    "cat": Part(creatures.cat, 0.36, 0.46, 0.85),
    "fish": Part(creatures.fish, 0.44, 0.5, 1.0, afloat=True),
    "person": Part(creatures.person, 0.34, 0.46, 0.6),
    "dog": Part(animals.dog, 0.38, 0.46, 0.85),
    "fox": Part(animals.fox, 0.38, 0.46, 0.85),
    "horse": Part(animals.horse, 0.4, 0.42, 1.3),
    "butterfly": Part(animals.butterfly, 0.3, 0.5, 1.15, afloat=True),
    "whale": Part(animals.whale, 0.5, 0.5, 1.5, afloat=True),
}
INDOORS: Final = frozenset(kind for kind, part in REPERTOIRE.items() if part.indoors)
STANDING: Final = frozenset(kind for kind, part in REPERTOIRE.items() if not part.afloat)
"""Things that need ground under their feet."""
