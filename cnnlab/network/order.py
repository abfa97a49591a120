"""Where the blocks of a stack stand, and which earlier ones they take: `after`, `before`, `from`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from cnnlab.blocks.base import Stage
from cnnlab.errors import Fault, near


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
        circle = "the anchors go round in a circle"
        why = circle if anchor in raw else f"there is no block {anchor!r}{near(anchor, map(str, raw))}"
        faults.append(Fault(f"{path}.{name}.{side}", why))
    return names + waiting, faults


def _anchor(block: Any) -> tuple[str, str]:
    """("after" or "before", the block it names); empty for a block that stays where it is written."""
    if isinstance(block, dict):
        for side in ("after", "before"):
            if isinstance(block.get(side), str):
                return side, block[side]
    return ()  # type: ignore[return-value]


class Standing:
    """The blocks of a stack that have been passed, and what stands where a removed one was: what came before it."""

    def __init__(self) -> None:
        self.at = {"input": "input"}
        self.last = "input"

    def passed(self, name: str, stage: Stage | None) -> None:
        self.last = name if stage else self.last
        self.at[name] = self.last

    def resolve(self, sources: Iterable[str], path: str, all_names: list[str]) -> tuple[tuple[str, ...], list[Fault]]:
        """The sources as blocks that are there, and a fault for each that no earlier block has the name of."""
        faults = []
        for name in sources:
            if name in self.at:
                continue
            later = f"{name!r} does not come before it; `from` takes earlier blocks, so that nothing goes in a circle"
            absent = f"there is no block {name!r}{near(name, [*all_names, 'input'])}"
            faults.append(Fault(path, later if name in all_names else absent))
        return tuple(self.at[name] for name in sources if name in self.at), faults


def unread(stack: list[Stage]) -> list[str]:
    """The blocks whose output nothing takes, but the last."""
    read = {name for stage in stack for name in stage.sources}
    read |= {before.name for before, stage in pairwise(stack) if not stage.sources}
    return [stage.name for stage in stack[:-1] if stage.name not in read]
