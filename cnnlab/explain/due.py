"""What a setting's value is due to: the file and line, or the command line, that set it, and what that overrode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cnnlab import dotted
from cnnlab.blocks.block import Inherits, Sized, Spread
from cnnlab.config.origins import Origins
from cnnlab.explain.pieces import BlockCopy
from cnnlab.network.arithmetic import is_expression
from cnnlab.network.composite import REQUIRED
from cnnlab.network.sources import Made, Notes, Source
from cnnlab.network.spec import PLACED, Place
from cnnlab.origin import Origin
from cnnlab.yaml_form import one_line, short_form


@dataclass(frozen=True)
class Overridden:
    """What would hold otherwise."""

    origin: Origin
    key: str = ""
    """the setting that says it, where that is another one: model.norm"""

    def record(self) -> dict[str, str]:
        return {"value": self.origin.value, "where": str(self.origin), "key": self.key}

    def __str__(self) -> str:
        return f"overrode {self.origin.value}{f' ({self.key})' if self.key else ''}, {self.origin}"


@dataclass(frozen=True)
class Due:
    """A setting with its value and what that is due to."""

    name: str
    value: Any
    where: str
    """file:line:column, or the command line; empty where nothing says it"""
    why: str = ""
    """in words, where it is not simply said of the block"""
    overrode: tuple[Overridden, ...] = ()
    """the nearest first"""
    doc: str = ""

    def record(self) -> dict[str, Any]:
        told = {"name": self.name, "value": self.value, "where": self.where or None, "why": self.why}
        return {**told, "overrode": [one.record() for one in self.overrode], "doc": self.doc}


@dataclass(frozen=True)
class Configuration:
    """The composed configuration, and where each of its keys was set."""

    model: dict[str, Any]
    """its settings, shared blocks included"""
    own: dict[str, Any]
    """without those"""
    origins: Origins
    notes: Notes

    def key(self, path: str) -> str:
        """The path at which the configuration has it: blocks that networks share stand outside of the model."""
        shared = path.startswith("model.blocks.") and path.split(".")[2] not in (self.own.get("blocks") or {})
        return path.removeprefix("model.") if shared else path

    def places(self, path: str) -> list[Origin]:
        """All places that set a key, the one that counts first."""
        return self.origins.history.get(self.key(path), [])[::-1]

    def overridden(self, path: str) -> tuple[Overridden, ...]:
        """What the place that counts overrode, the nearest first."""
        return tuple(map(Overridden, self.places(path)[1:]))

    def at(self, path: str) -> Any:
        return dotted.get({"model": self.model}, path)

    def where(self, path: str) -> str:
        origin = self.origins.of(self.key(path)) if not self.places(path) else self.places(path)[0]
        return str(origin) if origin else ""


def settings(piece: BlockCopy, conf: Configuration) -> list[Due]:
    """What a block is told, in the order of its fields."""
    names = [name for name in type(piece.block).model_fields if name not in ("block", "body", "branches")]
    noted = conf.notes.found.get(piece.address)
    if noted is None:
        return [_closing(piece, name) for name in names]
    return [_due(piece, name, noted.get(name, Source("default")), conf) for name in names]


def _closing(piece: BlockCopy, name: str) -> Due:
    """A setting of what closes a block under `repeat`, which the block itself puts there."""
    value, info = getattr(piece.block, name), type(piece.block).model_fields[name]
    why = "default" if value == info.default else f"as {piece.stage} puts it at its end"
    return Due(name, short_form(value), "", why, doc=info.description or "")


def _due(piece: BlockCopy, name: str, source: Source, conf: Configuration) -> Due:
    value = getattr(piece.block, name)
    doc = type(piece.block).model_fields[name].description or ""
    rate = next((m.name for m in type(piece.block).model_fields[name].metadata if isinstance(m, Spread)), None)
    if rate and source.how == "default" and value is not None:
        source = Source("spread", f"model.{rate}")
    if source.how == "later" and not conf.places(source.path):
        source = Source("default")
    if source.how in ("default", "output"):
        why = "default" if source.how == "default" else "the network's output has it only where it says so"
        return Due(name, short_form(value), "", why, doc=doc)
    found, where = conf.places(source.path), conf.where(source.path)
    if source.how == "later":
        return Due(name, short_form(value), where, f"{found[0].value} in the first copy alone", (), doc)
    why = _why(piece, name, source, conf)
    overrode = [*conf.overridden(source.path), *_beneath(piece, name, source, conf)]
    return Due(name, short_form(value), where, why, tuple(overrode), doc)


def _why(piece: BlockCopy, name: str, source: Source, conf: Configuration) -> str:
    """In words, where it is not simply said of the block."""
    said = []
    own = [f"model.{piece.stage}.{key}" for key in (name, f"first.{name}", f"last.{name}")]
    match source.how:
        case "kinds":
            said.append(f"of all {source.path.split('.')[2]} blocks")
        case "inherited":
            outer = source.path.rpartition(".")[0].removeprefix("model")
            said.append(f"of {outer[1:]}" if outer else "of the whole network")
        case "spread":
            rate = conf.at(source.path) or 1
            share = Fraction(getattr(piece.block, name) / rate).limit_denominator(1000)
            said.append(f"of the whole network, {one_line(rate)}·{share} by its place among the blocks that take it")
        case _ if source.path not in own and source.path.startswith("model.blocks."):
            said.append(f"of the block {source.path.split('.')[2]}")
        case _ if source.path == own[1]:
            said.append("of the first copy")
        case _ if source.path == own[2]:
            said.append("of the last copy")
    written = conf.at(source.path)
    if any(map(is_expression, written if isinstance(written, list) else [written])):
        said.append(f"written {one_line(written)}")
    elif written == "classes":
        said.append("as many as the data have classes")
    elif (
        _scaled(piece, name)
        and conf.model.get("width", 1) not in (1, None)
        and written != short_form(getattr(piece.block, name))
    ):
        said.append(f"written {one_line(written)}, times model.width {one_line(conf.model['width'])}")
    return ", ".join(said)


def _scaled(piece: BlockCopy, name: str) -> bool:
    info = type(piece.block).model_fields[name]
    return any(isinstance(m, Sized) and m.scaled for m in info.metadata)


def _beneath(piece: BlockCopy, name: str, source: Source, conf: Configuration) -> Iterator[Overridden]:
    """What would hold instead: what all copies are told, the kind's, that of what encloses the block, the network's."""
    if source.path in [f"model.{piece.stage}.{side}.{name}" for side in ("first", "last")]:
        yield from _beside(f"model.{piece.stage}.{name}", conf)
    if source.how == "said":
        for kind in dict.fromkeys((piece.kind, piece.block.block)):
            yield from _beside(f"model.kinds.{kind}.{name}", conf)
    if source.how in ("said", "kinds"):
        info = type(piece.block).model_fields[name]
        outer = next((m.name for m in info.metadata if isinstance(m, Inherits | Spread)), None)
        if outer:
            yield from _beside(conf.notes.around(outer, piece.address).path, conf)


def _beside(path: str, conf: Configuration) -> list[Overridden]:
    return [Overridden(origin, path) for origin in conf.places(path)[:1]]


def placed(piece: BlockCopy, conf: Configuration) -> list[Due]:
    """What is said of a block's place: repeat, from, after …"""
    docs = {info.alias or name: info.description or "" for name, info in Place.model_fields.items()}
    found = []
    for name in PLACED:
        path = f"model.{piece.stage}.{name}"
        places = conf.places(path)
        value = conf.at(path)
        if places and value is not None:
            depth = conf.model.get("depth", 1) if name == "repeat" and piece.stage.startswith("body.") else 1
            why = f"times model.depth {one_line(depth)}" if depth not in (1, None) else ""
            found.append(Due(name, value, str(places[0]), why, conf.overridden(path), docs[name]))
    return found


def parameters(made: Made, conf: Configuration) -> list[Due]:
    """The parameters of a block that YAML defines, where it is used."""
    found = []
    for name, (value, source) in made.params.items():
        default = source.how == "default"
        beneath = [] if default else _beside(f"{made.path}.params.{name}", conf)
        shown = conf.at(source.path) if default else value
        why = f"default of {made.kind}" if default else ""
        overrode = [*conf.overridden(source.path), *(one for one in beneath if one.origin.value != REQUIRED)]
        found.append(Due(name, short_form(shown), conf.where(source.path), why, tuple(overrode)))
    return found
