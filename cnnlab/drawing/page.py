"""Pages with drawings in them: one file each that needs no network, no server and, to be read, no script."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cnnlab.drawing.boxes import counted, sized
from cnnlab.drawing.columns import AFTER, Segment, examples, unfoldings
from cnnlab.drawing.layout import STEM, label
from cnnlab.drawing.outline import Outline
from cnnlab.drawing.piece import Piece
from cnnlab.drawing.svg import Theme, fragment, style_sheet
from cnnlab.markup import Content, Markup, tag

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""nothing may be fetched, whatever a name in a recipe looks like"""


def document(title: str, *body: Content, theme: Theme = "auto") -> str:
    """A whole page: our style sheet, the colours of drawings, the script at its end."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark" if theme == "auto" else theme),
        tag("title", f"{title} · cnnlab"),
        tag("style", Markup(styles(theme))),
    )
    whole = tag("html", head, tag("body", *body, tag("script", Markup(_file("page.js")))), lang="en", data_theme=theme)
    return f"<!doctype html>\n{whole}\n"


def styles(theme: Theme) -> str:
    """The style sheet in the light, in the dark, or as the reader's system has it."""
    light, dark = _file("light.css"), _file("dark.css")
    page = {"light": light, "dark": dark, "auto": f"{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n"}
    return page[theme] + style_sheet(theme) + _file("page.css")


@cache
def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def drawing_page(
    title: str,
    subtitle: str,
    outline: Outline,
    record: dict[str, Any],
    model: dict[str, Any],
    depth: int | None = None,
    theme: Theme = "auto",
) -> str:
    """The drawing, whose blocks open, beside the table of `record` (as network.json) and the YAML of `model`."""
    return document(
        title,
        tag("header", tag("h1", title), tag("p", subtitle, class_="quiet")),
        tag(
            "main",
            tag("section", tag("h2", "Drawing"), flow(outline, depth=depth), class_="pane"),
            tag("section", tag("h2", "Shapes and parameters"), layer_table(record), class_="pane"),
            tag("section", tag("h2", "YAML"), _yaml(model), class_="pane"),
            class_="three",
        ),
        theme=theme,
    )


# -- the drawing


def flow(outline: Outline, altered: frozenset[str] = frozenset(), depth: int | None = None) -> list[Content]:
    """The network from top to bottom, each part in all its depths, of which one is shown.

    Blocks that are `altered` stand out. At first all are open to `depth`; unless it is said, one of each sort is, or
    none where some are altered.
    """
    depths, opened = unfoldings(outline), frozenset(examples(outline))
    depth = 0 if altered and depth is None else depth
    shown = [_first(parts, opened) if depth is None else min(depth, len(parts) - 1) for parts in depths]
    left = max(parts[at].piece.axis for parts, at in zip(depths, shown, strict=True))
    rows = []
    for parts, at, following in zip(depths, shown, [*depths[1:], None], strict=True):
        pieces = [(_with_line(part, following is not None), _said(part)) for part in parts]
        drawn = [
            fragment(
                piece,
                said,
                altered,
                data_axis=f"{piece.axis:.1f}",
                hidden=which != at,
                style=f"margin-left: {left - piece.axis:.1f}px",
            )
            for which, (piece, said) in enumerate(pieces)
        ]
        rows.append(tag("div", drawn, class_="part"))
    tools = _tools() if any(len(parts) > 1 for parts in depths) else None
    return [tools, tag("div", tag("div", rows, class_="flow"), class_="scroll")]


def _tools() -> Markup:
    buttons = (("fold all", 0), ("open all", 1), ("open everything", 99))
    drawn = [tag("button", words, type="button", data_all=str(depth)) for words, depth in buttons]
    return tag("div", drawn, tag("span", "or click a block", class_="quiet"), class_="tools")


def _first(parts: Sequence[Segment], opened: frozenset[str]) -> int:
    """The depth at which a part is shown at first: one of each sort is open."""
    if len(parts) == 1:
        return 0
    names = {box.name.partition(".")[2] for box in parts[0].piece.boxes if box.name}
    return int(bool(names & {name.partition(".")[0] for name in opened}))


def _with_line(part: Segment, goes_on: bool) -> Piece:
    """A part, and the line that leads on from it."""
    words = label(part.shape, part.until)
    found = part.piece.widened(2.0, words.width + 8.0)
    if goes_on:
        if part.shape:
            found.words.append(words.moved(found.axis + 5.0, found.height + STEM + 5.0))
        found.draw((found.axis, found.height), (found.axis, found.height + AFTER), arrow=True)
        found.height += AFTER
    found.width += 1.0
    return found


def _said(part: Segment) -> str:
    first = next((box.told for box in part.piece.boxes if box.told), "")
    return first.replace("\n", ", ") or " ".join(
        run.words for box in part.piece.boxes for w in box.words for run in w.runs
    )


# -- the table and the YAML


def layer_table(record: dict[str, Any]) -> Markup:
    """The rows of a network's record: what each block leaves and costs."""
    total = max(record["params"], 1)
    rows = [_layer(layer, total) for layer in record["layers"]]
    for name, head in record.get("aux", {}).items():
        said = f"auxiliary head {name} after {head['from']}: in training only, its loss × {head['weight']:g}"
        rows.append(tag("tr", tag("th", said, colspan=5, scope="rowgroup", class_="quiet")))
        rows += [_layer(layer, total) for layer in head["layers"]]
    heads = ("block", "leaves", "parameters", "MACs", "sees")
    top = tag("thead", tag("tr", [tag("th", words, scope="col") for words in heads]))
    return tag("div", tag("table", top, tag("tbody", rows)), class_="scroll")


def _layer(layer: dict[str, Any], total: int) -> Markup:
    share = layer["params"] / total
    bar = tag("span", class_="bar", style=f"width: {100 * min(share, 1.0):.1f}%") if layer["params"] else None
    exact = f"{layer['params']:,}"
    cells = [
        tag("th", tag("b", _short(layer["name"])), tag("small", layer["block"]), scope="row"),
        tag("td", sized(tuple(layer["shape"]))),
        tag("td", exact if layer["params"] else "", bar, title=f"{share:.1%} of all" if layer["params"] else None),
        tag("td", counted(layer["macs"]) if layer["macs"] else "", title=f"{layer['macs']:,}"),
        tag("td", "×".join(map(str, layer["receptive_field"]))),
    ]
    return tag("tr", cells, data_block=block_of(layer["name"]))


def _short(name: str) -> str:
    """Without what its heading says: the section, of an auxiliary head its name."""
    return name.split(".", 3 if name.startswith("aux.") else 1)[-1]


def block_of(name: str) -> str:
    """
    >>> block_of("body.stage3.1"), block_of("aux.aux1.head.fc")
    ('body.stage3', 'aux.aux1')
    """
    return ".".join(name.split(".")[:2])


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _yaml(model: dict[str, Any]) -> Markup:
    """The network's settings as they were composed, blocks on lines of their own that light up with their boxes."""
    lines: list[Content] = []
    for key, value in model.items():
        if key in ("body", "head", "aux") and isinstance(value, dict):
            lines.append(f"{key}:\n")
            for name, block in value.items():
                lines.append(tag("span", f"  {name}: {_dumped(block)}\n", data_block=f"{key}.{name}"))
        elif value not in (None, {}, []):
            lines.append(f"{key}: {_dumped(value)}\n")
    return tag("div", tag("pre", tag("code", lines)), class_="scroll")


def _dumped(value: Any) -> str:
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, default_flow_style=True, width=10**9, allow_unicode=True)
    return text.removesuffix("\n...\n").strip()
