"""The offline renderer: the same input gives the same picture, and every word and parameter acts."""

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from creative import offers
from creative.catalogue import controls
from creative.providers.base import ProviderCall, ProviderResult
from creative.providers.canvas import Adapter
from tests.environment import REPOSITORY, for_tests

SMALL = {"long_side": 256, "seed": 1}
PROGRAM = """
import hashlib, json, sys
from creative.providers.base import ProviderCall
from creative.providers.canvas import Adapter
parameters = json.loads(sys.argv[2])
made = Adapter().generate(ProviderCall("create", "draft", sys.argv[1], parameters, 1, (), 60, None, print))
print(hashlib.sha256(made.pictures[0].data).hexdigest())
"""


def parameters(**given: Any) -> dict[str, Any]:
    """Return complete parameters, with the catalogue's defaults where nothing is given."""
    applied = controls.apply(
        offers.described("canvas.draft"),
        model_parameters=SMALL | given,
        aspect_ratio=None,
        output_format=None,
        output_count=1,
    )
    assert not applied.errors
    return applied.parameters


def made(prompt: str = "A red boat on a lake", count: int = 1, **given: Any) -> ProviderResult:
    call = ProviderCall("create", "draft", prompt, parameters(**given), count, (), 60, None, lambda _: None)
    return Adapter().generate(call)


def data(prompt: str = "A red boat on a lake", **given: Any) -> bytes:
    return made(prompt, **given).pictures[0].data


def opened(prompt: str = "A red boat on a lake", **given: Any) -> Image.Image:
    return Image.open(io.BytesIO(data(prompt, **given)))


def test_the_same_input_gives_the_same_bytes() -> None:
    assert data() == data()


def test_another_process_paints_the_same_bytes(tmp_path: Path) -> None:
    other = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", PROGRAM, "A red boat on a lake", json.dumps(parameters())],
        cwd=REPOSITORY,
        env=for_tests(tmp_path) | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == hashlib.sha256(data()).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 2},
        {"aspect_ratio": "16:9"},
        {"long_side": 300},
        {"style": "abstract"},
        {"style": "geometric"},
        {"style": "still_life"},
        {"palette": "warm"},
        {"palette": "cool"},
        {"palette": "pastel"},
        {"palette": "vivid"},
        {"palette": "mono"},
        {"palette": "earth"},
        {"palette": "neon"},
        {"texture": "none"},
        {"texture": "canvas"},
        {"texture": "grain"},
    ],
)
def test_each_parameter_acts(other: dict[str, Any]) -> None:
    assert data(**other) != data()


@pytest.mark.parametrize("style", ["scene", "abstract", "geometric"])
def test_detail_acts(style: str) -> None:
    assert data("a hill", style=style, detail="low") != data("a hill", style=style, detail="high")


def test_the_pictures_of_one_call_differ() -> None:
    pictures = [picture.data for picture in made(count=4).pictures]
    assert len(set(pictures)) == 4


@pytest.mark.parametrize("ratio", ["1:1", "3:2", "2:3", "4:3", "3:4", "4:5", "5:4", "16:9", "9:16", "21:9"])
def test_a_picture_has_the_size_that_was_promised(ratio: str) -> None:
    across, down = (int(side) for side in ratio.split(":"))
    width, height = opened(aspect_ratio=ratio).size
    assert max(width, height) == 256
    assert abs(width / height - across / down) < 0.02


@pytest.mark.parametrize(("name", "kind"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_a_file_holds_the_picture_and_nothing_else(name: str, kind: str) -> None:
    picture = opened("A canary in a garden", output_format=name)
    assert picture.format == kind
    picture.load()
    assert picture.mode == "RGB"
    assert not picture.getexif()
    assert not set(picture.info) & {"exif", "icc_profile", "xmp", "comment", "Software", "parameters"}
    assert b"canary" not in data("A canary in a garden", output_format=name)


def test_quality_acts_on_what_is_compressed_with_loss() -> None:
    low, high = (len(data(output_format="jpeg", quality=quality)) for quality in (10, 95))
    assert low < high


def test_the_largest_picture_can_be_painted() -> None:
    assert opened("mountains", long_side=2048, aspect_ratio="16:9").size == (2048, 1152)


@pytest.mark.parametrize(
    "prompt",
    [
        "x",
        " ",
        "🦊🌙✨",
        "منارة فوق البحر",
        "\u202egnp.exe \u0301\u0301",
        "lorem ipsum dolor " * 6000,
        "A" * 100_000,
        "\n\t\r",
        "'; drop table --",
    ],
)
def test_any_prompt_becomes_a_picture(prompt: str) -> None:
    assert opened(prompt).size == (256, 256)
