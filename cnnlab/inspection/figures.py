"""The page's charts: reliability, blocks, shifts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log10

from torch import Tensor

from cnnlab.inspection.blocks import Kernel, Stats
from cnnlab.inspection.calibration import Bin, Calibration
from cnnlab.inspection.look import Inspection
from cnnlab.inspection.shifts import REACH, Moved
from cnnlab.pages.charts import AxisScale, chart, figure, line, text, titled, x_axis, y_axis
from cnnlab.pages.markup import Content, Markup, tag
from cnnlab.pages.tables import meter, table, wide
from cnnlab.text import number, percent, plural


def reliability(measured: Calibration) -> Markup:
    """Accuracy beside confidence, and how many images are how sure. Guo et al. 2017, arXiv:1706.04599, fig. 1."""
    x, y = AxisScale(0, 1, 46, 396), AxisScale(0, 1, 330, 24)
    bars = [_reliability_bar(part, x, y) for part in measured.bins]
    axes = [y_axis(y, 46, 396, "share that is right", percent), x_axis(x, 24, 330, "how sure it is", percent)]
    even = line(x(0), y(0), x(1), y(1), class_="even")
    summary = (
        f"accuracy {percent(measured.accuracy, 1)}, mean confidence {percent(measured.confidence, 1)}, "
        f"ECE {percent(measured.ece, 1)}"
    )
    rows = [[_between(part), str(part.count), percent(part.confidence, 1), percent(part.accuracy, 1)]
            for part in measured.bins]  # fmt: skip
    numbers = table(["how sure", "images", "confidence", "accuracy"], rows)
    return figure("Reliability", chart(420, 372, summary, axes, bars, even), "shaded: the gap", numbers)


def _reliability_bar(part: Bin, x: AxisScale, y: AxisScale) -> Markup:
    """The accuracy of a bin's images, and its gap to their confidence."""
    start, end = x(part.low) + 1, x(part.high) - 1
    top, base = sorted((y(part.accuracy), y(part.confidence)))
    gap = tag("rect", x=start, y=top, width=end - start, height=base - top, class_="gap")
    bar = tag("rect", x=start, y=base, width=end - start, height=y(0) - base, class_="share")
    level = line(start, y(part.accuracy), end, y(part.accuracy), class_="level")
    low, high, right = (percent(share, 1) for share in (part.low, part.high, part.accuracy))
    return titled(tag("g", bar, gap, level), f"{low} to {high} sure: {part.count} images, {right} right")


def _between(part: Bin) -> str:
    return f"{percent(part.low, 1)} – {percent(part.high, 1)}"


def confidences(measured: Calibration) -> Markup:
    """How many images fall where."""
    most = max(part.count for part in measured.bins)
    x, y = AxisScale(0, 1, 46, 396), AxisScale(0, 1.25 * most, 330, 24)
    bars = [
        titled(
            tag("rect", x=x(b.low) + 1, y=y(b.count), width=x(b.high) - x(b.low) - 2, height=y(0) - y(b.count),
                class_="share"),
            f"{b.count} images",
        )
        for b in measured.bins
    ]  # fmt: skip
    marks = [
        tag("g", line(x(mean), 24, x(mean), 330, class_=name), text(x(mean) + (6 if mean < 0.5 else -6), height,
            f"{words} {percent(mean, 1)}", anchor="start" if mean < 0.5 else "end", class_="name"))
        for mean, name, words, height in (
            (measured.accuracy, "even", "accuracy", 38),
            (measured.confidence, "level", "confidence", 56),
        )
    ]  # fmt: skip
    axes = [y_axis(y, 46, 396, "images", number), x_axis(x, 24, 330, "how sure it is", percent)]
    return figure("How sure it is", chart(420, 372, "a histogram of the highest probability", axes, bars, marks))


def histogram(block: Stats) -> Markup:
    """A block's activations, as a line of small bars; a square root, or one tall bar would hide the rest."""
    most = max(block.histogram) ** 0.5 or 1.0
    bar = 120 / len(block.histogram)
    bars = [
        tag("rect", x=i * bar, y=26 - 26 * part**0.5 / most, width=bar - 0.4, height=26 * part**0.5 / most)
        for i, part in enumerate(block.histogram)
        if part
    ]
    zero = (0 - block.low) / ((block.high - block.low) or 1) * 120
    mark = line(zero, 0, zero, 28, class_="zero") if 0 <= zero <= 120 else None
    extent = f"{number(block.low)} to {number(block.high)}"
    return tag(
        "svg", tag("title", extent), mark, bars, viewBox="0 0 120 28", class_="spark", role="img", aria_label=extent
    )


