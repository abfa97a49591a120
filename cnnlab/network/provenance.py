"""Provenance of a network's settings: why each setting of each block has its value, as the parser comes by it.

The parser knows paths, as the configuration has them; `config.origins` knows what file and line set a path.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

Rule = Literal["written", "kinds", "inherited", "later", "output", "spread", "default"]
"""by which a setting has its value. written: of the block or of one of its copies; kinds: of all blocks of its kind;
inherited: of what encloses it; later: of copies after the first; output: of the network's output; spread: of the whole
network, by place; default: nowhere"""


@dataclass(frozen=True)
class SettingSource:
    """What a setting's value is due to, and the dotted path in the configuration where that is written, if it is."""

    rule: Rule
    path: str = ""


@dataclass(frozen=True)
class ResolvedSetting:
    """A setting's value, and what it is due to."""

    value: Any
    source: SettingSource


@dataclass(frozen=True)
class CompositeUse:
    """A block that is one of those that YAML defines, with the parameters it is given."""

    kind: str
    path: str
    """where the kind is defined"""
    params: dict[str, ResolvedSetting]


@dataclass
class Provenance:
    """What is known of blocks, by their address: `body.stage1.0`, and inside it `body.fire2.0.body.squeeze.0`."""

    sources: dict[str, dict[str, SettingSource]] = field(default_factory=dict)
    """address -> setting -> what it is due to"""
    uses: dict[str, list[CompositeUse]] = field(default_factory=dict)
    """address -> the blocks defined in YAML that it is one of, the outermost first"""
    names: list[str] = field(default_factory=list)
    """of the block that is being read"""

    @contextmanager
    def inside(self, *names: str) -> Iterator[None]:
        self.names.extend(names)
        yield
        del self.names[-len(names) :]

    @property
    def address(self) -> str:
        return ".".join(self.names)

    def record(self, sources: dict[str, SettingSource]) -> None:
        self.sources.setdefault(self.address, {}).update(sources)

    def record_use(self, use: CompositeUse) -> None:
        self.uses.setdefault(self.address, []).append(use)

    def inherited(self, setting: str, address: str | None = None) -> SettingSource:
        """What the setting that a block inherits is due to: the nearest block around it that has it, or the model."""
        outer = self.address if address is None else address
        while outer := outer.rpartition(".")[0]:
            if source := self.sources.get(outer, {}).get(setting):
                return SettingSource("inherited", source.path)
        return SettingSource("inherited", f"model.{setting}")
