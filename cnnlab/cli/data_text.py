"""A data set at a glance on the terminal, in 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rich.table import Table

from cnnlab.text import number, percent, shortened
from cnnlab.untrusted.words import clean

if TYPE_CHECKING:
    from cnnlab.data.overview import ClassRow, DataOverview

WIDTH = 80
MOST = 40
"""classes in the table; of more the commonest and the rarest half are shown"""
SIZES = 4


def lines(overview: DataOverview) -> Iterator[Table | str]:
    yield class_table(overview)
    yield ""
    for fact in facts(overview):
        yield from wrapped(fact)
    for line, weakens in overview.notes.lines():
        yield from wrapped(f"{'warning: ' * weakens}{line}")


def wrapped(line: str) -> list[str]:
    """A sentence in lines of 80 columns, those after the first indented; names of files stay whole.

    >>> wrapped("files: " + "JPEG, " * 14)
    ['files: JPEG, JPEG, JPEG, JPEG, JPEG, JPEG, JPEG, JPEG, JPEG, JPEG, JPEG, JPEG,', '  JPEG, JPEG,']
    """
    return textwrap.wrap(line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def class_table(overview: DataOverview) -> Table:
    table = Table(
        title=clean(overview.title),
        title_justify="left",
        title_style="bold",
        box=None,
        header_style="dim",
        pad_edge=False,
    )
    table.add_column("class", overflow="fold")
    for heading in ("train", "val", "test", "share"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in shown_rows(overview.rows):
        if row is None:
            table.add_row(f"… {len(overview.rows) - MOST:,} more")
        else:
            table.add_row(clean(row.name), *(f"{n:,}" for n in (row.train, row.val, row.test)), percent(row.share, 1))
    table.add_row("all", *(f"{n:,}" for n in overview.images.values()), "", style="dim")
    return table


def shown_rows(rows: tuple[ClassRow, ...]) -> list[ClassRow | None]:
    """The classes that are listed; None stands for those between."""
    if len(rows) <= MOST:
        return list(rows)
    ordered = sorted(rows, key=lambda row: -row.train)
    return [*ordered[: MOST // 2], None, *ordered[-MOST // 2 :]]


def facts(overview: DataOverview) -> Iterator[str]:
    """What holds for all images, a line each."""
    name, share = overview.majority
    yield f"always naming {shortened(clean(name), 30)} is right on {percent(share, 1)} of the test images"
    if files := overview.notes.files:
        yield f"files: {_counts(files.formats)}; stored as {_counts(files.modes)}"
        more = files.more_sizes + max(0, len(files.sizes) - SIZES)
        yield f"sizes: {_counts(files.sizes, SIZES)}{f' and {more:,} others' if more else ''}"
    mean, std = (", ".join(number(value) for value in values) for values in (overview.mean, overview.std))
    yield f"values: {overview.levels} of 256 levels in use, mean {mean}, spread {std} (of 0 to 1)"
    yield f"digest: {overview.record.digest}"


def _counts(counts: Mapping[str, int], most: int = 8) -> str:
    """
    >>> _counts({"PNG": 1200, "JPEG": 3})
    '1,200 PNG, 3 JPEG'
    """
    return ", ".join(f"{count:,} {clean(name)}" for name, count in [*counts.items()][:most])
