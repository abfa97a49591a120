"""From what conf/model/*.yaml says to a network: placement, the cascade, repeats, widths, and every fault on the way.

Plain data in, frozen records out; no torch. What the cascade reaches is said by the kinds themselves: a field marked
`Inherits` takes the setting of what encloses its block, a field marked `Sized` is a width.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from cnnlab.blocks import KINDS
from cnnlab.blocks.base import Block, Inherits, Sized, Stack, Stage
from cnnlab.blocks.merge import Parallel, Scope, Skip
from cnnlab.errors import Fault, near
from cnnlab.network.spec import PLACED, ModelSettings, Network, Place
from cnnlab.settings import read, shown

WIDEST = 10**9
"""channels beyond which `width` is taken for a mistake"""
SHORTCUT = ("norm", "bias", "init")
"""what the convolution of a skip's shortcut takes"""
INHERITED = ("norm", "head_norm", "act", "bias", "init", "dropout")
NOT_OF_OUTPUT = ("head_norm", "act", "dropout")
"""what the output layer has only where it says so itself"""
Scoped = ChainMap[str, Any]
"""what blocks inherit: the settings of what encloses them, the nearest first, the model's last"""


def read_network(raw: Any, classes: int, path: str = "model") -> tuple[Network | None, list[Fault]]:
    """The network that `raw` describes for so many classes, or all the faults in it."""
    if not isinstance(raw, dict):
        return None, [Fault(path, f"should be a mapping of settings, not {shown(raw)}")]
    raw = {key: value for key, value in raw.items() if value is not None}
    model, faults = read(ModelSettings, raw, path, "a model")
    bad = {fault.path.split(".")[path.count(".") + 1] for fault in faults}
    scope = Scoped({key: raw[key] for key in INHERITED if key in raw and key not in bad})
    kinds = raw["kinds"] if isinstance(raw.get("kinds"), dict) and "kinds" not in bad else {}
    width = Widths(classes, model.width if model else 1.0, model.divisor if model else None)
    reader = Reader(path, width, kinds)
    stacks = {}
    for section, scaled in (("body", True), ("head", False)):
        if isinstance(raw.get(section), dict):
            reader.width = replace(width, factor=width.factor if scaled else 1.0)
            stacks[section] = reader.stack(raw[section], f"{path}.{section}", scope)
    faults = [*faults, *reader.kind_faults(), *reader.faults]
    if not faults:
        faults = [
            Fault(f"{path}.{key}", "no block of this network takes this setting")
            for key in scope
            if key not in reader.used and raw[key] not in ("none", "auto")
        ]
    if model is None or faults:
        return None, list(dict.fromkeys(faults))
    return Network(stacks["body"], stacks["head"], classes, model.min_size, model.input_size), []


@dataclass(frozen=True)
class Widths:
    """What the word `classes` means, and what the model-wide width makes of a number of channels."""

    classes: int
    factor: float = 1.0
    divisor: int | None = None

    def of(self, value: Any, scaled: bool) -> Any:
        """`value` as a width, or inside a list of them. Raises ValueError where it is not whole."""
        if isinstance(value, list | tuple):
            return [self.of(part, scaled) for part in value]
        if value == "classes":
            return self.classes
        if not scaled or self.factor == 1.0 or type(value) is not int:
            return value
        if value > WIDEST / self.factor:
            raise ValueError(f"{value} channels times {self.factor:g} are more than {WIDEST}")
        wide = value * self.factor
        if self.divisor:
            return max(self.divisor, round(wide / self.divisor) * self.divisor)
        if abs(wide - round(wide)) > 1e-9 or wide < 0.5:
            raise ValueError(
                f"{value} channels times {self.factor:g} is {wide:g}, not a whole number; "
                f"set model.divisor (1, 8, …) to round to its multiples, or choose another width"
            )
        return round(wide)


