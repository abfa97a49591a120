"""The arms' networks and settings side by side, and what differs between them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cnnlab.compare.comparison import Arm, Comparison
from cnnlab.compare.terms import settings
from cnnlab.compare.trial import Trial
from cnnlab.drawing.columns import overview
from cnnlab.drawing.outline import outline_of
from cnnlab.drawing.svg import fragment
from cnnlab.markup import Content, Markup, tag

MOST = 8
"""columns that stand beside each other"""
MOST_ROWS = 400
MOST_BYTES = 300_000
"""of drawings, so that the page stays small"""
HIGH = 900.0
"""of a drawing; a higher one is set in columns"""


def networks(found: Comparison) -> Content:
    """The distinct networks, a column each: the layers that differ, and all of them on request."""
    columns = _distinct(found.arms)
    if not columns:
        return tag("p", "No run has recorded its network yet.", class_="quiet")
    totals = tag("div", _totals(columns), class_="wide")
    if len(columns) == 1:
        arms = columns[0][0]
        told = f"All {len(arms)} arms train the same network." if len(arms) > 1 else "One network."
        return [tag("p", told), totals, _drawings(columns), _all(columns)]
    names = _aligned([_layers(network) for _, network in columns])
    differing = [name for name in names if len({_cell(network, name) for _, network in columns}) > 1]
    told = f"{len(differing)} of {len(names)} layers differ."
    equal = len(names) - len(differing)
    note = f" The {equal} that are equal in all of them are left out here." if equal else ""
    more = f" Only {MOST} of the networks are shown." if len(_distinct(found.arms, None)) > MOST else ""
    shown = tag("div", _table(columns, differing[:MOST_ROWS], mark=True), class_="wide") if differing else None
    return [tag("p", told, note, more), totals, _drawings(columns), shown, _all(columns)]


def _drawings(columns: Sequence[tuple[list[Arm], Mapping[str, Any]]]) -> Markup | None:
    """The networks drawn beside each other; blocks that are not as in the first one have a broken edge."""
    drawn, size = [], 0
    for i, (arms, network) in enumerate(columns):
        outline = outline_of(network.get("outline"))
        if outline is None:
            continue
        others = [other for _, other in (columns[1:] if i == 0 else columns[:1])]
        picture = fragment(overview(outline, HIGH), f"the network of {_named(arms)}", _altered(network, others))
        size += len(picture)
        if size <= MOST_BYTES:
            drawn.append(tag("figure", tag("figcaption", tag("b", _named(arms))), picture))
    return tag("div", drawn, class_="drawings wide") if drawn else None


def _altered(network: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> set[str]:
    """The blocks that another network has otherwise or not at all; none where hardly any is the same."""
    names = dict.fromkeys(name for one in (network, *others) for name in _layers(one))
    altered = {_block(name) for name in names for other in others if _cell(network, name) != _cell(other, name)}
    own = set(map(_block, _layers(network)))
    return altered if 2 * len(altered & own) <= len(own) else set()


def _block(layer: str) -> str:
    return ".".join(layer.split(".")[:2])


def _all(columns: Sequence[tuple[list[Arm], Mapping[str, Any]]]) -> Markup:
    names = _aligned([_layers(network) for _, network in columns])
    inner = tag("div", _table(columns, names[:MOST_ROWS], mark=len(columns) > 1), class_="wide")
    return tag("details", tag("summary", f"all {len(names)} layers"), inner)


def _distinct(arms: Iterable[Arm], most: int | None = MOST) -> list[tuple[list[Arm], Mapping[str, Any]]]:
    found: dict[str, tuple[list[Arm], Mapping[str, Any]]] = {}
    for arm in arms:
        network = next((trial.network for trial in arm.trials if _layers(trial.network)), None)
        if network is not None:
            key = json.dumps([network.get("layers"), network.get("input")], sort_keys=True, default=str)
            found.setdefault(key, ([], network))[0].append(arm)
    return list(found.values())[:most]


def _layers(network: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    layers = network.get("layers")
    return {str(one.get("name")): one for one in layers if isinstance(one, dict)} if isinstance(layers, list) else {}


def _aligned(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """All names, each after the name that it follows in the network that brings it in."""
    names: list[str] = list(columns[0]) if columns else []
    for column in columns[1:]:
        at = 0
        for name in column:
            if name in names:
                at = names.index(name) + 1
            else:
                names.insert(at, name)
                at += 1
    return names


def _cell(network: Mapping[str, Any], name: str) -> str:
    layer = _layers(network).get(name)
    if layer is None:
        return "–"
    shape = "×".join(map(str, layer.get("shape") or ()))
    params = layer.get("params")
    return f"{layer.get('block', '?')}  {shape}" + (f"  {params:,}" if isinstance(params, int) and params else "")


def _table(columns: Sequence[tuple[list[Arm], Mapping[str, Any]]], names: Sequence[str], mark: bool) -> Markup:
    head = tag("tr", tag("th", "layer", scope="col"), [tag("th", _named(arms), scope="col") for arms, _ in columns])
    body = []
    for name in names:
        cells = [_cell(network, name) for _, network in columns]
        differs = mark and len(set(cells)) > 1
        sign = [tag("span", "≠", class_="differs", title="differs"), " "] if differs else None
        marked = [tag("td", cell, class_="other" if differs and cell != cells[0] else None) for cell in cells]
        body.append(tag("tr", tag("th", sign, name, scope="row"), marked, class_="diff" if differs else None))
    return tag("table", tag("caption", "block, output shape, parameters"), tag("thead", head), tag("tbody", body))


def _totals(columns: Sequence[tuple[list[Arm], Mapping[str, Any]]]) -> Markup:
    head = tag("tr", tag("td"), [tag("th", _named(arms), scope="col") for arms, _ in columns])
    rows = []
    for key, words in (("params", "parameters"), ("macs", "multiply-adds an image"), ("input", "input")):
        values = [network.get(key) for _, network in columns]
        shown = [
            f"{v:,}" if isinstance(v, int) else "×".join(map(str, v)) if isinstance(v, list) else "–" for v in values
        ]
        marked = [tag("td", one, class_="other" if one != shown[0] else None) for one in shown]
        rows.append(tag("tr", tag("th", words, scope="row"), marked))
    return tag("table", tag("thead", head), tag("tbody", rows), class_="numbers")


def _named(arms: Sequence[Arm]) -> str:
    labels = [arm.label for arm in arms]
    return ", ".join(labels[:3]) + (f" and {len(labels) - 3} more" if len(labels) > 3 else "")


def differing_settings(found: Comparison) -> Content:
    """The settings in which the arms' configurations differ, a column an arm."""
    trials = [(arm, trial) for arm in found.arms if (trial := _with_config(arm)) is not None][:MOST]
    if len(trials) < 2:
        return None
    flat = [settings(trial) for _, trial in trials]
    keys = [key for key in dict.fromkeys(k for one in flat for k in one) if len({_shown(one, key) for one in flat}) > 1]
    if not keys:
        return tag("p", "The arms' recorded settings are the same.", class_="quiet")
    head = tag("tr", tag("th", "setting", scope="col"), [tag("th", arm.label, scope="col") for arm, _ in trials])
    rows = [
        tag("tr", tag("th", key, scope="row"), [tag("td", tag("code", _shown(one, key))) for one in flat])
        for key in keys[:MOST_ROWS]
    ]
    return tag("div", tag("table", tag("thead", head), tag("tbody", rows)), class_="wide")


def _with_config(arm: Arm) -> Trial | None:
    return next((trial for trial in arm.trials if trial.config), None)


def _shown(flat: Mapping[str, Any], key: str) -> str:
    text = json.dumps(flat[key], ensure_ascii=False, default=str) if key in flat else "not set"
    return text if len(text) <= 80 else f"{text[:77]}…"
