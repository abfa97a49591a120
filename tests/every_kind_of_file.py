"""A folder of images in every mode, format and defect that Pillow can write, with what lies beside images."""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "WEBP", "TIFF", "ICO", "JPEG2000", "TGA", "PCX", "SGI", "EPS", "PDF")
MODES = ("1", "L", "P", "LA", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I", "I;16", "I;16B", "F")
SUFFIXES = (".png", ".jpg", ".jfif", ".jpe", "", ".TIF", ".dat", ".gif")
DEFECTS: dict[str, Callable[[bytes], bytes]] = {
    "sound": lambda content: content,
    "cut": lambda content: content[: len(content) * 2 // 3],
    "beheaded": lambda content: content[4:],
    "flipped": lambda content: content[: len(content) // 2] + b"\xff" * 8 + content[len(content) // 2 + 8 :],
    "empty": lambda content: b"",
}
BESIDE = ("labels.txt", ".hidden.png", "Thumbs.db", ".DS_Store", "notes.md", "photo.heic", "._photo.png")
CLASSES = ("ants", "bees", "wasps")


def image(mode: str, rng: np.random.Generator, side: int = 16) -> Image.Image:
    """Noise in a mode; floats from 0 to 1."""
    if mode == "F":
        return Image.fromarray(rng.random((side, side)).astype(np.float32))
    if mode.startswith("I"):
        values = rng.integers(100, 4000, (side, side))
        dtype = {"I": np.int32, "I;16": np.uint16, "I;16B": ">u2"}[mode]
        return Image.fromarray(values.astype(dtype))
    channels = Image.fromarray(rng.integers(0, 256, (side, side, 4), dtype=np.uint8), "RGBA")
    if mode == "PA":
        paletted = channels.convert("RGB").convert("P")
        paletted.putalpha(channels.getchannel("A"))
        return paletted
    if mode == "LAB":
        return Image.merge("LAB", channels.convert("RGB").split())
    return channels if mode == "RGBA" else channels.convert("RGB").convert(mode)


def contents(seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """(what it is, the bytes of a file), without end, each of them another picture."""
    rng = np.random.default_rng(seed)
    kinds = [(mode, kind, defect) for defect in DEFECTS for kind in FORMATS for mode in MODES]
    kinds = [one for one in kinds if (one[0], one[2]) != ("F", "flipped")]  # NaN, which is refused
    for mode, kind, defect in cycle(kinds):
        file = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            more = {"exif": _turned(int(rng.integers(1, 9)))} if kind in ("JPEG", "PNG", "WEBP", "TIFF") else {}
            pages = {"save_all": True, "append_images": [image(mode, rng)]} if rng.random() < 0.1 else {}
            try:
                image(mode, rng).save(file, kind, **more, **pages)  # type: ignore[arg-type]
            except Exception:  # not every format knows every mode
                continue
        yield f"{mode}_{kind}_{defect}".replace(";", ""), DEFECTS[defect](file.getvalue())


def _turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def fill(root: Path, count: int, seed: int = 0) -> None:
    """`count` files in three classes, with hidden folders, links and a copy among them."""
    source, suffixes = contents(seed), cycle(SUFFIXES)
    for number in range(count):
        name, content = next(source)
        folder = root / CLASSES[number % len(CLASSES)]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:05}_{name}{next(suffixes)}").write_bytes(content)
    rng = np.random.default_rng(seed)
    first = root / CLASSES[0]
    for name in BESIDE:
        (first / name).write_bytes(b"x")
    for hidden in (".ipynb_checkpoints", "__MACOSX", "@eaDir"):
        (first / hidden).mkdir()
        image("RGB", rng).save(first / hidden / "again.png")
    copied = image("RGB", rng)
    copied.save(first / "copy1.png")
    copied.save(first / "copy2.bmp")
    (first / "to_nowhere.png").symlink_to("nowhere.png")
    (root / "empty").mkdir()


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
