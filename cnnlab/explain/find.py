"""What a key names: a network's section, a block, one of its copies, something inside of it, or a setting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnnlab.blocks import KINDS
from cnnlab.config.run import Run
from cnnlab.errors import Fault, FaultKind, UserError
from cnnlab.explain.formulas import Working
from cnnlab.explain.pieces import Piece, Section, Whole, inside
from cnnlab.network.composite import Composite, read_composites
from cnnlab.network.sources import Notes
from cnnlab.network.spec import PLACED, ModelSettings, Place
from cnnlab.settings import Settings


@dataclass(frozen=True)
class Block:
    """A block: all of its copies, or one of them."""

    path: str
    pieces: list[Piece]


@dataclass(frozen=True)
class Inner:
    """What a kind that Python defines has inside: some of its steps."""

    path: str
    piece: Piece
    workings: list[Working]


@dataclass(frozen=True)
class OfBlock:
    """A setting of a block."""

    path: str
    name: str
    piece: Piece


@dataclass(frozen=True)
class Param:
    """A parameter of a block that YAML defines, where it is used."""

    path: str
    name: str
    piece: Piece


@dataclass(frozen=True)
class Other:
    """A setting that is no block's: of the whole network, of the data, of training."""

    path: str
    value: Any
    doc: str = ""


@dataclass(frozen=True)
class Defined:
    """A block that YAML defines."""

    path: str
    made: Composite


PLACE = {info.alias or name: info for name, info in Place.model_fields.items()}
"""the settings of a block's place, by their names in YAML"""

Subject = Section | Block | Inner | OfBlock | Param | Other | Defined | Whole


@dataclass(frozen=True)
class Node:
    """A place in the tree of keys."""

    subject: Subject
    below: Callable[[], dict[str, Node]] = dict


def find(key: str, run: Run, whole: Whole, config: dict[str, Any]) -> Subject:
    """What `key` names. UserError, with what was meant, where it names nothing."""
    node = Node(whole, lambda: _top(run, whole, config))
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


def _top(run: Run, whole: Whole, config: dict[str, Any]) -> dict[str, Node]:
    records = {name: getattr(run, name) for name in ("data", "augment", "optimizer", "scheduler", "trainer")}
    groups = {name: _record(name, record, config.get(name)) for name, record in records.items()}
    callbacks = Node(Other("callbacks", run.callbacks), lambda: _mapping("callbacks", run.callbacks))
    model = model_node(whole, config)
    sections = {name: node for name, node in model.below().items() if name in ("body", "head", "aux")}
    return {**sections, "model": model, **groups, "callbacks": callbacks, **_record("", run.top, config).below()}


def _record(path: str, record: Settings, said: Any) -> Node:
    """A record of settings, made of what the configuration said."""
    said = said if isinstance(said, dict) else {}
    values = {name: plain_data(getattr(record, name), said.get(name)) for name in type(record).model_fields}

    def below() -> dict[str, Node]:
        found = {}
        for name, info in type(record).model_fields.items():
            inner, at = getattr(record, name), f"{path}.{name}" if path else name
            if isinstance(inner, Settings):
                found[name] = _record(at, inner, said.get(name))
            else:
                value = values[name]
                found[name] = Node(Other(at, value, info.description or ""), lambda v=value, at=at: _mapping(at, v))
        return found

    return Node(Other(path, values, (type(record).__doc__ or "").strip()), below)


def plain_data(value: Any, said: Any) -> Any:
    """A setting's value, or what the configuration says where that is read into a thing of another kind."""
    if isinstance(value, Settings):
        inner = said if isinstance(said, dict) else {}
        return {name: plain_data(getattr(value, name), inner.get(name)) for name in type(value).model_fields}
    plain = isinstance(value, str | int | float | list | tuple | dict | None)
    return value if plain else said


def _mapping(path: str, value: Any) -> dict[str, Node]:
    if not isinstance(value, dict):
        return {}
    return {
        str(name): Node(Other(f"{path}.{name}", inner), lambda at=f"{path}.{name}", v=inner: _mapping(at, v))
        for name, inner in value.items()
    }


