"""A setting explained: its value, the place that set it, by which rule it holds for a block, and what it overrode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from cnnlab import dotted
from cnnlab.blocks.block import Inherits, Sized, Spread
from cnnlab.config.origins import Origins
from cnnlab.explain.pieces import BlockCopy
from cnnlab.network.arithmetic import is_expression
from cnnlab.network.composite import REQUIRED
from cnnlab.network.provenance import CompositeUse, Provenance, SettingSource
from cnnlab.network.spec import PLACED, Placement
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
class ExplainedSetting:
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
        own = {"name": self.name, "value": self.value, "where": self.where or None, "why": self.why}
        return {**own, "overrode": [overridden.record() for overridden in self.overrode], "doc": self.doc}


@dataclass(frozen=True)
class Configuration:
    """The composed configuration, and where each of its keys was set."""

    model: dict[str, Any]
    """its settings, shared blocks included"""
    own: dict[str, Any]
    """without those"""
    origins: Origins
    provenance: Provenance

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


def block_settings(block: BlockCopy, conf: Configuration) -> list[ExplainedSetting]:
    """What a block is told, in the order of its fields."""
    names = [name for name in type(block.block).model_fields if name not in ("block", "body", "branches")]
    sources = conf.provenance.sources.get(block.address)
    if sources is None:
        return [_of_closing(block, name) for name in names]
    return [_explained(block, name, sources.get(name, SettingSource("default")), conf) for name in names]


def _of_closing(block: BlockCopy, name: str) -> ExplainedSetting:
    """A setting of what closes a block under `repeat`, which the block itself puts there."""
    value, info = getattr(block.block, name), type(block.block).model_fields[name]
    why = "default" if value == info.default else f"as {block.stage} puts it at its end"
    return ExplainedSetting(name, short_form(value), "", why, doc=info.description or "")


def _explained(block: BlockCopy, name: str, source: SettingSource, conf: Configuration) -> ExplainedSetting:
    value, doc = short_form(getattr(block.block, name)), type(block.block).model_fields[name].description or ""
    places, where = conf.places(source.path), conf.where(source.path)
    rate = _mark(block, name, Spread)
    match source.rule:
        case "default" if rate and value is not None:
            source = SettingSource("spread", f"model.{rate.name}")
            places, where = conf.places(source.path), conf.where(source.path)
        case "default":
            return ExplainedSetting(name, value, "", "default", doc=doc)
        case "later" if not places:
            return ExplainedSetting(name, value, "", "default", doc=doc)
        case "later":
            return ExplainedSetting(name, value, where, f"{places[0].value} in the first copy alone", doc=doc)
        case "output":
            return ExplainedSetting(name, value, "", "the network's output has it only where it says so", doc=doc)
    overrode = (*conf.overridden(source.path), *_weaker(block, name, source, conf))
    why = ", ".join(filter(None, (_rule(block, name, source, conf), _worked_out(block, name, source, conf))))
    return ExplainedSetting(name, value, where, why, overrode, doc)


def _rule(block: BlockCopy, name: str, source: SettingSource, conf: Configuration) -> str:
    """By which rule the setting holds, where it is not simply written of the block."""
    match source.rule, source.path.split("."):
        case "kinds", [_, _, kind, *_]:
            return f"of all {kind} blocks"
        case "inherited", [_, *outer, _]:
            return f"of {'.'.join(outer)}" if outer else "of the whole network"
        case "spread", _:
            rate = conf.at(source.path) or 1
            share = Fraction(getattr(block.block, name) / rate).limit_denominator(1000)
            return f"of the whole network, {one_line(rate)}·{share} by its place among the blocks that take it"
        case _ if source.path == f"model.{block.stage}.first.{name}":
            return "of the first copy"
        case _ if source.path == f"model.{block.stage}.last.{name}":
            return "of the last copy"
        case _, ["model", "blocks", kind, *_] if source.path != f"model.{block.stage}.{name}":
            return f"of the block {kind}"
    return ""


def _worked_out(block: BlockCopy, name: str, source: SettingSource, conf: Configuration) -> str:
    """What is written, where the value is something made of it."""
    written, width = conf.at(source.path), conf.model.get("width", 1)
    if any(map(is_expression, written if isinstance(written, list) else [written])):
        return f"written {one_line(written)}"
    if written == "classes":
        return "as many as the data have classes"
    sized = _mark(block, name, Sized)
    if sized and sized.scaled and width not in (1, None) and written != short_form(getattr(block.block, name)):
        return f"written {one_line(written)}, times model.width {one_line(width)}"
    return ""


M = TypeVar("M")


def _mark(block: BlockCopy, name: str, kind: type[M]) -> M | None:
    """The mark of a kind that a field has."""
    return next((mark for mark in type(block.block).model_fields[name].metadata if isinstance(mark, kind)), None)


def _weaker(block: BlockCopy, name: str, source: SettingSource, conf: Configuration) -> Iterator[Overridden]:
    """What would hold instead, the nearest first: of all copies, of all of its kind, of what is around it."""
    own = f"model.{block.stage}"
    if source.path in (f"{own}.first.{name}", f"{own}.last.{name}"):
        yield from _set_at(f"{own}.{name}", conf)
    if source.rule == "written":
        for kind in dict.fromkeys((block.kind, block.block.block)):
            yield from _set_at(f"model.kinds.{kind}.{name}", conf)
    outer = _mark(block, name, Inherits) or _mark(block, name, Spread)
    if source.rule in ("written", "kinds") and outer:
        yield from _set_at(conf.provenance.inherited(outer.name, block.address).path, conf)


def _set_at(path: str, conf: Configuration) -> list[Overridden]:
    return [Overridden(origin, path) for origin in conf.places(path)[:1]]


def placement_settings(block: BlockCopy, conf: Configuration) -> list[ExplainedSetting]:
    """What is said of a block's place: repeat, from, after …"""
    docs = {info.alias or name: info.description or "" for name, info in Placement.model_fields.items()}
    settings = []
    for name in PLACED:
        path = f"model.{block.stage}.{name}"
        places, value = conf.places(path), conf.at(path)
        if places and value is not None:
            scaled = name == "repeat" and block.stage.startswith("body.")
            depth = conf.model.get("depth", 1) if scaled else 1
            why = f"times model.depth {one_line(depth)}" if depth not in (1, None) else ""
            settings.append(ExplainedSetting(name, value, str(places[0]), why, conf.overridden(path), docs[name]))
    return settings


def use_parameters(use: CompositeUse, conf: Configuration) -> list[ExplainedSetting]:
    """The parameters of a block that YAML defines, where it is used."""
    parameters = []
    for name, setting in use.params.items():
        source, default = setting.source, setting.source.rule == "default"
        defaults = [] if default else _set_at(f"{use.path}.params.{name}", conf)
        overrode = [
            *conf.overridden(source.path),
            *(written_at for written_at in defaults if written_at.origin.value != REQUIRED),
        ]
        shown = short_form(conf.at(source.path) if default else setting.value)
        why = f"default of {use.kind}" if default else ""
        parameters.append(ExplainedSetting(name, shown, conf.where(source.path), why, tuple(overrode)))
    return parameters
