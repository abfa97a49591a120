"""Reader of the files of conf/study/: each as far as it can be read, and all that is at fault in it with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cnnlab import dotted
from cnnlab.config.files import Unreadable, as_unreadable, data, origin_of, read, shown
from cnnlab.config.recipe import FileKind
from cnnlab.config.table import traits
from cnnlab.errors import Fault, FaultKind, UserError, meant
from cnnlab.origin import Origin
from cnnlab.settings import Settings
from cnnlab.settings import read as read_settings
from cnnlab.sweep.each import is_each
from cnnlab.sweep.grid import SEED
from cnnlab.sweep.study import Full, Study

VARIED = ("base", "factors")
"""what makes the networks of a study's arms"""

STANDS_IN: dict[str, Any] = {"question": "", "base": {SEED: 0}, "factors": {SEED: [0]}}
"""for what a study needs and has not"""


class StudyOrigins:
    """Where each setting of a study's file stands. Names in it have dots: what encloses one is known by its start."""

    def __init__(self, file: Path, root: yaml.Node | None):
        self.file = file
        self.known = dict(self._walk(root, ""))

    def _walk(self, node: yaml.Node | None, path: str) -> Iterator[tuple[str, Origin]]:
        match node:
            case yaml.MappingNode():
                for key, value in node.value:
                    inner = dotted.join(path, str(key.value))
                    yield inner, origin_of(self.file, key)
                    yield from self._walk(value, inner)
            case yaml.SequenceNode():
                for number, value in enumerate(node.value):
                    yield f"{path}[{number}]", origin_of(self.file, value)
                    yield from self._walk(value, f"{path}[{number}]")

    def of(self, path: str) -> Origin:
        """The place of a setting of the study, or of what encloses it."""
        while path:
            if path in self.known:
                return self.known[path]
            path = re.sub(r"(\.[^.\[\]]*|\[\d+\]|^[^.\[\]]*)$", "", path)
        return Origin(shown(self.file))

    def setting(self, key: str) -> Origin | None:
        """The place where the study sets the jobs' `key`, or something around it; None where it does not."""
        for outer in reversed(dotted.prefixes(key)):
            for path, origin in self.known.items():
                if path.endswith(f".{outer}") and path.startswith(("base.", "factors.", "full.")):
                    return origin
        return None


def find(name: str, folders: Sequence[Path]) -> Path:
    """The study's file in the first of the configuration's `folders` that has it. UserError where none has."""
    there = {
        str(file.relative_to(folder / "study").with_suffix("")): file
        for folder in reversed(folders)
        for file in sorted((folder / "study").rglob("*.yaml"))
    }
    if name not in there:
        if not there:
            raise UserError(Fault("study", "there is no folder study/ with any"))
        message = f"there is no study {name!r}"
        raise UserError(Fault.unknown(FaultKind.UNKNOWN_CHOICE, "study", message, name, there))
    return there[name]


@dataclass(frozen=True)
class StudyFile:
    """A study's file, read as far as it can be."""

    study: Study
    """without what is at fault"""
    origins: StudyOrigins
    faults: tuple[Fault, ...] = ()
    unknown: frozenset[str] = frozenset()
    """settings that are left out for their faults: what follows from their absence is no fault"""
    partly: frozenset[str] = frozenset()
    """factors that are left out, or some of whose arms are"""
    whole: bool = True
    """whether the arms' networks are those that the file means"""


def read_study(file: Path, size: str) -> StudyFile:
    """A study's file, and what is wrong in it. Unreadable for what is no YAML, or more than a study may be."""
    with as_unreadable(file):
        document = read(file, FileKind("study", own=False))
        if document.refused:
            raise Unreadable(*document.refused, *(finding.fault for finding in document.noted))
        origins, raw = StudyOrigins(file, document.node), data(document.node)
    odd = [finding.fault for finding in document.noted]
    faults = [*read_settings(Study, raw, "", "a study")[1], *_misnamed(raw)]
    paths = [*(".".join(map(str, finding.path)) for finding in document.noted), *(fault.path for fault in faults)]
    sound: dict[Any, Any] = deepcopy(raw)
    for path in paths:
        _leave_out(sound, path)
    unknown, partly = _unknown(raw, sound, size)
    whole = not any(path.removeprefix("full.").split(".")[0] in VARIED for path in paths) and not unknown & {*VARIED}
    return StudyFile(
        _made(sound), origins, tuple(dict.fromkeys([*odd, *faults])), frozenset(unknown), frozenset(partly), whole
    )


