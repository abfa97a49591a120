"""Pictures of a run as PNG files: learning curves, the confusion matrix, what the network gets wrong, all on one page.

Inputs are plain; matplotlib is imported only here and in `panels`, when a picture is drawn, without pyplot or a
display. Layouts are in inches, text in points.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnlab.tracking.durable import write
from cnnlab.tracking.style import INK, MUTED, Baseline, Matrix, Mistake, Rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 150
LARGEST = 400_000
"""bytes; a picture above it (many photographs) is saved with 256 colours"""


def overview(
    path: Path | str,
    *,
    title: str,
    subtitle: str = "",
    rows: Rows = (),
    confusion: Matrix | None = None,
    names: Sequence[str] = (),
    mistakes: Sequence[Mistake] | None = None,
    baseline: Baseline | None = None,
    best: int | None = None,
) -> None:
    """The whole run on one page, 14 × 7.5 inches; without a test (`confusion` None) the curves have it to themselves.

    `mistakes` are shown in their order, as many as fit; None leaves that part out, and empty says there are none.
    `baseline` is of the validation images, `best` the best epoch, where that is not the one of the highest accuracy.
    """
    width, height = (10.0, 5.2) if confusion is None else (10.0, 7.5) if mistakes is None else (14.0, 7.5)
    with _page(path, width, height) as figure:
        from cnnlab.tracking import panels

        top = height - _headings(figure, title, subtitle) - 0.45
        if confusion is None:
            half = width / 2
            panels.losses(_axes(figure, 0.75, 0.65, half - 1.05, top - 0.65), rows, baseline)
            panels.accuracies(_axes(figure, half + 0.6, 0.65, half - 1.05, top - 0.65), rows, baseline, best)
            return
        tall = (top - 0.65 - 0.85) / 2
        panels.losses(_axes(figure, 0.75, top - tall, 3.35, tall), rows, baseline, last=False)
        panels.accuracies(_axes(figure, 0.75, 0.65, 3.35, tall), rows, baseline, best)
        side = 3.95
        panels.matrix(_axes(figure, 5.65, top - side, side, side), confusion, names)
        panels.worst(figure, confusion, names, left=5.65, top=top - side - 1.05, across=side, lines=4)
        if mistakes is not None:
            panels.gallery(figure, mistakes, left=10.15, bottom=0.15, across=3.6, height=top - 0.15)


def curves(path: Path | str, rows: Rows, baseline: Baseline | None = None, best: int | None = None) -> None:
    """Loss and accuracy by epoch, and what can be had without looking at the validation images."""
    with _page(path, 9.0, 3.9) as figure:
        from cnnlab.tracking import panels

        panels.losses(_axes(figure, 0.75, 0.65, 3.55, 2.75), rows, baseline)
        panels.accuracies(_axes(figure, 5.2, 0.65, 3.55, 2.75), rows, baseline, best)


def confusion(path: Path | str, matrix: Matrix, names: Sequence[str] = ()) -> None:
    """The confusion matrix, large enough for every class to have its name (up to about 120)."""
    side = float(np.clip(0.5 * len(matrix), 3.6, 11.5))
    with _page(path, side + 1.9, side + 2.0) as figure:
        from cnnlab.tracking import panels

        panels.matrix(_axes(figure, 1.65, 1.5, side, side), matrix, names)


def samples(
    path: Path | str, classes: Sequence[tuple[str, Sequence[np.ndarray]]], *, title: str, subtitle: str = ""
) -> None:
    """A row of images, uint8 (C, H, W), for each class, under its name."""
    across = max([len(images) for _, images in classes] or [1]) or 1
    cell, gap, name = 0.8, 0.1, 0.26
    width, height = max(6.0, 0.7 + across * (cell + gap)), 1.15 + len(classes) * (cell + name + gap)
    with _page(path, width, height) as figure:
        from cnnlab.tracking import fonts

        top = height - _headings(figure, title, subtitle)
        for label, images in classes:
            shown = fonts.fit(label, (width - 0.7) * 72, 9)
            figure.text(0.35 / width, (top - name + 0.07) / height, shown, size=9, color=INK, parse_math=False)
            for column, image in enumerate(images):
                axes = _axes(figure, 0.35 + column * (cell + gap), top - name - cell, cell, cell)
                axes.imshow(_displayed(image), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
                axes.set_axis_off()
            top -= cell + name + gap


def _displayed(image: np.ndarray) -> np.ndarray:
    """uint8 (C, H, W) as matplotlib shows it; of other numbers of channels than 1 and 3 the mean."""
    return image.transpose(1, 2, 0) if image.shape[0] == 3 else image.mean(0)


def _headings(figure: "Figure", title: str, subtitle: str) -> float:
    """Write them; the inches they take from the top."""
    from cnnlab.tracking import fonts

    width, height = figure.get_size_inches()
    for text, size, color, down in ((title, 17, INK, 0.48), (subtitle, 10.5, MUTED, 0.76)):
        shown = fonts.fit(text, (width - 0.7) * 72, size)
        figure.text(0.35 / width, 1 - down / height, shown, size=size, color=color, parse_math=False)
    return 0.95 if subtitle else 0.7


def _axes(figure: "Figure", left: float, bottom: float, width: float, height: float) -> "Axes":
    w, h = figure.get_size_inches()
    return figure.add_axes((left / w, bottom / h, width / w, height / h))


@contextmanager
def _page(path: Path | str, width: float, height: float) -> "Iterator[Figure]":
    """A white page of inches, saved at the end; matplotlib's settings are the user's own again afterwards."""
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from cnnlab.tracking import fonts

    with fonts.any_script(), style.context(["default", _style(fonts.families())]):
        figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
        canvas = FigureCanvasAgg(figure)
        yield figure
        buffer = io.BytesIO()
        canvas.print_png(buffer, metadata={"Software": None})
    write(path, _small(buffer.getvalue()))


def _style(families: list[str]) -> dict[str, Any]:
    return {
        "font.family": families,
        "font.size": 9,
        "text.color": INK,
        "axes.edgecolor": "#b0b0b0",
        "axes.labelcolor": MUTED,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.major.size": 3,
        "ytick.major.size": 0,
    }


def _small(png: bytes) -> bytes:
    if len(png) <= LARGEST:
        return png
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
