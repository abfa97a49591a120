"""Where each setting came from: which file and line, or which override, set it, and what it overrode.

The composed configuration no longer knows; Hydra's list of the files that went into it and YAML's own marks do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.types import Override

from cnnlab import dotted
from cnnlab.config.engine import Loader
from cnnlab.config.files import Document, FileConfigSource, origin_of, read, shown
from cnnlab.origin import COMMAND_LINE, Origin
from cnnlab.yaml_form import one_line


class Origins:
    """For each path of a setting the places that set it, in order: the last one counts, and overrode the others."""

    def __init__(self) -> None:
        self.history: dict[str, list[Origin]] = {}

    def add(self, path: str, origin: Origin) -> None:
        self.history.setdefault(path, []).append(origin)

    def rank(self, path: str, otherwise: int = -1) -> int:
        """The rank of the place that counts."""
        return self.history[path][-1].rank if path in self.history else otherwise

    def of(self, path: str) -> Origin | None:
        """The place that set a path, or something in it, or what encloses it; None where nothing did."""
        path = path.split("[")[0]
        if path not in self.history:
            inner = [origins[-1] for key, origins in self.history.items() if dotted.within(key, path)]
            if inner:
                return inner[-1]
        for outer in reversed(dotted.prefixes(path)):
            if outer in self.history:
                return self.history[outer][-1]
        return None

    def last(self) -> dict[str, str]:
        """The place that counts, for each path, as a record has it."""
        return {path: str(origins[-1]) for path, origins in self.history.items()}


@dataclass(frozen=True)
class ConfigFile:
    """A file that went into the configuration."""

    path: str
    """within the configuration: "model/d2l/lenet" """
    parent: str | None
    """the file whose defaults list it"""
    file: Path
    document: Document
    package: tuple[str, ...]
    """where its settings land"""


def layers(loader: Loader) -> Iterator[ConfigFile]:
    """The files that the latest configuration was made of, in the order in which they count; Hydra's own left out."""
    for default in loader.files:
        path = default.config_path
        source = loader.repository._find_object_source(path, ObjectType.CONFIG) if path else None
        if path and isinstance(source, FileConfigSource):
            package = (part for part in (default.package or "").split(".") if part and part != "_global_")
            file = source.file(path)
            yield ConfigFile(path, default.parent, file, read(file, source.kind(path)), tuple(package))


def trace(files: list[ConfigFile], overrides: list[Override], groups: list[str]) -> Origins:
    """The origins of what `files` and then `overrides` set, some of which choose a file of one of `groups`."""
    origins = Origins()
    chosen = [override for override in overrides if override.key_or_group in groups]
    for override in chosen:
        origins.add(override.key_or_group, COMMAND_LINE)
    for rank, layer in enumerate(files):
        if layer.package:
            origins.add(".".join(layer.package), Origin(shown(layer.file), rank=rank))
        for path, origin in marks(layer, rank):
            origins.add(path, origin)
    for override in overrides:
        if override not in chosen:
            for path, value in _keys(override.key_or_group, None if override.is_delete() else override.value()):
                origins.add(path, Origin(value=value, rank=len(files)))
    return origins


def marks(layer: ConfigFile, rank: int = -1) -> Iterator[tuple[str, Origin]]:
    """Every setting of a file by its path from the top, with where it stands and what it says."""

    def walk(node: yaml.Node | None, path: tuple[str, ...]) -> Iterator[tuple[str, Origin]]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if path != layer.package or key.value != "defaults":
                    inner = (*path, str(key.value))
                    yield ".".join(inner), origin_of(layer.file, key, _text(value), rank)
                    yield from walk(value, inner)

    yield from walk(layer.document.node, layer.package)


def _text(node: yaml.Node) -> str:
    """A value as it is written, on one line."""
    match node:
        case yaml.SequenceNode():
            return f"[{', '.join(map(_text, node.value))}]"
        case yaml.MappingNode():
            return f"{{{', '.join(f'{_text(key)}: {_text(value)}' for key, value in node.value)}}}"
    return str(node.value)


def _keys(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """The key an override sets, and those inside a mapping that it sets, with what it says."""
    yield key, one_line(value)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _keys(f"{key}.{name}", inner)
