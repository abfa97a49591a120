"""What many settings of a schema may be, written down once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from cnnlab.schema.fields import Node

NOTES = ("description", "default")
LEAST = 60
"""characters from which it pays"""


def shared(schema: Node) -> Node:
    """The same schema; what several settings may be is a definition, named after the first of them."""
    often = {key for key, count in Counter(key for _, _, key in _settings(schema)).items() if count > 1}
    names: dict[str, str] = {}
    definitions: dict[str, Node] = {}
    taken = set(schema["definitions"])
    for name, body, key in _settings(schema):
        if key in often and key not in names and len(key) >= LEAST:
            names[key] = _free(f"a.{name}", taken)
            taken.add(names[key])
            definitions[names[key]] = body
    return {**_replaced(schema, names), "definitions": {**_replaced(schema["definitions"], names), **definitions}}


def _free(name: str, taken: set[str]) -> str:
    number = 2
    tried = name
    while tried in taken:
        tried, number = f"{name}.{number}", number + 1
    return tried


def _settings(node: Any) -> Iterator[tuple[str, Node, str]]:
    """Each setting's name, what it may be, and that as text; outer ones first."""
    if isinstance(node, dict):
        for name, setting in node["properties"].items() if isinstance(node.get("properties"), dict) else ():
            body = _body(setting)
            yield name, body, repr(body)
        for part in node.values():
            yield from _settings(part)
    elif isinstance(node, list):
        for part in node:
            yield from _settings(part)


def _body(setting: Node) -> Node:
    return {key: value for key, value in setting.items() if key not in NOTES}


def _replaced(node: Any, names: dict[str, str]) -> Any:
    if isinstance(node, list):
        return [_replaced(part, names) for part in node]
    if not isinstance(node, dict):
        return node
    replaced = {key: _replaced(part, names) for key, part in node.items()}
    if isinstance(node.get("properties"), dict):
        replaced["properties"] = {name: _setting(part, names) for name, part in node["properties"].items()}
    return replaced


def _setting(setting: Node, names: dict[str, str]) -> Node:
    name = names.get(repr(_body(setting)))
    if name is None:
        return _replaced(setting, names)
    reference = {"$ref": f"#/definitions/{name}"}
    notes = {key: setting[key] for key in NOTES if key in setting}
    return {**notes, "allOf": [reference]} if notes else reference
