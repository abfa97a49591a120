"""The page of `task=diff`: both networks drawn, and the table of what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnlab.config.run import Run
from cnnlab.drawing.outline import block_of
from cnnlab.drawing.page import flow, pane, workbench
from cnnlab.experiment.difference_text import table_rows, totals
from cnnlab.experiment.facts import image_shape
from cnnlab.network.outline import outline
from cnnlab.pages.document import Theme
from cnnlab.pages.markup import Markup, tag
from cnnlab.pages.tables import TableCell, TableRow, table

if TYPE_CHECKING:
    from cnnlab.experiment.difference import Difference

HEADINGS = ("block", "settings", "output", "parameters", "MACs", "sees", "its weights")


def page(difference: Difference, names: tuple[str, str], runs: tuple[Run, Run], theme: Theme) -> str:
    """The whole document; boxes of blocks that differ in more than what they see have a broken edge."""
    altered = frozenset(block_of(row.name) for row in difference.rows if row.altered)
    drawings = [
        pane(words, tag("p", name, class_="quiet"), flow(outline(run.network, image_shape(run)), altered))
        for words, name, run in zip(("This network", "Against"), names, runs, strict=True)
    ]
    lead = " · ".join(totals(difference))
    return workbench(
        f"{names[0]} → {names[1]}",
        lead,
        *drawings,
        pane("What differs", _table(difference)),
        layout="both",
        theme=theme,
    )


def _table(difference: Difference) -> Markup:
    """A row a block that differs; copies that differ in the same way in one."""
    rows = [
        TableRow(
            [name, *(TableCell(cell, differs=" → " in cell) for cell in cells)],
            {"data_block": block_of(name.partition("–")[0])},
        )
        for name, *cells in table_rows(difference)
    ]
    if not rows:
        return tag("p", "Nothing: all blocks are equal.")
    return tag("div", table(HEADINGS, rows, numbers=False), class_="scroll")
