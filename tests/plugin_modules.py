"""Plugins in tests: modules written where Python looks for them, and nothing of them left afterwards."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cnnlab.blame import LOADED
from cnnlab.cli.tasks import TASKS
from cnnlab.registry import Registered

Write = Callable[[str, str], None]


def registries(base: type[Any] = Registered) -> Iterator[Any]:
    for cls in base.__subclasses__():
        if "registry" in vars(cls):
            yield cls.registry
        yield from registries(cls)


def forget(folder: Path) -> None:
    """As if no plugin had been named, and no module of `folder` imported."""
    for registry in registries():
        registry.brought.clear()
    TASKS.brought.clear()
    LOADED.clear()
    for name, module in list(sys.modules.items()):
        if str(folder) in str(getattr(module, "__file__", "")):
            del sys.modules[name]


@contextmanager
def modules(folder: Path) -> Iterator[Write]:
    """Writes modules into `folder`, the working folder; they and their classes are forgotten afterwards."""
    path = list(sys.path)
    try:
        yield lambda name, text: (folder / f"{name}.py").write_text(text) and None
    finally:
        sys.path[:] = path
        forget(folder)
