"""What a key names: a network's section, a block, one of its copies, something inside of it, or a setting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnnlab import dotted
from cnnlab.blocks import KINDS
from cnnlab.config.run import Run
from cnnlab.errors import Fault, FaultKind, UserError
from cnnlab.explain.formulas import Working
from cnnlab.explain.pieces import BlockCopy, ExplainedNetwork, Section, inside
from cnnlab.network.composite import Composite, read_composites
from cnnlab.network.provenance import Provenance
from cnnlab.network.spec import PLACED, Aux, ModelSettings, Placement
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


PLACE = {info.alias or name: info for name, info in Placement.model_fields.items()}
"""the settings of a block's place, by their names in YAML"""

Subject = (
    Section
    | BlockSubject
    | InnerSteps
    | BlockSetting
    | CompositeParameter
    | OtherSetting
    | CompositeDefinition
    | ExplainedNetwork
)


@dataclass(frozen=True)
class KeyNode:
    """A place in the tree of keys."""

    subject: Subject
    below: Callable[[], dict[str, KeyNode]] = dict


def find(key: str, run: Run, whole: ExplainedNetwork, config: dict[str, Any]) -> Subject:
    """What `key` names. UserError, with what was meant, where it names nothing."""
    node = KeyNode(whole, lambda: _top(run, whole, config))
    path = ""
    for name in key.split("."):
        below = node.below()
        if name not in below:
            message = f"{path} has no {name!r}" if path else f"there is no {name!r}"
            known = list(dict.fromkeys(below))
            if not known:
                raise UserError(Fault("key", f"{message}: nothing is inside of it"))
            raise UserError(Fault.unknown(FaultKind.UNKNOWN_CHOICE, "key", message, name, known))
        node, path = below[name], f"{path}.{name}" if path else name
    return node.subject


def _top(run: Run, whole: ExplainedNetwork, config: dict[str, Any]) -> dict[str, KeyNode]:
    records = {name: getattr(run, name) for name in ("data", "augment", "optimizer", "scheduler", "loss", "trainer")}
    groups = {name: _record(name, record, config.get(name)) for name, record in records.items()}
    callbacks = KeyNode(OtherSetting("callbacks", run.callbacks), lambda: _mapping("callbacks", run.callbacks))
    model = model_node(whole, config)
    sections = {name: node for name, node in model.below().items() if name in ("body", "head", "aux")}
    return {**sections, "model": model, **groups, "callbacks": callbacks, **_record("", run.top, config).below()}


def _setting(path: str, value: Any, doc: str = "") -> KeyNode:
    """A setting that is no block's, with what is inside of it where it is a mapping."""
    return KeyNode(OtherSetting(path, value, doc), lambda: _mapping(path, value))


def _mapping(path: str, value: Any) -> dict[str, KeyNode]:
    inner = value if isinstance(value, dict) else {}
    return {str(name): _setting(f"{path}.{name}", part) for name, part in inner.items()}


def _record(path: str, record: Settings, written: Any) -> KeyNode:
    """A record of settings, made of what the configuration has written."""
    written = written if isinstance(written, dict) else {}
    values = {name: plain_data(getattr(record, name), written.get(name)) for name in type(record).model_fields}

    def below() -> dict[str, KeyNode]:
        nodes = {}
        for name, info in type(record).model_fields.items():
            inner, key = getattr(record, name), dotted.join(path, name)
            if isinstance(inner, Settings):
                nodes[name] = _record(key, inner, written.get(name))
            else:
                nodes[name] = _setting(key, values[name], info.description or "")
        return nodes

    return KeyNode(OtherSetting(path, values, (type(record).__doc__ or "").strip()), below)


def plain_data(value: Any, written: Any) -> Any:
    """A setting's value, or what the configuration has where that is read into a thing of another kind."""
    if isinstance(value, Settings):
        inner = written if isinstance(written, dict) else {}
        return {name: plain_data(getattr(value, name), inner.get(name)) for name in type(value).model_fields}
    plain = isinstance(value, str | int | float | list | tuple | dict | None)
    return value if plain else written


def model_node(whole: ExplainedNetwork, config: dict[str, Any]) -> KeyNode:
    """The network: its settings, its blocks and what is inside of them."""

    def below() -> dict[str, KeyNode]:
        model = config["model"]
        nodes = {
            name: _setting(
                f"model.{name}",
                model.get(name, info.get_default(call_default_factory=True)),
                info.description or "",
            )
            for name, info in ModelSettings.model_fields.items()
        }
        sections = {section.path: _section(section, whole.provenance) for section in whole.sections}
        nodes |= {"body": sections["body"], "head": sections["head"]}
        heads = {aux.name: _head(aux, sections[f"aux.{aux.name}.head"]) for aux in whole.network.aux}
        nodes["aux"] = KeyNode(nodes["aux"].subject, lambda: heads)
        nodes["kinds"] = KeyNode(nodes["kinds"].subject, lambda: _kinds(model))
        nodes["blocks"] = KeyNode(nodes["blocks"].subject, lambda: _defined(config))
        return nodes

    return KeyNode(whole, below)


