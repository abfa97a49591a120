"""Reader of YAML files on their way into Hydra, which tells with its line what is wrong with one of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.core_plugins.file_config_source import FileConfigSource as HydraFiles
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from omegaconf import OmegaConf
from omegaconf._utils import get_yaml_loader
from omegaconf.errors import OmegaConfBaseException

from cnnlab.config.recipe import FileFinding, FileKind, ambiguous_values, odd_names, refusals, walk
from cnnlab.errors import Fault
from cnnlab.origin import Origin
from cnnlab.untrusted.files import Refused, read_bytes
from cnnlab.untrusted.nodes import BYTES, Forbidden, Guard

YAML_PROBLEMS = {
    r"found character '\\t'.*": "a tab; indent with spaces",
    r"found duplicate key (.+)": r"\1 stands there twice",
    r"but found another document": "a second document begins; a file holds one",
}
"""what YAML's reader says -> in the user's terms"""

TEXT_TAG = "tag:yaml.org,2002:str"

NOT_YAML = yaml.reader.Reader.NON_PRINTABLE
"""characters that YAML does not know: control characters, halves of characters"""

MOST_PARTS = 20_000
"""names and values in a file of the user's own, those repeated by an alias counted again"""


class Unreadable(HydraException):
    """A file that can be no piece of a configuration: what is wrong in it, each with file, line and column."""

    group: str = ""
    """the group that it is a file of, where it is one"""

    def __init__(self, *faults: Fault):
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class RecipeLoader(Guard, get_yaml_loader()):
    """YAML loader of files that strangers may have written."""


class OwnLoader(Guard, get_yaml_loader()):
    """YAML loader of the project's own configuration, which may repeat itself by aliases."""

    strict = False


@dataclass(frozen=True)
class Document:
    """A file's nodes, and what is wrong with it."""

    node: yaml.MappingNode | None
    """what it says; None for an empty file. Nodes know their lines"""
    header: dict[str, str | None]
    """what its first comment tells Hydra"""
    refused: tuple[Fault, ...]
    """why it can be no piece of a configuration"""
    noted: tuple[FileFinding, ...]
    """what is wrong with single names and values; the rest can be composed all the same"""


class FileConfigSource(HydraFiles):
    """Hydra's reader of files, with a check before it. Hydra knows readers by the name of their class: it stays."""

    def load_config(self, config_path: str) -> ConfigResult:
        file = self.file(config_path)
        if not file.exists():
            raise ConfigLoadError(f"Config not found : {file}")
        kind = self.kind(config_path)
        with as_unreadable(file, kind.group):
            document = read(file, kind)
            if document.refused:
                raise Unreadable(*document.refused, *(finding.fault for finding in document.noted))
            config = OmegaConf.create(data(document.node))
        return ConfigResult(
            config=config, path=f"{self.scheme()}://{self.path}", provider=self.provider, header=document.header
        )

    def file(self, config_path: str) -> Path:
        return Path(self.path) / self._normalize_file_name(config_path)

    def kind(self, config_path: str) -> FileKind:
        """Whose file it is: the project's own stand above the groups of its own folder, or set up Hydra there."""
        group, slash, _ = config_path.lstrip("/").partition("/")
        own = self.provider == "main" and (not slash or group == "hydra")
        return FileKind(group if slash else "", own)


def endless(config_path: str, source: ConfigSource | None, most: int) -> Unreadable:
    """What is wrong with a file whose `defaults` lead on from there, or back to it, when there are `most` already."""
    message = f"defaults: they lead through more than {most} files, or back to this one; list each parent once"
    origin = None
    if isinstance(source, FileConfigSource):
        file = source.file(config_path)
        origin = default_origin(file, read(file, source.kind(config_path)))
    error = Unreadable(Fault("", message, origin=origin or Origin(f"{config_path}.yaml")))
    error.group = config_path.partition("/")[0] if "/" in config_path else ""
    return error


def default_origin(file: Path, document: Document, listed: str = "") -> Origin:
    """Where a file's `defaults` stand, or the entry of them that names the file `listed`."""
    for key, value in document.node.value if document.node else ():
        if key.value == "defaults":
            entries = value.value if isinstance(value, yaml.SequenceNode) else []
            name = listed.rpartition("/")[2]
            named = (entry for entry in entries if listed and name in re.split(r"[/@ ]", _last_word(entry)))
            return origin_of(file, next(named, key))
    return Origin(shown(file), 1, 1)


def _last_word(entry: yaml.Node) -> str:
    return str(entry.value[0][1].value if isinstance(entry, yaml.MappingNode) and entry.value else entry.value)


@contextmanager
def as_unreadable(file: Path, group: str = "") -> Iterator[None]:
    """Raise what goes wrong with a file of `group` as Unreadable."""
    try:
        with _as_unreadable(shown(file)):
            yield
    except Unreadable as error:
        error.group = group
        raise


