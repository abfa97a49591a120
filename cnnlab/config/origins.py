"""Where each setting came from: which file and line, or which override, set it, and what it overrode.

The composed configuration no longer knows; Hydra's list of the files that went into it and YAML's own marks do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.types import Override
from hydra.types import RunMode

COMMAND_LINE = "command line"


class Origins:
    """For each dotted key, the places that set it, in order: the last one counts."""

    def __init__(self) -> None:
        self.history: dict[str, list[str]] = {}

    def add(self, key: str, place: str) -> None:
        self.history.setdefault(key, []).append(place)

    def of(self, key: str) -> str | None:
        """The place that set `key`, or something in it, or what encloses it; None where nothing did."""
        key = key.split("[")[0]
        within = [places[-1] for name, places in self.history.items() if name.startswith(f"{key}.")]
        if key not in self.history and within:
            return within[-1]
        while key:
            if key in self.history:
                return self.history[key][-1]
            key = key.rpartition(".")[0]
        return None

    def last(self) -> dict[str, str]:
        """The place that counts, for each key."""
        return {key: places[-1] for key, places in self.history.items()}


def trace(loader: ConfigLoaderImpl, name: str, overrides: list[str], parsed: list[Override]) -> Origins:
    """The origins of the configuration that `loader` composes from the file `name` and `overrides`."""
    origins = Origins()
    for default in loader.compute_defaults_list(name, overrides, RunMode.RUN).defaults:
        file = _file(loader, default.config_path)
        if file:
            package = [part for part in (default.package or "").split(".") if part and part != "_global_"]
            for key, place in marks(file, package):
                origins.add(key, place)
    for override in parsed:
        key = override.key_or_group
        if override.is_delete() or loader.list_groups(key) or loader.get_group_options(key):
            origins.add(key, COMMAND_LINE)
            continue
        for path in _keys(key, override.value()):
            origins.add(path, COMMAND_LINE)
    return origins


def _file(loader: ConfigLoaderImpl, config_path: str | None) -> Path | None:
    source = loader.repository.load_config(config_path) if config_path else None
    if source is None or not source.path.startswith("file://"):
        return None
    file = Path(source.path.removeprefix("file://")) / f"{config_path}.yaml"
    return file if file.is_file() else None


def marks(file: Path, package: list[str]) -> Iterator[tuple[str, str]]:
    """Every key of a YAML file as a dotted path below `package`, with its file:line:column."""
    shown = _shown(file)

    def walk(node: yaml.Node, path: list[str]) -> Iterator[tuple[str, str]]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if path == package and key.value == "defaults":
                    continue
                at = [*path, str(key.value)]
                yield ".".join(at), f"{shown}:{key.start_mark.line + 1}:{key.start_mark.column + 1}"
                yield from walk(value, at)

    with file.open(encoding="utf-8") as text:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is not None:
        yield from walk(node, package)


def _shown(file: Path) -> str:
    """Relative to where the user stands, if that is shorter to read."""
    relative = os.path.relpath(file)
    return str(file) if relative.startswith("..") else relative


def _keys(key: str, value: Any) -> Iterator[str]:
    """The key an override sets, and those inside a mapping that it sets."""
    yield key
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _keys(f"{key}.{name}", inner)
