"""From files and overrides to one resolved configuration with the origin of every key, and all faults on the way.

Hydra composes. It stops at the first thing it cannot do; here each such override is noted, dropped, and composed again
without, so that the user sees all faults at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, resolvers
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    GrammarParseError,
    InterpolationToMissingValueError,
    OmegaConfBaseException,
)

from cnnlab.blocks.plugins import load_plugins
from cnnlab.config import GROUPS
from cnnlab.config.engine import Loader
from cnnlab.config.files import Unreadable
from cnnlab.config.origins import COMMAND_LINE, Layer, Origins, layers, trace
from cnnlab.config.references import forbidden, too_large
from cnnlab.config.settings import Top, model_of
from cnnlab.config.stale import drop, stale
from cnnlab.errors import Fault, UserError, near
from cnnlab.network.spec import PLACED

FAILURES = (HydraException, OmegaConfBaseException, ValueError, RecursionError)
"""what Hydra and OmegaConf raise where a configuration cannot be composed"""


@dataclass
class Composed:
    """A configuration as plain data, as far as it could be composed."""

    config: dict[str, Any] = field(default_factory=dict)
    """resolved, for running"""
    primary: str = "config"
    """the file it begins with"""
    frozen: dict[str, Any] = field(default_factory=dict)
    """resolved but for environment variables, for saving: their values belong into no file"""
    run_dir: str | None = None
    """the run's folder, where the command line names it"""
    sweep_dir: str | None = None
    """the sweep's folder, where the command line names it"""
    choices: dict[str, str] = field(default_factory=dict)
    """the file chosen from each group"""
    origins: Origins = field(default_factory=Origins)
    swept: dict[str, str] = field(default_factory=dict)
    """the sweep that a file asks for, in `hydra.sweeper.params`"""
    refers_to_seed: bool = False
    """whether some setting is made from the seed, by a `${seed}`"""
    overrides: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """keys that could not be composed; whatever else is wrong with them, or in them, follows from that"""

    failed: bool = False
    """whether not even the files by themselves compose"""

    def fault(self, key: str, message: str) -> None:
        """Note what is wrong with an override, or with what it asks for."""
        if key:
            self.origins.add(key, COMMAND_LINE)
            self.broken.append(key)
        self.faults.append(Fault(key, message))


def compose(loader: Loader, name: str, overrides: list[str]) -> Composed:
    """The configuration that the file `name` and `overrides` make, and the faults of both."""
    result = Composed(overrides=overrides, primary=name)
    groups = loader.repository.get_group_options("", ObjectType.GROUP)
    parsed = [override for override in _parse(overrides, result) if not _refused(loader, groups, override, result)]
    config = _load(loader, name, parsed, result)
    if config is None:
        result.failed = True
        return result
    files = list(layers(loader))
    dropped, chosen = result.origins, list(config.hydra.runtime.choices)
    result.origins = trace(files, parsed, chosen)
    result.origins.history.update(dropped.history)
    result.origins.values.update(dropped.values)
    result.choices = {group: str(choice) for group, choice in config.hydra.runtime.choices.items()}
    _check_places(files, result)
    _check_names(files, result)
    OmegaConf.set_struct(config, False)
    _check_references(config, result)
    for override in parsed:
        if override.key_or_group in ("hydra.run.dir", "hydra.sweep.dir"):
            _resolve(config, override.key_or_group, result)
            setattr(
                result,
                override.key_or_group.removeprefix("hydra.").replace(".", "_"),
                str(OmegaConf.select(config, override.key_or_group)),
            )
    result.swept = {key: str(value) for key, value in (config.hydra.sweeper.get("params") or {}).items()}
    del config["hydra"]
    result.refers_to_seed = "${seed" in str(OmegaConf.to_container(config, resolve=False))
    _resolve(config, None, result)
    result.config = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    with _environment_kept_out():
        result.frozen = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    result.faults += [*_kept_names(result.frozen), *_plugins(result.config.get("plugins"), result)]
    left_over = stale(model_of(result.config), result.origins)
    drop(result.config, left_over)
    drop(result.frozen, left_over)
    return result


