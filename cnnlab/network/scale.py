"""What the whole network's width and depth make of its blocks' numbers, and how a rate spreads over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from cnnlab.blocks.block import Block, Spread
from cnnlab.blocks.part import divisible
from cnnlab.blocks.stack import Stack, Stage

WIDEST = 10**9
"""channels beyond which `width` is taken for a mistake"""
MOST_COPIES = 10_000


@dataclass(frozen=True)
class Scale:
    """What the word `classes` means, and what the model-wide width and depth make of channels and repeats."""

    classes: int
    factor: float = 1.0
    divisor: int | None = None
    depth: float = 1.0
    depth_rounding: str | None = None

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
            return divisible(wide, self.divisor)
        if abs(wide - round(wide)) > 1e-9 or wide < 0.5:
            raise ValueError(
                f"{value} channels times {self.factor:g} is {wide:g}, not a whole number; "
                f"set model.divisor (1, 8, …) to round to its multiples, or choose another width"
            )
        return round(wide)

    def factor_of(self, width: str) -> float:
        """What a block's `width` makes of the factor: `fixed` never scales, `grows` never makes narrower."""
        return {"scaled": self.factor, "fixed": 1.0, "grows": max(1.0, self.factor)}[width]

    def copies(self, repeat: int) -> int:
        """`repeat` times the depth; 0 stays 0, what is there does not vanish. Raises ValueError if it is not whole."""
        if not repeat or self.depth == 1.0:
            return repeat
        deep = repeat * self.depth
        if deep > MOST_COPIES:
            raise ValueError(f"{repeat} copies times {self.depth:g} are more than {MOST_COPIES}")
        near = round(deep, 9)
        if near == int(near) and near >= 1:
            return int(near)
        if self.depth_rounding is None:
            raise ValueError(
                f"{repeat} copies times {self.depth:g} is {deep:g}, not a whole number; "
                "set model.depth_rounding (up, down or nearest), or choose another depth"
            )
        return max(1, {"up": math.ceil, "down": math.floor, "nearest": round}[self.depth_rounding](near))


def spread(stacks: list[Stack], setting: str, rate: float) -> tuple[list[Stack], int]:
    """The stacks with `rate` · i / n for the i-th of the n blocks that take `setting` and do not set it, and n.

    Huang et al. 2016, arXiv:1603.09382, §3, fig. 2: deeper blocks are left out more often. That the first one has rate
    0 is as torchvision's EfficientNet has it; the paper counts from 1. Blocks without a shortcut count, too, so that a
    network has the same rates in every spelling.
    """
    takers = [block for block in _blocks(stacks) if _taken(block, setting)]
    plain = [block for block in takers if getattr(block, "shortcut", "auto") == "none"]
    rates = iter([rate * i / len(takers) for i in range(len(takers))])

    def give(block: Block) -> Block:
        name = _taken(block, setting)
        share = next(rates) if name else None
        without = getattr(block, "shortcut", "auto") == "none"  # has nothing to leave out, and counts all the same
        return block if name is None or without else block.model_copy(update={name: share})

    return [rewritten(stack, give) for stack in stacks], len(takers) - len(plain)


def _taken(block: Block, setting: str) -> str | None:
    """The field that takes a share of `setting`, where the block does not set it."""
    for name, info in type(block).model_fields.items():
        marked = any(isinstance(m, Spread) and m.name == setting for m in info.metadata)
        if marked and getattr(block, name) is None:
            return name
    return None


def _blocks(value: Any) -> Iterator[Block]:
    """Every block in a stack, those within combinators after what they stand in."""
    blocks: list[Block] = []

    def note(block: Block) -> Block:
        blocks.append(block)
        return block

    rewritten(value, note)
    return iter(blocks)


def rewritten(value: Any, change: Callable[[Block], Block]) -> Any:
    """Stacks, or whatever holds some, with each block replaced by what `change` makes of it; outer ones first."""
    match value:
        case Stage():
            return replace(value, copies=rewritten(value.copies, change))
        case Block():
            block = change(value)
            inner = {name: getattr(block, name) for name in ("body", "branches") if name in type(block).model_fields}
            return block.model_copy(update={name: rewritten(part, change) for name, part in inner.items()})
        case tuple() | list():
            return type(value)(rewritten(part, change) for part in value)
    return value
