"""Where the blocks of a stack stand, and which earlier ones they take: `after`, `before`, `from`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from cnnlab.blocks.stack import Merge, Stage
from cnnlab.errors import Fault, FaultKind


def order(raw: dict[str, Any], path: str) -> tuple[list[str], list[Fault]]:
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
    faults = []
    for name in waiting:
        side, anchor = anchors[name]
        where = f"{path}.{name}.{side}"
        if anchor in raw:
            faults.append(Fault(where, "the anchors go round in a circle"))
        else:
            said = f"there is no block {anchor!r}"
            faults.append(Fault.unknown(FaultKind.UNKNOWN_BLOCK, where, said, anchor, raw))
    return names + waiting, faults


def _anchor(block: Any) -> tuple[str, str]:
    """("after" or "before", the block it names); empty for a block that stays where it is written."""
    if isinstance(block, dict):
        for side in ("after", "before"):
            if isinstance(block.get(side), str):
                return side, block[side]
    return ()  # type: ignore[return-value]


@dataclass(frozen=True)
class Taken:
    """Blocks, and how their outputs become one."""

    names: tuple[str, ...]
    join: Merge = "concat"


class Standing:
    """The blocks of a stack that have been passed, and what stands where a removed one was: what it would take.

    Of one that is `null` nothing is known, and the block before it stands there.
    """

    def __init__(self) -> None:
        self.at = {"input": Taken(("input",))}
        self.last = self.before = self.at["input"]
        """what the next block takes unless it names others, and the block that is there before it"""

    def passed(self, name: str, stage: Stage | None) -> None:
        """A stage without copies is one that `repeat: 0` removes."""
        if stage and stage.copies:
            self.last = self.before = Taken((name,))
        elif stage and stage.sources:
            self.last = Taken(stage.sources, stage.join)
        self.at[name] = self.last

    def placed(self, stage: Stage, path: str, all_names: list[str]) -> tuple[Stage, list[Fault]]:
        """The stage with sources that are there, and a fault for each that is not, nor has anything in its place."""
        if not stage.sources:
            taken = self.last if self.last != self.before else Taken(())
            return replace(stage, sources=taken.names, join=taken.join), []
        faults = [self._lacking(path, name, all_names) for name in stage.sources if name not in self.at]
        found = {name: self.at[name] for name in stage.sources if name in self.at}
        join = stage.join if len(stage.sources) > 1 else next((taken.join for taken in found.values()), stage.join)
        for name, taken in found.items():
            if len(taken.names) > 1 and len(stage.sources) > 1 and (taken.join != join or join == "mean"):
                instead = f"the {taken.join} of {' and '.join(taken.names)} that it takes cannot be named in its place"
                faults.append(Fault(path, f"{name!r} is removed, and {instead}"))
        names = tuple(one for name in stage.sources if name in found for one in found[name].names)
        return replace(stage, sources=names, join=join), faults

    @staticmethod
    def _lacking(path: str, name: str, all_names: list[str]) -> Fault:
        if name in all_names:
            said = f"{name!r} does not come before it; `from` takes earlier blocks, so that nothing goes in a circle"
            return Fault(path, said)
        known = [*all_names, "input"]
        return Fault.unknown(FaultKind.UNKNOWN_BLOCK, path, f"there is no block {name!r}", name, known)


def unread(stack: list[Stage]) -> list[str]:
    """The blocks whose output nothing takes, but the last."""
    read = {name for stage in stack for name in stage.sources}
    read |= {before.name for before, stage in pairwise(stack) if not stage.sources}
    return [stage.name for stage in stack[:-1] if stage.name not in read]
