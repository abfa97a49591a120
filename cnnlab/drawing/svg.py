"""A piece as SVG: light and dark, for pages, slides and whatever else reads SVG.

Colors stand on the elements themselves, for programs that read no style sheet, and a style sheet has those for dark
surroundings. In a page they come from its style sheet.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cnnlab.drawing.piece import APART, BEND, Box, Connector, Piece, TextLine, TextRun
from cnnlab.drawing.text_width import width
from cnnlab.pages.document import Theme, in_the_dark
from cnnlab.pages.markup import Markup, tag
from cnnlab.text import shortened

FONT = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
MARGIN = 24.0
HEAD = 5.0
"""length of an arrow's head"""
SHARED = f""".drawing {{ display: block; overflow: visible; font-family: {FONT}; }}
.drawing .altered > rect {{ stroke-width: 2.4; stroke-dasharray: 5 3; }}
"""


@dataclass(frozen=True)
class Palette:
    """Colors: of a look (fill, edge), of words, of lines, of what lies behind."""

    looks: Mapping[str, tuple[str, str]]
    ink: str
    soft: str
    line: str
    paper: str


LIGHT = Palette(
    {
        "conv": ("#dcebfa", "#4a86c5"),
        "linear": ("#fde8cd", "#cf8a2e"),
        "pool": ("#dcf1e1", "#4f9f68"),
        "other": ("#f1f1f3", "#a9aeb6"),
        "folded": ("#eae4f7", "#8266c2"),
        "frame": ("#f7f5fc", "#b9addb"),
        "mark": ("#ffffff", "#5d6670"),
        "end": ("#ffffff", "#5d6670"),
    },
    "#1d2126",
    "#5d6670",
    "#5d6670",
    "#ffffff",
)
DARK = Palette(
    {
        "conv": ("#1d3550", "#5c9ddd"),
        "linear": ("#4a3413", "#dba24d"),
        "pool": ("#1c3d28", "#65b982"),
        "other": ("#2a2e34", "#6d747d"),
        "folded": ("#352c52", "#a38be0"),
        "frame": ("#1f1d2b", "#5c5284"),
        "mark": ("#14171a", "#a7afb7"),
        "end": ("#14171a", "#a7afb7"),
    },
    "#e6e4df",
    "#a7afb7",
    "#8b949d",
    "#14171a",
)


def document(piece: Piece, title: str, subtitle: str, theme: Theme = "auto") -> str:
    """A file of its own, with a heading. Raises nothing."""
    palette, title, subtitle = DARK if theme == "dark" else LIGHT, shortened(title, 80), shortened(subtitle, 120)
    room = max(width(title, 18.0, True), width(subtitle, 12.0))
    wide, top = max(piece.width, room) + 2 * MARGIN, 62.0
    high = piece.height + top + MARGIN
    heading = [
        tag("text", title, x=MARGIN, y=30, class_="ink", fill=palette.ink, font_size=18, font_weight="bold"),
        tag("text", subtitle, x=MARGIN, y=50, class_="soft", fill=palette.soft, font_size=12),
    ]
    paper = tag("rect", width=wide, height=high, class_="paper", fill=palette.paper)
    style = (
        tag("style", Markup(f"@media (prefers-color-scheme: dark) {{\n{rules(DARK)}}}")) if theme == "auto" else None
    )
    inner = tag("g", marks(piece, palette), transform=f"translate({MARGIN:g} {top:g})")
    svg = tag(
        "svg",
        *(tag("title", title), style, paper, heading, inner),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {wide:.0f} {high:.0f}",
        width=f"{wide:.0f}",
        height=f"{high:.0f}",
        font_family=FONT,
    )
    return f"{svg}\n"


def fragment(piece: Piece, summary: str, altered: Collection[str] = (), **attributes: object) -> Markup:
    """For a page that has the colours (`rules`) in its style sheet; a screen reader reads `summary`.

    The boxes of `altered` blocks stand out.
    """
    size = {"viewBox": f"0 0 {piece.width:.0f} {piece.height:.0f}", "width": f"{piece.width:.0f}"}
    about = {"height": f"{piece.height:.0f}", "role": "img", "aria_label": summary, "class_": "drawing"}
    return tag("svg", marks(piece, None, altered), **{**size, **about, **attributes})


def style_sheet(theme: Theme = "auto") -> str:
    """What a page with fragments in it needs."""
    light, dark = rules(LIGHT, ".drawing "), rules(DARK, ".drawing ")
    return SHARED + {"light": light, "dark": dark, "auto": light + in_the_dark(dark)}[theme]


