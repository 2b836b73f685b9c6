"""The offline edits: each does what it says to the pixel, and to no other pixel."""

import hashlib
import random
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from creative.providers.base import Failure, ProviderError
from creative.providers.canvas.edits import understood
from tests.creative.canvas_edits import BLUE, GREEN, RED, YELLOW, answer, corners, opened, pixel, stored


def dish(background: tuple[int, int, int] = (255, 255, 255), side: int = 200) -> Image.Image:
    """Return a red disc with a white heart on a plain ground, drawn large and made smaller for soft edges."""
    picture = Image.new("RGB", (side * 4, side * 4), background)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((side, side, side * 3, side * 3), fill=RED)
    draw.ellipse((side * 1.8, side * 1.8, side * 2.2, side * 2.2), fill=(255, 255, 255))
    return picture.resize((side, side), Image.Resampling.LANCZOS)


def mask_of_the_left(width: int = 60, height: int = 40) -> Image.Image:
    mask = Image.new("RGBA", (width, height), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, width // 2, height))
    return mask


def same(one: Image.Image, other: Image.Image) -> bool:
    return (
        one.size == other.size
        and ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getbbox() is None
    )


def test_a_right_angle_moves_the_corners_clockwise_and_loses_nothing() -> None:
    turned = opened(corners(), "rotate it 90 degrees clockwise")
    assert turned.size == (40, 60)
    assert [pixel(turned, *at) for at in ((0, 0), (39, 0), (0, 59), (39, 59))] == [BLUE, RED, YELLOW, GREEN]
    assert same(turned.transpose(Image.Transpose.ROTATE_90), corners())


@pytest.mark.parametrize(
    ("degrees", "corner"), [(90, BLUE), (180, YELLOW), (270, GREEN), (-90, GREEN), (-180, YELLOW)]
)
def test_every_right_angle_brings_its_corner_to_the_top_left(degrees: int, corner: tuple[int, int, int]) -> None:
    assert pixel(opened(corners(), rotate=degrees), 0, 0) == corner


def test_a_free_rotation_grows_the_sheet_and_leaves_its_corners_clear() -> None:
    turned = opened(corners(), rotate=30)
    assert turned.size == (72, 65)
    assert pixel(turned, 0, 0)[3] == 0
    assert pixel(turned, 36, 10)[3] == 255
    # Clockwise: the red quarter has gone up and to the right, the blue one to the left.
    assert pixel(turned, 28, 18)[:3] == RED
    assert pixel(turned, 10, 36)[:3] == BLUE


def test_a_fill_closes_the_corners_of_a_free_rotation() -> None:
    turned = opened(corners(), "rotate 45 degrees and fill the corners with navy")
    assert (turned.mode, pixel(turned, 0, 0)) == ("RGB", (34, 52, 110))
    assert pixel(opened(corners(), rotate=45, fill="#010203"), 0, 0) == (1, 2, 3)


@pytest.mark.parametrize(
    ("flip", "corner"), [("horizontal", GREEN), ("vertical", BLUE), ("both", YELLOW), ("none", RED)]
)
def test_a_flip_changes_the_sides(flip: str, corner: tuple[int, int, int]) -> None:
    assert pixel(opened(corners(), flip=flip, scale_percent=200), 0, 0) == corner


def test_a_crop_keeps_the_middle_unless_told_and_changes_no_pixel() -> None:
    assert same(opened(corners(), "crop to a square"), corners().crop((10, 0, 50, 40)))
    assert same(opened(corners(), aspect_ratio="1:1", keep="left"), corners().crop((0, 0, 40, 40)))
    assert same(opened(corners(), aspect_ratio="16:9", keep="bottom"), corners().crop((0, 6, 60, 40)))


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ({"width": 30}, (30, 20)),
        ({"height": 80}, (120, 80)),
        ({"long_side": 90}, (90, 60)),
        ({"scale_percent": 50}, (30, 20)),
        ({"width": 50, "height": 50}, (50, 50)),
        ({"aspect_ratio": "1:1", "width": 32}, (32, 32)),
        ({"scale_percent": 1}, (24, 16)),
        ({"long_side": 4096}, (4096, 2731)),
    ],
)
def test_a_resize_keeps_the_shape_and_the_bounds(given: dict[str, Any], size: tuple[int, int]) -> None:
    assert opened(corners(), **given).size == size


def test_two_sides_crop_and_never_distort() -> None:
    squared = opened(corners(), width=40, height=40)
    assert same(squared, corners().crop((10, 0, 50, 40)))


