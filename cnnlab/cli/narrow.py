"""Tables on terminals that have no room for them: whole columns give way, and no word is broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

GAP = 2
"""columns of the terminal between two of a table"""


def fitting(
    columns: Mapping[str, Sequence[str]], width: int, first_to_go: Sequence[str], wrapping: bool = False
) -> dict[str, int]:
    """The headings of the columns that have room in `width`, each with the least that it needs.

    Those that give way do so in the order of `first_to_go`. `wrapping`: whether cells, too, may go on in another line.

    >>> fitting({"name": ["stem"], "receptive field": ["7×7"]}, 80, ["receptive field"])
    {'name': 4, 'receptive field': 9}
    >>> fitting({"name": ["stem"], "receptive field": ["7×7"]}, 14, ["receptive field"])
    {'name': 4}
    """
    needed = {heading: _longest([*heading.split(), *_words(cells, wrapping)]) for heading, cells in columns.items()}
    for heading in first_to_go:
        if sum(needed.values()) + GAP * (len(needed) - 1) > width:
            del needed[heading]
    return needed


def _words(cells: Sequence[str], wrapping: bool) -> Sequence[str]:
    return [word for cell in cells for word in cell.split()] if wrapping else cells


def _longest(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=0)
