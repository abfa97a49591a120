"""The schema of networks: every kind of block with its documentation, and how blocks nest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cnnlab.blocks import KINDS
from cnnlab.network.composite import Composite, Vocabulary, read_composites
from cnnlab.network.spec import AuxSettings, ModelSettings, Placement
from cnnlab.schema.fields import MODEL, Node, described, fields, flowing, mapping
from cnnlab.schema.root import DRAFT, PART, chosen, defaults, document, either

NAME = r"^[a-zA-Z][a-zA-Z0-9_]*$"
NAME_SAID = "a block's name starts with a letter, and has only letters, digits and _ in it"
OVERLAYS = ("first", "last")
STACKS = {"body": "stack", "branches": "branches"}
"""settings that hold blocks, and what they are"""


def ref(name: str) -> Node:
    return {"$ref": f"#/definitions/{name}"}


@dataclass(frozen=True)
class Written:
    """What files beside the network's own define."""

    shared: Mapping[str, Any] = field(default_factory=dict)
    """of the group `blocks`: blocks by name"""
    comments: Mapping[str, str] = field(default_factory=dict)
    """what their files say of them"""
    own: Mapping[str, Any] = field(default_factory=dict)
    """those that networks define for themselves, and for their children"""

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(read_composites({**self.own, **self.shared}, "blocks")[0])


def model(written: Written) -> Node:
    """The schema of conf/model/*.yaml."""
    settings = fields(ModelSettings, MODEL)
    kinds = {kind: ref(f"{kind}.settings") for kind in (*KINDS, *written.shared)}
    settings["kinds"] = {**_of(settings["kinds"]), "properties": kinds}
    settings["blocks"] = {**_of(settings["blocks"]), "additionalProperties": ref("own")}
    settings["aux"] = {**_of(settings["aux"]), "additionalProperties": _aux()}
    settings |= {
        section: {**described(settings[section].get("description")), **ref_to("stack")} for section in SECTIONS
    }
    part = mapping({"defaults": defaults(), **settings})
    schema = document("a network", part, SECTIONS, definitions(written))
    schema["allOf"] += [_whole(), _known(written)]
    return schema


SECTIONS = ("body", "head")


def ref_to(name: str) -> Node:
    """A reference that may stand beside a description: draft 7 ignores what stands beside a plain one."""
    return {"allOf": [ref(name)]}


def _of(setting: Node) -> Node:
    return {**described(setting.get("description")), "type": ["object", "null"]}


def _whole() -> Node:
    """In a network without a parent each block says what it is."""
    complete = {"additionalProperties": {"if": {"type": "object"}, "then": {"required": ["block"]}}}
    return {
        "if": {"not": {"required": ["defaults"]}},
        "then": {"properties": {section: complete for section in SECTIONS}},
    }


def _known(written: Written) -> Node:
    """In a network that defines no blocks of its own there are those that are known, of its parents perhaps."""
    names = [*KINDS, *written.shared, *written.own]
    kinds = {"propertyNames": {"pattern": _among(names), "patternErrorMessage": UNKNOWN}}
    inner = {section: ref("known") for section in SECTIONS}
    return {"if": {"not": {"required": ["blocks"]}}, "then": {"properties": {"kinds": kinds, **inner}}}


UNKNOWN = "there is no such kind of block"


def _among(names: Iterable[str]) -> str:
    return rf"^({'|'.join(names)})$|^\$"