def _parse(overrides: list[str], result: Composed) -> Iterator[Override]:
    parser = OverridesParser.create()
    for text in overrides:
        key, equals, value = text.partition("=")
        name = key.lstrip("+~")
        if not equals and not text.startswith("~"):
            result.faults.append(Fault("", f"{COMMAND_LINE}  {text}: an override is KEY=VALUE, without spaces"))
        elif not re.fullmatch(NAME, name):
            said = f"{key!r} is no name of a setting; its parts stand between dots"
            result.faults.append(Fault("", f"{COMMAND_LINE}  {text}: {said}"))
        else:
            try:
                override = parser.parse_override(text)
            except HydraException as error:
                result.fault(name, unreadable(value, error))
                continue
            if override.is_sweep_override():
                result.fault(name, f"several values ({value}) make a sweep; add -m")
            else:
                yield override


NAME = r"[\w$-]+([./@][\w$-]+)*"
"""of a setting, of a group, or of a group and where its file goes"""

BRACKETS = {"{": "}", "[": "]", "(": ")"}


def unreadable(value: str, error: Exception) -> str:
    """What Hydra's parser has against a value, in the user's terms."""
    for opening, closing in BRACKETS.items():
        if value.count(opening) != value.count(closing):
            more = opening if value.count(opening) > value.count(closing) else closing
            return f"a {more} without its {closing if more == opening else opening} in {value}"
    if value.startswith("{"):
        return f"{value} cannot be read; inside braces it is {{name: value, …}}"
    reason = str(error).splitlines()[0]
    where = re.search(r"input '(.+?)'", reason)
    named = f" at {where[1]!r}" if where and where[1] != "<EOF>" else ""
    quotes = "'" if '"' in value else '"'
    return (
        f"{value} cannot be read{named}; if it is plain text, put it in quotes within quotes: {_nested(value, quotes)}"
    )


def _nested(value: str, quotes: str) -> str:
    outer = "'" if quotes == '"' else '"'
    return f"{outer}…={quotes}{value}{quotes}{outer}"


def _refused(loader: Loader, groups: list[str], override: Override, result: Composed) -> bool:
    """Note what is wrong with one override before Hydra trips over it: its group's option, its first word."""
    key, before = override.key_or_group, len(result.faults)
    first = key.split(".")[0].split("/")[0]
    known = [*Top.model_fields, *sorted(groups, key="hydra".__eq__)]
    if options := group_options(loader, key):
        values = [] if override.is_delete() else override.value()
        if key in GROUPS and override.is_delete():
            result.fault(key, f"cannot be left out; choose one of {', '.join(options)}")
        elif key in GROUPS and isinstance(values, list):
            result.fault(key, f"takes one file; -m {key}={','.join(map(str, values))} compares them")
        else:
            for value in values if isinstance(values, list) else [values]:
                if value not in options:
                    result.fault(key, f"there is no {key} {_word(value)}{near(value, options)}")
    elif first not in known:
        result.fault(key, f"cnnlab has no such setting{near(first, known)}")
    return len(result.faults) > before


def _word(value: Any) -> str:
    return "null" if value is None else repr(value)


def group_options(loader: Loader, group: str) -> list[str]:
    """The files of a config group, those in its folders as `d2l/lenet`; none where it is no group."""
    if "." in group or "@" in group:
        return []
    options = list(loader.repository.get_group_options(group, ObjectType.CONFIG))  # the loader's own composes first
    for inner in loader.repository.get_group_options(group, ObjectType.GROUP):
        options += [f"{inner}/{option}" for option in group_options(loader, f"{group}/{inner}")]
    return options


