"""One run of a sweep: what was asked for and what its folder says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnnlab import dotted
from cnnlab.metrics.keys import NOT_LEARNING, ONE_CLASS
from cnnlab.tracking.reader import RunStatus


@dataclass(frozen=True)
class Trial:
    """A run of a sweep: what was asked for and what its folder says."""

    folder: Path
    name: str
    """the folder as the page names it"""
    levels: Mapping[str, str]
    """the value of every swept key but the seed"""
    seed: str
    status: RunStatus
    words: tuple[str, ...] = ()
    """what to type after the program's name to repeat it"""
    identity: str | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[Mapping[str, Any], ...] = ()
    network: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> str:
        """Why it did not end well, in one line."""
        return " ".join(str(self.result.get("error") or "").split())

    @property
    def has_not_learned(self) -> bool:
        """Whether its own record warns that it is where a network is that looks at no image."""
        warnings = self.result.get("warnings")
        kinds = {str(one).partition(":")[0] for one in warnings} if isinstance(warnings, list) else set()
        return self.status == "ok" and bool(kinds & {NOT_LEARNING, ONE_CLASS})

    def setting(self, key: str) -> Any:
        """A setting of its configuration by its dotted path; None where there is none."""
        return dotted.get(self.config, key)
