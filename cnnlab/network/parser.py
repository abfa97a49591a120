"""Parser of the blocks of a network: from what YAML says to records, with every fault on the way.

In each stack, block by block:

    stack    `placement` puts the blocks in order, and says what each of them takes
    stage    one name of a stack: its copies, by `repeat`, each with what `first:` and `last:` say of it
    block    one copy: `inheritance` says which of all that is said counts; widths become numbers; what is inside of a
             combinator is a stack again; the kind's record checks the rest
    use      of a block that YAML defines: `composite` puts the parameters in, and what comes out is a block again
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from cnnlab import dotted
from cnnlab.blocks import KINDS
from cnnlab.blocks.block import Block, Sized
from cnnlab.blocks.merge import Parallel, Scope
from cnnlab.blocks.stack import Stack, Stage
from cnnlab.errors import Fault, FaultKind, meant
from cnnlab.network.arithmetic import is_expression
from cnnlab.network.composite import Composite, Faults, Vocabulary
from cnnlab.network.inheritance import BlockSettings, Enclosing, inheritable, left_to_output, resolved, uses, with_kind
from cnnlab.network.placement import NETWORK_INPUT, StackState, ordered, unread
from cnnlab.network.provenance import CompositeUse, Provenance, ResolvedSetting, SettingSource
from cnnlab.network.scale import Scale
from cnnlab.network.spec import PLACED, Aux, AuxSettings, Placement
from cnnlab.settings import read, shown

MOST_BLOCKS = 4_000
"""that a network may have, copies counted one by one; preact_resnet200 has 66, a ResNet of 1,202 layers 600"""


class TooMany(Exception):
    """More blocks than any network has: `repeat` within `repeat`, or blocks made of blocks made of blocks."""


@dataclass
class NetworkParser:
    """Reads stacks of blocks, and collects the faults and what each setting is due to."""

    path: str
    scale: Scale
    kinds: dict[str, dict[str, Any]]
    """settings of all blocks of a kind"""
    vocabulary: Vocabulary
    provenance: Provenance
    """what each setting of each block is due to"""
    faults: list[Fault] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    """settings of the model that some block takes, and kinds of blocks that are there"""
    scaled: bool = False
    """whether width and depth hold where it is reading: in the body"""
    count: int = 0
    """of blocks, copies and blocks within blocks, one by one"""
    open: list[str] = field(default_factory=list)
    """the blocks of `model.blocks` that it is inside of"""
    body: StackState = field(default_factory=StackState)
    """what the names of the body's blocks stand for, for auxiliary heads"""

    def fault(self, path: str, message: str) -> None:
        self.faults.append(Fault(path, message))

    # -- stacks

    def section(self, name: str, raw: dict[str, Any], enclosing: Enclosing, at_end: bool) -> Stack:
        """The body or the head; `at_end`: whether the network ends with it."""
        self.scaled = name == "body"
        with self.provenance.inside(name):
            return self.stack(raw, f"{self.path}.{name}", enclosing, at_end, self.body if name == "body" else None)

    def heads(self, raw: Any, enclosing: Enclosing) -> tuple[Aux, ...]:
        """The auxiliary heads."""
        self.scaled = False
        heads = (
            self.head(str(name), settings, f"{self.path}.aux.{name}", enclosing)
            for name, settings in (raw.items() if isinstance(raw, dict) else ())
            if settings is not None
        )
        return tuple(head for head in heads if head)

    def head(self, name: str, raw: Any, path: str, enclosing: Enclosing) -> Aux | None:
        if not self.named(name, path, "head"):
            return None
        written = {key: value for key, value in raw.items() if value is not None} if isinstance(raw, dict) else raw
        settings, faults = read(AuxSettings, written, path, "an auxiliary head")
        self.faults += faults
        if settings is None:
            return None
        tap = self.tap(settings.tap, f"{path}.from")
        with self.provenance.inside("aux", name, "head"):
            return Aux(name, tap, settings.weight, self.stack(settings.head, f"{path}.head", enclosing, at_end=True))

    def tap(self, name: str, path: str) -> str:
        """The block of the body that an auxiliary head takes: the named one, or what stands for it."""
        blocks = [block for block in self.body.inputs if block != "input"]
        tap, *more = self.body.inputs.get(name, NETWORK_INPUT).names
        if more:
            self.fault(path, f"{name!r} is removed, and takes several; name one of them")
        elif tap == "input" and name in blocks:
            self.fault(path, f"{name!r} is removed, and no block is before it; name another")
        elif tap == "input":
            message = f"the body has no block {name!r}"
            self.faults.append(Fault.unknown(FaultKind.UNKNOWN_BLOCK, path, message, name, blocks))
        return tap

    def stack(
        self,
        raw: dict[str, Any],
        path: str,
        enclosing: Enclosing,
        at_end: bool = False,
        state: StackState | None = None,
    ) -> Stack:
        """Blocks by name; `at_end`: whether the network ends where this stack does."""
        state, stages, siblings = state or StackState(), [], list(map(str, raw))
        names, faults = ordered(raw, path)
        self.faults += faults
        last = next((name for name in reversed(names) if raw[name] is not None), None)
        for name in names:
            stage = None
            if raw[name] is not None:
                stage = self.stage(str(name), raw[name], f"{path}.{name}", enclosing, siblings, at_end and name == last)
            if stage:
                stage, faults = state.resolve(stage, f"{path}.{name}.from", siblings)
                self.faults += faults
            state.record(str(name), stage)
            stages += [stage] if stage and stage.copies else []
        if state.left_over:
            rest = f"nothing follows that could take what it takes ({', '.join(state.left_over)})"
            self.fault(f"{path}.{names[-1]}", f"removed, it leaves no end: {rest}")
        for name in unread(stages) if not self.faults else ():
            self.fault(f"{path}.{name}", "nothing takes what it leaves: what follows takes other blocks; remove it")
        return tuple(stages)

    def named(self, name: str, path: str, noun: str = "block") -> bool:
        good = re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]*", name) is not None
        if not good:
            self.fault(path, f"a {noun}'s name starts with a letter, and has only letters, digits and _ in it")
        return good

    # -- stages

    def stage(
        self, name: str, raw: Any, path: str, enclosing: Enclosing, siblings: list[str], at_end: bool = False
    ) -> Stage | None:
        if not self.named(name, path):
            return None
        if not isinstance(raw, dict):
            such = "{block: conv, channels: 64}"
            self.fault(path, f"should be a block such as {such}, or null for none, not {shown(raw)}")
            return None
        kind = raw.get("block")
        if kind is None:
            self.faults.append(_no_kind(name, path, [other for other in siblings if other != name]))
            return None
        if not isinstance(kind, str) or kind not in self.vocabulary:
            self.faults.append(self.vocabulary.unknown(f"{path}.block", kind))
            return None
        return None if kind in self.vocabulary.broken else self.repeated(name, raw, path, enclosing, at_end)

    def repeated(self, name: str, raw: dict[str, Any], path: str, enclosing: Enclosing, at_end: bool) -> Stage | None:
        """A block's copies; one that is repeated zero times is checked all the same."""
        place, scale = self.place(raw, path), self.scale
        count = self.depth(place.repeat, path) if "repeat" in place.model_fields_set else 1
        count = count if place.present else 0
        self.scale = replace(scale, factor=scale.factor_of(place.width))
        copies = []
        for number in range(max(count, 1)):
            later = self.vocabulary.later(raw["block"]) if number else {}
            written = _written({**raw, **later}, path)
            first = _written(place.first or {}, f"{path}.first") if number == 0 else {}
            last = _written(place.last or {}, f"{path}.last") if number == count - 1 else {}
            overlays = first | last
            with self.provenance.inside(name, str(number)):
                block = self.block(raw["block"], written | overlays, path, enclosing, at_end and number >= count - 1)
                self.provenance.record(
                    {key: SettingSource("later", f"{path}.{key}") for key in later if key not in overlays}
                )
            if block is None:
                break
            copies.append(block)
        self.scale = scale
        if len(copies) < max(count, 1):
            return None
        kind = raw["block"] if raw["block"] not in KINDS else ""
        return Stage(name, tuple(copies[:count]), place.sources, place.join, kind)

    def place(self, raw: dict[str, Any], path: str) -> Placement:
        """Where a block stands, and how often; what goes without saying where that is at fault."""
        place, faults = read(Placement, {key: raw[key] for key in PLACED if raw.get(key) is not None}, path, "a block")
        self.faults += faults
        if place is None:
            return Placement()
        for side in ("first", "last"):
            for key in getattr(place, side) or {}:
                if key in PLACED:
                    self.fault(f"{path}.{side}.{key}", f"{key} is said of all copies together, beside {side}")
        return place

    def depth(self, repeat: int, path: str) -> int:
        """The copies that `repeat` and the model's depth make. Of those that are not whole, one is named for all."""
        self.used |= {"depth"} if self.scaled else set()
        try:
            return self.scale.copies(repeat) if self.scaled else repeat
        except ValueError as error:
            if not any(fault.path == f"{self.path}.depth" for fault in self.faults):
                self.fault(f"{self.path}.depth", f"{path}.repeat: {error}")
            return 1

    # -- blocks

    def block(self, kind: str, written: BlockSettings, path: str, enclosing: Enclosing, at_end: bool) -> Block | None:
        """One copy of a block, whose settings are `written`; faults of others are at its `path`."""
        self.count += 1
        if self.count > MOST_BLOCKS:
            raise TooMany(path)
        self.used.add(kind)
        cls, output = KINDS.get(kind), self.is_output(written, at_end)
        of_kind = with_kind(written, self.of_kind(kind), cls, enclosing, output)
        if cls is None:
            return self.use(self.vocabulary.composites[kind], of_kind, path, enclosing, at_end)
        settings = resolved(of_kind, cls, enclosing, output, self.provenance)
        self.used |= uses(cls, enclosing, output)
        sources = {name: setting.source for name, setting in settings.items()}
        self.provenance.record({**(left_to_output(cls) if output else {}), **sources})
        before = len(self.faults)
        values = {name: setting.value for name, setting in settings.items()}
        self.moved(cls, values, of_kind, path)
        self.widths(cls, values, path)
        self.inside(cls, values, path, enclosing.new_child(inheritable(of_kind)), at_end)
        block, faults = read(cls, values, path, kind, PLACED)
        self.faults += [replace(fault, path=_where_written(fault.path, path, of_kind)) for fault in faults]
        return block if len(self.faults) == before else None

    def moved(self, cls: type[Block], values: dict[str, Any], said: BlockSettings, path: str) -> None:
        """Tell the settings that are spelt as they were before 0.3.0, and leave them out."""
        for old, new in cls.moved.items():
            if old in values:
                self.fault(_where_written(f"{path}.{old}", path, said), f"is {new} now")
                del values[old]

    def of_kind(self, kind: str) -> BlockSettings:
        """What is said of all blocks of a kind, of the settings that it has."""
        path, known = f"{self.path}.kinds.{kind}", self.vocabulary.settings(kind)
        return {
            name: ResolvedSetting(value, SettingSource("kinds", f"{path}.{name}"))
            for name, value in self.kinds.get(kind, {}).items()
            if name in known and value is not None
        }

    def is_output(self, settings: BlockSettings, at_end: bool) -> bool:
        """Whether a linear layer is the network's output: as wide as there are classes, in word or at its very end."""
        features = settings["features"].value if "features" in settings else None
        return features == "classes" or (at_end and type(features) is int and features == self.scale.classes)

    def widths(self, cls: type[Block], values: dict[str, Any], path: str) -> None:
        """Put numbers in the place of widths. Of those that `width` makes broken, one is named for all."""
        for name, info in cls.model_fields.items():
            marker = next((mark for mark in info.metadata if isinstance(mark, Sized)), None)
            if marker and name in values:
                try:
                    values[name] = self.scale.of(values[name], marker.scaled and self.scaled)
                except ValueError as error:
                    if not any(fault.path == f"{self.path}.width" for fault in self.faults):
                        self.fault(f"{self.path}.width", f"{path}.{name}: {error}")

    # -- blocks that YAML defines

    def use(
        self, made: Composite, settings: BlockSettings, path: str, enclosing: Enclosing, at_end: bool
    ) -> Block | None:
        """A use of a block that YAML defines: its own block with the parameters put in.

        What else is said of it is said of that block.
        """
        before = len(self.faults)
        self.faults += made.misuse(settings, self.vocabulary.settings(made.name), path)
        if len(self.faults) > before or not isinstance(made.root.get("block"), str):
            return None
        params = {name: setting for name, setting in settings.items() if name in made.params}
        root = self.root(made, params, path)
        if root is None:
            return None
        defaults = {
            name: ResolvedSetting(None, SettingSource("default", f"{made.path}.params.{name}")) for name in made.params
        }
        self.provenance.record_use(CompositeUse(made.name, made.path, {**defaults, **params}))
        rest = {name: setting for name, setting in settings.items() if name not in params and name != "block"}
        self.open.append(made.name)
        block = self.block(root["block"], _written(root, made.path) | rest, made.path, enclosing, at_end)
        self.open.pop()
        self.faults[before:] = [_with_user(fault, made, path) for fault in self.faults[before:]]
        return block

    def root(self, made: Composite, params: BlockSettings, path: str) -> dict[str, Any] | None:
        """The block that a use stands for; None where it is at fault, or made of what is."""
        try:
            root = made.bound({name: setting.value for name, setting in params.items()})
        except Faults as error:
            self.faults += [replace(fault, message=f"{fault.message} (in {path})") for fault in error.faults]
            return None
        kind = root["block"]
        if kind in self.vocabulary.broken:
            return None
        if made.name in self.open:
            self.fault(f"{made.path}.block", f"{made.name} is made of itself")
        elif not isinstance(kind, str) or kind not in self.vocabulary:
            self.faults.append(self.vocabulary.unknown(f"{made.path}.block", kind))
        else:
            return root
        return None

    # -- what is inside of combinators

    def inside(self, cls: type[Block], values: dict[str, Any], path: str, enclosing: Enclosing, at_end: bool) -> None:
        """Read the stacks within a combinator."""
        name = "branches" if cls is Parallel else "body"
        raw = values.get(name)
        if not issubclass(cls, Scope) or raw is None:
            return
        if not isinstance(raw, dict):
            self.fault(f"{path}.{name}", f"should be a mapping from names to blocks, not {shown(raw)}")
            values[name] = ()
        elif cls is Parallel:
            branches = {str(key): value for key, value in raw.items() if value is not None}
            values[name] = tuple(
                (key, self.branch(key, value, f"{path}.{name}.{key}", enclosing)) for key, value in branches.items()
            )
        else:
            with self.provenance.inside(name):
                values[name] = self.stack(raw, f"{path}.{name}", enclosing, at_end)

    def branch(self, name: str, raw: Any, path: str, enclosing: Enclosing) -> Stack:
        """A branch is one block or a stack of them."""
        with self.provenance.inside("branches", name):
            if not isinstance(raw, dict):
                self.fault(path, f"should be a block, or blocks by name, not {shown(raw)}")
                return ()
            if not isinstance(raw.get("block"), str):
                return self.stack(raw, path, enclosing) if self.named(name, path, "branch") else ()
            stage = self.stage(name, raw, path, enclosing, [])
            if stage:
                stage, faults = StackState().resolve(stage, f"{path}.from", [])
                self.faults += faults
            return (stage,) if stage and stage.copies else ()


