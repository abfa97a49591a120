"""From what conf/model/*.yaml says to a network: placement, the cascade, repeats, widths, and every fault on the way.

Plain data in, frozen records out; no torch. What the cascade reaches is said by the kinds themselves: a field marked
`Inherits` takes the setting of what encloses its block, a field marked `Sized` is a width.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from cnnlab.blocks import KINDS
from cnnlab.blocks.block import Block, Sized
from cnnlab.blocks.merge import Parallel, Scope
from cnnlab.blocks.stack import Stack, Stage
from cnnlab.errors import Fault, FaultKind, meant
from cnnlab.network.arithmetic import is_expression
from cnnlab.network.cascade import INHERITED, SPREAD, Scoped, idle, inherited, kind_faults, of_output, reaches, sound
from cnnlab.network.composite import REQUIRED, Composite, Faults, Vocabulary, read_composites
from cnnlab.network.order import Standing, Taken, order, unread
from cnnlab.network.scale import Scale, spread
from cnnlab.network.sources import Made, Notes, Source
from cnnlab.network.spec import PLACED, Aux, AuxSettings, ModelSettings, Network, Place
from cnnlab.settings import read, shown

MOST_BLOCKS = 4_000
"""that a network may have, copies counted one by one; preact_resnet200 has 66, a ResNet of 1,202 layers 600"""


class TooMany(Exception):
    """More blocks than any network has: `repeat` within `repeat`, or blocks made of blocks made of blocks."""


def read_network(
    raw: Any, classes: int, path: str = "model", notes: Notes | None = None
) -> tuple[Network | None, list[Fault]]:
    """The network that `raw` describes for so many classes, or all the faults in it.

    `notes` are given what each setting of each block is due to.
    """
    try:
        return _read_network(raw, classes, path, notes)
    except TooMany as error:
        return None, [Fault(str(error), f"with this block the network has more than {MOST_BLOCKS:,} of them")]


def _read_network(raw: Any, classes: int, path: str, notes: Notes | None) -> tuple[Network | None, list[Fault]]:
    if not isinstance(raw, dict):
        return None, [Fault(path, f"should be a mapping of settings, not {shown(raw)}")]
    raw = {key: value for key, value in raw.items() if value is not None}
    if isinstance(raw.get("kinds"), dict):
        raw["kinds"] = {kind: settings for kind, settings in raw["kinds"].items() if settings is not None}
    model, faults = read(ModelSettings, raw, path, "a model")
    bad = {fault.path.split(".")[path.count(".") + 1] for fault in faults}
    scope = Scoped({key: raw[key] for key in INHERITED if key in raw and key not in bad})
    kinds = raw["kinds"] if isinstance(raw.get("kinds"), dict) and "kinds" not in bad else {}
    composites, broken = read_composites(raw.get("blocks"), f"{path}.blocks")
    at_fault = frozenset(name for name in composites if any(_within(f.path, composites[name].path) for f in broken))
    scale = Scale(classes, model.width, model.divisor, model.depth, model.depth_rounding) if model else Scale(classes)
    reader = Reader(path, scale, kinds, Vocabulary(composites, at_fault), notes=notes or Notes())
    sections = [(name, raw[name]) for name in ("body", "head") if isinstance(raw.get(name), dict)]
    stacks = {name: reader.section(name, said, scope, last=name == sections[-1][0]) for name, said in sections}
    heads = reader.heads(raw.get("aux"), scope)
    faults = [*faults, *broken, *kind_faults(kinds, reader.vocabulary, f"{path}.kinds"), *reader.faults]
    if model and not faults and model.stochastic_depth is not None:
        (body, head), takers = spread([stacks["body"], stacks["head"]], SPREAD, model.stochastic_depth)
        stacks = {"body": body, "head": head}
        reader.used |= {SPREAD} if takers else set()
    faults = faults or list(idle(raw, reader.used, path))
    if model is None or faults:
        return None, list(dict.fromkeys(faults))
    freeze = tuple(model.freeze.items())
    return Network(stacks["body"], stacks["head"], classes, model.min_size, model.input_size, heads, freeze), []


def _within(path: str, outer: str) -> bool:
    return f"{path}.".startswith(f"{outer}.")


@dataclass
class Reader:
    """Reads stacks of blocks and collects the faults."""

    path: str
    scale: Scale
    kinds: dict[str, dict[str, Any]]
    vocabulary: Vocabulary
    scaled: bool = False
    """whether width and depth hold where it is reading: in the body"""
    faults: list[Fault] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    """settings of the model that some block takes, and kinds of blocks that are there"""
    read: int = 0
    """blocks, copies and blocks within blocks counted one by one"""
    within: list[str] = field(default_factory=list)
    """the blocks of `model.blocks` that it is inside of"""
    standing: Standing = field(default_factory=Standing)
    """of the body's blocks"""
    notes: Notes = field(default_factory=Notes)

    def fault(self, path: str, message: str) -> None:
        self.faults.append(Fault(path, message))

    # -- stacks

    def section(self, name: str, raw: dict[str, Any], scope: Scoped, last: bool) -> Stack:
        self.scaled = name == "body"
        standing = Standing()
        if name == "body":
            self.standing = standing
        with self.notes.inside(name):
            return self.stack(raw, f"{self.path}.{name}", scope, last, standing)

    def heads(self, raw: Any, scope: Scoped) -> tuple[Aux, ...]:
        """The auxiliary heads."""
        self.scaled, found = False, []
        for name, said in (raw if isinstance(raw, dict) else {}).items():
            path = f"{self.path}.aux.{name}"
            if said is None or not self.named(str(name), path, "head"):
                continue
            given = {k: v for k, v in said.items() if v is not None} if isinstance(said, dict) else said
            settings, faults = read(AuxSettings, given, path, "an auxiliary head")
            self.faults += faults
            if settings:
                tap, *more = self.standing.at.get(settings.tap, Taken(("input",))).names
                there = [block for block in self.standing.at if block != "input"]
                if more:
                    self.fault(f"{path}.from", f"{settings.tap!r} is removed, and takes several; name one of them")
                elif tap == "input" and settings.tap in there:
                    self.fault(f"{path}.from", f"{settings.tap!r} is removed, and no block is before it; name another")
                elif tap == "input":
                    said = f"the body has no block {settings.tap!r}"
                    unknown = Fault.unknown(FaultKind.UNKNOWN_BLOCK, f"{path}.from", said, settings.tap, there)
                    self.faults.append(unknown)
                with self.notes.inside("aux", str(name), "head"):
                    head = self.stack(settings.head, f"{path}.head", scope, last=True)
                found.append(Aux(str(name), tap, settings.weight, head))
        return tuple(found)

    def stack(
        self, raw: dict[str, Any], path: str, scope: Scoped, last: bool = False, standing: Standing | None = None
    ) -> Stack:
        """Blocks by name; `last` says that this stack's end is the network's."""
        standing, stages = standing or Standing(), []
        names, faults = order(raw, path)
        self.faults += faults
        there = [name for name in names if raw[name] is not None]
        for name in names:
            stage = None
            if raw[name] is not None:
                here = f"{path}.{name}"
                ends = last and name == there[-1]
                stage = self.stage(str(name), raw[name], here, scope, list(map(str, raw)), ends)
            if stage:
                stage, faults = standing.placed(stage, f"{path}.{name}.from", list(map(str, raw)))
                self.faults += faults
            standing.passed(str(name), stage)
            stages += [stage] if stage and stage.copies else []
        if standing.last != standing.before:
            rest = f"nothing follows that could take what it takes ({', '.join(standing.last.names)})"
            self.fault(f"{path}.{names[-1]}", f"removed, it leaves no end: {rest}")
        for name in unread(stages) if not self.faults else ():
            self.fault(f"{path}.{name}", "nothing takes what it leaves: what follows takes other blocks; remove it")
        return tuple(stages)

    def named(self, name: str, path: str, noun: str = "block") -> bool:
        good = re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]*", name) is not None
        if not good:
            self.fault(path, f"a {noun}'s name starts with a letter, and has only letters, digits and _ in it")
        return good

    def stage(
        self, name: str, raw: Any, path: str, scope: Scoped, siblings: list[str], last: bool = False
    ) -> Stage | None:
        if not self.named(name, path):
            return None
        if not isinstance(raw, dict):
            such = "{block: conv, channels: 64}"
            self.fault(path, f"should be a block such as {such}, or null for none, not {shown(raw)}")
            return None
        kind = raw.get("block")
        if kind is None:
            others = [other for other in siblings if other != name]
            known = [other for other in (meant(name, others),) if other]
            new = " (a new one needs its kind: block: conv)"
            said = f"there is no block {name!r}"
            self.faults.append(Fault.unknown(FaultKind.UNKNOWN_BLOCK, path, said, name, known, new))
            return None
        if not isinstance(kind, str) or kind not in self.vocabulary:
            self.faults.append(self.vocabulary.unknown(f"{path}.block", kind))
            return None
        return self.copies(name, raw, path, scope, last) if kind not in self.vocabulary.broken else None

    def copies(self, name: str, raw: dict[str, Any], path: str, scope: Scoped, last: bool) -> Stage | None:
        place, faults = read(Place, {key: raw[key] for key in PLACED if raw.get(key) is not None}, path, "a block")
        self.faults += faults
        for side in ("first", "last"):
            for key in (getattr(place, side) or {}) if place else ():
                if key in PLACED:
                    self.fault(f"{path}.{side}.{key}", f"{key} is said of all copies together, beside {side}")
        own = {key: value for key, value in raw.items() if key not in PLACED}
        count = self.depth(place.repeat, path) if place and "repeat" in place.model_fields_set else 1
        blocks = []
        for i in range(max(count, 1)):  # a block repeated zero times is checked all the same
            extra = [("first", i == 0), ("last", i == count - 1)]
            sides = [(side, getattr(place, side)) for side, here in extra if here and place and getattr(place, side)]
            overlays = [(side, {k: v for k, v in said.items() if k not in PLACED}) for side, said in sides]
            later = self.vocabulary.later(raw["block"]) if i else {}
            with self.notes.inside(name, str(i)):
                blocks.append(self.block({**own, **later}, path, scope, overlays, last=last and i >= count - 1))
                said = {key for _, overlay in overlays for key in overlay}
                self.notes.put({key: Source("later", f"{path}.{key}") for key in later if key not in said})
            if blocks[-1] is None:
                return None
        kind = raw["block"] if raw["block"] not in KINDS else ""
        sources, join = (place.sources, place.join) if place else ((), "concat")
        return Stage(name, tuple(blocks[:count]), sources, join, kind)  # type: ignore[arg-type]

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

    def block(
        self,
        raw: dict[str, Any],
        path: str,
        scope: Scoped,
        overlays: list[tuple[str, dict[str, Any]]],
        last: bool = False,
        said: dict[str, str] | None = None,
    ) -> Block | None:
        """One copy; `overlays` are its `first:` or `last:`, `said` where settings are written but under `path`."""
        self.read += 1
        if self.read > MOST_BLOCKS:
            raise TooMany(path)
        kind = raw["block"]
        self.used.add(kind)
        origin = {**{key: f"{path}.{key}" for key in raw}, **(said or {})}
        settings = {key: value for key, value in raw.items() if value is not None}
        for side, overlay in overlays:
            settings.update({key: value for key, value in overlay.items() if value is not None})
            origin.update({key: f"{path}.{side}.{key}" for key in overlay})
        cls = KINDS.get(kind)
        output = self.is_output(settings, last)
        known = self.vocabulary.settings(kind)
        for key, value in self.kinds.get(kind, {}).items():
            if key not in settings and key in known and value is not None and reaches(cls, key, scope, output):
                settings[key], origin[key] = value, f"{self.path}.kinds.{kind}.{key}"
        by_kind = f"{self.path}.kinds."
        written = {key: Source("kinds" if origin[key].startswith(by_kind) else "said", origin[key]) for key in settings}
        if cls is None:
            return self.composed(self.vocabulary.composites[kind], settings, path, scope, origin, last)
        inner = scope.new_child(sound({key: settings[key] for key in INHERITED if key in settings}))
        taken = inherited(cls, scope, output)
        self.used |= {source for source, _, here in taken if here}
        around = {name: scope[source] for source, name, _ in taken}
        sources = {name: Source("output") for name in cls.model_fields if output and of_output(cls, name)}
        sources |= {name: self.notes.around(source) for source, name, _ in taken}
        self.notes.put({**sources, **written})
        settings = {**({"act": "none"} if output else {}), **around, **settings}
        before = len(self.faults)
        self.widths(cls, settings, path)
        self.inside(cls, settings, path, inner, last)
        block, found = read(cls, settings, path, kind, PLACED)
        self.faults += [replace(f, path=_moved(f.path, path, origin)) for f in found]
        return block if len(self.faults) == before else None

    def composed(
        self, made: Composite, settings: dict[str, Any], path: str, scope: Scoped, origin: dict[str, str], last: bool
    ) -> Block | None:
        """A block that YAML defines: its own with the parameters put in, what else is said of it said of that."""
        given = {key: value for key, value in settings.items() if key in made.params}
        extra = {key: value for key, value in settings.items() if key not in given and key != "block"}
        known, before = self.vocabulary.settings(made.name), len(self.faults)
        said, words = f"{made.name} has no such setting", [*known, *PLACED]
        odd = [
            Fault.unknown(FaultKind.UNKNOWN_SETTING, origin[key], said, key, words) for key in extra if key not in known
        ]
        self.faults += odd
        for key, default in made.params.items():
            if default == REQUIRED and key not in given and not any(fault.suggestion == key for fault in odd):
                self.faults.append(Fault(f"{path}.{key}", f"{made.name} needs this setting", FaultKind.MISSING))
        if not isinstance(made.root.get("block"), str) or len(self.faults) > before:
            return None
        try:
            root = made.bound(given)
        except Faults as found:
            self.faults += [replace(fault, message=f"{fault.message} (in {path})") for fault in found.faults]
            return None
        kind, written = root["block"], {key: origin[key] for key in extra}
        if kind in self.vocabulary.broken:
            return None
        if not isinstance(kind, str) or kind not in self.vocabulary or made.name in self.within:
            where = f"{made.path}.block"
            circle = Fault(where, f"{made.name} is made of itself")
            self.faults.append(circle if made.name in self.within else self.vocabulary.unknown(where, kind))
            return None
        defaults = {name: (None, Source("default", f"{made.path}.params.{name}")) for name in made.params}
        params = {**defaults, **{name: (value, Source("said", origin[name])) for name, value in given.items()}}
        self.notes.made.setdefault(self.notes.address, []).append(Made(made.name, made.path, params))
        self.within.append(made.name)
        block = self.block({**root, **extra}, made.path, scope, [], last, written)
        self.within.pop()
        self.faults[before:] = [self.used_by(fault, made, path) for fault in self.faults[before:]]
        return block

    @staticmethod
    def used_by(fault: Fault, made: Composite, path: str) -> Fault:
        """A fault of what a parameter makes names, too, the block that gives the parameter."""
        if _within(fault.path, made.path) and is_expression(made.says(fault.path)):
            return replace(fault, message=f"{fault.message} (in {path})")
        return fault

    def is_output(self, settings: dict[str, Any], last: bool) -> bool:
        """Whether a linear layer is the network's output: as wide as there are classes, in word or at its very end."""
        features = settings.get("features")
        return features == "classes" or (last and type(features) is int and features == self.scale.classes)

    def widths(self, cls: type[Block], settings: dict[str, Any], path: str) -> None:
        """Put numbers in the place of widths. Of those that `width` makes broken, one is named for all."""
        for name, info in cls.model_fields.items():
            marker = next((m for m in info.metadata if isinstance(m, Sized)), None)
            if marker and name in settings:
                try:
                    settings[name] = self.scale.of(settings[name], marker.scaled and self.scaled)
                except ValueError as error:
                    if not any(fault.path == f"{self.path}.width" for fault in self.faults):
                        self.fault(f"{self.path}.width", f"{path}.{name}: {error}")

    def inside(self, cls: type[Block], settings: dict[str, Any], path: str, scope: Scoped, last: bool) -> None:
        """Read the stacks within a combinator."""
        name = "branches" if cls is Parallel else "body"
        raw = settings.get(name)
        if not issubclass(cls, Scope) or raw is None:
            return
        if not isinstance(raw, dict):
            self.fault(f"{path}.{name}", f"should be a mapping from names to blocks, not {shown(raw)}")
            settings[name] = ()
        elif cls is Parallel:
            branches = {key: value for key, value in raw.items() if value is not None}
            settings[name] = tuple(self.branch(str(k), v, f"{path}.{name}.{k}", scope) for k, v in branches.items())
        else:
            with self.notes.inside(name):
                settings[name] = self.stack(raw, f"{path}.{name}", scope, last)

    def branch(self, name: str, raw: Any, path: str, scope: Scoped) -> tuple[str, Stack]:
        """A branch is one block or a stack of them."""
        with self.notes.inside("branches", name):
            return self.branch_inside(name, raw, path, scope)

    def branch_inside(self, name: str, raw: Any, path: str, scope: Scoped) -> tuple[str, Stack]:
        if not isinstance(raw, dict):
            self.fault(path, f"should be a block, or blocks by name, not {shown(raw)}")
            return name, ()
        if isinstance(raw.get("block"), str):
            stage = self.stage(name, raw, path, scope, [])
            if stage:
                stage, faults = Standing().placed(stage, f"{path}.from", [])
                self.faults += faults
            return name, (stage,) if stage and stage.copies else ()
        return name, self.stack(raw, path, scope) if self.named(name, path, "branch") else ()


def _moved(at: str, path: str, origin: dict[str, str]) -> str:
    """The path of a block's fault, moved to where the setting was written."""
    key, _, rest = at[len(path) + 1 :].partition(".")
    return origin.get(key, f"{path}.{key}" if key else path) + (f".{rest}" if rest else "")