def _head(aux: Aux, blocks: KeyNode) -> KeyNode:
    """An auxiliary head."""
    path = f"model.aux.{aux.name}"
    own = {
        "head": blocks,
        "from": _setting(f"{path}.from", aux.tap, "the block whose output it takes"),
        "weight": _setting(f"{path}.weight", aux.weight, "of its loss, in the sum"),
    }
    return KeyNode(blocks.subject, lambda: own)


def _kinds(model: dict[str, Any]) -> dict[str, KeyNode]:
    """What is said of all blocks of a kind, a setting's description from the kind."""
    nodes = {}
    for kind, written in (model.get("kinds") or {}).items():
        fields, path = KINDS[kind].model_fields if kind in KINDS else {}, f"model.kinds.{kind}"
        docs = {name: fields[name].description or "" if name in fields else "" for name in written}
        inner = {name: _setting(f"{path}.{name}", value, docs[name]) for name, value in written.items()}
        nodes[kind] = KeyNode(OtherSetting(path, written), lambda inner=inner: inner)
    return nodes


def _defined(config: dict[str, Any]) -> dict[str, KeyNode]:
    composites, _ = read_composites(config["model"].get("blocks"), "model.blocks")
    return {
        name: KeyNode(
            CompositeDefinition(composite.path, composite),
            lambda composite=composite: _mapping(composite.path, dict(composite.root)),
        )
        for name, composite in composites.items()
    }


def _section(section: Section, provenance: Provenance) -> KeyNode:
    return KeyNode(section, lambda: {name: _stage(pieces, provenance) for name, pieces in section.stages.items()})


def _stage(pieces: list[BlockCopy], provenance: Provenance) -> KeyNode:
    """A block: what is inside of it is what is inside of its first copy."""
    first, path = pieces[0], f"model.{pieces[0].stage}"

    def below() -> dict[str, KeyNode]:
        copies = {
            piece.address.rpartition(".")[2]: KeyNode(
                BlockSubject(f"model.{piece.address}", [piece]), lambda p=piece: _within(p, "", provenance)
            )
            for piece in pieces
        }
        place = {name: KeyNode(BlockSetting(f"{path}.{name}", name, first)) for name in ("block", *PLACED)}
        names = [name for use in first.uses for name in use.params]
        params = {name: KeyNode(CompositeParameter(f"{path}.{name}", name, first)) for name in names}
        return {**place, **params, **copies, **_within(first, path, provenance)}

    return KeyNode(BlockSubject(path, pieces), below)


def _within(piece: BlockCopy, path: str, provenance: Provenance) -> dict[str, KeyNode]:
    """A block's settings, its blocks if it is a combinator, and else its steps by their modules' names.

    Where a setting has the name of a step, what is inside of the step is inside of the setting: inception's `b3`.
    """
    path = path or f"model.{piece.address}"
    steps = _steps(piece, path, "")
    settings = dict(steps)
    for name in type(piece.block).model_fields:
        if name not in ("block", "body", "branches"):
            below = steps[name].below if name in steps else dict
            settings[name] = KeyNode(BlockSetting(f"{path}.{name}", name, piece), below)
    stacks = {section.path.rpartition(".")[2]: section for section in inside(piece, provenance)}
    nodes = {name: _branch(name, section, provenance) for name, section in stacks.items()}
    if "branches" in type(piece.block).model_fields:
        return {**settings, **nodes, "branches": KeyNode(BlockSubject(path, [piece]), lambda: nodes)}
    for node in nodes.values():
        settings |= node.below()
    return {**settings, **nodes}


def _branch(name: str, section: Section, provenance: Provenance) -> KeyNode:
    """A stack inside of a combinator; the name of a branch of one block names the block as well."""
    node = _section(section, provenance)
    if list(section.stages) != [name]:
        return node
    stage = _stage(section.stages[name], provenance)
    return KeyNode(stage.subject, lambda: {**node.below(), **stage.below()})


def _steps(piece: BlockCopy, path: str, prefix: str) -> dict[str, KeyNode]:
    """What the steps below `prefix` begin with."""
    names: dict[str, list[Working]] = {}
    for working in piece.workings:
        step_path = working.step.path
        if step_path.startswith(prefix) and step_path != prefix.rstrip(".") and step_path:
            names.setdefault(step_path[len(prefix) :].split(".")[0], []).append(working)
    return {
        name: KeyNode(
            InnerSteps(f"{path}.{name}", piece, inner),
            lambda name=name: _steps(piece, f"{path}.{name}", f"{prefix}{name}."),
        )
        for name, inner in names.items()
    }
