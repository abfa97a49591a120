"""A study: a question in one YAML file of conf/study/, with what it holds fixed, varies, measures and claims."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field

from cnnlab.config.files import Unreadable, at, data, explained, read, shown
from cnnlab.config.recipe import COMMANDS, Kind
from cnnlab.config.settings import Metric
from cnnlab.door.words import word
from cnnlab.errors import Fault, UserError, near
from cnnlab.settings import Count, Flag, Fraction, Natural, Positive, Settings
from cnnlab.settings import read as read_settings
from cnnlab.sweep.each import Model, each, is_each, no_model
from cnnlab.sweep.grid import MOST_JOBS, SEED, Factor, Grid, Level, setting

SIZES = ("cpu", "full")


NOT_A_STUDYS = {*COMMANDS, "plugins", "format", "study", "hydra"}
"""settings of a command; a study is of what is trained"""


def _mapping(value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        raise ValueError("should be a mapping of settings, NAME: VALUE")
    return value


def _settings(value: Any) -> Any:
    """What a study sets becomes overrides: it may say no more than a recipe may."""
    for name in _mapping(value):
        _check_setting(str(name))
    return value


def _check_setting(name: str) -> None:
    parts = name.split(".")
    if parts[0] in NOT_A_STUDYS or not re.fullmatch(r"\w+(\.[\w-]+)*", name):
        raise ValueError(f"{word(name)} is no setting that a study may set")
    if any(part.startswith("_") for part in parts):
        raise ValueError(f"{word(name)}: names that begin with _ are Hydra's own")


def _factors(value: Any) -> Any:
    for name, levels in _mapping(value).items():
        if is_each(str(name)) and not isinstance(levels, list | dict):
            continue
        if isinstance(levels, dict):
            wrong = [label for label, settings in levels.items() if not isinstance(settings, dict | None)]
            if wrong:
                raise ValueError(f"{name}.{wrong[0]} should be a mapping of the settings that make this arm")
            for settings in filter(None, levels.values()):
                _settings(settings)
        elif isinstance(levels, list):
            _check_setting(str(name))
        if not isinstance(levels, list | dict) or not levels:
            raise ValueError(f"{name} should list its values, or name its arms")
    return value


def _seeds(value: Any) -> Any:
    if type(value) is int and 1 <= value <= MOST_JOBS:
        return tuple(range(value))
    if isinstance(value, list) and value and all(type(seed) is int and seed >= 0 for seed in value):
        return tuple(dict.fromkeys(value))
    raise ValueError(f"should be a number of seeds (at most {MOST_JOBS:,}), or a list of them")


Base = Annotated[dict[str, Any], BeforeValidator(_settings)]
Factors = Annotated[dict[str, Any], BeforeValidator(_factors)]
Seeds = Annotated[tuple[Natural, ...], BeforeValidator(_seeds, json_schema_input_type=Count | list[Natural])]


class Full(Settings):
    """What is different at `study.size=full`."""

    base: Base | None = None
    """settings put in place of the small size's, or beside them"""
    factors: Factors | None = None
    """in place of the small size's"""
    seeds: Seeds | None = None
    """in place of the small size's"""
    target: Fraction | None = None
    """in place of the small size's"""


class Study(Settings):
    """The file's content."""

    question: str
    """what is asked"""
    source: str | None = None
    """who claims it"""
    base: Base
    """settings of all jobs"""
    factors: Factors
    """what is varied: a setting with its values, or a name with arms, each some settings"""
    seeds: Seeds = (0, 1, 2, 3, 4)
    """a number of them, or a list"""
    tuned: tuple[str, ...] = ()
    """factors that are a grid to tune each arm on, judged on validation"""
    metrics: tuple[Metric, ...] = ()
    """what runs measure besides"""
    target: Fraction | None = None
    """validation accuracy, the time to which is compared"""
    claims: Any = None
    """what is to be supported or refuted"""
    margin: Positive | None = None
    """the smallest difference that counts, of shares"""
    alpha: Annotated[float, Field(gt=0, lt=0.5)] | None = None
    """the chance of a wrong verdict among all claims together"""
    show: tuple[str, ...] = ()
    """metrics to plot besides those of the claims"""
    control: str | None = None
    """what must come out, or the study could not have seen the rest"""
    train: Flag = True
    """false: only what can be counted without training"""
    full: Full | None = None
    """what is different at study.size=full"""