def _load(loader: Loader, name: str, parsed: list[Override], result: Composed) -> DictConfig | None:
    """Compose; where that fails, find the overrides to blame, note and drop them."""
    order, found = {override.key_or_group: at for at, override in enumerate(parsed)}, []
    while True:
        try:
            config = _composed(loader, name, parsed)
            break
        except FAILURES as failure:
            blamed, error = _chooser(failure, parsed), failure
            if not blamed:
                blamed, error = _to_blame(loader, name, parsed)
        key = blamed.key_or_group if blamed else ""
        said = (
            [("", fault) for fault in error.faults] if isinstance(error, Unreadable) else [(key, reason(error, loader))]
        )
        found += [(order.get(key, -1), Fault(*one)) for one in said]
        result.broken += [key] if blamed else []
        if blamed is None:
            config = None
            break
        if not isinstance(error, Unreadable):
            result.origins.add(key, COMMAND_LINE)
        parsed.remove(blamed)
    result.faults += [fault for _, fault in sorted(found, key=lambda one: one[0])]
    return config


def _chooser(error: BaseException, parsed: list[Override]) -> Override | None:
    """The override that chose the file which cannot be read, if that is what went wrong."""
    group = error.group if isinstance(error, Unreadable) else ""
    return next((override for override in reversed(parsed) if group and override.key_or_group == group), None)


def _composed(loader: Loader, name: str, overrides: list[Override]) -> DictConfig:
    return loader.load_configuration(name, [str(override.input_line) for override in overrides], RunMode.RUN)


def _to_blame(loader: Loader, name: str, overrides: list[Override]) -> tuple[Override | None, BaseException]:
    """The first override that turns what composes into what does not, None where the files do not, and what it says."""
    for count in range(len(overrides) + 1):
        try:
            _composed(loader, name, overrides[:count])
        except FAILURES as error:
            return (overrides[count - 1] if count else None), error
    raise AssertionError("composing fails for all overrides together, and so for the last count")


def reason(error: BaseException, loader: Loader | None = None) -> str:
    """What Hydra or OmegaConf says, without its advice to add a `+`, its types and its search path."""
    if isinstance(error, RecursionError):
        return "its files refer to each other in a circle, or are nested too deeply"
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        said_by = re.match(r"In '(.+?)'", str(error))
        lists = f"{said_by[1]}.yaml lists {error.missing_cfg_file} in its defaults, but " if said_by else ""
        known = group_options(loader, group) if loader and group else []
        return f"{lists}there is no {group or 'configuration'} {option!r}{near(option, known)}"
    cause = error.__cause__ if isinstance(error, HydraException) and error.__cause__ else error
    if isinstance(cause, ConfigKeyError | ConfigAttributeError):
        if str(cause.full_key).split(".")[0] in GROUPS:
            return "no file spells this setting; to allow it, list `- cnnlab` in the defaults of config.yaml"
        known = list(cause.parent_node) if isinstance(cause.parent_node, DictConfig) else []
        return f"there is no such setting{near(cause.key, map(str, known))}"
    if isinstance(cause, GrammarParseError):
        return "a ${…} that cannot be read"
    if "Cannot merge DictConfig with ListConfig" in str(cause):
        return "a list cannot take the place of a mapping"
    lines = [re.sub(r"\s*reference_type=\w+", "", line).strip() for line in str(cause).splitlines()]
    kept = [line for line in lines if line and not re.match(r"(full_key|object_type|To append|You may|See )", line)]
    return " ".join(kept) or type(error).__name__


def _check_places(files: list[Layer], result: Composed) -> None:
    """Note files that would land below their group's place."""
    for layer in files:
        group, parent = layer.path.split("/")[0], layer.parent
        if group in GROUPS and layer.package[:1] == (group,) and len(layer.package) > 1:
            listed, landed = layer.path.removeprefix(f"{group}/"), ".".join(layer.package)
            said = f"{parent}.yaml lists {listed} in its defaults, which lands at {landed}; write /{layer.path}@_here_"
            result.faults.append(Fault("", said))
            result.broken.append(group)


def _check_names(files: list[Layer], result: Composed) -> None:
    """Note names that YAML does not read as text, and values that are not what they look like."""
    for layer in files:
        for finding in layer.document.noted:
            result.faults.append(Fault("", str(finding)))
            result.broken.append(".".join((*layer.package, *finding.path)))


