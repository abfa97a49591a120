"""The parts of a run's pictures, each drawn into axes or a region it is given; colours are Okabe and Ito's."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from cnnlab.tracking.fonts import fit, width
from cnnlab.tracking.style import INK, MUTED, Baseline, Matrix, Mistake, Rows

# Okabe and Ito 2008, "Color Universal Design": told apart with any colour vision
TRAIN, VAL = "#0072B2", "#D55E00"
BLUES = LinearSegmentedColormap.from_list("blues", ["#ffffff", "#cfe3f1", "#6aaed6", "#0072B2", "#003f66"])


def losses(axes: Axes, rows: Rows, baseline: Baseline | None, last: bool = True) -> None:
    """Loss by epoch; `last` axes of a column say what runs along x."""
    train, val = _column(rows, "train/loss"), _column(rows, "val/loss")
    _lines(axes, rows, train, val, _loss)
    seen = np.concatenate([train, val])
    seen = seen[np.isfinite(seen)]
    if len(seen) and seen.min() > 0 and seen.max() > 30 * seen.min():
        axes.set_yscale("log")
    if baseline and baseline.loss and len(seen) and seen.max() > 0.8 * baseline.loss:
        _level(axes, baseline.loss, f"the classes' shares alone {_loss(baseline.loss)}")
    _heading(axes, "Loss")
    axes.set_xlabel("epoch" if last else "")


def accuracies(axes: Axes, rows: Rows, baseline: Baseline | None, best: int | None = None) -> None:
    """Accuracy by epoch on a whole scale, with the best one, which is the highest unless `best` says otherwise."""
    val = _column(rows, "val/acc")
    _lines(axes, rows, _column(rows, "train/acc"), val, _percent)
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    if baseline:
        label = f"{fit(baseline.words, 110, 7.5)} {100 * baseline.acc:.3g} %"
        _level(axes, baseline.acc, label, below=baseline.acc > 0.5)
    place = next((place for place, row in enumerate(rows) if row["epoch"] == best), None)
    if place is None and np.isfinite(val).any():
        place = int(np.nanargmax(val))
    if place is not None and np.isfinite(val[place]):
        _mark(axes, rows[place]["epoch"], val[place])
    _heading(axes, "Accuracy")
    axes.set_xlabel("epoch")


def _loss(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.2g}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _column(rows: Rows, key: str) -> np.ndarray:
    return np.array([np.nan if row.get(key) is None else row[key] for row in rows], dtype=float)


def _lines(axes: Axes, rows: Rows, train: np.ndarray, val: np.ndarray, shown: Callable[[float], str]) -> None:
    epochs = [row["epoch"] for row in rows]
    dots = {"marker": "o", "markersize": 3.5} if len(rows) <= 20 else {}
    for name, values, color in (("train", train, TRAIN), ("validation", val, VAL)):
        if finite := [value for value in values if np.isfinite(value)]:
            axes.plot(epochs, values, color=color, linewidth=1.8, label=f"{name} {shown(finite[-1])}", **dots)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    if len(rows) <= 1:
        middle = epochs[0] if epochs else 1
        axes.set(xlim=(middle - 0.9, middle + 0.9), xticks=[middle])
    if not axes.lines:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", va="center", color=MUTED)


def _level(axes: Axes, value: float, label: str, below: bool = False) -> None:
    axes.axhline(value, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    transform = axes.get_yaxis_transform()
    side, offset = ("top", (0, -3)) if below else ("bottom", (0, 2))
    style = {"size": 7.5, "color": MUTED, "ha": "right", "va": side, "zorder": 1.5}  # below every curve
    # on paper, so that the line of the best epoch does not run through it
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
    axes.annotate(label, (0.99, value), offset, xycoords=transform, textcoords="offset points", bbox=paper, **style)


def _mark(axes: Axes, epoch: float, value: float) -> None:
    label = f"best: epoch {epoch}, {_percent(value)}"
    axes.axvline(epoch, color=VAL, linewidth=0.8, linestyle=":", zorder=1)
    axes.plot([epoch], [value], "o", markersize=7, markerfacecolor="white", markeredgecolor=VAL, zorder=3)
    left, right = axes.get_xlim()
    room = epoch - left > 0.5 * (right - left)
    offset, side = ((-5, 0), "right") if room else ((5, 0), "left")
    height = 0.27 if value > 0.45 else 0.85  # away from the curves
    axes.annotate(
        label,
        (epoch, height),
        offset,
        textcoords="offset points",
        ha=side,
        va="center",
        size=8,
        color=VAL,
    )


def _heading(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", size=11, color=INK, pad=8)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1.02, 1.0),
            ncols=2,
            frameon=False,
            fontsize=8.5,
            handlelength=1.2,
            columnspacing=1.2,
            handletextpad=0.5,
            borderaxespad=0.2,
        )


def matrix(axes: Axes, counts: Matrix, names: Sequence[str]) -> None:
    """The confusion matrix, coloured by the share of its row; counts and names where there is room for them."""
    table = np.asarray(counts)
    n = len(table)
    names = names or [str(index) for index in range(n)]
    cell = _points(axes) / n
    gap = {"edgecolors": "white", "linewidth": 0.6} if n <= 40 else {}
    norm = PowerNorm(0.5, 0, 1)  # a twentieth of a row should still be seen
    axes.pcolormesh(_shares(table), cmap=BLUES, norm=norm, **gap)
    axes.set(xlim=(0, n), ylim=(n, 0), aspect="equal")
    axes.spines[:].set(visible=True, edgecolor="#d8d8d8")
    axes.tick_params(length=0, pad=3)
    _write_counts(axes, table, cell)
    _write_names(axes, names, n, cell)
    axes.set_title("Confusion", loc="left", size=11, color=INK, pad=8)
    note = "rows: true class · columns: predicted"
    axes.set_title(note, loc="right", size=8, color=MUTED, pad=8)


def _points(axes: Axes) -> float:
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    return axes.get_position().width * figure.get_size_inches()[0] * 72


def _shares(table: np.ndarray) -> np.ndarray:
    return table / np.maximum(table.sum(axis=1, keepdims=True), 1)


def _write_counts(axes: Axes, table: np.ndarray, cell: float) -> None:
    size = min(9.0, 0.85 * cell / (0.64 * len(str(table.max()))))  # a digit is 0.64 of the size wide
    if size < 5 or len(table) > 40:  # thousands of little numbers are slow to draw and not read
        return
    for (row, column), share in np.ndenumerate(_shares(table)):
        if table[row, column]:
            color = "white" if share > 0.3 else INK
            place = (column + 0.5, row + 0.52)
            axes.text(*place, str(table[row, column]), size=size, color=color, ha="center", va="center")


def _write_names(axes: Axes, names: Sequence[str], n: int, cell: float) -> None:
    size = min(9.0, 0.78 * cell)
    if size < 4.5:  # numbers of classes instead, as on any axis
        axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
        axes.tick_params(labelsize=8, length=3)
        return
    shown = [fit(name, 72, size) for name in names]
    flat = max(width(name, size) for name in shown) < 0.9 * cell
    middles = np.arange(n) + 0.5
    turned = {} if flat else {"rotation": 90 if cell < 14 else 45, "ha": "center" if cell < 14 else "right"}
    axes.set_xticks(middles, shown, size=size, parse_math=False, rotation_mode="default", **turned)
    axes.set_yticks(middles, shown, size=size, parse_math=False)
    if not flat and cell >= 14:
        for label in axes.get_xticklabels():
            label.set_rotation_mode("anchor")


def worst(
    figure: Figure, counts: Matrix, names: Sequence[str], *, left: float, top: float, across: float, lines: int
) -> None:
    """The pairs confused most often, in words, below a place in inches."""
    table = np.array(counts)
    names = names or [str(index) for index in range(len(table))]
    np.fill_diagonal(table, 0)
    order = np.argsort(-table, axis=None, kind="stable")[:lines]
    pairs = [divmod(int(index), len(table)) for index in order if table.flat[index]]
    if not pairs:
        return
    w, h = figure.get_size_inches()
    figure.text(left / w, top / h, "Most often confused", size=9.5, color=INK, va="top")
    shares = _shares(np.asarray(counts))
    for line, (true, predicted) in enumerate(pairs, start=1):
        y = (top - 0.06 - 0.2 * line) / h
        half = (across - 1.4) * 36
        pair = f"{fit(names[true], half, 8.5)} → {fit(names[predicted], half, 8.5)}"
        amount = f"{table[true, predicted]} ({_percent(shares[true, predicted])})"
        figure.text(left / w, y, pair, size=8.5, color=INK, va="top", parse_math=False)
        figure.text((left + across) / w, y, amount, size=8.5, color=MUTED, va="top", ha="right")


def gallery(
    figure: Figure, mistakes: Sequence[Mistake], *, left: float, bottom: float, across: float, height: float
) -> None:
    """A grid of wrongly classified images with what they are, what they were taken for, and how surely."""
    w, h = figure.get_size_inches()
    figure.text(left / w, (bottom + height + 0.11) / h, "Most confident mistakes", size=11, color=INK)
    if not mistakes:
        figure.text((left + across / 2) / w, (bottom + height / 2) / h, "none", color=MUTED, ha="center")
        return
    columns, down = 3, 4
    wide, step, text = across / columns, height / down, 0.42
    side = min(wide - 0.12, step - text - 0.08)
    for place, mistake in enumerate(mistakes[: columns * down]):
        row, column = divmod(place, columns)
        x, y = left + column * wide, bottom + height - row * step - side
        _image(figure.add_axes((x / w, y / h, side / w, side / h), anchor="NW"), mistake.image)
        _caption(figure, mistake, x / w, y, (wide - 0.1) * 72)


def _caption(figure: Figure, mistake: Mistake, x: float, y: float, room: float, size: float = 7.5) -> None:
    """Two lines below `y` inches: what it is; what it was taken for and how surely."""
    h = figure.get_size_inches()[1]
    percent = 100 * mistake.probability
    share = f"{percent:.1f} %" if 99 <= percent < 99.95 else f"{percent:.0f} %"
    taken = fit(f"→ {mistake.predicted}", room - width(f"  {share}", size), size)
    style = {"size": size, "va": "top", "parse_math": False}
    figure.text(x, (y - 0.05) / h, fit(mistake.true, room, size), **style)
    figure.text(x, (y - 0.2) / h, f"{taken}  {share}", color=VAL, **style)


def _image(axes: Axes, image: np.ndarray) -> None:
    shown = np.moveaxis(image, 0, -1) if len(image) == 3 else image.mean(axis=0)
    axes.imshow(shown, cmap="gray", vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