def test_black_and_white_has_equal_channels_of_the_old_luminance() -> None:
    grey = opened(corners(), "make it black and white").convert("RGB")
    red, green, blue = grey.split()
    assert red.tobytes() == green.tobytes() == blue.tobytes() == corners().convert("L").tobytes()


@pytest.mark.parametrize(
    "given", [{"tint": "sea-green"}, {"tint": "#8800ff", "tint_strength": 100}, {"sepia": True}]
)
def test_a_tint_keeps_the_luminance_and_changes_the_hue(given: dict[str, Any]) -> None:
    ramp = Image.linear_gradient("L").convert("RGB")
    tinted = opened(ramp, **given)
    assert max(ImageChops.difference(tinted.convert("L"), ramp.convert("L")).tobytes()) <= 2
    assert len(set(pixel(tinted, 128, 128))) > 1


def test_warm_adds_red_and_cool_adds_blue() -> None:
    grey = Image.new("RGB", (20, 20), (120, 120, 120))
    red, _, blue = pixel(opened(grey, "make it warmer"), 5, 5)
    assert red > 120 > blue
    red, _, blue = pixel(opened(grey, "cooler"), 5, 5)
    assert red < 120 < blue


def test_light_and_contrast_keep_black_and_white() -> None:
    ramp = Image.linear_gradient("L").convert("RGB")
    for changed in (opened(ramp, brightness=60), opened(ramp, brightness=-60), opened(ramp, contrast=60)):
        assert (pixel(changed, 0, 0), pixel(changed, 0, 255)) == ((0, 0, 0), (255, 255, 255))
    assert pixel(opened(ramp, brightness=60), 0, 100)[0] > 100 > pixel(opened(ramp, brightness=-60), 0, 100)[0]
    assert pixel(opened(ramp, contrast=60), 0, 64)[0] < 64 < pixel(opened(ramp, contrast=-60), 0, 64)[0]


def test_saturation_at_its_least_leaves_no_colour() -> None:
    assert len(set(pixel(opened(corners(), saturation=-100), 0, 0))) == 1


def test_inverting_twice_gives_the_picture_back() -> None:
    negative = opened(corners(), "invert the colours")
    assert pixel(negative, 0, 0) == tuple(255 - part for part in RED)
    assert same(opened(negative, invert=True), corners())


def test_a_blur_mixes_neighbours_and_a_sharpening_parts_them() -> None:
    soft = corners(200, 200).filter(ImageFilter.GaussianBlur(1.5))
    blurred = pixel(opened(corners(200, 200), blur=2), 100, 20)
    assert RED[1] < blurred[1] < GREEN[1]
    steep = opened(soft, sharpen=80)
    assert pixel(steep, 101, 20)[1] > pixel(soft, 101, 20)[1]


def test_a_blur_is_relative_to_the_shorter_side() -> None:
    small, large = opened(corners(100, 100), blur=5), opened(corners(400, 400), blur=5)
    assert max(ImageChops.difference(large.reduce(4), small).tobytes()) <= 12


@pytest.mark.parametrize("ground", [(255, 255, 255), (40, 160, 80), (12, 12, 14), (200, 205, 210)])
def test_a_plain_background_becomes_clear_and_the_thing_stays(ground: tuple[int, int, int]) -> None:
    cut = opened(dish(ground), "remove the background")
    assert cut.mode == "RGBA"
    assert [pixel(cut, *at)[3] for at in ((0, 0), (199, 0), (100, 10), (0, 199))] == [0, 0, 0, 0]
    assert pixel(cut, 70, 100) == (*RED, 255)
    # What does not hang together with the border is no background, even in its colour.
    assert pixel(cut, 100, 100) == (255, 255, 255, 255)


def test_the_edge_of_a_cut_is_soft_and_has_no_fringe_of_the_background() -> None:
    cut = opened(dish((255, 255, 255)), remove_background=True)
    pixels = [pixel(cut, x, y) for x in range(200) for y in range(200)]
    edge = [bands for bands in pixels if 40 < bands[3] < 230]
    assert len(edge) > 50
    assert max(green for _, green, *_ in edge) < 90, "a mixture with white would be up to 220"


def test_noise_and_compression_leave_no_specks() -> None:
    grains = bytes(random.Random(1).choices(range(110, 147), k=200 * 200))  # noqa: S311 - no secret
    noise = Image.merge("RGB", [Image.frombytes("L", (200, 200), grains)] * 3)
    grainy = ImageChops.add(dish((220, 220, 220)), noise, 1, -128)
    alpha = opened(stored(grainy, "JPEG", quality=80), remove_background=True).getchannel("A")
    assert alpha.crop((0, 0, 200, 45)).getextrema()[1] == 0
    assert alpha.crop((70, 80, 85, 120)).getextrema()[0] == 255