@dataclass
class Reader:
    """Reads stacks of blocks and collects the faults."""

    path: str
    width: Widths
    kinds: dict[str, dict[str, Any]]
    faults: list[Fault] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def fault(self, path: str, message: str) -> None:
        self.faults.append(Fault(path, message))

    def kind_faults(self) -> Iterator[Fault]:
        for kind, settings in self.kinds.items():
            if kind not in KINDS:
                yield Fault(f"{self.path}.kinds.{kind}", f"there is no kind of block {kind!r}{near(kind, KINDS)}")
                continue
            known = [key for key in KINDS[kind].model_fields if key != "block"]
            for key in settings:
                if key not in known:
                    yield Fault(f"{self.path}.kinds.{kind}.{key}", f"{kind} has no such setting{near(key, known)}")

    def stack(self, raw: dict[str, Any], path: str, scope: Scoped) -> Stack:
        stages = []
        for name in self.order(raw, path):
            if raw[name] is not None:
                stage = self.stage(str(name), raw[name], f"{path}.{name}", scope, list(map(str, raw)))
                stages += [stage] if stage else []
        return tuple(stages)

    def order(self, raw: dict[str, Any], path: str) -> list[str]:
        """The blocks' names, those with `after` or `before` at their place; blocks with one anchor keep their order."""
        anchors = {name: _anchor(block) for name, block in raw.items()}
        names = [name for name in raw if not anchors[name]]
        waiting = [name for name in raw if anchors[name]]
        placed: dict[tuple[str, str], int] = {}
        while ready := [name for name in waiting if anchors[name][1] in names]:
            for name in ready:
                side, anchor = anchors[name]
                at = names.index(anchor)
                if side == "after":
                    placed[anchors[name]] = placed.get(anchors[name], 0) + 1
                    at += placed[anchors[name]]
                names.insert(at, name)
                waiting.remove(name)
        for name in waiting:
            side, anchor = anchors[name]
            why = (
                "the anchors go round in a circle"
                if anchor in raw
                else f"there is no block {anchor!r}{near(anchor, map(str, raw))}"
            )
            self.fault(f"{path}.{name}.{side}", why)
        return names + waiting

    def named(self, name: str, path: str, noun: str = "block") -> bool:
        good = re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]*", name) is not None
        if not good:
            self.fault(path, f"a {noun}'s name starts with a letter, and has only letters, digits and _ in it")
        return good

    def stage(self, name: str, raw: Any, path: str, scope: Scoped, siblings: list[str]) -> Stage | None:
        if not self.named(name, path):
            return None
        if not isinstance(raw, dict):
            self.fault(
                path, f"should be a block such as {{block: conv, channels: 64}}, or null for none, not {shown(raw)}"
            )
            return None
        if raw.get("block") is None:
            others = [other for other in siblings if other != name]
            meant = near(name, others)
            self.fault(
                path,
                f"there is no block {name!r}{meant if 'mean' in meant else ''} (a new one needs its kind: block: conv)",
            )
            return None
        kind = raw["block"]
        if not isinstance(kind, str) or kind not in KINDS:
            self.fault(f"{path}.block", f"there is no kind of block {kind!r}{near(kind, KINDS)}")
            return None
        return self.copies(name, raw, path, scope)

    def copies(self, name: str, raw: dict[str, Any], path: str, scope: Scoped) -> Stage | None:
        place, faults = read(Place, {key: raw[key] for key in PLACED if raw.get(key) is not None}, path, "a block")
        self.faults += faults
        for side in ("first", "last"):
            for key in (getattr(place, side) or {}) if place else ():
                if key in PLACED:
                    self.fault(f"{path}.{side}.{key}", f"{key} is said of all copies together, beside {side}")
        own = {key: value for key, value in raw.items() if key not in PLACED}
        count = place.repeat if place else 1
        later = {k: v for k, v in KINDS[raw["block"]].later.items() if k in KINDS[raw["block"]].model_fields}
        blocks = []
        for i in range(max(count, 1)):  # a block repeated zero times is checked all the same
            extra = [("first", i == 0), ("last", i == count - 1)]
            sides = [(side, getattr(place, side)) for side, here in extra if here and place and getattr(place, side)]
            overlays = [(side, {k: v for k, v in said.items() if k not in PLACED}) for side, said in sides]
            settings = {**own, **(later if i else {})}
            blocks.append(self.block(settings, path, scope, overlays))
            if blocks[-1] is None:
                return None
        return Stage(name, tuple(blocks)) if count else None  # type: ignore[arg-type]

    def block(
        self, raw: dict[str, Any], path: str, scope: Scoped, overlays: list[tuple[str, dict[str, Any]]]
    ) -> Block | None:
        """One copy; `overlays` are its `first:` or `last:`."""
        cls, kind = KINDS[raw["block"]], raw["block"]
        origin = {key: f"{path}.{key}" for key in raw}
        settings = {key: value for key, value in raw.items() if value is not None}
        for side, overlay in overlays:
            settings.update({key: value for key, value in overlay.items() if value is not None})
            origin.update({key: f"{path}.{side}.{key}" for key in overlay})
        for key, value in self.kinds.get(kind, {}).items():
            if key not in settings and key in cls.model_fields and value is not None:
                source = _source(cls, key)
                nearer = any(source in said for said in scope.maps[:-1])
                if not nearer and not (_is_output(settings) and source in NOT_OF_OUTPUT):
                    settings[key], origin[key] = value, f"{self.path}.kinds.{kind}.{key}"
        inner = scope.new_child({key: settings[key] for key in INHERITED if key in settings})
        settings = {**self.inherited(cls, settings, scope), **settings}
        before = len(self.faults)
        self.widths(cls, settings, path)
        self.inside(cls, settings, path, inner)
        block, found = read(cls, settings, path, kind, PLACED)
        self.faults += [replace(f, path=_moved(f.path, path, origin)) for f in found]
        return block if len(self.faults) == before else None

    def inherited(self, cls: type[Block], settings: dict[str, Any], scope: Scoped) -> dict[str, Any]:
        """What the block takes from around it. The output layer takes no norm, activation or dropout."""
        output = _is_output(settings)
        taken = {}
        for name in cls.model_fields:
            source = _source(cls, name)
            if source is None or (output and source in NOT_OF_OUTPUT):
                continue
            if source in scope and name not in settings:
                taken[name] = scope[source]
            if source in scope and (not issubclass(cls, Scope) or (cls is Skip and source in SHORTCUT)):
                self.used.add(source)
        return {"act": "none", **taken} if output else taken

    def widths(self, cls: type[Block], settings: dict[str, Any], path: str) -> None:
        """Put numbers in the place of widths. Of those that `width` makes broken, one is named for all."""
        for name, info in cls.model_fields.items():
            marker = next((m for m in info.metadata if isinstance(m, Sized)), None)
            if marker and name in settings:
                try:
                    settings[name] = self.width.of(settings[name], marker.scaled)
                except ValueError as error:
                    if not any(fault.path == f"{self.path}.width" for fault in self.faults):
                        self.fault(f"{self.path}.width", f"{path}.{name}: {error}")

    def inside(self, cls: type[Block], settings: dict[str, Any], path: str, scope: Scoped) -> None:
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
            settings[name] = self.stack(raw, f"{path}.{name}", scope)

    def branch(self, name: str, raw: Any, path: str, scope: Scoped) -> tuple[str, Stack]:
        """A branch is one block or a stack of them."""
        if not isinstance(raw, dict):
            self.fault(path, f"should be a block, or blocks by name, not {shown(raw)}")
            return name, ()
        if isinstance(raw.get("block"), str):
            stage = self.stage(name, raw, path, scope, [])
            return name, (stage,) if stage else ()
        return name, self.stack(raw, path, scope) if self.named(name, path, "branch") else ()


def _source(cls: type[Block], name: str) -> str | None:
    """The enclosing setting that the field `name` of `cls` inherits."""
    return next((m.name for m in cls.model_fields[name].metadata if isinstance(m, Inherits)), None)


def _is_output(settings: dict[str, Any]) -> bool:
    return settings.get("features") == "classes"


def _anchor(block: Any) -> tuple[str, str]:
    """("after" or "before", the block it names); empty for a block that stays where it is written."""
    if isinstance(block, dict):
        for side in ("after", "before"):
            if isinstance(block.get(side), str):
                return side, block[side]
    return ()  # type: ignore[return-value]


def _moved(at: str, path: str, origin: dict[str, str]) -> str:
    """The path of a block's fault, moved to where the setting was written."""
    key, _, rest = at[len(path) + 1 :].partition(".")
    return origin.get(key, f"{path}.{key}" if key else path) + (f".{rest}" if rest else "")
