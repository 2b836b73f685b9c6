"""Decoding a picture whole, and making it anew from its pixels. Runs in a bounded process of its own."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from PIL import AvifImagePlugin, ExifTags, Image, ImageCms, WebPImagePlugin
from PIL.Image import Resampling, Transpose

from creative.images import bare, kinds
from creative.images.kinds import JPEG, PNG, WEBP, Cleaned, Inspected, NotAPicture

_TURNS: Final = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""How a picture is turned upright, by the orientation that its EXIF data tell (TIFF 6.0, tag 274)."""

_SPACES: Final = {"L": "GRAY", "RGB": "RGB", "RGBA": "RGB", "CMYK": "CMYK"}
_DEEP: Final = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_HIGH_BYTES: Final = [value >> 8 for value in range(65_536)]
_LARGE_PIXELS = 8_000_000
_THUMBNAIL_QUALITY = 80
_PLUGINS: Final = (AvifImagePlugin, WebPImagePlugin)
"""Loaded by name: Pillow would load the parsers of all its formats to find these two."""
_NOISY_QUALITY = 60


@contextmanager
def _guarded(message: str = "the bytes are no whole picture", reason: str = "broken") -> Iterator[None]:
    """Tell whatever the codecs raise as NotAPicture; running out of memory is told apart."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except NotAPicture:
        raise
    except Image.DecompressionBombError:
        raise NotAPicture("the picture is too large", reason="too_large") from None
    except MemoryError:
        raise NotAPicture("the picture takes too much memory", reason="too_dear") from None
    except Exception as error:
        # Pillow's codecs raise many kinds; each of them means the same here.
        raise NotAPicture(message, reason=reason) from error


@contextmanager
def _opened(data: bytes, *, of: tuple[str, ...] = tuple(kinds.FORMATS)) -> Iterator[tuple[Image.Image, str]]:
    """Open a picture whose size the header gives as bearable, and give it with its MIME type."""
    mime_type = kinds.sniff(data)
    if mime_type is None or mime_type not in of:
        raise NotAPicture(f"the bytes are {kinds.named(data)}", reason="unknown_kind")
    with _guarded(), Image.open(io.BytesIO(data), formats=(kinds.FORMATS[mime_type],)) as picture:
        kinds.refuse_size(*picture.size)
        yield picture, mime_type


def _load(picture: Image.Image) -> None:
    """Decode the first frame whole; a frame that turns out larger than its header said is refused."""
    picture.load()
    kinds.refuse_size(*picture.size)


def inspect(data: bytes) -> Inspected:
    """Decode a picture of a kind that is kept, and return what it is."""
    with _opened(data, of=kinds.KEPT) as (picture, mime_type):
        _load(picture)
        return Inspected(mime_type, *picture.size)


def rebuild(data: bytes) -> Cleaned:
    """Return the first frame made anew: upright, sRGB, without metadata; JPEG and WebP stay, others become PNG."""
    with _opened(data) as (picture, received_type):
        _load(picture)
        turn = _TURNS.get(_orientation(picture))
        made = _in_srgb(picture)
        is_animated = _is_animated(picture)
    # The decoder's own pixels are free by now: at 50 megapixels that is 200 MB.
    del picture
    # What could be decoded and not encoded again wants more memory than there is.
    with _guarded("the picture takes too much memory", "too_dear"):
        made = made.transpose(turn) if turn is not None else made
        mime_type = received_type if received_type in kinds.KEPT else PNG
        packed = _packed(made, mime_type, lossless=received_type == WEBP and _is_lossless(data))
    if len(packed) > kinds.MOST_STORED_BYTES:
        raise NotAPicture("the picture grows too large when it is made anew", reason="too_large")
    return Cleaned(packed, mime_type, *made.size, received_type, is_animated)


def check_output(data: bytes) -> Cleaned:
    """Return a provider's picture: the same bytes where they are proven to hold nothing else, else made anew."""
    mime_type = kinds.sniff(data)
    if mime_type not in kinds.KEPT or not bare.is_bare(data, mime_type):
        return rebuild(data)
    seen = inspect(data)
    return Cleaned(data, seen.mime_type, seen.width, seen.height, seen.mime_type)


