"""Tables, and bars in their cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cnnlab.pages.markup import Content, Markup, tag


@dataclass(frozen=True)
class TableCell:
    """A cell that is marked because it differs from others, or that explains itself under the pointer."""

    content: Content
    differs: bool = False
    title: str | None = None


@dataclass(frozen=True)
class TableRow:
    """A row with attributes of its own; one cell is a heading across the table."""

    cells: Sequence[Content | TableCell]
    attributes: Mapping[str, object] = field(default_factory=dict)


def table(
    headings: Sequence[Content],
    rows: Sequence[TableRow | Sequence[Content | TableCell]],
    *,
    numbers: bool = True,
    caption: str | None = None,
) -> Markup:
    """A table whose first column heads its rows; `numbers` stand at the right. No headings: a list of properties."""
    body = [row if isinstance(row, TableRow) else TableRow(row) for row in rows]
    return tag(
        "table",
        tag("caption", caption) if caption else None,
        tag("thead", tag("tr", [tag("th", heading, scope="col") for heading in headings])) if headings else None,
        tag("tbody", [_row(row, len(headings)) for row in body]),
        class_="numbers" if numbers else None if headings else "properties",
    )


def wide(*content: Content) -> Markup:
    """Content that scrolls sideways where the page has no room for it."""
    return tag("div", content, class_="wide")


def meter(share: float) -> Markup:
    """A bar of a length between 0 and 1."""
    return tag("span", class_="meter", style=f"--w: {100 * min(max(share, 0.0), 1.0):.1f}%")


def _row(row: TableRow, columns: int) -> Markup:
    first, *others = (cell if isinstance(cell, TableCell) else TableCell(cell) for cell in row.cells)
    if not others and columns > 1:
        return tag("tr", tag("th", first.content, colspan=columns, scope="rowgroup", class_="quiet"))
    head = tag("th", first.content, scope="row", title=first.title)
    return tag("tr", head, [_cell(cell) for cell in others], **row.attributes)


def _cell(cell: TableCell) -> Markup:
    return tag("td", cell.content, class_="differs" if cell.differs else None, title=cell.title)
