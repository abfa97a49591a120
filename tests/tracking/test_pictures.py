from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnnlab.tracking import pictures
from cnnlab.tracking.style import Baseline, Mistake

CHANCE = np.random.default_rng(0)


def rows(epochs: int, **changes: Any) -> list[dict[str, Any]]:
    row = {"train/loss": 1.5, "train/acc": 0.5, "val/loss": 1.6, "val/acc": 0.4, **changes}
    return [{"epoch": epoch, **row} for epoch in range(1, epochs + 1)]


def table(classes: int) -> np.ndarray:
    return CHANCE.poisson(0.5, (classes, classes)) + 90 * np.eye(classes, dtype=int)


def mistakes(count: int, *shape: int, name: str = "cat") -> list[Mistake]:
    return [Mistake(CHANCE.integers(0, 256, shape, dtype=np.uint8), name, name, 0.9) for _ in range(count)]


LONG = [f"a class with a long name, number {number}" for number in range(100)]
ODD = ["$x_1", "a $b$ c", "\\alpha", "日本語", "عربى", "🐈", "new\nline", "", "_hidden", "%d"]

CASES: dict[str, dict[str, Any]] = {
    "ten classes": {"rows": rows(20), "confusion": table(10), "names": LONG[:10], "mistakes": mistakes(20, 1, 28, 28)},
    "one epoch": {"rows": rows(1), "confusion": table(3), "names": ["a", "b", "c"], "mistakes": mistakes(1, 3, 32, 32)},
    "no epoch": {"rows": [], "confusion": table(3), "names": ["a", "b", "c"]},
    "no validation": {"rows": rows(3, **{"val/loss": None, "val/acc": None}), "names": ["a", "b"]},
    "only nulls": {
        "rows": rows(2, **dict.fromkeys(["train/loss", "train/acc", "val/loss", "val/acc"])),
        "names": ["a"],
    },
    "missing keys": {"rows": [{"epoch": 0}, {"epoch": 1, "val/acc": 0.5}]},
    "exploding loss": {"rows": [*rows(2), *rows(1, **{"train/loss": 1e30})]},
    "two classes, one empty": {"rows": rows(2), "confusion": [[5, 3], [0, 0]], "names": ["cat", "dog"], "mistakes": []},
    "no mistakes": {"rows": rows(2), "confusion": np.diag([9, 9]), "names": ["cat", "dog"], "mistakes": []},
    "hundred classes": {"rows": rows(200), "confusion": table(100), "names": LONG, "mistakes": mistakes(12, 3, 32, 32)},
    "odd names": {
        "rows": rows(2),
        "confusion": table(10),
        "names": ODD,
        "mistakes": mistakes(2, 1, 8, 8, name="日$本$_"),
    },
    "other channels and shapes": {"confusion": table(2), "names": ["a", "b"], "mistakes": mistakes(3, 5, 10, 40)},
    "no names": {"rows": rows(2), "confusion": table(4).tolist()},
    "photographs": {"confusion": table(10), "names": LONG[:10], "mistakes": mistakes(12, 3, 224, 224)},
}


@pytest.mark.parametrize("case", CASES)
def test_the_overview_copes_with(tmp_path: Path, case: str) -> None:
    path = tmp_path / "overview.png"
    pictures.overview(path, title="lenet on $data_1$", subtitle="seed 1 · " * 60, **CASES[case])
    assert 10_000 < path.stat().st_size < pictures.LARGEST
    parts = CASES[case]
    wanted = (1500, 780) if "confusion" not in parts else (1500, 1125) if "mistakes" not in parts else (2100, 1125)
    with Image.open(path) as image:
        assert image.size == wanted


def test_curves_and_the_confusion_have_files_of_their_own(tmp_path: Path) -> None:
    pictures.curves(tmp_path / "curves.png", rows(5), Baseline(0.1, 2.303, "any one class"), best=2)
    pictures.confusion(tmp_path / "small.png", table(2), ["cat", "dog"])
    pictures.confusion(tmp_path / "large.png", table(100), LONG)
    sizes = {}
    for path in tmp_path.iterdir():
        with Image.open(path) as image:
            sizes[path.stem] = image.size
    assert sizes == {"curves": (1350, 585), "small": (825, 840), "large": (2010, 2025)}


def test_a_picture_leaves_matplotlib_as_the_user_set_it(tmp_path: Path) -> None:
    import matplotlib

    with matplotlib.rc_context({"font.size": 31, "text.usetex": True, "figure.facecolor": "black"}):
        before = dict(matplotlib.rcParams)
        pictures.curves(tmp_path / "curves.png", rows(3))
        assert dict(matplotlib.rcParams) == before
    with Image.open(tmp_path / "curves.png") as image:
        assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_text_is_cut_to_the_room_there_is() -> None:
    from cnnlab.tracking.fonts import fit, width

    assert fit("short", 200, 9) == "short"
    for text in ("W" * 50, "i" * 50, "日本" * 25):
        cut = fit(text, 60, 9)
        assert cut.endswith("…")
        assert 40 < width(cut, 9) <= 60
    assert fit("anything", 0, 9) == "…"
