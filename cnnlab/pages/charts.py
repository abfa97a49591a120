"""Charts as SVG: scales, ticks, axes, marks, legends."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cnnlab.pages.markup import Content, Markup, tag
from cnnlab.pages.tables import wide
from cnnlab.text import compact

SHAPES = 6
"""marks that tell series apart without color"""
COLORS = 8


@dataclass(frozen=True)
class AxisScale:
    """From values to pixels, on a straight or a logarithmic axis."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, position = (
            (math.log(v) for v in (self.low, self.high, value)) if self.log else (self.low, self.high, value)
        )
        return self.start + (position - low) / ((high - low) or 1) * (self.end - self.start)

    def ticks(self, count: int = 5) -> list[float]:
        """Round numbers between the ends."""
        return _log_ticks(self.low, self.high, count) if self.log else _ticks(self.low, self.high, count)


def spread(values: Sequence[float], start: float, end: float, *, pad: float = 0.06, log: bool = False) -> AxisScale:
    """A scale that holds `values` with a little room; one value alone gets room around it."""
    low, high = min(values), max(values)
    if log:
        room = (high / low) ** pad if high > low else 1.5
        return AxisScale(low / room, high * room, start, end, True)
    room = (high - low) * pad or abs(high) * 0.05 or 1.0
    return AxisScale(low - room, high + room, start, end)


def _ticks(low: float, high: float, count: int) -> list[float]:
    rough = (high - low) / count
    if rough <= 0:
        return [low]
    power = 10 ** math.floor(math.log10(rough))
    step = next(k * power for k in (1, 2, 5, 10) if k * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [float(f"{index * step:.12g}") for index in range(first, math.floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float, count: int) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        ticks = [k * 10.0**power for power in powers for k in steps if low <= k * 10.0**power <= high]
        if len(ticks) >= min(count - 1, 3):
            return ticks
    return _ticks(low, high, count)


def tick_label(value: float) -> str:
    """
    >>> tick_label(1_500_000.0), tick_label(20_000.0), tick_label(0.25)
    ('1.5 M', '20 k', '0.25')
    """
    return compact(value, thousands=1e4, digits=4)


def series(place: int) -> str:
    """The classes that color the marks of one of several series, and by which the legend finds them."""
    return f"a{place % COLORS} series-{place}"


def legend(labels: Sequence[str], name: str) -> Markup:
    """A button for each series, which fades it in all charts."""
    buttons = []
    for place, label in enumerate(labels):
        sign = tag("svg", mark(place, 8, 8, 5.5), viewBox="0 0 16 16", width="16", height="16",
                   aria_hidden="true", class_=f"a{place % COLORS}")  # fmt: skip
        buttons.append(tag("button", sign, label, type="button", aria_pressed="true", data_series=place))
    return tag("div", buttons, class_="legend", role="group", aria_label=name)


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


def points(pairs: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def text(x: float, y: float, *words: Content, anchor: str = "start", **attributes: object) -> Markup:
    return tag("text", *words, x=x, y=y, text_anchor=None if anchor == "start" else anchor, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> Markup:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


def interval_bar(
    scale: AxisScale, bounds: tuple[float, float], place: float, upright: bool = False, **attributes: object
) -> Markup:
    """An interval as a bar at `place` of the other axis; where it goes on beyond this one, an arrowhead says so."""
    nearest, furthest = sorted((scale.start, scale.end))

    def at(along: float, beside: float) -> tuple[float, float]:
        return (place + beside, along) if upright else (along, place + beside)

    ends, heads = [], []
    for bound, edge in zip(bounds, (scale.start, scale.end), strict=True):
        position = edge if math.isinf(bound) else scale(bound)
        kept = min(max(position, nearest), furthest)
        ends.append(at(kept, 0))
        if math.isinf(bound) or abs(position - kept) > 0.5:
            back = kept + (9 if kept == nearest else -9)
            corners = points([at(kept, 0), at(back, -4.5), at(back, 4.5)])
            heads.append(tag("polygon", points=corners, class_="cut", data_t="the interval goes on beyond the chart"))
    (x1, y1), (x2, y2) = ends
    return tag("g", line(x1, y1, x2, y2, **attributes), heads)


def x_axis(
    scale: AxisScale, top: float, base: float, title: str, label: Callable[[float], str], count: int = 5
) -> Markup:
    """A horizontal axis at `base` with grid lines up to `top`."""
    ticks = [
        (line(scale(v), top, scale(v), base, class_="grid"), text(scale(v), base + 16, label(v), anchor="middle"))
        for v in scale.ticks(count)
    ]
    name = text((scale.start + scale.end) / 2, base + 34, title, anchor="middle") if title else None
    return tag("g", ticks, name)


def y_axis(scale: AxisScale, near: float, far: float, title: str, label: Callable[[float], str]) -> Markup:
    """A vertical axis at x = `near` with grid lines to `far`; its title stands above."""
    ticks = [
        (line(near, scale(v), far, scale(v), class_="grid"), text(near - 8, scale(v) + 4, label(v), anchor="end"))
        for v in scale.ticks()
    ]
    return tag("g", ticks, text(0, min(scale.start, scale.end) - 12, title))


def titled(mark: Markup, title: str) -> Markup:
    """A mark that explains itself under the pointer, without a script."""
    return tag("g", mark, tag("title", title))


def chart(width: float, height: float, summary: str, *parts: Content, **attributes: object) -> Markup:
    """A picture; a screen reader reads `summary` in its place.

    Where the page has CHARTS_SCRIPT, the text in a mark's `data_t` is shown under the pointer, and arrow keys step
    through the marks.
    """
    return tag(
        "svg", *parts, viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=summary, tabindex="0",
        class_="chart", **attributes,
    )  # fmt: skip


def figure(title: str, picture: Content, note: str = "", table: Content = None) -> Markup:
    """A chart under its title, with a remark and its numbers as a table."""
    numbers = tag("details", tag("summary", "as a table"), wide(table)) if table else None
    return tag("figure", tag("figcaption", tag("b", title), f"  {note}" if note else None), picture, numbers)
