"""A record's fields as JSON Schema (draft 7, which every editor reads), in all the forms that YAML may have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import cleandoc
from types import MappingProxyType
from typing import Any

from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema

from cnnlab.blocks.block import Inherits, Sized
from cnnlab.settings import Settings
from cnnlab.yaml_form import short_form

Node = dict[str, Any]
"""a JSON Schema, or a part of one"""

BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern", "minLength")


@dataclass(frozen=True)
class Dialect:
    """What may stand in the place of a setting besides its own values."""

    text: str
    """pattern of what is worked out when the configuration is composed"""
    absent: bool = False
    """whether null may, for "as what is around it" """


PLAIN = Dialect(r"^\$\{")
MODEL = Dialect(r"^\$", absent=True)
"""in blocks of one's own `$channels / 2` stands for a number"""


class _ShortDefaults(GenerateJsonSchema):
    """Has defaults in the form that one would write them in."""

    def encode_default(self, dft: Any) -> Any:
        return super().encode_default(short_form(dft))


def fields(
    cls: type[Settings], dialect: Dialect = PLAIN, choices: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> dict[str, Node]:
    """What each of a record's settings may be, by the name that YAML has for it.

    `choices` are the words of settings of which the record itself does not know the words.
    """
    try:
        made = cls.model_json_schema(by_alias=True, schema_generator=_ShortDefaults)
    except (PydanticInvalidForJsonSchema, PydanticUserError):  # a plugin's own type
        return {info.alias or name: described(info.description) for name, info in cls.model_fields.items()}
    for name, words in choices.items():
        node = {key: value for key, value in made["properties"][name].items() if key != "type"}
        made["properties"][name] = {**node, "enum": list(words)}
    reader = _Reader(made.get("$defs", {}), dialect)
    return {
        info.alias or name: _field(reader, made["properties"][info.alias or name], info.metadata)
        for name, info in cls.model_fields.items()
    }


def _field(reader: _Reader, node: Node, metadata: Iterable[Any]) -> Node:
    words = ["classes"] if any(isinstance(mark, Sized) for mark in metadata) else []
    around = next((mark.name for mark in metadata if isinstance(mark, Inherits)), None)
    field = reader.setting(node, words)
    if around:  # the record's own default counts only outside of a network
        field.pop("default", None)
        field["description"] = f"{field.get('description', '')} (where not set: the network's `{around}`)".strip()
    return field


def required(cls: type[Settings]) -> list[str]:
    """The settings without a default."""
    return [info.alias or name for name, info in cls.model_fields.items() if info.is_required()]


def described(text: str | None, **node: Any) -> Node:
    return {**({"description": flowing(text)} if text else {}), **node}


def flowing(doc: str) -> str:
    """A docstring as running text, its examples left out: what is broken within a paragraph only breaks the line."""
    text = cleandoc(doc).split("\n>>> ")[0].strip()
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


@dataclass(frozen=True)
class _Reader:
    """Turns what pydantic says of a field into what an editor should accept."""

    records: Mapping[str, Node]
    dialect: Dialect

    def setting(self, node: Node, words: Iterable[str] = ()) -> Node:
        """One setting: its choices in one list, then whatever else it may be."""
        common = described(node.get("description"))
        default = node.get("default")
        if default is not None and default != [] and not isinstance(default, dict):
            common["default"] = default
        parts = list(self.parts(node, words))
        if {} in parts:
            return common
        choices = unique([*(value for part in parts for value in part.get("enum", ())), *words])
        if self.dialect.absent and None not in choices:
            choices.append(None)
        ways = [*([{"enum": choices}] if choices else []), *(part for part in parts if "enum" not in part)]
        wanted = sentence([way for way in ways if not (self.dialect.absent and way == {"enum": [None]})])
        if not any(way.get("type") == "string" and "pattern" not in way for way in ways):
            ways.append({"type": "string", "pattern": self.dialect.text})
        ways = [_worded(way, wanted) for way in unique(ways)]
        return {**common, **_one_of(ways)}

    def parts(self, node: Node, words: Iterable[str] = ()) -> Iterator[Node]:
        """What it may be, one by one; `{}` for anything."""
        match node:
            case {"anyOf": parts}:
                for part in parts:
                    yield from self.parts(part, words)
            case {"$ref": str(name)}:
                yield self.record(self.records[name.rpartition("/")[2]])
            case {"const": value}:
                yield {"enum": [value]}
            case {"enum": values}:
                yield {"enum": values}
            case {"type": "boolean"}:
                yield {"enum": [True, False]}
            case {"type": "null"}:
                yield {"enum": [None]}
            case {"type": "array"}:
                yield self.array(node, words)
            case {"type": "object", "properties": _}:
                yield self.record(node)
            case {"type": "object"}:
                yield {"type": "object"}
            case {"type": str(kind)}:
                yield {"type": kind, **{bound: node[bound] for bound in BOUNDS if bound in node}}
            case _:
                yield {}

    def array(self, node: Node, words: Iterable[str]) -> Node:
        limits = {key: node[key] for key in ("minItems", "maxItems") if key in node}
        if "prefixItems" in node:  # 2020-12's word for it
            items: Any = [self.setting(part, words) for part in node["prefixItems"]]
        else:
            items = self.setting(node.get("items", {}), words)
        return {"type": "array", "items": items, **limits}

    def record(self, node: Node) -> Node:
        """A mapping of settings. None is required: another file, or the command line, may say the rest."""
        settings = node.get("properties", {}).items()
        # A record that stands under its own kind's name, as loggers do, need not say its kind
        inner = {name: self.setting(part) for name, part in settings if not (name == "kind" and "const" in part)}
        return mapping(inner)


def _one_of(ways: list[Node]) -> Node:
    """Any of them; a mapping of settings, where one may stand, has its own faults told, not that it is no number."""
    records = [way for way in ways if "properties" in way]
    rest = [way for way in ways if "properties" not in way]
    if not records or not rest:
        return ways[0] if len(ways) == 1 else {"anyOf": ways}
    kinds = [*rest, {"type": "object", "errorMessage": rest[0]["errorMessage"]}]
    return {"anyOf": kinds, "if": {"type": "object"}, "then": _one_of(records)}


def mapping(settings: Mapping[str, Node], **more: Any) -> Node:
    """A mapping of these settings and no others."""
    return {"type": "object", "properties": dict(settings), "additionalProperties": False, **more}


def unique(values: Iterable[Any]) -> list[Any]:
    """Without repetitions; 1 is not true."""
    return list({repr(value): value for value in values}.values())


def _worded(way: Node, wanted: str) -> Node:
    """With a sentence for the editor, in the place of types and regular expressions."""
    if "properties" in way:
        return way  # which of its settings is wrong is told better without
    pattern = {"patternErrorMessage": wanted} if "pattern" in way else {}
    return {**way, "errorMessage": wanted, **pattern}


def sentence(ways: Iterable[Node]) -> str:
    """What is expected, in words.

    >>> sentence([{"enum": ["same", None]}, {"type": "integer", "minimum": 1}])
    'should be same, or a whole number (at least 1)'
    """
    nouns = [word for word in map(_noun, ways) if word]
    return "should be " + ", or ".join(dict.fromkeys(nouns))


def _noun(way: Node) -> str:
    match way:
        case {"enum": values}:
            words = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
            words = [word for word in words if word != "None"] or ["null"]
            return words[0] if len(words) == 1 else f"one of {', '.join(words)}"
        case {"type": "array", "items": list(items)}:
            return "a pair" if len(items) == 2 else f"a list of {len(items)}"
        case {"type": "array"}:
            return "a list"
        case {"type": "object"}:
            return "a mapping of settings"
        case {"type": "string"}:
            return "text"
        case {"type": str(kind)}:
            limits = {
                "minimum": "at least",
                "exclusiveMinimum": "above",
                "maximum": "at most",
                "exclusiveMaximum": "below",
            }
            limits_text = " and ".join(f"{word} {way[key]:g}" for key, word in limits.items() if key in way)
            noun = "a whole number" if kind == "integer" else "a number"
            return f"{noun} ({limits_text})" if limits_text else noun
    return ""
