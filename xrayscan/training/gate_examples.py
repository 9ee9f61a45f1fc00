"""What a gate learns from: films as they may come elsewhere, and pictures that are no upright frontal chest film.

All are made from the training films themselves, or drawn: nothing has to be fetched.
"""

import functools
import io
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from xrayscan.model.backend import Pixels

Rng = np.random.Generator
Grey = npt.NDArray[np.uint8]  # (S, S)
Make = Callable[[Grey, Rng], Image.Image | npt.NDArray[np.floating] | Grey]

FILTERS = (
    Image.Resampling.NEAREST,
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)
WORDS = ("patient", "report", "findings", "chest", "no", "and", "date", "of", "the", "study", "left", "right", "normal")


def varied(films: Pixels, rng: Rng) -> Pixels:
    """Films (N, S, S), each processed in another way: resampled, placed, blurred or sharpened, toned, noisy, JPEG."""
    return np.stack([_varied(film, rng) for film in films])


def strange(films: Pixels, rng: Rng) -> dict[str, Pixels]:
    """Pictures (N, S, S) of every kind that is no upright frontal chest film, N of each: one for each film."""
    return {name: np.stack([_square(make(film, rng), film.shape[0]) for film in films]) for name, make in KINDS.items()}


def _varied(film: Grey, rng: Rng) -> Grey:
    side = film.shape[0]
    image = Image.fromarray(film)
    image = _placed(image, rng)
    if rng.random() < 0.5:
        small = round(side * rng.uniform(0.6, 1.0))
        image = image.resize((small, small), _one_of(FILTERS[1:], rng)).resize((side, side), _one_of(FILTERS[1:], rng))
    if rng.random() < 0.4:
        image = _sharpness(image, rng)
    pixels = np.asarray(image, np.float32) / 255
    if rng.random() < 0.7:
        pixels = np.clip(pixels, 0, 1) ** np.exp(rng.uniform(-0.5, 0.5))
        pixels = (pixels - 0.5) * np.exp(rng.uniform(-0.4, 0.3)) + 0.5 + rng.uniform(-0.1, 0.1)
    if rng.random() < 0.3:
        pixels = pixels + rng.standard_normal(pixels.shape) * rng.uniform(0, 0.03)
    image = Image.fromarray(_grey(pixels))
    return np.asarray(_as_jpeg(image, rng) if rng.random() < 0.4 else image)


def _placed(image: Image.Image, rng: Rng) -> Image.Image:
    """Moved, turned and zoomed a little, as films of one series differ."""
    side, angle = image.width, rng.uniform(-0.08, 0.08)
    zoom, aspect = np.exp(rng.uniform(-0.12, 0.05)), np.exp(rng.uniform(-0.05, 0.05))
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    a, b, d, e = cos * aspect, -sin * aspect, sin / aspect, cos / aspect
    middle, shift = side / 2, rng.uniform(-0.03, 0.03, 2) * side
    c, f = middle + shift[0] - a * middle - b * middle, middle + shift[1] - d * middle - e * middle
    return image.transform((side, side), Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BILINEAR)


def _sharpness(image: Image.Image, rng: Rng) -> Image.Image:
    if rng.random() < 0.5:
        return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 1.0) * image.width / 128))
    return ImageEnhance.Sharpness(image).enhance(rng.uniform(1.2, 3.0))


def _as_jpeg(image: Image.Image, rng: Rng) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=int(rng.integers(30, 96)))
    return Image.open(stream).convert("L")


def _one_of(choices, rng: Rng):  # type: ignore[no-untyped-def]
    return choices[int(rng.integers(len(choices)))]


def _grey(brightness: npt.NDArray[np.floating]) -> Grey:
    """Brightness in [0, 1] → grey levels."""
    return np.asarray(np.rint(np.clip(brightness, 0, 1) * 255), np.uint8)


def _square(picture: Image.Image | npt.NDArray[np.floating] | Grey, side: int) -> Grey:
    """Any picture as the (side, side) grey levels that a scan would make of it."""
    if isinstance(picture, Image.Image):
        image = picture.convert("L")
    else:
        image = Image.fromarray(
            np.asarray(picture, np.uint8) if picture.dtype == np.uint8 else _grey(np.asarray(picture, float))
        )
    return np.asarray(image if image.width == image.height == side else image.resize((side, side)))


# What follows makes one picture of one kind each. ``film`` is (S, S).


