"""The page of `task=diff`: both networks drawn, and the table of what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnlab.cli.diff import folded, summed
from cnnlab.config.run import Run
from cnnlab.drawing.page import block_of, document, flow
from cnnlab.drawing.svg import Theme
from cnnlab.experiment.facts import image_shape
from cnnlab.markup import Content, Markup, tag
from cnnlab.network.outline import outline

if TYPE_CHECKING:
    from cnnlab.experiment.difference import Difference

HEADINGS = ("block", "settings", "output", "parameters", "MACs", "sees", "its weights")


def page(found: Difference, names: tuple[str, str], runs: tuple[Run, Run], theme: Theme) -> str:
    """The whole document; boxes of blocks that differ in more than what they see have a broken edge."""
    altered = frozenset(block_of(row.name) for row in found.rows if row.altered)
    drawings = [
        tag(
            "section",
            tag("h2", words),
            tag("p", name, class_="quiet"),
            flow(outline(run.network, image_shape(run)), altered),
            class_="pane",
        )
        for words, name, run in zip(("This network", "Against"), names, runs, strict=True)
    ]
    title = f"{names[0]} → {names[1]}"
    lead = tag("p", " · ".join(summed(found)), class_="quiet")
    table = tag("section", tag("h2", "What differs"), _table(found), class_="pane")
    return document(
        title, tag("header", tag("h1", title), lead), tag("main", drawings, table, class_="both"), theme=theme
    )


def _table(found: Difference) -> Markup:
    """A row a block that differs; copies that differ in the same way in one."""
    lines = list(folded(found))
    if not lines:
        return tag("p", "Nothing: all blocks are equal.")
    head = tag("thead", tag("tr", [tag("th", words, scope="col") for words in HEADINGS]))
    rows = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            [tag("td", _lines(cell), class_="other" if " → " in cell else None) for cell in cells],
            data_block=block_of(name.partition("–")[0]),
        )
        for name, *cells in lines
    ]
    return tag("div", tag("table", head, tag("tbody", rows), class_="words"), class_="scroll")


def _lines(cell: str) -> list[Content]:
    first, *others = cell.split("\n")
    return [first, *([tag("br"), line] for line in others)]
