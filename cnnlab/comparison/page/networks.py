"""The arms' networks and settings side by side, and what differs between them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cnnlab.comparison.comparison import Arm, Comparison
from cnnlab.comparison.terms import settings
from cnnlab.comparison.trial import Trial
from cnnlab.drawing.columns import overview
from cnnlab.drawing.outline import block_of, outline_of
from cnnlab.drawing.svg import fragment
from cnnlab.pages.markup import Content, Markup, tag
from cnnlab.pages.tables import TableCell, table, wide
from cnnlab.text import dims, shortened

MOST = 8
"""columns that stand beside each other"""
MOST_ROWS = 400
MOST_BYTES = 300_000
"""of drawings, so that the page stays small"""
HIGHEST = 900.0
"""height of a drawing; a higher one is set in columns"""

Column = tuple[list[Arm], Mapping[str, Any]]
"""the arms that train a network, and its record"""


def networks(comparison: Comparison) -> Content:
    """The distinct networks, a column each: the layers that differ, and all of them on request."""
    columns = _distinct(comparison.arms)
    if not columns:
        return tag("p", "No run has recorded its network yet.", class_="quiet")
    totals = wide(_totals(columns))
    if len(columns) == 1:
        arms = columns[0][0]
        sentence = f"All {len(arms)} arms train the same network." if len(arms) > 1 else "One network."
        return [tag("p", sentence), totals, _drawings(columns), _all(columns)]
    names = _aligned([_layers(network) for _, network in columns])
    differing = [name for name in names if len({_cell(network, name) for _, network in columns}) > 1]
    sentence = f"{len(differing)} of {len(names)} layers differ."
    equal = len(names) - len(differing)
    note = f" The {equal} that are equal in all of them are left out here." if equal else ""
    more = f" Only {MOST} of the networks are shown." if len(_distinct(comparison.arms, None)) > MOST else ""
    shown = wide(_layer_table(columns, differing[:MOST_ROWS])) if differing else None
    return [tag("p", sentence, note, more), totals, _drawings(columns), shown, _all(columns)]


def _drawings(columns: Sequence[Column]) -> Markup | None:
    """The networks drawn beside each other; blocks that are not as in the first one have a broken edge."""
    drawn, size = [], 0
    for i, (arms, network) in enumerate(columns):
        outline = outline_of(network.get("outline"))
        if outline is None:
            continue
        others = [other for _, other in (columns[1:] if i == 0 else columns[:1])]
        picture = fragment(overview(outline, HIGHEST), f"the network of {_named(arms)}", _altered(network, others))
        size += len(picture)
        if size <= MOST_BYTES:
            drawn.append(tag("figure", tag("figcaption", tag("b", _named(arms))), picture))
    return tag("div", drawn, class_="drawings wide") if drawn else None


def _altered(network: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> set[str]:
    """The blocks that another network has otherwise or not at all; none where hardly any is the same."""
    names = dict.fromkeys(name for record in (network, *others) for name in _layers(record))
    altered = {block_of(name) for name in names for other in others if _cell(network, name) != _cell(other, name)}
    own = set(map(block_of, _layers(network)))
    return altered if 2 * len(altered & own) <= len(own) else set()


def _all(columns: Sequence[Column]) -> Markup:
    names = _aligned([_layers(network) for _, network in columns])
    return tag("details", tag("summary", f"all {len(names)} layers"), wide(_layer_table(columns, names[:MOST_ROWS])))


def _distinct(arms: Iterable[Arm], most: int | None = MOST) -> list[Column]:
    columns: dict[str, Column] = {}
    for arm in arms:
        network = next((trial.network for trial in arm.trials if _layers(trial.network)), None)
        if network is not None:
            key = json.dumps([network.get("layers"), network.get("input")], sort_keys=True, default=str)
            columns.setdefault(key, ([], network))[0].append(arm)
    return list(columns.values())[:most]


def _layers(network: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    layers = network.get("layers")
    rows = [layer for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []
    return {str(layer.get("name")): layer for layer in rows}


def _aligned(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """All names, each after the name that it follows in the network that brings it in."""
    names: list[str] = list(columns[0]) if columns else []
    for column in columns[1:]:
        place = 0
        for name in column:
            if name in names:
                place = names.index(name) + 1
            else:
                names.insert(place, name)
                place += 1
    return names


def _cell(network: Mapping[str, Any], name: str) -> str:
    layer = _layers(network).get(name)
    if layer is None:
        return "–"
    params = layer.get("params")
    return f"{layer.get('block', '?')}  {dims(layer.get('shape') or ())}" + (
        f"  {params:,}" if isinstance(params, int) and params else ""
    )


def _layer_table(columns: Sequence[Column], names: Sequence[str]) -> Markup:
    rows = []
    for name in names:
        cells = [_cell(network, name) for _, network in columns]
        sign = [tag("span", "≠", class_="unequal", title="differs"), " "] if len(set(cells)) > 1 else None
        rows.append([[sign, name], *_marked(cells)])
    headings = ["layer", *(_named(arms) for arms, _ in columns)]
    return table(headings, rows, numbers=False, caption="block, output shape, parameters")


def _totals(columns: Sequence[Column]) -> Markup:
    keys = {"params": "parameters", "macs": "multiply-adds an image", "input": "input"}
    rows = [[words, *_marked([_total(network.get(key)) for _, network in columns])] for key, words in keys.items()]
    return table(["", *(_named(arms) for arms, _ in columns)], rows)


def _total(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else dims(value) if isinstance(value, list) else "–"


def _marked(cells: Sequence[str]) -> list[TableCell]:
    """Those that are not as the first one stand out."""
    return [TableCell(cell, differs=cell != cells[0]) for cell in cells]


def _named(arms: Sequence[Arm]) -> str:
    labels = [arm.label for arm in arms]
    return ", ".join(labels[:3]) + (f" and {len(labels) - 3} more" if len(labels) > 3 else "")


def differing_settings(comparison: Comparison) -> Content:
    """The settings in which the arms' configurations differ, a column an arm."""
    trials = [(arm, trial) for arm in comparison.arms if (trial := _with_config(arm)) is not None][:MOST]
    if len(trials) < 2:
        return None
    configurations = [settings(trial) for _, trial in trials]
    keys = [
        key
        for key in dict.fromkeys(k for values in configurations for k in values)
        if len({_shown(values, key) for values in configurations}) > 1
    ]
    if not keys:
        return tag("p", "The arms' recorded settings are the same.", class_="quiet")
    rows = [[key, *(tag("code", _shown(values, key)) for values in configurations)] for key in keys[:MOST_ROWS]]
    return wide(table(["setting", *(arm.label for arm, _ in trials)], rows, numbers=False))


def _with_config(arm: Arm) -> Trial | None:
    return next((trial for trial in arm.trials if trial.config), None)


def _shown(flat: Mapping[str, Any], key: str) -> str:
    return shortened(json.dumps(flat[key], ensure_ascii=False, default=str), 80) if key in flat else "not set"
