"""The page's charts: reliability, blocks, shifts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log10

from torch import Tensor

from cnnlab.compare.page.plot import Scale, bottom, chart, figure, left, line, table, text
from cnnlab.inspection.blocks import Kernel, Stats
from cnnlab.inspection.calibration import Calibration
from cnnlab.inspection.look import Look
from cnnlab.inspection.shifts import REACH, Moved
from cnnlab.inspection.wording import share
from cnnlab.markup import Content, Markup, tag
from cnnlab.text import number


def titled(mark: Markup, said: str) -> Markup:
    """A mark that says what it is under the pointer."""
    return tag("g", mark, tag("title", said))


def reliability(found: Calibration) -> Markup:
    """Accuracy beside confidence, and how many images are how sure. Guo et al. 2017, arXiv:1706.04599, fig. 1."""
    x, y = Scale(0, 1, 46, 396), Scale(0, 1, 330, 24)
    bars: list[Content] = []
    for one in found.bins:
        start, end = x(one.low) + 1, x(one.high) - 1
        said = f"{share(one.low)} to {share(one.high)} sure: {one.count} images, {share(one.accuracy)} right"
        top, base = sorted((y(one.accuracy), y(one.confidence)))
        gap = tag("rect", x=start, y=top, width=end - start, height=base - top, class_="gap")
        bar = tag("rect", x=start, y=base, width=end - start, height=y(0) - base, class_="share")
        level = line(start, y(one.accuracy), end, y(one.accuracy), class_="level")
        bars.append(titled(tag("g", bar, gap, level), said))
    axes = [left(y, 46, 396, "share that is right", share), bottom(x, 24, 330, "how sure it is", share)]
    even = line(x(0), y(0), x(1), y(1), class_="even")
    said = f"accuracy {share(found.accuracy)}, mean confidence {share(found.confidence)}, ECE {share(found.ece)}"
    rows = [[f"{share(b.low)} – {share(b.high)}", str(b.count), share(b.confidence), share(b.accuracy)]
            for b in found.bins]  # fmt: skip
    numbers = table(["how sure", "images", "confidence", "accuracy"], rows)
    return figure("Reliability", chart(420, 372, said, axes, bars, even), "shaded: the gap", numbers)


def confidences(found: Calibration) -> Markup:
    """How many images fall where."""
    most = max(one.count for one in found.bins)
    x, y = Scale(0, 1, 46, 396), Scale(0, 1.25 * most, 330, 24)
    bars = [
        titled(
            tag("rect", x=x(b.low) + 1, y=y(b.count), width=x(b.high) - x(b.low) - 2, height=y(0) - y(b.count),
                class_="share"),
            f"{b.count} images",
        )
        for b in found.bins
    ]  # fmt: skip
    marks = [
        tag("g", line(x(at), 24, x(at), 330, class_=name), text(x(at) + (6 if at < 0.5 else -6), where, said,
            anchor="start" if at < 0.5 else "end", class_="name"))
        for at, name, said, where in (
            (found.accuracy, "even", f"accuracy {share(found.accuracy)}", 38),
            (found.confidence, "level", f"confidence {share(found.confidence)}", 56),
        )
    ]  # fmt: skip
    axes = [left(y, 46, 396, "images", number), bottom(x, 24, 330, "how sure it is", share)]
    return figure("How sure it is", chart(420, 372, "a histogram of the highest probability", axes, bars, marks))


def histogram(one: Stats) -> Markup:
    """A block's activations, as a line of small bars; a square root, or one tall bar would hide the rest."""
    most = max(one.histogram) ** 0.5 or 1.0
    wide = 120 / len(one.histogram)
    bars = [
        tag("rect", x=i * wide, y=26 - 26 * part**0.5 / most, width=wide - 0.4, height=26 * part**0.5 / most)
        for i, part in enumerate(one.histogram)
        if part
    ]
    zero = (0 - one.low) / ((one.high - one.low) or 1) * 120
    mark = line(zero, 0, zero, 28, class_="zero") if 0 <= zero <= 120 else None
    said = f"{number(one.low)} to {number(one.high)}"
    return tag("svg", tag("title", said), mark, bars, viewBox="0 0 120 28", class_="spark", role="img", aria_label=said)


def blocks(stats: Sequence[Stats], kinds: dict[str, str]) -> Markup:
    """Activations and their gradients, a row a block."""
    strongest = max((one.gradient for one in stats), default=0.0) or 1.0
    rows = [
        [
            one.name,
            kinds.get(one.name, ""),
            histogram(one),
            number(one.mean),
            number(one.std),
            share(one.zeros),
            f"{one.dead} of {one.channels}",
            _bar(one.gradient, strongest),
        ]
        for one in stats
    ]
    headings = ["block", "kind", "activations", "mean", "spread", "zeros", "dead", "gradient of the loss"]
    return tag("div", table(headings, rows), class_="wide blocks")


