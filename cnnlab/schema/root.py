"""A whole file's schema: what it may say beside its settings, and what it must."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnnlab.schema.fields import Node, described, flowing, mapping, unique

DRAFT = "http://json-schema.org/draft-07/schema#"
PART = "part"
"""the definition of a group's settings, of which another file may say some"""


def defaults(names: Sequence[str] = ()) -> Node:
    """Hydra's `defaults`; `names` are offered, but others may be there by tomorrow."""
    offered = [{"enum": ["_self_", *names]}, {"type": "string"}]
    description = "what this file starts from: `[parent, _self_]`; in a folder `/model/d2l/lenet@_here_`"
    return {"description": description, "type": "array", "items": {"anyOf": [*offered, {"type": "object"}]}}


def document(title: str, part: Node, required: Sequence[str] = (), definitions: Mapping[str, Node] = {}) -> Node:
    """A file's schema. What it must say it need not where it has `defaults`: a parent may."""
    whole = {"if": {"not": {"required": ["defaults"]}}, "then": {"required": list(required)}}
    return {
        "$schema": DRAFT,
        "description": title,
        "allOf": [{"$ref": f"#/definitions/{PART}"}, *([whole] if required else [])],
        "definitions": {PART: part, **definitions},
    }


def chosen(key: str, ways: Mapping[str, Node], rest: Node) -> list[Node]:
    """Conditions: what a mapping may say depends on the word it has for `key`; `rest` holds without such a word."""
    return [
        *({"if": {"required": [key], "properties": {key: {"const": name}}}, "then": way} for name, way in ways.items()),
        {"if": {"not": {"required": [key]}}, "then": rest},
    ]


def either(settings: Sequence[Mapping[str, Node]]) -> dict[str, Node]:
    """The settings of several records in one: each may be what it may be in any of them."""
    nodes_of: dict[str, list[Node]] = {}
    for some in settings:
        for name, node in some.items():
            nodes_of.setdefault(name, []).append(node)
    return {name: _any(nodes) for name, nodes in nodes_of.items()}


def _any(nodes: Sequence[Node]) -> Node:
    bare = unique(
        {key: value for key, value in node.items() if key not in ("description", "default")} for node in nodes
    )
    descriptions = list(dict.fromkeys(node["description"] for node in nodes if "description" in node))
    return {
        **described(descriptions[0] if len(descriptions) == 1 else None),
        **(bare[0] if len(bare) == 1 else {"anyOf": bare}),
    }


def words(table: Mapping[str, type[Any]]) -> Node:
    """A choice among names, each with its docstring's first line."""
    descriptions = [flowing(cls.__doc__ or "").split("\n")[0] for cls in table.values()]
    return {"enum": list(table), "enumDescriptions": descriptions}


def told_apart(
    key: str, table: Mapping[str, Mapping[str, Node]], classes: Mapping[str, type[Any]], names: Node
) -> Node:
    """Settings that depend on a word: of an optimiser on its `kind`. `names` are the word's own schema."""
    common = {"defaults": defaults()}
    ways = {
        name: mapping({**common, **some, key: {}}, **described(classes[name].__doc__)) for name, some in table.items()
    }
    rest = mapping({**common, **either(list(table.values()))})
    return {"type": "object", "properties": {key: names}, "allOf": chosen(key, ways, rest)}