def blocks(stats: Sequence[Stats], kinds: dict[str, str]) -> Markup:
    """Activations and their gradients, a row a block."""
    strongest = max((block.gradient for block in stats), default=0.0) or 1.0
    rows = [
        [
            block.name,
            kinds.get(block.name, ""),
            histogram(block),
            number(block.mean),
            number(block.std),
            percent(block.zeros, 1),
            f"{block.dead} of {block.channels}",
            _bar(block.gradient, strongest),
        ]
        for block in stats
    ]
    headings = ["block", "kind", "activations", "mean", "spread", "zeros", "dead", "gradient of the loss"]
    return tag("div", wide(table(headings, rows)), class_="blocks")


def weights(kernels: Sequence[Kernel]) -> Markup:
    """Kernel weights and their gradients, a row a block."""
    strongest = max((block.gradient for block in kernels), default=0.0) or 1.0
    rows = [
        [
            block.name,
            number(block.weight),
            _bar(block.gradient, strongest),
            number(block.gradient / (block.weight or 1.0)),
        ]
        for block in kernels
    ]
    return tag("div", wide(table(["block", "weights", "gradient", "gradient / weights"], rows)), class_="blocks")


DECADES = 4
"""that a bar of gradients spans"""


def _bar(value: float, most: float) -> Markup:
    """A number and, on a logarithmic scale, a bar."""
    length = 1 + log10(value / most) / DECADES if value > 0 else 0.0
    return tag("span", meter(length), number(value), class_="barred")


def shift_table(shift: dict[str, float], accuracy: float) -> Markup:
    """The numbers of a run's `metrics=shift`: means over the four ways."""
    rows = [["not moved", percent(accuracy, 1), "100 %"]]
    for pixels in range(1, REACH + 1):
        shares = [percent(shift[f"shift/{what}_{pixels}"], 1) for what in ("acc", "agree")]
        rows.append([plural(pixels, "pixel"), *shares])
    return table(["moved by", "accuracy", "same answer as unmoved"], rows)


CELL = 34.0


def ways(values: Tensor, title: Callable[[int, int], str], label: Callable[[float], str]) -> Markup:
    """A cell for each way of moving: down along the rows, right along the columns; the higher a share, the darker."""
    cells: list[Content] = []
    side = 2 * REACH + 1
    for down in range(side):
        for right in range(side):
            value = values[down, right].item()
            depth = max(0.0, min(1.0, value))
            x, y = 30 + right * CELL, 14 + down * CELL
            box = tag("rect", x=x, y=y, width=CELL - 2, height=CELL - 2, rx=3, class_="cell", style=f"--s: {depth:.3f}")
            ink = "in dark" if depth > 0.75 else "in"
            word = text(x + CELL / 2 - 1, y + CELL / 2 + 3, label(value), anchor="middle", class_=ink)
            cells.append(titled(tag("g", box, word), title(down - REACH, right - REACH)))
    heads = [
        [text(30 + i * CELL + CELL / 2 - 1, 10, _signed(i - REACH), anchor="middle"),
         text(24, 14 + i * CELL + CELL / 2 + 3, _signed(i - REACH), anchor="end")]
        for i in range(side)
    ]  # fmt: skip
    width = 30 + side * CELL
    return chart(width, 14 + side * CELL + 4, "a table of what moving the image does", heads, cells)


def _signed(value: int) -> str:
    return f"{value:+d}".replace("-", "−") if value else "0"


def way(down: int, right: int) -> str:
    """
    >>> way(-2, 1), way(0, 0)
    ('2 up, 1 right', 'not moved')
    """
    steps = [f"{abs(n)} {words[n > 0]}" for n, words in ((down, ("up", "down")), (right, ("left", "right"))) if n]
    return ", ".join(steps) or "not moved"


def agreement(look: Inspection) -> Markup:
    """How many images keep their answer, for every way of moving them."""
    shares = look.grid.agreement
    accuracy = look.grid.accuracy(look.truth)

    def title(down: int, right: int) -> str:
        same, correct = (percent(shares_[down + REACH, right + REACH].item(), 1) for shares_ in (shares, accuracy))
        return f"{way(down, right)}: {same} keep their answer, {correct} are right"

    picture = ways(shares, title, lambda value: f"{100 * value:.0f}")
    note = f"per cent of {look.gridded} test images; rows down, columns right"
    return figure("Images that keep their answer", picture, note)


def answer(look: Inspection, place: int) -> Markup:
    """What one image is taken for, for every way of moving it."""
    moved: Moved = look.answers
    predicted, confidence = moved.predicted[:, :, place], moved.confidence[:, :, place]
    usual = int(predicted[REACH, REACH])
    same = predicted == usual

    def title(down: int, right: int) -> str:
        index = (down + REACH, right + REACH)
        return f"{way(down, right)}: {look.classes[int(predicted[index])]} ({percent(confidence[index].item(), 1)})"

    picture = ways(same * confidence, title, lambda value: f"{100 * value:.0f}" if value else "✗")
    others = dict.fromkeys(look.classes[i] for i in predicted[~same].tolist())
    rest = f"elsewhere {', '.join(others)}" if others else "wherever it is moved"
    return figure(look.classes[usual], picture, f"{look.shown[place].name}; {rest}")
