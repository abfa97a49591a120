"""The parts of a hand-made chart: scales, ticks, axes, marks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnnlab.markup import Content, Markup, tag
from cnnlab.text import number

SHAPES = 6
"""marks that tell arms apart without colour"""
COLOURS = 8


@dataclass(frozen=True)
class Scale:
    """From values to pixels, on a straight or a logarithmic axis."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = (
            (math.log(v) for v in (self.low, self.high, value)) if self.log else (self.low, self.high, value)
        )
        return self.start + (at - low) / ((high - low) or 1) * (self.end - self.start)

    def ticks(self, count: int = 5) -> list[float]:
        """Round numbers between the ends."""
        return _log_ticks(self.low, self.high, count) if self.log else _ticks(self.low, self.high, count)


def spread(values: Sequence[float], start: float, end: float, *, pad: float = 0.06, log: bool = False) -> Scale:
    """A scale that holds `values` with a little room; one value alone gets room around it."""
    low, high = min(values), max(values)
    if log:
        room = (high / low) ** pad if high > low else 1.5
        return Scale(low / room, high * room, start, end, True)
    room = (high - low) * pad or abs(high) * 0.05 or 1.0
    return Scale(low - room, high + room, start, end)


def _ticks(low: float, high: float, count: int) -> list[float]:
    rough = (high - low) / count
    if rough <= 0:
        return [low]
    power = 10 ** math.floor(math.log10(rough))
    step = next(k * power for k in (1, 2, 5, 10) if k * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 12) for index in range(first, math.floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float, count: int) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        found = [k * 10.0**power for power in powers for k in steps if low <= k * 10.0**power <= high]
        if len(found) >= min(count - 1, 3):
            return found
    return _ticks(low, high, count)


def short(value: float, step: float | None = None) -> str:
    """A tick's label.

    >>> short(1_500_000.0), short(20_000.0), short(0.25)
    ('1.5 M', '20 k', '0.25')
    """
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * (10 if size == 1e3 else 1):
            return f"{number(value / size)} {unit}"
    return number(value, 4)


def percent(value: float) -> str:
    """
    >>> percent(0.845), percent(0.9)
    ('84.5 %', '90 %')
    """
    return f"{100 * value:.2f}".rstrip("0").rstrip(".").replace("-", "−") + " %"


def mark(shape: int, x: float, y: float, size: float = 4.5, **attributes: object) -> Markup:
    """A filled mark around (x, y): circle, square, triangle, diamond, triangle down, hexagon."""
    shape %= SHAPES
    if shape == 0:
        return tag("circle", cx=x, cy=y, r=size, **attributes)
    corners = {
        1: [(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
        2: [(0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
        3: [(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)],
        4: [(0, 1.2), (1.1, -0.8), (-1.1, -0.8)],
        5: [(math.cos(a), math.sin(a)) for a in (k * math.pi / 3 for k in range(6))],
    }[shape]
    return tag("polygon", points=points((x + size * a, y + size * b) for a, b in corners), **attributes)


def points(pairs) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def text(x: float, y: float, *words: Content, anchor: str = "start", **attributes: object) -> Markup:
    return tag("text", *words, x=x, y=y, text_anchor=None if anchor == "start" else anchor, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> Markup:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


def bottom(scale: Scale, top: float, base: float, said: str, label: Callable[[float], str], count: int = 5) -> Markup:
    """A horizontal axis at `base` with grid lines up to `top`."""
    ticks = [
        (line(scale(v), top, scale(v), base, class_="grid"), text(scale(v), base + 16, label(v), anchor="middle"))
        for v in scale.ticks(count)
    ]
    name = text((scale.start + scale.end) / 2, base + 34, said, anchor="middle", class_="axis") if said else None
    return tag("g", ticks, name)


def left(scale: Scale, near: float, far: float, said: str, label: Callable[[float], str], count: int = 5) -> Markup:
    """A vertical axis at x = `near` with grid lines to `far`; its name stands above."""
    ticks = [
        (line(near, scale(v), far, scale(v), class_="grid"), text(near - 8, scale(v) + 4, label(v), anchor="end"))
        for v in scale.ticks(count)
    ]
    return tag("g", ticks, text(0, min(scale.start, scale.end) - 12, said, class_="axis"))


def chart(width: float, height: float, said: str, *parts: Content, **attributes: object) -> Markup:
    """The picture; `said` is what a screen reader says in its place. Arrow keys step through what has `data-t`."""
    return tag(
        "svg", *parts, viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=said, tabindex="0", class_="chart",
        **attributes,
    )  # fmt: skip


def figure(title: str, picture: Content, note: str = "", table: Content = None) -> Markup:
    """A chart under its title, with a remark and its numbers as a table."""
    numbers = tag("details", tag("summary", "as a table"), tag("div", table, class_="wide")) if table else None
    return tag("figure", tag("figcaption", tag("b", title), f"  {note}" if note else None), picture, numbers)


def table(headings: Sequence[Content], rows: Sequence[Sequence[Content]], *, numbers: bool = True) -> Markup:
    """A table whose first column heads its rows."""
    head = tag("thead", tag("tr", [tag("th", heading, scope="col") for heading in headings]))
    body = tag(
        "tbody",
        [tag("tr", tag("th", row[0], scope="row"), [tag("td", cell) for cell in row[1:]]) for row in rows],
    )
    return tag("table", head, body, class_="numbers" if numbers else None)