def model_node(whole: Whole, config: dict[str, Any]) -> Node:
    """The network: its settings, its blocks and what is inside of them."""
    model = config["model"]

    def below() -> dict[str, Node]:
        by_path = {section.path: _section(section, whole.notes) for section in whole.sections}
        found = {}
        for name, info in ModelSettings.model_fields.items():
            value = model.get(name, info.get_default(call_default_factory=True))
            path = f"model.{name}"
            found[name] = Node(Other(path, value, info.description or ""), lambda at=path, v=value: _mapping(at, v))
        found |= {"body": by_path["body"], "head": by_path["head"]}
        heads = {
            aux.name: Node(
                by_path[f"aux.{aux.name}.head"].subject,
                lambda aux=aux: {
                    "head": by_path[f"aux.{aux.name}.head"],
                    "from": Node(Other(f"model.aux.{aux.name}.from", aux.tap, "the block whose output it takes")),
                    "weight": Node(Other(f"model.aux.{aux.name}.weight", aux.weight, "of its loss, in the sum")),
                },
            )
            for aux in whole.network.aux
        }
        found["aux"] = Node(found["aux"].subject, lambda: heads)
        found["kinds"] = Node(found["kinds"].subject, lambda: _kinds(model))
        found["blocks"] = Node(found["blocks"].subject, lambda: _defined(config))
        return found

    return Node(whole, below)


def _kinds(model: dict[str, Any]) -> dict[str, Node]:
    """What is said of all blocks of a kind, a setting's description from the kind."""
    found = {}
    for kind, said in (model.get("kinds") or {}).items():
        fields = KINDS[kind].model_fields if kind in KINDS else {}
        docs = {name: fields[name].description or "" if name in fields else "" for name in said}
        path = f"model.kinds.{kind}"
        inner = {name: Node(Other(f"{path}.{name}", value, docs[name])) for name, value in said.items()}
        found[kind] = Node(Other(path, said), lambda inner=inner: inner)
    return found


def _defined(config: dict[str, Any]) -> dict[str, Node]:
    made, _ = read_composites(config["model"].get("blocks"), "model.blocks")
    return {
        name: Node(
            Defined(f"model.blocks.{name}", one),
            lambda name=name, one=one: _mapping(f"model.blocks.{name}", dict(one.root)),
        )
        for name, one in made.items()
    }


def _section(section: Section, notes: Notes) -> Node:
    return Node(section, lambda: {name: _stage(pieces, notes) for name, pieces in section.stages.items()})


def _stage(pieces: list[Piece], notes: Notes) -> Node:
    """A block: what is inside of it is what is inside of its first copy."""
    first, path = pieces[0], f"model.{pieces[0].stage}"

    def below() -> dict[str, Node]:
        copies = {
            piece.address.rpartition(".")[2]: Node(
                Block(f"model.{piece.address}", [piece]), lambda p=piece: _within(p, "", notes)
            )
            for piece in pieces
        }
        place = {name: Node(OfBlock(f"{path}.{name}", name, first)) for name in ("block", *PLACED)}
        params = {name: Node(Param(f"{path}.{name}", name, first)) for made in first.made for name in made.params}
        return {**place, **params, **copies, **_within(first, path, notes)}

    return Node(Block(path, pieces), below)


def _within(piece: Piece, path: str, notes: Notes) -> dict[str, Node]:
    """A block's settings, its blocks if it is a combinator, and else its steps by their modules' names.

    Where a setting has the name of a step, what is inside of the step is inside of the setting: inception's `b3`.
    """
    path = path or f"model.{piece.address}"
    steps = _steps(piece, path, "")
    found = dict(steps)
    for name in type(piece.block).model_fields:
        if name not in ("block", "body", "branches"):
            below = steps[name].below if name in steps else dict
            found[name] = Node(OfBlock(f"{path}.{name}", name, piece), below)
    stacks = {section.path.rpartition(".")[2]: section for section in inside(piece, notes)}
    nodes = {name: _branch(name, section, notes) for name, section in stacks.items()}
    if "branches" in type(piece.block).model_fields:
        return {**found, **nodes, "branches": Node(Block(path, [piece]), lambda: nodes)}
    for node in nodes.values():
        found |= node.below()
    return {**found, **nodes}


def _branch(name: str, section: Section, notes: Notes) -> Node:
    """A stack inside of a combinator; the name of a branch of one block names the block as well."""
    node = _section(section, notes)
    if list(section.stages) != [name]:
        return node
    stage = _stage(section.stages[name], notes)
    return Node(stage.subject, lambda: {**node.below(), **stage.below()})


def _steps(piece: Piece, path: str, prefix: str) -> dict[str, Node]:
    """What the steps below `prefix` begin with."""
    names: dict[str, list[Working]] = {}
    for working in piece.workings:
        at = working.step.path
        if at.startswith(prefix) and at != prefix.rstrip(".") and at:
            names.setdefault(at[len(prefix) :].split(".")[0], []).append(working)
    return {
        name: Node(
            Inner(f"{path}.{name}", piece, inner),
            lambda name=name: _steps(piece, f"{path}.{name}", f"{prefix}{name}."),
        )
        for name, inner in names.items()
    }