def _inverted(film: Grey, rng: Rng) -> Grey:
    return 255 - _varied(film, rng)


def _turned(film: Grey, rng: Rng, quarters: tuple[int, ...]) -> Grey:
    return np.rot90(_varied(film, rng), _one_of(quarters, rng))


def _tilted(film: Grey, rng: Rng) -> Image.Image:
    angle = rng.uniform(35, 145) * rng.choice([-1, 1])
    return Image.fromarray(_varied(film, rng)).rotate(angle, Image.Resampling.BILINEAR)


def _half(film: Grey, rng: Rng, quarters: tuple[int, ...]) -> Image.Image | Grey:
    """One half, which lies on top after so many quarter turns: cut out, as sharp as its original, or the other dark."""
    side, kept = film.shape[0], rng.uniform(0.42, 0.6)
    pixels, cut = np.rot90(_varied(film, rng), turned := _one_of(quarters, rng)), round(film.shape[0] * kept)
    if rng.random() < 0.7:
        half = Image.fromarray(np.ascontiguousarray(np.rot90(pixels[:cut], -turned)))
        large = half.resize((side, side), _one_of(FILTERS[2:], rng))
        return ImageEnhance.Sharpness(large).enhance(rng.uniform(1.0, 4.0)) if rng.random() < 0.7 else large
    dark = np.full((side, side), rng.integers(0, 40), np.uint8)
    dark[:cut] = pixels[:cut]
    return np.rot90(dark, -turned)


def _detail(film: Grey, rng: Rng) -> Grey:
    """A small part of a film, enlarged."""
    side = film.shape[0]
    part = round(side * rng.uniform(0.12, 0.4))
    y, x = rng.integers(0, side - part, 2)
    return np.rot90(film[y : y + part, x : x + part], int(rng.integers(4)))


def _far(film: Grey, rng: Rng) -> Image.Image:
    """A film that fills little of the picture, as in a photograph of a light box or a contact sheet."""
    side = film.shape[0]
    page = Image.new("L", (side, side), int(rng.integers(0, 256)))
    small = round(side * rng.uniform(0.15, 0.45))
    for _ in range(int(rng.integers(1, 5))):
        x, y = (int(value) for value in rng.integers(0, side - small, 2))
        page.paste(Image.fromarray(film).resize((small, small)), (x, y))
    return page


def _shuffled(film: Grey, rng: Rng) -> Grey:
    """The parts of a film in another order: its textures without its anatomy."""
    parts = int(rng.integers(2, 7))
    size = film.shape[0] // parts
    tiles = [film[y * size : (y + 1) * size, x * size : (x + 1) * size] for y in range(parts) for x in range(parts)]
    order = rng.permutation(len(tiles))
    turned = [np.rot90(tiles[n], int(rng.integers(4))) if rng.random() < 0.5 else tiles[n] for n in order]
    return np.vstack([np.hstack(turned[row * parts : (row + 1) * parts]) for row in range(parts)])


def _blank(film: Grey, rng: Rng) -> npt.NDArray[np.floating]:
    """One grey, or nearly: with faint noise, a line, a corner of another grey."""
    page = np.full(film.shape, rng.random())
    if rng.random() < 0.6:
        page += rng.standard_normal(film.shape) * rng.uniform(0, 0.02)
    if rng.random() < 0.3:
        y, x = rng.integers(0, film.shape[0], 2)
        page[y:, x:] = rng.random()
    return page


def _noise(film: Grey, rng: Rng) -> npt.NDArray[np.floating]:
    """White to red noise: its spectrum falls with the frequency to a power of 0 to 2.2."""
    side = film.shape[0]
    white = np.fft.rfft2(rng.random((side, side)) if rng.random() < 0.3 else rng.standard_normal((side, side)))
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    frequency[0, 0] = 1 / side
    field = np.fft.irfft2(white * frequency ** -rng.uniform(0, 2.2), s=(side, side))
    return np.asarray((field - field.mean()) / (field.std() + 1e-9) * rng.uniform(0.05, 0.35) + rng.uniform(0.3, 0.7))