class Places:
    """Where each setting of a file stands."""

    def __init__(self, file: Path, root: yaml.Node | None):
        self.file = file
        self.known = dict(self._walk(root, ""))

    def _walk(self, node: yaml.Node | None, path: str) -> Iterator[tuple[str, str]]:
        match node:
            case yaml.MappingNode():
                for key, value in node.value:
                    inner = f"{path}.{key.value}".lstrip(".")
                    yield inner, at(self.file, key)
                    yield from self._walk(value, inner)
            case yaml.SequenceNode():
                for number, value in enumerate(node.value):
                    yield f"{path}[{number}]", at(self.file, value)
                    yield from self._walk(value, f"{path}[{number}]")

    def of(self, path: str) -> str:
        """The place of a setting of the study, or of what encloses it."""
        while path:
            if path in self.known:
                return self.known[path]
            path = re.sub(r"(\.[^.\[\]]*|\[\d+\]|^[^.\[\]]*)$", "", path)
        return shown(self.file)

    def setting(self, key: str) -> str | None:
        """The place where the study sets the jobs' `key`, or something around it; None where it does not."""
        while key:
            for path, place in self.known.items():
                if path.endswith(f".{key}") and path.startswith(("base.", "factors.", "full.")):
                    return place
            key = key.rpartition(".")[0]
        return None


def find(name: str, folders: Sequence[Path]) -> Path:
    """The study's file in the first of the configuration's `folders` that has it. UserError where none has."""
    there = {
        str(file.relative_to(folder / "study").with_suffix("")): file
        for folder in reversed(folders)
        for file in sorted((folder / "study").rglob("*.yaml"))
    }
    if name not in there:
        said = f"there is no study {name!r}{near(name, there)}" if there else "there is no folder study/ with any"
        raise UserError(Fault("study", said))
    return there[name]


def read_study(file: Path) -> tuple[Study, Places]:
    """A study's file. StudyError with places for what is wrong in it; Unreadable for what is no YAML."""
    with explained(file):
        found = read(file, Kind("study", own=False))
        wrong = [*found.refused, *map(str, found.noted)]
        if wrong:
            raise Unreadable(*wrong)
        places, raw = Places(file, found.node), data(found.node)
    study, faults = read_settings(Study, raw, "", "a study")
    if study is None:
        raise StudyError(*((places.of(fault.path), fault) for fault in faults))
    return study, places


class StudyError(Exception):
    """Faults with the places where they stand."""

    def __init__(self, *faults: tuple[str, Fault]):
        super().__init__("\n".join(f"{place}  {fault}" for place, fault in faults))
        self.faults = faults


def grid(
    name: str, study: Study, size: str, words: Sequence[str] = (), swept: Sequence[Factor] = (), model: Model = no_model
) -> Grid:
    """What the study compares at a size; `words` and `swept` are the command line's, which has the last word.

    `model` composes the network that overrides make.
    """
    full = study.full if size == "full" and study.full else Full()
    base = {**study.base, **(full.base or {})}
    if study.metrics:
        base["metrics"] = list(study.metrics)
    fixed = [*(f"{key}={text(value)}" for key, value in base.items()), *words]
    seeds = setting(SEED, map(str, full.seeds or (study.seeds if study.train else study.seeds[:1])))
    given = {one.name: one for one in swept}
    single = {word.partition("=")[0] for word in words}
    own = [factor(key, levels, fixed, model) for key, levels in (full.factors or study.factors).items()]
    factors = [given.pop(one.name, one) for one in (*own, seeds) if one.name not in single]
    told = study.model_dump(mode="json", exclude={"base", "factors", "seeds", "full"})
    told |= {"name": name, "size": size, "claims": study.claims or [], "target": full.target or study.target}
    return Grid(tuple(fixed), (*factors, *given.values()), told)


def factor(name: str, levels: Any, fixed: Sequence[str] = (), model: Model = no_model) -> Factor:
    """A factor from its entry in the file.

    >>> factor("optimizer.lr", [0.1]).levels, factor("pool", {"max": {"model.kinds.conv": None}}).levels
    ((Level(label='0.1', words=('optimizer.lr=0.1',)),), (Level(label='max', words=('model.kinds.conv=null',)),))
    """
    if is_each(name):
        return each(name, text(levels), model(fixed))
    if isinstance(levels, dict):
        arms = {
            str(label): tuple(f"{key}={text(value)}" for key, value in (settings or {}).items())
            for label, settings in levels.items()
        }
        return Factor(name, tuple(Level(label, words) for label, words in arms.items()))
    return setting(name, (text(value) for value in levels))


def text(value: Any) -> str:
    """A YAML value as an override has it.

    >>> text({"block": "conv", "stride": [1, 2], "norm": None}), text(1e-3), text("a b"), text(True)
    ('{block:conv,stride:[1,2],norm:null}', '0.001', "'a b'", 'true')
    """
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Mapping():
            return "{" + ",".join(f"{key}:{text(inner)}" for key, inner in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(text, value)) + "]"
        case str() if not re.fullmatch(r"[\w./+$-]+", value):
            return json.dumps(value, ensure_ascii=False) if "'" in value else f"'{value}'"
    return str(value)
