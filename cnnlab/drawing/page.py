"""Pages with drawings whose blocks open: that of a network, and the parts of that of two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from cnnlab.drawing.columns import AFTER, Segment, examples, unfoldings
from cnnlab.drawing.layout import STEM, label
from cnnlab.drawing.outline import Outline, block_of
from cnnlab.drawing.piece import Piece
from cnnlab.drawing.svg import fragment, style_sheet
from cnnlab.pages.document import Theme, document
from cnnlab.pages.markup import Content, Markup, tag
from cnnlab.pages.tables import TableCell, TableRow, meter, table
from cnnlab.text import compact, dims

HERE = Path(__file__).parent


def workbench(title: str, lead: str, *panes: Content, layout: str, theme: Theme) -> str:
    """A page of panes beside each other, with drawings in them whose blocks open."""
    top = tag("header", tag("h1", title), tag("p", lead, class_="quiet"))
    return document(
        title, top, tag("main", *panes, class_=layout),
        styles=[HERE / "page.css", style_sheet(theme)], scripts=[HERE / "unfold.js"], theme=theme,
    )  # fmt: skip


def pane(title: str, *content: Content) -> Markup:
    """A part of a workbench."""
    return tag("section", tag("h2", title), *content, class_="pane")


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
    panes = [
        pane("Drawing", flow(outline, depth=depth)),
        pane("Shapes and parameters", layer_table(record)),
        pane("YAML", _yaml(model)),
    ]
    return workbench(title, subtitle, *panes, layout="three", theme=theme)


# -- the drawing


def flow(outline: Outline, altered: frozenset[str] = frozenset(), depth: int | None = None) -> list[Content]:
    """The network from top to bottom, each part in all its depths, of which one is shown.

    Blocks that are `altered` stand out. At first all are open to `depth`; without one, a block of each sort is, or none
    where some are altered.
    """
    depths, opened = unfoldings(outline), frozenset(examples(outline))
    depth = 0 if altered and depth is None else depth
    shown = [_first(parts, opened) if depth is None else min(depth, len(parts) - 1) for parts in depths]
    left = max(parts[depth_shown].piece.axis for parts, depth_shown in zip(depths, shown, strict=True))
    rows = []
    for parts, depth_shown, following in zip(depths, shown, [*depths[1:], None], strict=True):
        pieces = [(_with_line(part, following is not None), _summary(part)) for part in parts]
        drawn = [
            fragment(
                piece,
                summary,
                altered,
                data_axis=f"{piece.axis:.1f}",
                hidden=which != depth_shown,
                style=f"margin-left: {left - piece.axis:.1f}px",
            )
            for which, (piece, summary) in enumerate(pieces)
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


def _with_line(part: Segment, continues: bool) -> Piece:
    """A part, and the line that leads on from it."""
    words = label(part.shape, part.until)
    piece = part.piece.widened(2.0, words.width + 8.0)
    if continues:
        if part.shape:
            piece.words.append(words.moved(piece.axis + 5.0, piece.height + STEM + 5.0))
        piece.draw((piece.axis, piece.height), (piece.axis, piece.height + AFTER), arrow=True)
        piece.height += AFTER
    piece.width += 1.0
    return piece


def _summary(part: Segment) -> str:
    """What a screen reader reads of a part."""
    first = next((box.hover for box in part.piece.boxes if box.hover), "")
    return first.replace("\n", ", ") or " ".join(
        run.words for box in part.piece.boxes for w in box.words for run in w.runs
    )


# -- the table and the YAML


def layer_table(record: dict[str, Any]) -> Markup:
    """The rows of a network's record: what each block leaves and costs."""
    total = max(record["params"], 1)
    rows = [_layer(layer, total) for layer in record["layers"]]
    for name, head in record.get("aux", {}).items():
        rows.append(
            TableRow([f"auxiliary head {name} after {head['from']}: in training only, its loss × {head['weight']:g}"])
        )
        rows += [_layer(layer, total) for layer in head["layers"]]
    return tag("div", table(["block", "leaves", "parameters", "MACs", "sees"], rows), class_="scroll")


def _layer(layer: dict[str, Any], total: int) -> TableRow:
    params, macs = layer["params"], layer["macs"]
    cells = [
        [tag("b", _short(layer["name"])), tag("small", layer["block"])],
        dims(layer["shape"]),
        TableCell([f"{params:,}", meter(params / total)], title=f"{params / total:.1%} of all") if params else "",
        TableCell(compact(macs), title=f"{macs:,}") if macs else "",
        dims(layer["receptive_field"]),
    ]
    return TableRow(cells, {"data_block": block_of(layer["name"])})


def _short(name: str) -> str:
    """A layer's name without its section, or without its auxiliary head."""
    return name.split(".", 3 if name.startswith("aux.") else 1)[-1]


class _FlowDumper(yaml.SafeDumper):
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
    text = yaml.dump(
        value, Dumper=_FlowDumper, sort_keys=False, default_flow_style=True, width=10**9, allow_unicode=True
    )
    return text.removesuffix("\n...\n").strip()