@contextmanager
def _as_unreadable(name: str) -> Iterator[None]:
    try:
        yield
    except Unreadable:
        raise
    except OSError as error:
        raise _unreadable(f"cannot be read: {(error.strerror or str(error)).lower()}", name) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _unreadable("is not UTF-8 text; save the file in that encoding", name, line, 1) from None
    except Refused as error:
        raise _unreadable(str(error), name) from None
    except yaml.MarkedYAMLError as error:
        raise _unreadable(_yaml_problem(error), name, *_position(error)) from None
    except yaml.YAMLError as error:
        raise _unreadable(f"is not YAML: {str(error).splitlines()[0]}", name) from None
    except OmegaConfBaseException as error:
        raise _unreadable(f"{error.full_key}: a ${{…}} that cannot be read", name) from None
    except RecursionError:
        raise _unreadable("is nested too deeply", name) from None
    except ValueError as error:  # a first line such as `# @package`, a number such as 0x
        raise _unreadable(f"{str(error)[:1].lower()}{str(error)[1:]}", name, 1, 1) from None


def _unreadable(message: str, *place: Any) -> Unreadable:
    return Unreadable(Fault("", message, origin=Origin(*place)))


def read(file: Path, kind: FileKind) -> Document:
    """A file's nodes and what is wrong with them. Raises Unreadable, and what `as_unreadable` turns into it."""
    return _read(file, kind, file.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _read(file: Path, kind: FileKind, changed: int) -> Document:
    text = read_bytes(file, BYTES).decode("utf-8-sig")
    if strange := NOT_YAML.search(text):
        line, column = text.count("\n", 0, strange.start()) + 1, strange.start() - text.rfind("\n", 0, strange.start())
        said = f"is not YAML: it has the character U+{ord(strange[0]):04X} in it, which no text needs; leave it out"
        raise _unreadable(said, shown(file), line, column)
    header = ConfigSource._get_header_dict(text[:512])
    node = yaml.compose(text, Loader=OwnLoader if kind.own else RecipeLoader)
    if node is not None and not isinstance(node, yaml.MappingNode):
        raise Unreadable(Fault("", "should be a mapping of settings, NAME: VALUE", origin=origin_of(file, node)))
    if node is not None and kind.own:
        _check_aliases(node)
    for _, key, _ in walk(node):
        if key is not None and not isinstance(key, yaml.ScalarNode):
            raise Unreadable(Fault("", "a list or a mapping cannot be a name", origin=origin_of(file, key)))
    refused = [_with_origin(file, refusal).fault for refusal in refusals(node, header, kind)]
    noted = [*odd_names(node), *ambiguous_values(node)] if node else []
    for finding in noted:
        if finding.is_name and finding.node:
            finding.node.tag = TEXT_TAG  # as which it is read all the same
    return Document(node, header, tuple(refused), tuple(_with_origin(file, finding) for finding in noted))


def data(node: yaml.Node | None) -> Any:
    """What nodes say. Raises YAMLError."""
    maker: Any = OwnLoader("")  # pyright: ignore[reportCallIssue]
    try:
        return {} if node is None else maker.construct_document(node)
    finally:
        maker.dispose()


def _check_aliases(root: yaml.Node) -> None:
    """Raises YAMLError where aliases lead into a circle, or too far."""
    waiting: list[tuple[yaml.Node, tuple[int, ...]]] = [(root, ())]
    count = 0
    while waiting:
        node, above = waiting.pop()
        count += 1
        if id(node) in above:
            raise yaml.YAMLError("an alias stands inside what it repeats")
        if count > MOST_PARTS:
            raise yaml.YAMLError(f"with its aliases it has more than {MOST_PARTS:,} parts")
        inside = (*above, id(node))
        if isinstance(node, yaml.MappingNode):
            waiting += [(value, inside) for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(part, inside) for part in node.value]


def origin_of(file: Path, node: yaml.Node, value: str = "", rank: int = -1) -> Origin:
    """Where a node stands."""
    return Origin(shown(file), node.start_mark.line + 1, node.start_mark.column + 1, value, rank)


def _with_origin(file: Path, finding: FileFinding) -> FileFinding:
    return replace(finding, origin=origin_of(file, finding.node) if finding.node else Origin(shown(file), 1, 1))


def _position(error: yaml.MarkedYAMLError) -> tuple[int, int]:
    mark = error.problem_mark or error.context_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _yaml_problem(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or error.context or ""
    if isinstance(error, Forbidden):
        return problem
    for pattern, plain in YAML_PROBLEMS.items():
        problem = re.sub(pattern, plain, problem)
    return f"is not YAML: {problem}"


def shown(file: Path) -> str:
    """Relative to where the user stands, if that is shorter to read."""
    relative = os.path.relpath(file)
    return str(file) if relative.startswith("..") else relative