def test_a_background_that_is_not_plain_is_left_alone_with_a_sentence() -> None:
    with pytest.raises(ProviderError, match="not plain") as caught:
        answer(corners(), "remove the background")
    assert caught.value.failure is Failure.FAILED
    with pytest.raises(ProviderError, match="nothing would be left"):
        answer(Image.new("RGB", (40, 40), RED), remove_background=True, prompt="")


def test_a_background_that_is_clear_already_stays_clear() -> None:
    once = opened(dish(), remove_background=True)
    assert opened(once, remove_background=True).tobytes() == once.tobytes()


def test_a_mask_keeps_everything_outside_to_the_pixel() -> None:
    source = dish()
    mask = mask_of_the_left(200, 200)
    edits: list[dict[str, Any]] = [{"grayscale": True}, {"blur": 5}, {"invert": True}, {"remove_background": True}]
    for given in edits:
        changed = opened(source, mask=mask, **given).convert("RGBA")
        right = (100, 0, 200, 200)
        assert changed.crop(right).tobytes() == source.convert("RGBA").crop(right).tobytes(), given
        left = (0, 0, 100, 200)
        assert changed.crop(left).tobytes() != source.convert("RGBA").crop(left).tobytes(), given


def test_a_mask_follows_the_picture_when_it_turns_and_does_not_stop_it() -> None:
    turned = opened(corners(), "rotate it 90 degrees clockwise and make it grayscale", mask_of_the_left())
    # The left half, which may change, is the upper half now.
    assert len(set(pixel(turned, 5, 5))) == 1
    assert pixel(turned, 5, 55) == YELLOW


def test_an_alpha_survives_in_png_and_webp_and_is_white_in_jpeg() -> None:
    clear = corners().convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 30, 20))
    for form in ("png", "webp"):
        assert pixel(opened(clear, grayscale=True, output_format=form), 3, 3)[3] == 0
    red, green, blue = pixel(opened(clear, grayscale=True, output_format="jpeg"), 3, 3)
    assert min(red, green, blue) >= 250


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_file_can_have_the_inputs_own_format(kind: str) -> None:
    source = stored(corners(), kind)
    assert opened(source, flip="both", output_format="input").format == kind
    assert opened(source, flip="both").format == "PNG"


def test_a_file_holds_the_picture_and_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x010E] = "canary"
    for kind in ("png", "jpeg", "webp"):
        made = answer(stored(corners(), "JPEG", exif=exif, comment=b"canary"), "flip it", output_format=kind)
        assert b"canary" not in made.data
        assert b"Exif" not in made.data


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_picture_can_be_edited(mode: str) -> None:
    source = Image.new(mode, (20, 30)) if mode == "I;16" else corners(20, 30).convert(mode)
    assert opened(source, "rotate left and make it sepia").size == (30, 20)


def test_a_large_input_is_made_smaller_first() -> None:
    assert opened(stored(corners(5000, 1000), "JPEG"), flip="both", output_format="jpeg").size == (4096, 819)


def test_the_same_call_gives_the_same_bytes() -> None:
    prompt = "tint it teal, blur it a little and rotate 20 degrees"
    digests = {hashlib.sha256(answer(corners(), prompt).data).hexdigest() for _ in range(3)}
    assert len(digests) == 1


@pytest.mark.parametrize(
    "prompt", ["hello world", "put a hat on the dog", "make it look like a painting by Monet", ""]
)
def test_a_prompt_of_which_nothing_is_understood_is_refused_with_what_can_be_done(prompt: str) -> None:
    assert understood(prompt, {"aspect_ratio": "auto", "output_format": "png", "quality": 90}) == []
    with pytest.raises(ProviderError, match="remove a plain background") as caught:
        answer(corners(), prompt)
    assert caught.value.failure is Failure.FAILED


def test_parameters_win_over_words() -> None:
    assert pixel(opened(corners(), "rotate it 90 degrees", rotate=180), 0, 0) == YELLOW
    assert opened(corners(), "half size", width=120).size == (120, 80)
    assert pixel(opened(corners(), "grayscale and flip it", grayscale=False), 0, 0) == GREEN
    assert opened(corners(), "resize to 50x20", aspect_ratio="1:1").size == (50, 50)
