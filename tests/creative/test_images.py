"""What comes out of a picture from outside: the same picture, upright, in sRGB, and not a byte of its sender's."""

import io
import struct

import pytest
from PIL import Image, ImageCms

from creative import images
from creative.images import NotAPicture
from tests.creative.pictures import (
    SECRET,
    animated,
    encoded,
    full_of_secrets,
    opened,
    png_header,
    scene,
)

RED, BLUE = (255, 0, 0), (0, 0, 255)


def near(seen: object, wanted: tuple[int, ...], by: int = 40) -> bool:
    return isinstance(seen, tuple) and all(abs(a - b) <= by for a, b in zip(seen, wanted, strict=True))


def cleaned(data: bytes) -> Image.Image:
    """The picture that would be stored."""
    return opened(images.clean_upload(data).data)


@pytest.mark.parametrize(
    ("kind", "kept"), [("PNG", "png"), ("JPEG", "jpeg"), ("WEBP", "webp"), ("GIF", "png"), ("AVIF", "png")]
)
def test_jpeg_and_webp_keep_their_kind_and_the_others_become_png(kind: str, kept: str) -> None:
    made = images.clean_upload(encoded(kind))
    assert (made.mime_type, made.received_type) == (f"image/{kept}", f"image/{kind.lower()}")
    assert (made.width, made.height, made.is_first_frame) == (48, 32, False)
    seen = opened(made.data).convert("RGB")
    assert seen.size == (48, 32)
    assert near(seen.getpixel((40, 28)), RED)
    assert near(seen.getpixel((2, 2)), BLUE)


@pytest.mark.parametrize(
    ("mode", "kept"),
    [("1", "L"), ("L", "L"), ("LA", "LA"), ("P", "RGB"), ("RGB", "RGB"), ("RGBA", "RGBA"), ("I;16", "L")],
)
def test_every_mode_of_a_png_becomes_eight_bits_with_its_alpha(mode: str, kept: str) -> None:
    picture = Image.new("I;16", (48, 32), 0x8000) if mode == "I;16" else scene(mode)
    seen = cleaned(encoded("PNG", picture))
    assert (seen.mode, seen.size) == (kept, (48, 32))
    if mode == "I;16":
        assert seen.getpixel((1, 1)) == 0x80
    elif mode not in ("1", "L", "LA"):
        assert near(seen.convert("RGB").getpixel((40, 28)), RED)


def test_transparency_stays_however_it_is_written() -> None:
    clear = scene("RGBA")
    clear.putpixel((5, 5), (0, 0, 0, 0))
    grey = scene("LA")
    grey.putpixel((5, 5), (0, 0))
    palette = scene("P")
    palette.info["transparency"] = palette.getpixel((5, 5))
    keyed = encoded("PNG", scene("RGB"), transparency=(0, 0, 255))
    files = (encoded("PNG", clear), encoded("WEBP", clear), encoded("PNG", grey), encoded("PNG", palette), keyed)
    for data in (*files, encoded("GIF", palette), encoded("AVIF", clear, quality=100)):
        seen = cleaned(data).convert("RGBA")
        assert seen.getpixel((5, 5))[3] == 0  # type: ignore[index]
        assert seen.getpixel((40, 28))[3] == 255  # type: ignore[index]


def test_a_cmyk_picture_becomes_rgb() -> None:
    seen = cleaned(encoded("JPEG", scene("CMYK")))
    assert seen.mode == "RGB"
    assert near(seen.getpixel((40, 28)), RED)


