"""What a key names: a network's section, a block, one of its copies, something inside of it, or a setting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnnlab.blocks import KINDS
from cnnlab.config.run import Run
from cnnlab.errors import Fault, FaultKind, UserError
from cnnlab.explain.formulas import Working
from cnnlab.explain.pieces import BlockCopy, Section, Whole, inside
from cnnlab.network.composite import Composite, read_composites
from cnnlab.network.sources import Notes
from cnnlab.network.spec import PLACED, ModelSettings, Place
from cnnlab.settings import Settings


@dataclass(frozen=True)
class BlockSubject:
    """A block: all of its copies, or one of them."""

    path: str
    pieces: list[BlockCopy]


@dataclass(frozen=True)
class InnerSteps:
    """What a kind that Python defines has inside: some of its steps."""

    path: str
    piece: BlockCopy
    workings: list[Working]


@dataclass(frozen=True)
class BlockSetting:
    """A setting of a block."""

    path: str
    name: str
    piece: BlockCopy


@dataclass(frozen=True)
class CompositeParameter:
    """A parameter of a block that YAML defines, where it is used."""

    path: str
    name: str
    piece: BlockCopy


@dataclass(frozen=True)
class OtherSetting:
    """A setting that is no block's: of the whole network, of the data, of training."""

    path: str
    value: Any
    doc: str = ""


@dataclass(frozen=True)
class CompositeDefinition:
    """A block that YAML defines."""

    path: str
    made: Composite


PLACE = {info.alias or name: info for name, info in Place.model_fields.items()}
"""the settings of a block's place, by their names in YAML"""

Subject = (
    Section | BlockSubject | InnerSteps | BlockSetting | CompositeParameter | OtherSetting | CompositeDefinition | Whole
)


@dataclass(frozen=True)
class KeyNode:
    """A place in the tree of keys."""

    subject: Subject
    below: Callable[[], dict[str, KeyNode]] = dict


def find(key: str, run: Run, whole: Whole, config: dict[str, Any]) -> Subject:
    """What `key` names. UserError, with what was meant, where it names nothing."""
    node = KeyNode(whole, lambda: _top(run, whole, config))
    path = ""
    for name in key.split("."):
        below = node.below()
        if name not in below:
            where = f"{path} has no {name!r}" if path else f"there is no {name!r}"
            known = list(dict.fromkeys(below))
            if not known:
                raise UserError(Fault("key", f"{where}: nothing is inside of it"))
            raise UserError(Fault.unknown(FaultKind.UNKNOWN_CHOICE, "key", where, name, known))
        node, path = below[name], f"{path}.{name}" if path else name
    return node.subject


def _top(run: Run, whole: Whole, config: dict[str, Any]) -> dict[str, KeyNode]:
    records = {name: getattr(run, name) for name in ("data", "augment", "optimizer", "scheduler", "trainer")}
    groups = {name: _record(name, record, config.get(name)) for name, record in records.items()}
    callbacks = KeyNode(OtherSetting("callbacks", run.callbacks), lambda: _mapping("callbacks", run.callbacks))
    model = model_node(whole, config)
    sections = {name: node for name, node in model.below().items() if name in ("body", "head", "aux")}
    return {**sections, "model": model, **groups, "callbacks": callbacks, **_record("", run.top, config).below()}


def _record(path: str, record: Settings, written: Any) -> KeyNode:
    """A record of settings, made of what the configuration written."""
    written = written if isinstance(written, dict) else {}
    values = {name: plain_data(getattr(record, name), written.get(name)) for name in type(record).model_fields}

    def below() -> dict[str, KeyNode]:
        nodes = {}
        for name, info in type(record).model_fields.items():
            inner, at = getattr(record, name), f"{path}.{name}" if path else name
            if isinstance(inner, Settings):
                nodes[name] = _record(at, inner, written.get(name))
            else:
                value = values[name]
                nodes[name] = KeyNode(
                    OtherSetting(at, value, info.description or ""), lambda v=value, at=at: _mapping(at, v)
                )
        return nodes

    return KeyNode(OtherSetting(path, values, (type(record).__doc__ or "").strip()), below)


def plain_data(value: Any, written: Any) -> Any:
    """A setting's value, or what the configuration says where that is read into a thing of another kind."""
    if isinstance(value, Settings):
        inner = written if isinstance(written, dict) else {}
        return {name: plain_data(getattr(value, name), inner.get(name)) for name in type(value).model_fields}
    plain = isinstance(value, str | int | float | list | tuple | dict | None)
    return value if plain else written


def _mapping(path: str, value: Any) -> dict[str, KeyNode]:
    if not isinstance(value, dict):
        return {}
    return {
        str(name): KeyNode(OtherSetting(f"{path}.{name}", inner), lambda at=f"{path}.{name}", v=inner: _mapping(at, v))
        for name, inner in value.items()
    }


