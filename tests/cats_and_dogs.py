"""A folder of images of two classes, and runs on it: for tests of what happens where such a folder changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

SMALL_RUN = ["model=lenet", "data=folder", "data.shape=[1,32,32]", "data.batch_size=4", "trainer.max_epochs=1"]
SMALL_RUN += ["trainer.precision=32", "threads=1", "trainer.progress=false"]


def write_photos(folder: Path) -> Path:
    """Two classes, 20 images each, no two alike; `test` is carved: 8."""
    for label, name in enumerate(("cat", "dog")):
        (folder / name).mkdir(parents=True)
        for number in range(20):
            image = Image.new("L", (8, 8), 60 + 10 * number)
            image.putpixel((label, number % 8), 255)
            image.save(folder / name / f"{number:02}.png")
    return folder


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed, on one line."""
    out, err = capsys.readouterr()
    return " ".join((out + err).split())