def _misnamed(raw: Mapping[str, Any], prefix: str = "") -> Iterator[Fault]:
    """What a study sets becomes overrides: it may say no more than a recipe may."""
    base, factors, full = (raw.get(name) for name in (*VARIED, "full"))
    if isinstance(base, dict):
        yield from _refused(base, f"{prefix}base")
    for name, levels in factors.items() if isinstance(factors, dict) else ():
        path = f"{prefix}factors.{name}"
        if isinstance(levels, dict) and levels:
            for label, settings in levels.items():
                if isinstance(settings, dict):
                    yield from _refused(settings, f"{path}.{label}")
                elif settings is not None:
                    yield Fault(f"{path}.{label}", "should be a mapping of the settings that make this arm")
        elif isinstance(levels, list) and levels:
            yield from _refused([name], f"{prefix}factors")
        elif isinstance(levels, list | dict) or not is_each(str(name)):
            yield Fault(path, "should list its values, or name its arms")
    if isinstance(full, dict) and not prefix:
        yield from _misnamed(full, "full.")


def _refused(names: Iterable[Any], path: str) -> Iterator[Fault]:
    for name in map(str, names):
        parts = name.split(".")
        if traits(name).set_in != "studies" or not re.fullmatch(r"\w+(\.[\w-]+)*", name):
            yield Fault(f"{path}.{name}", "is no setting that a study may set")
        elif any(part.startswith("_") for part in parts):
            yield Fault(f"{path}.{name}", "names that begin with _ are Hydra's own")


def _made(sound: dict[Any, Any]) -> Study:
    """The study of a file that has no faults any more, though it may have gaps."""
    for part in (sound, sound.get("full") or {}):
        for name in VARIED:
            if not part.get(name):
                part.pop(name, None)
    study = Study.model_validate({**STANDS_IN, **sound})
    return study.model_copy(update={name: {} for name in VARIED if name not in sound})


def _leave_out(raw: dict[Any, Any], path: str) -> bool:
    """Take out what stands at a path whose names may have dots in them; whether there was anything."""
    for key in sorted(raw, key=lambda key: -len(str(key))):
        rest = path.removeprefix(str(key))
        if path.startswith(str(key)) and rest[:1] in ("", ".", "["):
            inner = raw[key]
            if not (rest.startswith(".") and isinstance(inner, dict) and _leave_out(inner, rest[1:])):
                del raw[key]
            return True
    return False


def _unknown(raw: dict[Any, Any], sound: dict[Any, Any], size: str) -> tuple[set[str], set[str]]:
    """The settings that were left out, and the factors some of whose arms were, as the `size` has them."""
    unknown = _lost(Study, raw, sound) | {name for name in VARIED if name not in raw}
    parts = [(raw, sound)]
    if size == "full" and isinstance(raw.get("full"), dict):
        parts.append((raw["full"], sound.get("full") or {}))
        unknown |= _lost(Full, *parts[-1])
    elif size == "full" and "full" in unknown:
        unknown |= Full.model_fields.keys()
    before, after = ([part.get("factors") for part in side if part.get("factors")] for side in zip(*parts, strict=True))
    if not before or not isinstance(before[-1], dict):
        return unknown, set()
    left = after[-1] if len(after) == len(before) else {}
    return unknown, {str(name) for name, levels in before[-1].items() if _labels(levels) != _labels(left.get(name))}


def _lost(record: type[Settings], raw: dict[Any, Any], sound: dict[Any, Any]) -> set[str]:
    """Settings that are not in `sound` and were meant in `raw`, maybe misspelt."""
    known = list(record.model_fields)
    return {name for key in raw if key not in sound and (name := meant(key, known))}


def _labels(levels: Any) -> Any:
    return list(levels) if isinstance(levels, dict) else levels