def model_node(whole: Whole, config: dict[str, Any]) -> KeyNode:
    """The network: its settings, its blocks and what is inside of them."""
    model = config["model"]

    def below() -> dict[str, KeyNode]:
        by_path = {section.path: _section(section, whole.notes) for section in whole.sections}
        nodes = {}
        for name, info in ModelSettings.model_fields.items():
            value = model.get(name, info.get_default(call_default_factory=True))
            path = f"model.{name}"
            nodes[name] = KeyNode(
                OtherSetting(path, value, info.description or ""), lambda at=path, v=value: _mapping(at, v)
            )
        nodes |= {"body": by_path["body"], "head": by_path["head"]}
        heads = {
            aux.name: KeyNode(
                by_path[f"aux.{aux.name}.head"].subject,
                lambda aux=aux: {
                    "head": by_path[f"aux.{aux.name}.head"],
                    "from": KeyNode(
                        OtherSetting(f"model.aux.{aux.name}.from", aux.tap, "the block whose output it takes")
                    ),
                    "weight": KeyNode(
                        OtherSetting(f"model.aux.{aux.name}.weight", aux.weight, "of its loss, in the sum")
                    ),
                },
            )
            for aux in whole.network.aux
        }
        nodes["aux"] = KeyNode(nodes["aux"].subject, lambda: heads)
        nodes["kinds"] = KeyNode(nodes["kinds"].subject, lambda: _kinds(model))
        nodes["blocks"] = KeyNode(nodes["blocks"].subject, lambda: _defined(config))
        return nodes

    return KeyNode(whole, below)


def _kinds(model: dict[str, Any]) -> dict[str, KeyNode]:
    """What is written of all blocks of a kind, a setting's description from the kind."""
    nodes = {}
    for kind, written in (model.get("kinds") or {}).items():
        fields = KINDS[kind].model_fields if kind in KINDS else {}
        docs = {name: fields[name].description or "" if name in fields else "" for name in written}
        path = f"model.kinds.{kind}"
        inner = {name: KeyNode(OtherSetting(f"{path}.{name}", value, docs[name])) for name, value in written.items()}
        nodes[kind] = KeyNode(OtherSetting(path, written), lambda inner=inner: inner)
    return nodes


def _defined(config: dict[str, Any]) -> dict[str, KeyNode]:
    made, _ = read_composites(config["model"].get("blocks"), "model.blocks")
    return {
        name: KeyNode(
            CompositeDefinition(f"model.blocks.{name}", one),
            lambda name=name, one=one: _mapping(f"model.blocks.{name}", dict(one.root)),
        )
        for name, one in made.items()
    }


def _section(section: Section, notes: Notes) -> KeyNode:
    return KeyNode(section, lambda: {name: _stage(pieces, notes) for name, pieces in section.stages.items()})


def _stage(pieces: list[BlockCopy], notes: Notes) -> KeyNode:
    """A block: what is inside of it is what is inside of its first copy."""
    first, path = pieces[0], f"model.{pieces[0].stage}"

    def below() -> dict[str, KeyNode]:
        copies = {
            piece.address.rpartition(".")[2]: KeyNode(
                BlockSubject(f"model.{piece.address}", [piece]), lambda p=piece: _within(p, "", notes)
            )
            for piece in pieces
        }
        place = {name: KeyNode(BlockSetting(f"{path}.{name}", name, first)) for name in ("block", *PLACED)}
        params = {
            name: KeyNode(CompositeParameter(f"{path}.{name}", name, first))
            for made in first.made
            for name in made.params
        }
        return {**place, **params, **copies, **_within(first, path, notes)}

    return KeyNode(BlockSubject(path, pieces), below)


def _within(piece: BlockCopy, path: str, notes: Notes) -> dict[str, KeyNode]:
    """A block's settings, its blocks if it is a combinator, and else its steps by their modules' names.

    Where a setting has the name of a step, what is inside of the step is inside of the setting: inception's `b3`.
    """
    path = path or f"model.{piece.address}"
    steps = _steps(piece, path, "")
    named = dict(steps)
    for name in type(piece.block).model_fields:
        if name not in ("block", "body", "branches"):
            below = steps[name].below if name in steps else dict
            named[name] = KeyNode(BlockSetting(f"{path}.{name}", name, piece), below)
    stacks = {section.path.rpartition(".")[2]: section for section in inside(piece, notes)}
    nodes = {name: _branch(name, section, notes) for name, section in stacks.items()}
    if "branches" in type(piece.block).model_fields:
        return {**named, **nodes, "branches": KeyNode(BlockSubject(path, [piece]), lambda: nodes)}
    for node in nodes.values():
        named |= node.below()
    return {**named, **nodes}


def _branch(name: str, section: Section, notes: Notes) -> KeyNode:
    """A stack inside of a combinator; the name of a branch of one block names the block as well."""
    node = _section(section, notes)
    if list(section.stages) != [name]:
        return node
    stage = _stage(section.stages[name], notes)
    return KeyNode(stage.subject, lambda: {**node.below(), **stage.below()})


def _steps(piece: BlockCopy, path: str, prefix: str) -> dict[str, KeyNode]:
    """What the steps below `prefix` begin with."""
    names: dict[str, list[Working]] = {}
    for working in piece.workings:
        at = working.step.path
        if at.startswith(prefix) and at != prefix.rstrip(".") and at:
            names.setdefault(at[len(prefix) :].split(".")[0], []).append(working)
    return {
        name: KeyNode(
            InnerSteps(f"{path}.{name}", piece, inner),
            lambda name=name: _steps(piece, f"{path}.{name}", f"{prefix}{name}."),
        )
        for name, inner in names.items()
    }
