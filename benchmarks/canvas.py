"""How long `canvas.draft` and `canvas.edit` take for 1024 pixels, against a plain task of Pillow in the same run.

.venv/bin/python -m benchmarks.canvas
"""

import io
import statistics
import time
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFilter

from creative.providers.base import InputPicture, ProviderCall
from creative.providers.canvas import Adapter

PROMPTS = (
    "A compact field camera on a stainless workbench",
    "A lighthouse above a calm teal sea at golden hour",
    "Snowy mountains by a lake under the moon",
    "City skyline at night in the rain",
    "Abstract flowing shapes in blue and orange",
    "A forest in winter",
)
EDITS = (
    "Make it black and white and rotate it 90 degrees clockwise",
    "Remove the background",
    "Blur it, tint it teal and rotate it 20 degrees",
    "Half size",
)
PARAMETERS = {
    "aspect_ratio": "1:1",
    "long_side": 1024,
    "style": "auto",
    "palette": "auto",
    "detail": "high",
    "texture": "paper",
    "output_format": "png",
    "quality": 90,
}
ROUNDS = 3


def baseline() -> None:
    """Blur a picture of 2048 pixels, shrink it and write it as PNG: what any renderer of this size must do."""
    image = Image.linear_gradient("L").resize((2048, 2048)).convert("RGB").filter(ImageFilter.BoxBlur(3))
    image.reduce(2).save(io.BytesIO(), "PNG")


def paint(prompt: str) -> None:
    """Paint one picture through the port."""
    Adapter().generate(ProviderCall("create", "draft", prompt, PARAMETERS, 1, (), 60, None, lambda _: None))


def source() -> InputPicture:
    """Draw a disc on white, for the edits."""
    image = Image.new("RGB", (1024, 1024), "white")
    ImageDraw.Draw(image).ellipse((200, 200, 824, 824), fill=(200, 60, 40))
    file = io.BytesIO()
    image.filter(ImageFilter.BoxBlur(1)).save(file, "PNG")
    return InputPicture(file.getvalue(), "image/png", *image.size)


def edit(prompt: str) -> None:
    """Edit one picture through the port."""
    Adapter().generate(ProviderCall("edit", "edit", prompt, {}, 1, (SOURCE,), 60, None, lambda _: None))


SOURCE = source()


def seconds(work: Callable[..., None], *words: str) -> float:
    """Return the median of the CPU seconds of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work(*words)
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def main() -> None:
    """Print a line a prompt: CPU seconds, and how many baselines that is."""
    base = seconds(baseline)
    print(f"baseline {base:.3f} s")
    for work, prompts in ((paint, PROMPTS), (edit, EDITS)):
        for prompt in prompts:
            taken = seconds(work, prompt)
            print(f"{taken:.3f} s  {taken / base:5.2f} baselines  {prompt}")


if __name__ == "__main__":
    main()