def _no_kind(name: str, path: str, siblings: list[str]) -> Fault:
    """The fault of a block without a kind: as like as not its name is a misspelling of a sibling's."""
    known = [other for other in (meant(name, siblings),) if other]
    new, message = " (a new one needs its kind: block: conv)", f"there is no block {name!r}"
    return Fault.unknown(FaultKind.UNKNOWN_BLOCK, path, message, name, known, new)


def _written(settings: dict[str, Any], path: str) -> BlockSettings:
    """What a mapping at `path` says of a block itself: `null` says nothing, and its place is not the block's."""
    return {
        name: ResolvedSetting(value, SettingSource("written", f"{path}.{name}"))
        for name, value in settings.items()
        if value is not None and name not in PLACED
    }


def _where_written(path: str, block: str, settings: BlockSettings) -> str:
    """The path of a block's fault, moved to where the setting is written."""
    name, _, rest = path[len(block) + 1 :].partition(".")
    return dotted.join(settings[name].source.path if name in settings else dotted.join(block, name), rest)


def _with_user(fault: Fault, made: Composite, path: str) -> Fault:
    """A fault of what a parameter makes names, too, the block that gives the parameter."""
    if dotted.within(fault.path, made.path) and is_expression(made.written_at(fault.path)):
        return replace(fault, message=f"{fault.message} (in {path})")
    return fault
