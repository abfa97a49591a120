"""Composing of files and overrides into one resolved configuration, with the origin of every key and all faults.

Hydra composes. It stops at the first thing it cannot do; here each such override is noted, dropped, and composed again
without, so that the user sees all faults at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

from hydra.core.object_type import ObjectType
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, resolvers
from omegaconf.errors import InterpolationToMissingValueError, OmegaConfBaseException
from yaml import YAMLError

from cnnlab import dotted
from cnnlab.config import GROUPS, SHARED
from cnnlab.config.composed import Composed
from cnnlab.config.engine import Loader
from cnnlab.config.files import FileConfigSource, Unreadable, data, default_origin, read
from cnnlab.config.kinds import registries
from cnnlab.config.origins import ConfigFile, layers, trace
from cnnlab.config.overrides import group_options, parse, refused
from cnnlab.config.reasons import FAILURES, reason, unresolved
from cnnlab.config.references import forbidden_calls, too_large
from cnnlab.config.run import model_of
from cnnlab.config.stale import stale, stale_recipes
from cnnlab.errors import Fault, UserError
from cnnlab.network.spec import RESERVED
from cnnlab.origin import COMMAND_LINE
from cnnlab.plugins import load_plugins


def compose(loader: Loader, name: str, overrides: list[str], keep: bool = False) -> Composed:
    """The configuration that the file `name` and `overrides` make, and the faults of both.

    `keep` keeps Hydra's own form of it too, by which Hydra can run the job.
    """
    result = Composed(overrides=overrides, primary=name)
    result.shared_blocks = tuple(group_options(loader, SHARED))
    groups = loader.repository.get_group_options("", ObjectType.GROUP)
    written = list(parse(loader, overrides, result))
    early = named_plugins(loader, name, written)  # their kinds may be options of a group
    unusable = load_plugins(early, RESERVED)
    if unusable:
        written = [override for override in written if not _lost(loader, override, result)]
    parsed = [override for override in written if not refused(loader, groups, override, result)]
    config = _load(loader, name, parsed, result)
    if config is None:
        result.failed = True
        result.faults += unusable
        return result
    files = list(layers(loader))
    dropped, chosen = result.origins, list(config.hydra.runtime.choices)
    result.origins = trace(files, parsed, chosen)
    result.origins.history.update(dropped.history)
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
    hydra = config.pop("hydra")
    result.refers_to_seed = "${seed" in str(OmegaConf.to_container(config, resolve=False))
    _resolve(config, None, result)
    result.config = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    with _environment_kept_out():
        result.frozen = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    late = _plugins(result.config.get("plugins"), early, result)
    result.faults += [*_kept_names(result.frozen), *unusable, *late]
    for key in (*stale(model_of(result.config), result.origins), *stale_recipes(result.config, result.origins)):
        dotted.drop(result.config, key)
        dotted.drop(result.frozen, key)
    if keep:
        config["hydra"] = hydra
        OmegaConf.set_struct(config, True)
        result.hydra_config = config
    return result


def _load(loader: Loader, name: str, parsed: list[Override], result: Composed) -> DictConfig | None:
    """Compose; where that fails, find the overrides to blame, note and drop them."""
    order = {override.key_or_group: place for place, override in enumerate(parsed)}
    ranked: list[tuple[int, Fault]] = []
    while True:
        try:
            config = _composed(loader, name, parsed)
            break
        except FAILURES as failure:
            blamed, error = _override_that_chose(failure, parsed), failure
            if not blamed:
                blamed, error = _first_to_fail(loader, name, parsed)
        key = blamed.key_or_group if blamed else ""
        faults = error.faults if isinstance(error, Unreadable) else [reason(error, loader, key)]
        ranked += [(order.get(key, -1), fault) for fault in faults]
        result.broken += [key] if blamed else []
        if blamed is None:
            config = None
            break
        if not isinstance(error, Unreadable):
            result.origins.add(key, COMMAND_LINE)
        parsed.remove(blamed)
    result.faults += [fault for _, fault in sorted(ranked, key=itemgetter(0))]
    return config


def _override_that_chose(error: BaseException, parsed: list[Override]) -> Override | None:
    """The override that chose the file which cannot be read, if that is what went wrong."""
    group = error.group if isinstance(error, Unreadable) else ""
    return next((override for override in reversed(parsed) if group and override.key_or_group == group), None)


def _composed(loader: Loader, name: str, overrides: list[Override]) -> DictConfig:
    return loader.load_configuration(name, [str(override.input_line) for override in overrides], RunMode.RUN)


def _first_to_fail(loader: Loader, name: str, overrides: list[Override]) -> tuple[Override | None, BaseException]:
    """The first override that turns what composes into what does not, None where the files do not, and what it says."""
    for count in range(len(overrides) + 1):
        try:
            _composed(loader, name, overrides[:count])
        except FAILURES as error:
            return (overrides[count - 1] if count else None), error
    raise AssertionError("composing fails for all overrides together, and so for the last count")


def _check_places(files: list[ConfigFile], result: Composed) -> None:
    """Note files that would land below their group's place."""
    for layer in files:
        group, parent = layer.path.split("/")[0], layer.parent
        if group in GROUPS and layer.package[:1] == (group,) and len(layer.package) > 1:
            listed, landed = layer.path.removeprefix(f"{group}/"), ".".join(layer.package)
            message = (
                f"{parent}.yaml lists {listed} in its defaults, which lands at {landed}; write /{layer.path}@_here_"
            )
            above = next((file for file in files if file.path == parent), layer)
            origin = default_origin(above.file, above.document, listed)
            result.faults.append(Fault("", message, origin=origin))
            result.broken.append(group)


