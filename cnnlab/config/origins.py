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
from cnnlab.config.files import Document, FileConfigSource, at, read, shown
from cnnlab.yaml_form import one_line

COMMAND_LINE = "command line"


class Origins:
    """For each dotted key, the places that set it, in order: the last one counts."""

    def __init__(self) -> None:
        self.history: dict[str, list[str]] = {}
        self.values: dict[str, list[str]] = {}
        """what each of these places says, as text"""
        self.rank: dict[str, int] = {}
        """of the place that counts: of files their order, of the command line the highest"""

    def add(self, key: str, place: str, rank: int = -1, value: str = "") -> None:
        self.history.setdefault(key, []).append(place)
        self.values.setdefault(key, []).append(value)
        self.rank[key] = rank

    def of(self, key: str) -> str | None:
        """The place that set `key`, or something in it, or what encloses it; None where nothing did."""
        key = key.split("[")[0]
        within = [places[-1] for name, places in self.history.items() if dotted.within(name, key)]
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


@dataclass(frozen=True)
class Layer:
    """A file that went into the configuration."""

    path: str
    """within the configuration: "model/d2l/lenet" """
    parent: str | None
    """the file whose defaults list it"""
    file: Path
    document: Document
    package: tuple[str, ...]
    """where its settings land"""


def layers(loader: Loader) -> Iterator[Layer]:
    """The files that the latest configuration was made of, in the order in which they count; Hydra's own left out."""
    for default in loader.files:
        path = default.config_path
        source = loader.repository._find_object_source(path, ObjectType.CONFIG) if path else None
        if path and isinstance(source, FileConfigSource):
            package = (part for part in (default.package or "").split(".") if part and part != "_global_")
            file = source.file(path)
            yield Layer(path, default.parent, file, read(file, source.kind(path)), tuple(package))


def trace(files: list[Layer], overrides: list[Override], groups: list[str]) -> Origins:
    """The origins of what `files` and then `overrides` set, some of which choose a file of one of `groups`."""
    origins = Origins()
    chosen = [override for override in overrides if override.key_or_group in groups]
    for override in chosen:
        origins.add(override.key_or_group, COMMAND_LINE)
    for rank, layer in enumerate(files):
        if layer.package:
            origins.add(".".join(layer.package), shown(layer.file), rank)
        for key, place, value in marks(layer):
            origins.add(key, place, rank, value)
    for override in overrides:
        if override not in chosen:
            for key, value in _keys(override.key_or_group, None if override.is_delete() else override.value()):
                origins.add(key, COMMAND_LINE, len(files), value)
    return origins


def marks(layer: Layer) -> Iterator[tuple[str, str, str]]:
    """Every key of a file as a dotted path from the top, with its file:line:column and what it says."""

    def walk(node: yaml.Node | None, path: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if path != layer.package or key.value != "defaults":
                    inner = (*path, str(key.value))
                    yield ".".join(inner), at(layer.file, key), _text(value)
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