def weights(kernels: Sequence[Kernel]) -> Markup:
    """Kernel weights and their gradients, a row a block."""
    strongest = max((one.gradient for one in kernels), default=0.0) or 1.0
    rows = [
        [one.name, number(one.weight), _bar(one.gradient, strongest), number(one.gradient / (one.weight or 1.0))]
        for one in kernels
    ]
    return tag("div", table(["block", "weights", "gradient", "gradient / weights"], rows), class_="wide blocks")


DECADES = 4
"""that a bar of gradients spans"""


def _bar(value: float, most: float) -> Markup:
    """A number and, on a logarithmic scale, a bar."""
    length = max(0.0, 1 + log10(value / most) / DECADES) if value > 0 else 0.0
    bar = tag("span", class_="bar-", style=f"--w: {100 * length:.1f}%")
    return tag("span", bar, number(value), class_="barred")


def shift_table(found: dict[str, float], accuracy: float) -> Markup:
    """As a run's `metrics=shift`: mean over the four ways."""
    rows = [["not moved", share(accuracy), "100 %"]]
    for pixels in range(1, REACH + 1):
        label = f"{pixels} pixel{'s' if pixels > 1 else ''}"
        rows.append([label, share(found[f"shift/acc_{pixels}"]), share(found[f"shift/agree_{pixels}"])])
    return table(["moved by", "accuracy", "same answer as unmoved"], rows)


CELL = 34.0


def ways(values: Tensor, said: Callable[[int, int], str], label: Callable[[float], str], low: float) -> Markup:
    """A cell for each way of moving: down along the rows, right along the columns."""
    cells: list[Content] = []
    side = 2 * REACH + 1
    for down in range(side):
        for right in range(side):
            value = values[down, right].item()
            depth = max(0.0, min(1.0, (value - low) / (1 - low or 1.0)))
            x, y = 30 + right * CELL, 14 + down * CELL
            box = tag("rect", x=x, y=y, width=CELL - 2, height=CELL - 2, rx=3, class_="cell", style=f"--s: {depth:.3f}")
            word = text(x + CELL / 2 - 1, y + CELL / 2 + 3, label(value), anchor="middle", class_=_on(depth))
            cells.append(titled(tag("g", box, word), said(down - REACH, right - REACH)))
    heads = [
        [text(30 + i * CELL + CELL / 2 - 1, 10, _signed(i - REACH), anchor="middle"),
         text(24, 14 + i * CELL + CELL / 2 + 3, _signed(i - REACH), anchor="end")]
        for i in range(side)
    ]  # fmt: skip
    width = 30 + side * CELL
    return chart(width, 14 + side * CELL + 4, "a table of what moving the image does", heads, cells)


def _on(depth: float) -> str:
    """The class of a word on a cell of this colour."""
    return "in dark" if depth > 0.75 else "in"


def _signed(value: int) -> str:
    return f"{value:+d}".replace("-", "−") if value else "0"


def way(down: int, right: int) -> str:
    """
    >>> way(-2, 1), way(0, 0)
    ('2 up, 1 right', 'not moved')
    """
    said = [f"{abs(n)} {words[n > 0]}" for n, words in ((down, ("up", "down")), (right, ("left", "right"))) if n]
    return ", ".join(said) or "not moved"


def agreement(look: Look) -> Markup:
    """How many images keep their answer, for every way of moving them."""
    shares = look.grid.agreement
    accuracy = look.grid.accuracy(look.truth)

    def said(down: int, right: int) -> str:
        at = (down + REACH, right + REACH)
        same, correct = shares[at].item(), accuracy[at].item()
        return f"{way(down, right)}: {share(same)} keep their answer, {share(correct)} are right"

    picture = ways(shares, said, lambda value: f"{100 * value:.0f}", low=0.0)
    note = f"per cent of {look.gridded} test images; rows down, columns right"
    return figure("Images that keep their answer", picture, note)


def answer(look: Look, place: int) -> Markup:
    """What one image is taken for, for every way of moving it."""
    found: Moved = look.answers
    predicted, confidence = found.predicted[:, :, place], found.confidence[:, :, place]
    usual = int(predicted[REACH, REACH])
    same = predicted == usual

    def said(down: int, right: int) -> str:
        at = (down + REACH, right + REACH)
        return f"{way(down, right)}: {look.classes[int(predicted[at])]} ({share(confidence[at].item())})"

    picture = ways(same * confidence, said, lambda value: f"{100 * value:.0f}" if value else "✗", low=0.0)
    others = dict.fromkeys(look.classes[i] for i in predicted[~same].tolist())
    rest = f"elsewhere {', '.join(others)}" if others else "wherever it is moved"
    return figure(look.classes[usual], picture, f"{look.shown[place].name}; {rest}")
