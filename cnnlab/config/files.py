"""YAML files on their way into Hydra: what is wrong with one of them is said with its line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.core_plugins.file_config_source import FileConfigSource as HydraFiles
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigResult
from omegaconf import OmegaConf
from omegaconf._utils import get_yaml_loader
from omegaconf.errors import OmegaConfBaseException

MOST_NODES = 20_000
"""in one file, those repeated by an alias counted again"""


PROBLEMS = {
    r"found character '\\t'.*": "a tab; indent with spaces",
    r"found duplicate key (.+)": r"\1 stands there twice",
    r"could not determine a constructor for the tag (.+)": r"the tag \1 means nothing here",
    r"but found another document": "a second document begins; a file holds one",
}
"""what YAML's reader says -> in the user's terms"""


class Unreadable(HydraException):
    """A file that can be no piece of a configuration: sentences that begin with file:line:column."""

    def __init__(self, *faults: str):
        super().__init__("\n".join(faults))
        self.faults = faults


class FileConfigSource(HydraFiles):
    """Hydra's reader of files, with a check before it. Hydra knows readers by the name of their class: it stays."""

    def load_config(self, config_path: str) -> ConfigResult:
        file = self.file(config_path)
        with explained(file):
            if not (odd := odd_names(file)):
                return super().load_config(config_path)
            try:
                found = super().load_config(config_path)
            except Exception:
                raise Unreadable(*odd) from None
            named = _named(OmegaConf.to_container(found.config))  # type: ignore[arg-type]
            return replace(found, config=OmegaConf.create(named))

    def file(self, config_path: str) -> Path:
        return Path(self.path) / self._normalize_file_name(config_path)


@contextmanager
def explained(file: Path) -> Iterator[None]:
    """What goes wrong with a file, as Unreadable."""
    name = shown(file)
    try:
        yield
    except Unreadable:
        raise
    except OSError as error:
        raise Unreadable(f"{name}  cannot be read: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"{name}:{line}:1  is not UTF-8 text; save the file in that encoding") from None
    except yaml.MarkedYAMLError as error:
        raise Unreadable(f"{name}:{_position(error)}  is not YAML: {_problem(error)}") from None
    except yaml.YAMLError as error:
        raise Unreadable(f"{name}  is not YAML: {str(error).splitlines()[0]}") from None
    except OmegaConfBaseException as error:
        raise Unreadable(f"{name}  {error.full_key}: a ${{…}} that cannot be read") from None
    except ValueError as error:  # a first line such as `# @package`
        raise Unreadable(f"{name}:1:1  {str(error)[:1].lower()}{str(error)[1:]}") from None


def read(file: Path) -> yaml.MappingNode | None:
    """A file's nodes, which know their lines; None for an empty file. Raises Unreadable, and what YAML raises."""
    return _read(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _read(file: Path, changed: int) -> yaml.MappingNode | None:
    node = yaml.compose(file.read_text(encoding="utf-8"), Loader=get_yaml_loader())
    if node is not None and not isinstance(node, yaml.MappingNode):
        raise Unreadable(f"{at(file, node)}  should be a mapping of settings, NAME: VALUE")
    if node is not None:
        for _ in _odd_names(file, node):
            pass
    return node


def odd_names(file: Path) -> list[str]:
    """What is wrong with names in a file that YAML does not read as text; as text they are read all the same."""
    node = read(file)
    return list(_odd_names(file, node)) if node else []


def _named(value: Any) -> Any:
    """The same data with text for its names."""
    if isinstance(value, dict):
        return {str(key): _named(inner) for key, inner in value.items()}
    return [_named(inner) for inner in value] if isinstance(value, list) else value


def _odd_names(file: Path, root: yaml.Node) -> Iterator[str]:
    """What is wrong with names. Raises YAMLError where aliases lead into a circle, or too far."""
    waiting: list[tuple[yaml.Node, tuple[int, ...]]] = [(root, ())]
    count = 0
    while waiting:
        node, above = waiting.pop()
        count += 1
        if id(node) in above:
            raise yaml.YAMLError("an alias stands inside what it repeats")
        if count > MOST_NODES:
            raise yaml.YAMLError(f"with its aliases it has more than {MOST_NODES:,} parts")
        inside = (*above, id(node))
        match node:
            case yaml.MappingNode():
                for key, value in node.value:
                    waiting.append((value, inside))
                    if (kind := key.tag.rpartition(":")[2]) not in ("str", "merge", "value"):
                        word = f"{key.value!r}, which YAML reads as {kind}," if key.value else "an empty name"
                        yield f"{at(file, key)}  {word} cannot be a name; put it in quotes, or write another"
            case yaml.SequenceNode():
                waiting += [(part, inside) for part in node.value]


def at(file: Path, node: yaml.Node) -> str:
    """Where a node stands: file:line:column."""
    return f"{shown(file)}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def _position(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or error.context or ""
    for said, meant in PROBLEMS.items():
        problem = re.sub(said, meant, problem)
    return problem


def shown(file: Path) -> str:
    """Relative to where the user stands, if that is shorter to read."""
    relative = os.path.relpath(file)
    return str(file) if relative.startswith("..") else relative