def definitions(written: Written) -> dict[str, Node]:
    """Blocks and stacks of them."""
    place = _place()
    settings = {kind: _settings(kind) for kind in KINDS}
    vocabulary = written.vocabulary
    for name in written.shared:
        settings[name] = _composed(vocabulary.composites[name], vocabulary, settings, written.comments.get(name, ""))
    nodes: dict[str, Node] = {f"{name}": _kind(node, name, place) for name, node in settings.items()}
    nodes |= {f"{name}.settings": _overlay(node, name) for name, node in settings.items()}
    params = {name: {} for composite in vocabulary.composites.values() for name in composite.params}
    partial = {**params, **either([{**node["properties"], **place} for node in settings.values()])}
    partial |= {name: ref_to(stack) for name, stack in STACKS.items()}
    params_said = described("parameters by name, with their defaults, or `required`", type=["object", "null"])
    return {
        **nodes,
        "kind": _kinds(written),
        "partial": mapping(partial, description="settings of a block that another file defines"),
        "own": mapping({"params": params_said, **partial, "block": ref("kind")}, type=["object", "null"]),
        "block": _block([*KINDS, *written.shared]),
        "stack": {
            "type": ["object", "null", "string"],
            "pattern": MODEL.text,
            "patternErrorMessage": "should be blocks by name",
            "propertyNames": {"pattern": NAME, "patternErrorMessage": NAME_SAID},
            "additionalProperties": ref("block"),
        },
        "branches": {
            "type": ["object", "null"],
            "propertyNames": {"pattern": NAME, "patternErrorMessage": NAME_SAID},
            "additionalProperties": ref("branch"),
        },
        "branch": {
            "if": {"required": ["block"], "properties": {"block": {"type": "string"}}},
            "then": ref("block"),
            "else": {"anyOf": [ref("stack"), ref("partial")]},
        },
        "known": {
            "if": {"type": "object"},
            "then": {
                "properties": {"block": {"pattern": _among([*KINDS, *written.shared, *written.own]),
                                         "patternErrorMessage": UNKNOWN}},
                "additionalProperties": ref("known"),
            },
        },
    }  # fmt: skip


def _place() -> dict[str, Node]:
    """Settings that every block takes."""
    return fields(Placement, MODEL)


def _settings(kind: str) -> Node:
    """What a kind takes, without its place."""
    cls = KINDS[kind]
    own = {name: node for name, node in fields(cls, MODEL).items() if name != "block"}
    for name, stack in STACKS.items():
        if name in own:
            own[name] = {**described(own[name].get("description")), **ref_to(stack)}
    return mapping(own, **described(cls.__doc__))


def _kind(node: Node, name: str, place: Mapping[str, Node]) -> Node:
    """A block of a kind as it stands in a stack."""
    settings = {key: {"$ref": f"#/definitions/{name}.settings/properties/{key}"} for key in node["properties"]}
    overlays = {side: {**described(place[side].get("description")), **ref_to(f"{name}.settings")} for side in OVERLAYS}
    return mapping({"block": ref("kind"), **settings, **place, **overlays}, **described(node.get("description")))


def _overlay(node: Node, name: str) -> Node:
    """Settings of a kind by themselves: of all blocks of it, or of the first or last copy."""
    return {**node, "type": ["object", "null"]}


def _composed(made: Composite, vocabulary: Vocabulary, known: Mapping[str, Node], comment: str) -> Node:
    """What a block of the group `blocks` takes: its parameters, and what the kind it is made of does."""
    root = made
    while root.root.get("block") in vocabulary.composites:
        root = vocabulary.composites[root.root["block"]]
    inner = known.get(str(root.root.get("block")), {}).get("properties", {})
    settings = {name: inner.get(name, {}) for name in vocabulary.settings(made.name)}
    params = {name: described(f"parameter of {made.name}; {_default(value)}") for name, value in made.params.items()}
    return mapping({**settings, **params}, **described(comment))


def _default(value: Any) -> str:
    return "required" if value == "required" else f"{value} unless said"


def _kinds(written: Written) -> Node:
    """The word after `block:`."""
    descriptions = [flowing(cls.__doc__ or "").split("\n")[0] for cls in KINDS.values()]
    descriptions += [written.comments.get(name, "").split("\n")[0] for name in written.shared]
    listed = {"enum": [*KINDS, *written.shared], "enumDescriptions": descriptions}
    return {"description": "what kind of block it is", "anyOf": [listed, {"type": "string"}]}


def _block(kinds: Iterable[str]) -> Node:
    ways = {kind: ref(kind) for kind in kinds}
    such = "should be a block such as {block: conv, channels: 64}, or null for none"
    return {
        "type": ["object", "null", "string"],
        "pattern": MODEL.text,
        "patternErrorMessage": such,
        "errorMessage": such,
        "if": {"type": "object"},
        "then": {"properties": {"block": ref("kind")}, "allOf": chosen("block", ways, ref("partial"))},
    }


def _aux() -> Node:
    settings = fields(AuxSettings, MODEL)
    settings["head"] = {**described(settings["head"].get("description")), **ref_to("stack")}
    return mapping(settings, type=["object", "null"])


def blocks() -> Node:
    """The schema of conf/blocks/*.yaml."""
    own = {"$ref": "model.json#/definitions/own"}
    part = {"type": "object", "properties": {"defaults": defaults()}, "additionalProperties": own}
    return {"$schema": DRAFT, "description": "blocks for any network", **ref(PART), "definitions": {PART: part}}
