"""Where the blocks of a stack stand (`after`, `before`), and which earlier ones each of them takes (`from`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from cnnlab.blocks.stack import Merge, Stage
from cnnlab.errors import Fault, FaultKind


def ordered(raw: dict[str, Any], path: str) -> tuple[list[str], list[Fault]]:
    """The blocks' names, those with `after` or `before` at their place; blocks with one anchor keep their order."""
    anchors = {name: _anchor(block) for name, block in raw.items()}
    names = [name for name in raw if not anchors[name]]
    waiting = [name for name in raw if anchors[name]]
    placed: dict[tuple[str, str], int] = {}
    while ready := [name for name in waiting if anchors[name][1] in names]:
        for name in ready:
            side, anchor = anchors[name]
            position = names.index(anchor)
            if side == "after":
                placed[anchors[name]] = placed.get(anchors[name], 0) + 1
                position += placed[anchors[name]]
            names.insert(position, name)
            waiting.remove(name)
    faults = []
    for name in waiting:
        side, anchor = anchors[name]
        side_path = f"{path}.{name}.{side}"
        if anchor in raw:
            faults.append(Fault(side_path, "the anchors go round in a circle"))
        else:
            faults.append(
                Fault.unknown(FaultKind.UNKNOWN_BLOCK, side_path, f"there is no block {anchor!r}", anchor, raw)
            )
    return names + waiting, faults


def _anchor(block: Any) -> tuple[str, str]:
    """("after" or "before", the block it names); empty for a block that stays where it is written."""
    if isinstance(block, dict):
        for side in ("after", "before"):
            if isinstance(block.get(side), str):
                return side, block[side]
    return ()  # type: ignore[return-value]


@dataclass(frozen=True)
class Inputs:
    """Blocks whose outputs a block takes, and how they become one."""

    names: tuple[str, ...]
    join: Merge = "concat"


NETWORK_INPUT = Inputs(("input",))


# The law of removed blocks: `from` may name a block that the command line has removed, and the network still builds.
# Each name of a stack stands for the outputs of blocks that are there:
#
#   a block that is there     for itself
#   removed by `repeat: 0`    for what it would take: its own `from`, or the block before it
#   removed by `null`         nothing is known of it, so for what the next block takes anyway
#
# A block without `from` takes the block before it; where one removed by `repeat: 0` stood between them and took others,
# it takes those.


class StackState:
    """What each name of a stack stands for, while its blocks are read one after another."""

    def __init__(self) -> None:
        self.inputs = {"input": NETWORK_INPUT}
        """name of a block that was read, or input -> what stands for it"""
        self.next_takes = self.previous = NETWORK_INPUT
        """what the next block takes unless it names others, and the last block that is there"""

    def record(self, name: str, stage: Stage | None) -> None:
        """Note a block that was read; None for one that is `null`. A stage without copies is removed by `repeat: 0`."""
        if stage and stage.copies:
            self.next_takes = self.previous = Inputs((name,))
        elif stage and stage.sources:
            self.next_takes = Inputs(stage.sources, stage.join)
        self.inputs[name] = self.next_takes

    @property
    def left_over(self) -> tuple[str, ...]:
        """At the end of a stack: the blocks that a removed one would take, and that nothing takes in its place."""
        return self.next_takes.names if self.next_takes != self.previous else ()

    def resolve(self, stage: Stage, path: str, all_names: list[str]) -> tuple[Stage, list[Fault]]:
        """The stage with sources that are there, and a fault for each that is not, nor has anything in its place."""
        if not stage.sources:
            implied = self.next_takes if self.next_takes != self.previous else Inputs(())
            return replace(stage, sources=implied.names, join=implied.join), []
        faults = [_unknown(path, name, all_names) for name in stage.sources if name not in self.inputs]
        inputs = {name: self.inputs[name] for name in stage.sources if name in self.inputs}
        alone = len(stage.sources) == 1
        join = next((taken.join for taken in inputs.values()), stage.join) if alone else stage.join
        for name, taken in inputs.items():
            several = len(taken.names) > 1 and not alone
            if several and (taken.join != join or join == "mean"):  # the mean of a mean and others is none of all
                instead = f"the {taken.join} of {' and '.join(taken.names)} that it takes cannot be named in its place"
                faults.append(Fault(path, f"{name!r} is removed, and {instead}"))
        names = tuple(source for name in stage.sources if name in inputs for source in inputs[name].names)
        return replace(stage, sources=names, join=join), faults


def _unknown(path: str, name: str, all_names: list[str]) -> Fault:
    if name in all_names:
        message = f"{name!r} does not come before it; `from` takes earlier blocks, so that nothing goes in a circle"
        return Fault(path, message)
    known = [*all_names, "input"]
    return Fault.unknown(FaultKind.UNKNOWN_BLOCK, path, f"there is no block {name!r}", name, known)


def unread(stack: list[Stage]) -> list[str]:
    """The blocks whose output nothing takes, but the last."""
    read = {name for stage in stack for name in stage.sources}
    read |= {before.name for before, stage in pairwise(stack) if not stage.sources}
    return [stage.name for stage in stack[:-1] if stage.name not in read]
