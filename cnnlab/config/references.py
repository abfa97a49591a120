"""Check of the ${…} of a configuration before any is resolved: which functions they call, how large they grow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from omegaconf import OmegaConf

from cnnlab.errors import Fault

FUNCTIONS = ("oc.env", "oc.decode", "oc.select", "oc.dict.keys", "oc.dict.values", "now", "hydra", "python_version")
"""what the command line and the project's own configuration may call; oc.create makes settings out of any text"""
LARGEST = 200_000
"""characters, a value counting as 8 of them, that a configuration may have once its ${…} are resolved"""
CALL = re.compile(r"\$\{\s*([\w.]+)\s*:")
PATH = re.compile(r"\$\{\s*(\.*)([\w.-]*)\s*\}")


def forbidden_calls(config: Any) -> Iterator[Fault]:
    """Calls of functions that OmegaConf has and that may not stand here; of others it says itself that it has none."""
    for path, text in _texts(config, ()):
        key = ".".join(path)
        for name in dict.fromkeys(CALL.findall(text)):
            if name not in FUNCTIONS and OmegaConf.has_resolver(name):
                known = ", ".join(FUNCTIONS[:3])
                yield Fault(key, f"${{{name}:…}} is not among the functions that may stand here: {known} and the like")
        if re.search(r"\$\{\s*\$\{", text):
            yield Fault(key, "a ${…} whose function or path is itself a ${…}")


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The texts with a ${ in them, and where they stand."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, str(key)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*path, str(number)))
    elif isinstance(value, str) and "${" in value:
        yield path, value


@dataclass
class ResolvedSizes:
    """Sizes of values once their ${…} are resolved, each worked out once."""

    config: Any
    known: dict[tuple[str, ...], int] = field(default_factory=dict)
    within: set[tuple[str, ...]] = field(default_factory=set)

    def of(self, path: tuple[str, ...], value: Any) -> int:
        """A circle counts once: OmegaConf tells of it."""
        if path in self.known or path in self.within:
            return self.known.get(path, 0)
        self.within.add(path)
        if isinstance(value, dict):
            size = 8 + sum(self.of((*path, str(key)), inner) for key, inner in value.items())
        elif isinstance(value, list):
            size = 8 + sum(self.of((*path, str(number)), inner) for number, inner in enumerate(value))
        else:
            size = 8 + (len(value) + self.of_references(path, value) if isinstance(value, str) else 0)
        self.within.discard(path)
        self.known[path] = size
        return size

    def of_references(self, path: tuple[str, ...], text: str) -> int:
        total = 0
        for dots, name in PATH.findall(text) if "${" in text else ():
            start = path[: len(path) - len(dots)] if dots else ()
            target = (*start, *filter(None, name.split(".")))
            total += self.of(target, _at(self.config, target))
        return total


def _at(config: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if isinstance(config, dict):
            config = config.get(name)
        elif isinstance(config, list) and name.isdigit() and int(name) < len(config):
            config = config[int(name)]
        else:
            return None
    return config


def too_large(config: Any) -> list[Fault]:
    """The groups that would be out of all proportion once their ${…} are resolved."""
    resolved = ResolvedSizes(config)
    sizes = {str(key): resolved.of((str(key),), inner) for key, inner in config.items()}
    message = "its ${…} repeat each other into more than any configuration needs"
    return [Fault(key, message) for key, size in sizes.items() if size > LARGEST]
