"""Why each setting of each block has the value it has, as the reader of a network comes by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

How = Literal["said", "kinds", "inherited", "later", "output", "spread", "default"]
"""said of the block or of one of its copies; of all blocks of its kind; of what encloses it; of copies after the first;
of the network's output; of the whole network, by place; nowhere"""


@dataclass(frozen=True)
class Source:
    """What a setting's value is due to, and the dotted path in the configuration where that is written, if it is."""

    how: How
    path: str = ""


@dataclass(frozen=True)
class ResolvedSetting:
    """A setting's value, and what it is due to."""

    value: Any
    source: Source


@dataclass(frozen=True)
class Made:
    """A block that YAML defines, where it is used."""

    kind: str
    path: str
    """where it is defined"""
    params: dict[str, tuple[Any, Source]]


@dataclass
class Notes:
    """What is noted of blocks, by their address: `body.stage1.0`, and inside it `body.fire2.0.body.squeeze.0`."""

    found: dict[str, dict[str, Source]] = field(default_factory=dict)
    made: dict[str, list[Made]] = field(default_factory=dict)
    """blocks that YAML defines, the outermost first"""
    names: list[str] = field(default_factory=list)

    @contextmanager
    def inside(self, *names: str) -> Iterator[None]:
        self.names.extend(names)
        yield
        del self.names[-len(names) :]

    @property
    def address(self) -> str:
        return ".".join(self.names)

    def put(self, sources: dict[str, Source]) -> None:
        self.found.setdefault(self.address, {}).update(sources)

    def around(self, setting: str, address: str | None = None) -> Source:
        """What the setting that a block inherits is due to: the nearest block around it that has it, or the model."""
        outer = self.address if address is None else address
        while outer := outer.rpartition(".")[0]:
            if found := self.found.get(outer, {}).get(setting):
                return Source("inherited", found.path)
        return Source("inherited", f"model.{setting}")
