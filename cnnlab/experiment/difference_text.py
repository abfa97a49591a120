"""What differs between two networks, as cells of text for a table and sentences under it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cnnlab.experiment.difference import BlockDifference, Difference
from cnnlab.text import dims, millions

Cells = tuple[str, str, str, str, str, str, str]
"""name, settings, output, parameters, multiply-adds, receptive field, weights"""
ABSENT = "–"
"""stands for what one of the networks does not have"""


def totals(difference: Difference) -> list[str]:
    """Sentences on the whole networks."""
    here, there, differing = difference.here, difference.there, len(difference.differing)
    equal, taken, layers = len(difference.rows) - differing, *difference.weights
    blocks = f"{equal} block{'s are' if equal != 1 else ' is'} equal"
    sentences = [f"{blocks}, {differing} differ" if differing else f"all {equal} blocks are equal"]
    if here.input != there.input:
        sentences.append(f"images {dims(here.input)} → {dims(there.input)}")
    for words, key in (("parameters", "params"), ("parameters of auxiliary heads", "params_aux"), ("MACs", "macs")):
        a, b = getattr(here, key), getattr(there, key)
        if a or b:
            sentences.append(f"{words} {a:,} → {b:,}" + (f" ({_ratio(a, b)})" if a != b and a else ""))
    sentences.append(f"{taken} of {layers} layers here would take the weights of the other (weights=ITS_RUN)")
    return sentences


def _ratio(a: int, b: int) -> str:
    return f"×{b / a:.2f}" if b < 10 * a else f"×{b / a:,.0f}"


def table_rows(difference: Difference) -> Iterator[Cells]:
    """The differing blocks as cells of text; copies of one block that differ in the same way share a row."""
    group: list[BlockDifference] = []
    for row in difference.differing:
        if group and not _alike(group[0], row):
            yield _cells(group)
            group = []
        group.append(row)
    if group:
        yield _cells(group)


def _alike(first: BlockDifference, row: BlockDifference) -> bool:
    """Whether two rows are copies of one block, and differ in the same way; in what they see copies always do."""
    a, b = _cells([first]), _cells([row])
    return _stage(first.name) == _stage(row.name) and (a[1:5], a[6]) == (b[1:5], b[6])


def _stage(name: str) -> str:
    """The block of which a row is a copy, or a name that no other row has."""
    block, _, part = name.rpartition(".")
    return block if part.isdigit() else name


def _cells(rows: Sequence[BlockDifference]) -> Cells:
    first, last = rows[0], rows[-1]
    name = first.name if len(rows) == 1 else f"{first.name}–{last.name.rpartition('.')[2]}"
    sides = [[side.layer for side in column if side] for column in zip(*((r.here, r.there) for r in rows), strict=True)]
    layers = [side[0] if side else None for side in sides]
    each = " each" if len(rows) > 1 else ""
    return (
        name,
        _settings(first),
        _change([dims(layer.shape) if layer else ABSENT for layer in layers]),
        _counts([layer.params if layer else None for layer in layers], "{:,}".format, each),
        _counts([layer.macs if layer else None for layer in layers], millions, each),
        _change([_range([layer.receptive_field for layer in side]) if side else ABSENT for side in sides]),
        _weights(rows),
    )


def _settings(row: BlockDifference) -> str:
    if row.here and not row.there:
        return f"gone: {row.here.layer.kind}"
    if row.there and not row.here:
        return f"added: {row.there.layer.kind}"
    return "\n".join(f"{key} {_shown(a)} → {_shown(b)}" for key, (a, b) in row.settings.items())


def _weights(rows: Sequence[BlockDifference]) -> str:
    """What becomes of weights: of the layers that this network has."""
    if rows[0].here is None:
        return ""
    taken, layers = sum(row.weights.taken for row in rows), sum(row.weights.layers for row in rows)
    if not layers:
        return ""
    notes = dict.fromkeys(note for row in rows for note in row.weights.notes)
    count = "all taken" if taken == layers else f"{taken} of {layers} taken"
    return "; ".join([count, *list(notes)[:2]])


def _change(pair: Sequence[str]) -> str:
    """
    >>> _change(["8", "8"]), _change(["8", "16"]), _change(["–", "16"])
    ('8', '8 → 16', '16')
    """
    present = dict.fromkeys(text for text in pair if text != ABSENT)
    return " → ".join(present)


def _counts(pair: Sequence[int | None], form: Callable[[int], str], each: str) -> str:
    return _change([ABSENT if count is None else form(count) for count in pair]) + each if any(pair) else ""


def _range(fields: Sequence[tuple[int, int]]) -> str:
    return "–".join(dict.fromkeys([dims(fields[0]), dims(fields[-1])]))


def _shown(value: Any) -> str:
    """
    >>> _shown(True), _shown([3, 1]), _shown("batch"), _shown(None)
    ('true', '[3, 1]', 'batch', '–')
    """
    return ABSENT if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
