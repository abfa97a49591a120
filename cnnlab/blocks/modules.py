"""The torch modules that torch has not: branches that are joined, a body beside a shortcut."""

from functools import reduce

import torch
from torch import Tensor, nn

JOINS = {
    "concat": lambda outs: torch.cat(outs, 1),
    "add": lambda outs: reduce(torch.add, outs),
    "mul": lambda outs: reduce(torch.mul, outs),
    "mean": lambda outs: reduce(torch.add, outs) / len(outs),
    "max": lambda outs: reduce(torch.maximum, outs),
}


class Branches(nn.ModuleDict):
    """Runs its modules on the same input and joins what they make."""

    def __init__(self, modules: dict[str, nn.Module], merge: str):
        super().__init__(modules)
        self.joined_by = merge

    def forward(self, x: Tensor) -> Tensor:
        return JOINS[self.joined_by]([branch(x) for branch in self.values()])

    def extra_repr(self) -> str:
        return f"merge={self.joined_by}"


class Skipped(nn.Module):
    """act(body(x) + shortcut(x)); without a shortcut, act(body(x))."""

    def __init__(self, body: nn.Module, shortcut: nn.Module | None, act: nn.Module | None):
        super().__init__()
        self.body, self.shortcut, self.act = body, shortcut, act

    def forward(self, x: Tensor) -> Tensor:
        out = self.body(x)
        if self.shortcut is not None:
            out = out + self.shortcut(x)
        return out if self.act is None else self.act(out)