def thumbnails(data: bytes, widths: tuple[int, ...]) -> list[bytes]:
    """Return a picture as WebP with at most so many pixels on its long side, for each of `widths`."""
    with _opened(data, of=kinds.KEPT) as (picture, _):
        picture.draft("RGB", (2 * max(widths), 2 * max(widths)))
        _load(picture)
        small, made = _in_srgb(picture), {}
        for width in sorted(widths, reverse=True):
            small.thumbnail((width, width), Resampling.LANCZOS, reducing_gap=2.0)
            made[width] = _packed(small, WEBP, quality=_THUMBNAIL_QUALITY)
        return [made[width] for width in widths]


def _orientation(picture: Image.Image) -> int:
    with suppress(Exception):  # EXIF data that cannot be read turn nothing
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    return 1


def _is_animated(picture: Image.Image) -> bool:
    """Say whether more frames follow. They are neither counted nor decoded: a GIF may hold thousands."""
    with suppress(Exception):  # a second frame that cannot be read is dropped as any other
        return bool(getattr(picture, "is_animated", False))
    return False


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Return the pixels as L, LA, RGB or RGBA with 8 bits a channel in sRGB, and nothing else."""
    profile = picture.info.get("icc_profile")
    plain = _eight_bits(picture)
    plain.info = {}
    if isinstance(profile, bytes) and profile:
        plain = _converted(plain, profile)
    if plain.mode == "CMYK":
        plain = plain.convert("RGB")
    plain.info = {}
    return plain


def _eight_bits(picture: Image.Image) -> Image.Image:
    mode = picture.mode
    if mode in _DEEP:
        return picture.convert("I").point(_HIGH_BYTES, "L")
    if "transparency" in picture.info and mode in ("1", "L", "P", "RGB"):
        return picture.convert("RGBA")
    wanted = {"1": "L", "La": "LA", "PA": "RGBA", "RGBa": "RGBA"}.get(mode)
    if wanted is None:
        wanted = mode if mode in ("L", "LA", "RGB", "RGBA", "CMYK") else "RGB"
    return picture.copy() if wanted == mode else picture.convert(wanted)


def _converted(picture: Image.Image, profile: bytes) -> Image.Image:
    """Return the picture in sRGB; a colour profile that does not fit or cannot be read changes nothing."""
    if picture.mode == "LA":
        grey = _converted(picture.getchannel("L"), profile)
        grey.putalpha(picture.getchannel("A"))
        return grey
    with suppress(Exception):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        is_known = ImageCms.getProfileDescription(source).strip().startswith("sRGB")
        if is_known or source.profile.xcolor_space.strip() != _SPACES[picture.mode]:
            return picture
        target = ImageCms.createProfile("sRGB")
        into = "RGBA" if picture.mode == "RGBA" else "RGB"
        seen = ImageCms.profileToProfile(picture, source, target, outputMode=into)
        if seen is not None:
            return seen.convert("L") if picture.mode == "L" else seen
    return picture


def _is_lossless(data: bytes) -> bool:
    with suppress(Exception):
        return any(kind == b"VP8L" or b"VP8L" in body[:64] for kind, body in bare.webp_chunks(data))
    return False


def _packed(picture: Image.Image, mime_type: str, *, lossless: bool = False, quality: int = 92) -> bytes:
    if mime_type == WEBP:
        return _packed_webp(picture, lossless=lossless, quality=quality)
    file = io.BytesIO()
    if mime_type == JPEG:
        # Whole colour for each pixel: a picture that is edited and saved again must not smear.
        picture.save(file, "JPEG", quality=quality, subsampling=0)
    else:
        picture.save(file, "PNG", compress_level=3 if _is_large(picture) else 6)
    return file.getvalue()


def _packed_webp(picture: Image.Image, *, lossless: bool, quality: int) -> bytes:
    mode = "RGBA" if picture.mode in ("LA", "RGBA") else "RGB"
    wide = picture if picture.mode == mode else picture.convert(mode)
    if lossless:
        effort = {"quality": 20, "method": 0} if _is_large(picture) else {"quality": 60, "method": 3}
        return _saved_webp(wide, lossless=True, **effort)
    method = 2 if _is_large(picture) else 4
    try:
        return _saved_webp(wide, quality=quality, method=method)
    except ValueError:
        # The format has one bounded place for what precedes the pixels; large noisy pictures overflow it.
        return _saved_webp(wide, quality=_NOISY_QUALITY, method=4)


def _saved_webp(picture: Image.Image, **settings: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", **settings)
    return file.getvalue()


def _is_large(picture: Image.Image) -> bool:
    return picture.width * picture.height > _LARGE_PIXELS