def _gradient(film: Grey, rng: Rng) -> npt.NDArray[np.floating]:
    """A ramp, a vignette, stripes or a checkerboard."""
    y, x = np.mgrid[0 : film.shape[0], 0 : film.shape[0]] / film.shape[0]
    kind, angle = int(rng.integers(4)), rng.uniform(0, 2 * np.pi)
    along = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
    across = (y - 0.5) * np.cos(angle) - (x - 0.5) * np.sin(angle)
    if kind == 0:
        ramp = along + 0.5
    elif kind == 1:
        ramp = np.hypot(x - rng.uniform(0.3, 0.7), y - rng.uniform(0.3, 0.7)) * rng.uniform(0.8, 2)
    else:
        waves = np.sin(along * (pace := rng.uniform(6, 80)))
        ramp = (waves if kind == 2 else waves * np.sin(across * pace)) / 2 + 0.5
    ramp = np.clip(ramp, 0, 1) ** rng.uniform(0.5, 2)
    low, high = np.sort(rng.random(2))
    return np.asarray((1 - ramp if rng.random() < 0.5 else ramp) * (high - low) + low)


def _drawing(film: Grey, rng: Rng) -> Image.Image:
    """Lines, boxes and ellipses, soft or sharp, on paper or in the dark: sketches, screenshots, diagrams."""
    side = film.shape[0]
    image = Image.new("L", (side, side), int(rng.choice(np.array([0, 255, rng.integers(256)]))))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(2, 40))):
        x0, x1 = np.sort(rng.integers(-side // 4, side * 5 // 4, 2))
        y0, y1 = np.sort(rng.integers(-side // 4, side * 5 // 4, 2))
        box, ink = [int(x0), int(y0), int(x1), int(y1)], int(rng.integers(256))
        kind, fill = int(rng.integers(4)), int(rng.integers(256)) if rng.random() < 0.5 else None
        if kind == 0:
            draw.line(box, ink, int(rng.integers(1, 6)))
        elif kind == 1:
            draw.rectangle(box, fill, ink)
        elif kind == 2:
            draw.ellipse(box, fill, ink)
        else:
            draw.polygon([tuple(map(int, rng.integers(0, side, 2))) for _ in range(3)], fill, ink)
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 3))) if rng.random() < 0.4 else image


def _text(film: Grey, rng: Rng) -> Image.Image:
    """A page or a screen of text."""
    side = film.shape[0] * int(rng.integers(1, 5))
    dark = rng.random() < 0.3
    page = Image.new("L", (side, side), int(rng.integers(0, 60) if dark else rng.integers(190, 256)))
    draw, size = ImageDraw.Draw(page), int(rng.integers(8, 24))
    font, ink = _font(size), int(rng.integers(180, 256) if dark else rng.integers(0, 90))
    y = int(rng.integers(0, 30))
    while y < side:
        line = " ".join(rng.choice(WORDS, int(rng.integers(0, 14))))
        draw.text((int(rng.integers(2, 24)), y), line, ink, font)
        y += round(size * rng.uniform(1.2, 2.2))
    return page


@functools.cache
def _font(size: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    return ImageFont.load_default(size)


def _scene(film: Grey, rng: Rng) -> Image.Image:
    """Shaded bodies over red noise, with edges and textures: what photographs and slices of a body have in common."""
    side = film.shape[0]
    image = Image.fromarray(_grey(_noise(film, rng)))
    for _ in range(int(rng.integers(1, 9))):
        mask = Image.new("L", (side, side))
        corners = rng.uniform(-0.2, 1.2, (int(rng.integers(3, 8)), 2)) * side
        draw = ImageDraw.Draw(mask)
        if rng.random() < 0.6:
            (x0, y0), (x1, y1) = np.sort(corners[:2], axis=0)
            draw.ellipse([x0, y0, x1, y1], 255)
        else:
            draw.polygon([tuple(corner) for corner in corners], 255)
        texture = _gradient(film, rng) if rng.random() < 0.5 else _noise(film, rng)
        image.paste(Image.fromarray(_grey(texture)), mask=mask.filter(ImageFilter.GaussianBlur(rng.uniform(0, 2))))
    return image


KINDS: Mapping[str, Make] = {
    "inverted": _inverted,
    "rotated by 90 degrees": functools.partial(_turned, quarters=(1, 3)),
    "upside down": functools.partial(_turned, quarters=(2,)),
    "tilted": _tilted,
    "left or right half": functools.partial(_half, quarters=(1, 3)),
    "upper or lower half": functools.partial(_half, quarters=(0, 2)),
    "detail": _detail,
    "far": _far,
    "shuffled": _shuffled,
    "blank": _blank,
    "noise": _noise,
    "gradient": _gradient,
    "drawing": _drawing,
    "text": _text,
    "scene": _scene,
}