def _check_names(files: list[ConfigFile], result: Composed) -> None:
    """Note names that YAML does not read as text, and values that are not what they look like."""
    for layer in files:
        for finding in layer.document.noted:
            result.faults.append(finding.fault)
            result.broken.append(".".join((*layer.package, *finding.path)))


def _check_references(config: DictConfig, result: Composed) -> None:
    """Note ${…} that may not be resolved, before any is, and put `???` in their place."""
    plain = OmegaConf.to_container(config, resolve=False)
    for fault in (*forbidden_calls({key: value for key, value in plain.items() if key != "hydra"}), *too_large(plain)):  # type: ignore
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
        message = "checkpoints keep the classes' names, and no environment variable's value belongs into a file"
        yield Fault("data.names", f"{message}; write the names out")


def named_plugins(loader: Loader, name: str, overrides: list[Override]) -> list[str]:
    """The modules that the command line names, or else the user's own `name`.yaml, before anything is composed."""
    typed = [override for override in overrides if override.key_or_group == "plugins"]
    if typed:
        return [] if typed[-1].is_delete() else _words(typed[-1].value())
    source = loader.repository._find_object_source(name, ObjectType.CONFIG)
    if not isinstance(source, FileConfigSource) or not (kind := source.kind(name)).own:
        return []
    try:
        settings = data(read(source.file(name), kind).node)
    except (Unreadable, OSError, ValueError, YAMLError):  # composing says why
        return []
    return [word for word in _words(settings.get("plugins")) if "${" not in word]


def _words(value: Any) -> list[str]:
    """A word or a list of words; what is neither, the settings tell."""
    words = [value] if isinstance(value, str) else value
    return list(words) if isinstance(words, list | tuple) and all(isinstance(word, str) for word in words) else []


def _plugins(named: Any, early: list[str], result: Composed) -> list[Fault]:
    """Import those that are not yet, unless a file names them that may not."""
    names = [name for name in _words(named) if name not in early]
    return [] if "plugins" in result.broken else load_plugins(names, RESERVED)


def _lost(loader: Loader, override: Override, result: Composed) -> bool:
    """Whether an override asks for an option that a plugin may have, which cannot be used."""
    group = override.key_or_group
    if group not in registries() or override.is_delete() or override.value() in group_options(loader, group):
        return False
    result.broken.append(group)
    return True


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
