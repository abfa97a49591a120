"""Records of lint: a design that is looked through, and a finding in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cnnlab.lint.steps import StepGraph, step_graph
from cnnlab.network.graph import Graph
from cnnlab.network.spec import Network
from cnnlab.settings import Shape


@dataclass(frozen=True)
class Design:
    """A network that fits its images, and the batch it is trained with."""

    network: Network
    graph: Graph
    raw: dict[str, Any]
    """the model's settings as they were composed, in the order in which they were written"""
    batch_size: int
    image_shape_of: Callable[[Network], Shape]
    """the images that another network would be given"""

    @cached_property
    def steps(self) -> StepGraph:
        return step_graph(self.graph)

    def stages(self, rows: Iterable[str]) -> tuple[str, ...]:
        """The blocks that these rows are copies of."""
        by_row = {node.row: node.stage for node in self.steps.nodes}
        return unique(by_row[row] for row in rows)

    @property
    def image(self) -> tuple[int, int]:
        return self.graph.input[1], self.graph.input[2]


@dataclass(frozen=True)
class Finding:
    """What a smell found: one thing, named once however many blocks have it."""

    where: tuple[str, ...]
    """names of the blocks"""
    message: str
    """what is there, with its figure; no sentence's end"""
    figures: dict[str, Any] = field(default_factory=dict)
    tries: tuple[str, ...] = ()
    """overrides that may help; each is tried before it is named"""
    smell: str = ""
    """the smell's name"""
    reason: str = ""

    def places(self, most: int) -> str:
        """Where, naming at most so many blocks.

        >>> Finding(("body.c1", "body.c2", "body.c3", "body.c4"), "").places(2)
        'body.c1, body.c2 and 2 more'
        """
        first, more = self.where[:most], len(self.where) - most
        return ", ".join(first) + (f" and {more} more" if more > 0 else "")

    @property
    def line(self) -> str:
        return f"{self.places(2)}: {self.message}"


def unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