def _check_references(config: DictConfig, result: Composed) -> None:
    """Note ${…} that may not be resolved, before any is, and put `???` in their place."""
    plain = OmegaConf.to_container(config, resolve=False)
    for fault in (*forbidden({key: value for key, value in plain.items() if key != "hydra"}), *too_large(plain)):  # type: ignore
        result.faults.append(fault)
        result.broken.append(fault.path)
        _blank(config, fault.path)


def _blank(config: DictConfig, path: str) -> None:
    """Put `???` in a value's place, or in its group's where the path to it is none of OmegaConf's."""
    try:
        OmegaConf.update(config, path, "???")
    except (OmegaConfBaseException, ValueError, TypeError):
        OmegaConf.update(config, path.split(".")[0], "???")


def _kept_names(frozen: dict[str, Any]) -> Iterator[Fault]:
    """The names of classes go into checkpoints, whose readers need them."""
    data = frozen.get("data")
    if isinstance(data, dict) and "${oc.env:" in str(data.get("names")):
        said = "checkpoints keep the classes' names, and no environment variable's value belongs into a file"
        yield Fault("data.names", f"{said}; write the names out")


def _plugins(named: Any, result: Composed) -> list[Fault]:
    """Import them, unless a file names them that may not. What is no list of words, the settings tell."""
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return []
    return [] if "plugins" in result.broken else load_plugins(names, PLACED)


def _resolve(config: DictConfig, key: str | None, result: Composed) -> None:
    """Note the interpolations that fail, under `key` or anywhere, and put `???` in their place."""
    tried: set[str] = set()
    while True:
        try:
            if key:
                OmegaConf.select(config, key)
            else:
                OmegaConf.to_container(config, resolve=True)
            return
        except InterpolationToMissingValueError as error:
            place = str(error.full_key)
            if key:  # else what it asks for is one of those that failed
                result.faults.append(Fault(place, "asks for what is only known later"))
        except (OmegaConfBaseException, RecursionError) as error:
            place = str(getattr(error, "full_key", None) or key or "")
            result.faults.append(Fault(place, unresolved(error)))
        result.broken.append(place)
        if place in tried or not place:  # no place that OmegaConf itself finds again
            raise UserError(*result.faults)
        tried.add(place)
        _blank(config, place)


def unresolved(error: Exception) -> str:
    """Why an interpolation has no value."""
    said = (str(error).splitlines() or [""])[0]
    if isinstance(error, RecursionError):
        return "its ${…} lead too far"
    if found := re.search(r"Environment variable '(.+)' not found", said):
        return f"there is no environment variable {found[1]}; ${{oc.env:{found[1]},VALUE}} says what to take then"
    if found := re.search(r"(?:Interpolation key|Error resolving key) '(.+?)'", said):
        return f"${{{found[1]}}} names no setting; its full path counts, as in ${{optimizer.lr}}"
    if said.startswith("Recursive"):
        return "its ${…} leads back to itself"
    if found := re.match(r"Unsupported interpolation type (.+)", said):
        return f"${{{found[1]}:…}} is no function that Hydra or OmegaConf has"
    if said.startswith("GrammarParseError raised"):
        return "what its ${oc.decode:…} is given is no value, such as 3, true or [1, 2], and no word"
    if re.search(r"(mismatched|extraneous|no viable alternative at) input", said):
        return "its ${…} cannot be read"
    return re.sub(r"^\w+ raised while resolving interpolation: ", "", said).strip('"')


@contextmanager
def _environment_kept_out() -> Iterator[None]:
    """For the time being, `${oc.env:NAME}` stays as it is written."""

    def written(*args: Any) -> str:
        return "${oc.env:" + ",".join(map(str, args)) + "}"

    OmegaConf.register_new_resolver("oc.env", written, replace=True)
    try:
        yield
    finally:
        OmegaConf.register_new_resolver("oc.env", resolvers.oc.env, replace=True)