# Where the blue corner of the upright picture is stored under each orientation (TIFF 6.0, tag 274).
TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_picture_is_turned_upright(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turn = TURNS[orientation]
    stored = scene() if turn is None else scene().transpose(turn)
    seen = cleaned(encoded(kind, stored, exif=exif)).convert("RGB")
    assert seen.size == (48, 32)
    assert near(seen.getpixel((2, 2)), BLUE)
    assert near(seen.getpixel((40, 28)), RED)
    assert not seen.getexif()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_location_comments_profiles_and_tails_are_gone(kind: str) -> None:
    data = full_of_secrets(kind)
    assert SECRET in data
    made = images.clean_upload(data).data
    assert SECRET not in made
    assert b"<script" not in made
    seen = Image.open(io.BytesIO(made))
    assert not seen.getexif()
    assert not {"icc_profile", "exif", "comment", "xmp", "Author", "XML:com.adobe.xmp"} & set(seen.info)


def test_colours_are_converted_from_the_profile_of_the_picture() -> None:
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = plain.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")
    other = swapped.replace("sRGB".encode("utf-16-be"), "else".encode("utf-16-be"))
    for kind, mode in (("PNG", "RGB"), ("JPEG", "RGB"), ("PNG", "RGBA")):
        seen = cleaned(encoded(kind, scene(mode), icc_profile=other)).convert("RGB")
        assert near(seen.getpixel((40, 28)), BLUE)  # its red was the blue of everybody else
    same = cleaned(encoded("PNG", icc_profile=plain))
    assert same.getpixel((40, 28)) == RED


def test_a_profile_that_is_none_changes_nothing() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (b"no profile", b"\x00" * 200, lab):
        assert cleaned(encoded("PNG", icc_profile=profile)).getpixel((40, 28)) == RED


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_an_animation_only_the_first_frame_is_kept(kind: str) -> None:
    made = images.clean_upload(animated(kind))
    seen = Image.open(io.BytesIO(made.data))
    assert made.is_first_frame
    assert getattr(seen, "n_frames", 1) == 1
    assert near(seen.convert("RGB").getpixel((40, 28)), RED)


def test_of_a_camera_s_pair_in_one_jpeg_only_the_first_is_kept() -> None:
    data = encoded("MPO", save_all=True, append_images=[scene("L").convert("RGB")])
    made = images.clean_upload(data)
    assert (made.mime_type, made.received_type, made.is_first_frame) == ("image/jpeg", "image/jpeg", True)
    assert opened(made.data).format == "JPEG"
    assert len(made.data) < len(data)


STRANGERS = {
    "SVG": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "HTML": b"\xef\xbb\xbf  <!doctype html><script>alert(1)</script>",
    "PDF": b"%PDF-1.7\n1 0 obj",
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10",
    "TIFF": b"II*\x00\x08\x00\x00\x00",
    "BMP": b"BM" + b"\x00" * 60,
    "ZIP": b"PK\x03\x04" + b"\x00" * 40,
    "HEIC": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1",
    "nothing known": b"no picture at all",
}


@pytest.mark.parametrize("name", STRANGERS)
def test_what_is_no_picture_is_refused_by_its_first_bytes_and_named(name: str) -> None:
    with pytest.raises(NotAPicture, match=name) as refused:
        images.clean_upload(STRANGERS[name])
    assert refused.value.reason == "unknown_kind"


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "PPM", "EPS", "ICO", "TGA", "PCX", "JPEG2000"])
def test_formats_that_pillow_knows_besides_are_refused(kind: str) -> None:
    with pytest.raises(NotAPicture):
        images.clean_upload(encoded(kind))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_a_picture_that_is_cut_short_is_refused(kind: str, part: float) -> None:
    noisy = Image.effect_noise((64, 64), 80).convert("RGB")
    data = encoded(kind, noisy)
    with pytest.raises(NotAPicture):
        images.clean_upload(data[: int(len(data) * part)])


def gif_header(width: int, height: int) -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\x00" * 6
    return screen + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00;"


def jpeg_header(width: int, height: int) -> bytes:
    data = encoded("JPEG")
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", height, width) + data[place + 4 :]


@pytest.mark.parametrize(
    "data",
    [
        png_header(30_000, 30_000),
        png_header(12_001, 1),
        png_header(1, 12_001),
        png_header(7_072, 7_072),
        png_header(2**31 - 1, 2**31 - 1),
        gif_header(65_535, 65_535),
        jpeg_header(65_500, 65_500),
        b"\x89PNG\r\n\x1a\n" + b"\x00" * (20 * 1024 * 1024),
    ],
    ids=["pixels", "wide", "high", "just over", "PNG's largest", "GIF", "JPEG", "bytes"],
)
def test_what_is_too_large_is_refused_by_its_header(data: bytes) -> None:
    with pytest.raises(NotAPicture, match="too large"):
        images.clean_upload(data)


def test_the_largest_side_is_allowed() -> None:
    made = images.clean_upload(encoded("PNG", Image.new("L", (12_000, 2))))
    assert (made.width, made.height) == (12_000, 2)
