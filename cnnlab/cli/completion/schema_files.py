"""The JSON Schema files beside a configuration, read for what may be said at a place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PART = "part"


@dataclass
class SchemaFiles:
    """Schema files by name, the first folder that has one counts; what none has says nothing."""

    folders: Sequence[Path]
    read: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        if name not in self.read:
            file = next((folder / name for folder in self.folders if (folder / name).exists()), None)
            self.read[name] = json.loads(file.read_text(encoding="utf-8")) if file else {"definitions": {PART: {}}}
        return self.read[name]

    def at(self, reference: str, name: str) -> SchemaNode:
        """Where a `$ref` in the file `name` leads."""
        file, _, pointer = reference.partition("#")
        node = self[file or name]
        for key in filter(None, pointer.split("/")):
            node = node[key]
        return SchemaNode(self, file or name, node)


@dataclass(frozen=True)
class SchemaNode:
    """A place in a schema."""

    files: SchemaFiles
    name: str
    node: Any

    def all(self, value: Any) -> Iterator[SchemaNode]:
        """This one and all that it refers to, as far as they hold for `value`."""
        if not isinstance(self.node, dict):
            return
        yield self
        if "$ref" in self.node:
            yield from self.files.at(self.node["$ref"], self.name).all(value)
        for key in ("allOf", "anyOf"):
            for inner in self.node.get(key, ()):
                yield from self.within(inner).all(value)
        if "if" in self.node:
            condition = self.node["if"]
            unknown = condition == {"type": "object"} and value is None  # what will stand there is still to be typed
            for side in ("then", "else") if unknown else ("then" if holds(condition, value) else "else",):
                yield from self.within(self.node.get(side)).all(value)

    def within(self, node: Any) -> SchemaNode:
        return SchemaNode(self.files, self.name, node)


@dataclass(frozen=True)
class ConfigNode:
    """Where a dotted name leads: what may stand there, and what does."""

    schemas: tuple[SchemaNode, ...]
    value: Any = None

    def all(self) -> Iterator[SchemaNode]:
        for schema in self.schemas:
            yield from schema.all(self.value)

    def names(self) -> dict[str, ConfigNode]:
        """What may be said of it, and the blocks that are there, by name."""
        values = self.value if isinstance(self.value, dict) else {}
        schemas_of: dict[str, list[SchemaNode]] = {}
        for schema in self.all():
            for name, node in schema.node.get("properties", {}).items():
                schemas_of.setdefault(name, []).append(schema.within(node))
            more = schema.node.get("additionalProperties")
            for name in values if isinstance(more, dict) else ():
                if name not in schema.node.get("properties", {}):
                    schemas_of.setdefault(str(name), []).append(schema.within(more))
        return {name: ConfigNode(tuple(schemas), values.get(name)) for name, schemas in schemas_of.items()}

    @property
    def description(self) -> str:
        return next((schema.node["description"] for schema in self.all() if "description" in schema.node), "")

    def choices(self) -> dict[str, str]:
        """The words that may stand there, and what they mean."""
        descriptions: dict[str, str] = {}
        for schema in self.all():
            values = schema.node.get("enum", ())
            notes = schema.node.get("enumDescriptions", [""] * len(values))
            descriptions |= {written(value): note for value, note in zip(values, notes, strict=True)}
        return descriptions

    @property
    def is_mapping(self) -> bool:
        """Whether it has settings of its own, and no value."""
        nodes = [schema.node for schema in self.all()]
        values = any(
            any(value is not None for value in node.get("enum", ())) or node.get("type") in VALUES for node in nodes
        )
        kinds = {kind for node in nodes for kind in _types(node)}
        return ("object" in kinds or any("properties" in node for node in nodes)) and not values


VALUES = ("integer", "number", "array")


def _types(node: Any) -> list[str]:
    kinds = node.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def written(value: Any) -> str:
    """A value as an override has it."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def holds(condition: Any, value: Any) -> bool:
    """Whether one of the conditions that our schemas have is true of `value`."""
    settings = value if isinstance(value, dict) else {}
    if "not" in condition and holds(condition["not"], value):
        return False
    if condition.get("type") == "object" and not isinstance(value, dict):
        return False
    if any(name not in settings for name in condition.get("required", ())):
        return False
    for name, node in condition.get("properties", {}).items():
        if "const" in node and name in settings and settings[name] != node["const"]:
            return False
        if node.get("type") == "string" and not isinstance(settings.get(name), str):
            return False
    return True