def rules(palette: Palette, within: str = "") -> str:
    """A palette as a style sheet."""
    looks = [f"{within}.{look} {{ fill: {fill}; stroke: {edge}; }}" for look, (fill, edge) in palette.looks.items()]
    words = [f"{within}.ink {{ fill: {palette.ink}; }}", f"{within}.soft {{ fill: {palette.soft}; }}"]
    lines = [f"{within}.line {{ stroke: {palette.line}; }}", f"{within}.tip {{ fill: {palette.line}; }}"]
    lines.append(f"{within}.line {{ fill: none; stroke-width: 1.2; }}")
    return "\n".join([*looks, *words, *lines, f"{within}.paper {{ fill: {palette.paper}; }}", ""])


def marks(piece: Piece, palette: Palette | None, altered: Collection[str] = ()) -> Sequence[Markup]:
    """Frames from the outermost inwards, then lines, boxes and words."""
    frames = [box for box in piece.boxes if box.look == "frame"]
    frames.sort(key=lambda box: -box.width * box.height)
    solid = [box for box in piece.boxes if box.look != "frame"]
    return [
        *(_box(box, palette, box.name in altered) for box in frames),
        *(_line(line, palette) for line in piece.lines),
        *(_box(box, palette, box.name in altered) for box in solid),
        *(_words(words, palette) for words in piece.words),
    ]


def _box(box: Box, palette: Palette | None, altered: bool) -> Markup:
    fill, edge = palette.looks[box.look] if palette else (None, None)
    about = {"class_": box.look, "fill": fill, "stroke": edge}
    bend = box.height / 2 if box.look in ("mark", "end") else 8.0 if box.look == "frame" else 5.0
    size = {"width": box.width, "height": box.height, "rx": bend}
    behind = tag("rect", x=box.x - 3.0, y=box.y + 3.0, **size, **about) if box.stack else None
    front = tag("rect", x=box.x, y=box.y, **size, **about)
    words = [_words(line, palette) for line in box.words]
    hover = tag("title", box.hover) if box.hover else None
    classes = " ".join(word for word, holds in (("opens", box.opens), ("altered", altered)) if holds)
    return tag("g", hover, behind, front, words, data_block=box.name or None, class_=classes or None)


def _words(words: TextLine, palette: Palette | None) -> Markup:
    x = words.x + {"start": 0.0, "middle": words.width / 2, "end": words.width}[words.anchor]
    anchor = None if words.anchor == "start" else words.anchor
    about = {"x": x, "y": words.y, "font_size": words.size, "text_anchor": anchor}
    first, *others = [_hand(run, palette) for run in words.runs]
    if not others:
        return tag("text", words.runs[0].words, **about, **first)
    spans = [tag("tspan", words.runs[0].words, **first)]
    spans += [tag("tspan", run.words, dx=APART, **hand) for run, hand in zip(words.runs[1:], others, strict=True)]
    return tag("text", spans, **about)


def _hand(run: TextRun, palette: Palette | None) -> dict[str, str | None]:
    hand = "soft" if run.soft else "ink"
    fill = getattr(palette, hand) if palette else None
    return {"class_": hand, "fill": fill, "font_weight": "bold" if run.bold else None}


def _line(line: Connector, palette: Palette | None) -> Markup:
    points, color = list(line.points), palette.line if palette else None
    tip = None
    if line.arrow:
        (x, y), (a, b) = points[-1], points[-2]
        long = max(abs(x - a) + abs(y - b), 1e-6)
        dx, dy = (x - a) / long, (y - b) / long
        tip = tag(
            "path",
            d=f"M{x:.1f} {y:.1f}L{x - HEAD * dx - 3 * dy:.1f} {y - HEAD * dy - 3 * dx:.1f}"
            f"L{x - HEAD * dx + 3 * dy:.1f} {y - HEAD * dy + 3 * dx:.1f}Z",
            class_="tip",
            fill=color,
        )
        points[-1] = (x - (HEAD - 1) * dx, y - (HEAD - 1) * dy)
    dash = "4 3" if line.dashed else None
    hand = {"fill": "none", "stroke": color, "stroke_width": "1.2"} if palette else {}
    path = tag("path", d=_path(points), class_="line", stroke_dasharray=dash, **hand)
    return tag("g", path, tip) if tip else path


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Straight stretches with rounded corners."""
    d = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for before, (x, y), behind in zip(points, points[1:], points[2:], strict=False):
        near = min(BEND, _long(before, (x, y)) / 2, _long((x, y), behind) / 2)
        (a, b), (c, e) = _towards((x, y), before, near), _towards((x, y), behind, near)
        d.append(f"L{a:.1f} {b:.1f}Q{x:.1f} {y:.1f} {c:.1f} {e:.1f}")
    d.append(f"L{points[-1][0]:.1f} {points[-1][1]:.1f}")
    return "".join(d)


def _long(a: tuple[float, float], b: tuple[float, float]) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(point: tuple[float, float], other: tuple[float, float], by: float) -> tuple[float, float]:
    long = max(_long(point, other), 1e-6)
    return point[0] + (other[0] - point[0]) / long * by, point[1] + (other[1] - point[1]) / long * by
