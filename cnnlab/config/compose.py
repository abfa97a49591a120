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

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, resolvers
from omegaconf.errors import OmegaConfBaseException

from cnnlab.config.origins import COMMAND_LINE, Origins, trace
from cnnlab.errors import Fault, near

OPEN_GROUPS = ("model", "data", "augment", "optimizer", "scheduler", "trainer")


@dataclass
class Composed:
    """A configuration as plain data, as far as it could be composed."""

    config: dict[str, Any] = field(default_factory=dict)
    """resolved, for running"""
    frozen: dict[str, Any] = field(default_factory=dict)
    """resolved but for environment variables, for saving: their values belong into no file"""
    choices: dict[str, str] = field(default_factory=dict)
    """the file chosen from each group"""
    origins: Origins = field(default_factory=Origins)
    overrides: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    """keys whose interpolation failed; whatever else is wrong with them follows from that"""


def register() -> None:
    """Store the node `cnnlab`, which conf/config.yaml lists before the groups.

    Hydra forbids keys that no file spells (OmegaConf's struct mode), which would make every block's unspelled setting
    need a `+`. Groups that start from an open node stay open through the merges; cnnlab checks their keys itself.
    """
    node = OmegaConf.create({group: {} for group in OPEN_GROUPS})
    for group in OPEN_GROUPS:
        OmegaConf.set_struct(node[group], False)
    ConfigStore.instance().store(name="cnnlab", node=node)


def compose(loader: ConfigLoaderImpl, name: str, overrides: list[str]) -> Composed:
    """The configuration that the file `name` and `overrides` make, and the faults of both."""
    result = Composed(overrides=overrides)
    parsed = list(_parse(overrides, result))
    parsed = [override for override in parsed if not _refused(loader, override, result)]
    config = _load(loader, name, parsed, result)
    if config is None:
        return result
    result.choices = {group: str(choice) for group, choice in config.hydra.runtime.choices.items()}
    OmegaConf.set_struct(config, False)
    del config["hydra"]
    dropped = result.origins.history
    result.origins = trace(loader, name, [str(override.input_line) for override in parsed], parsed)
    result.origins.history.update(dropped)
    _resolve(config, result)
    return result


def _parse(overrides: list[str], result: Composed) -> Iterator[Override]:
    parser = OverridesParser.create()
    for text in overrides:
        try:
            yield parser.parse_override(text)
        except HydraException as error:
            result.faults.append(Fault("", f"{text}: {grammar(text, error)}"))


def grammar(text: str, error: Exception) -> str:
    """What Hydra's parser says, in the user's terms."""
    if "=" not in text and not text.startswith("~"):
        return "an override is KEY=VALUE"
    reason = str(error).splitlines()[0]
    where = re.search(
        r"mismatched input '(.+?)'|extraneous input '(.+?)'|no viable alternative at input '(.+?)'", reason
    )
    if "LexerNoViableAlt" in reason or "token recognition" in reason or where:
        key, _, value = text.partition("=")
        culprit = next((part for part in (where.groups() if where else ()) if part), None)
        named = f" at {culprit!r}" if culprit and culprit != "<EOF>" else ""
        return f"the value cannot be read{named}; if it is meant as plain text, quote it: '{key}=\"{value}\"'"
    return reason


def _refused(loader: ConfigLoaderImpl, override: Override, result: Composed) -> bool:
    """Note what is wrong with one override before Hydra trips over it: its group's option, its first word."""
    key = override.key_or_group
    options = group_options(loader, key)
    if options:
        value = override.value()
        if isinstance(value, str) and value not in options:
            result.origins.add(key, COMMAND_LINE)
            result.faults.append(Fault(key, f"there is no {key} {value!r}{near(value, options)}"))
            return True
        return False
    first = key.split(".")[0].split("@")[0]
    known = [*top_keys(loader), "hydra"]
    if first not in known and "/" not in first:
        result.faults.append(Fault(key, f"cnnlab has no such setting{near(first, known)}"))
        result.origins.add(key, COMMAND_LINE)
        return True
    return False


def group_options(loader: ConfigLoaderImpl, group: str) -> list[str]:
    """The files of a config group, those in its folders as `d2l/lenet`; none where it is no group."""
    if "." in group or "@" in group:
        return []
    options = list(loader.get_group_options(group))
    for inner in loader.list_groups(group):
        options += [f"{inner}/{option}" for option in group_options(loader, f"{group}/{inner}")]
    return options


def top_keys(loader: ConfigLoaderImpl) -> list[str]:
    """The first words a setting may have: the groups, and what cnnlab's own record of the rest says."""
    from cnnlab.config.settings import Top

    return [*Top.model_fields, *(group for group in loader.list_groups("") if group != "hydra")]


def _load(loader: ConfigLoaderImpl, name: str, parsed: list[Override], result: Composed) -> DictConfig | None:
    """Compose; where that fails, find the overrides to blame, note and drop them."""
    kept: list[Override] = list(parsed)
    while True:
        try:
            return _composed(loader, name, kept)
        except (HydraException, OmegaConfBaseException, ValueError) as error:
            blamed = _to_blame(loader, name, kept)
            if blamed is None:
                result.faults.append(Fault("", reason(error)))
                return None
            kept.remove(blamed)
            parsed.remove(blamed)
            result.origins.add(blamed.key_or_group, COMMAND_LINE)
            result.faults.append(Fault(blamed.key_or_group, reason(error)))


def _composed(loader: ConfigLoaderImpl, name: str, overrides: list[Override]) -> DictConfig:
    return loader.load_configuration(name, [str(override.input_line) for override in overrides], RunMode.RUN)


def _to_blame(loader: ConfigLoaderImpl, name: str, overrides: list[Override]) -> Override | None:
    """The first override that turns what composes into what does not; None where not even the files compose."""
    for count in range(len(overrides) + 1):
        try:
            _composed(loader, name, overrides[:count])
        except (HydraException, OmegaConfBaseException, ValueError):
            return overrides[count - 1] if count else None
    return None


def reason(error: Exception) -> str:
    """The first lines of Hydra's message, without its advice to add a `+`."""
    text = str(error.__cause__ or error) if isinstance(error, HydraException) and error.__cause__ else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    kept = [line for line in lines if not re.match(r"(full_key|object_type|To append|You may|See )", line)]
    return " ".join(kept) or type(error).__name__


def _resolve(config: DictConfig, result: Composed) -> None:
    """Resolve interpolations, once for running and once for saving; what cannot be resolved is noted and left out."""
    while True:
        try:
            result.config = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
            break
        except OmegaConfBaseException as error:
            key = str(error.full_key or "")
            result.faults.append(Fault(key, reason(error)))
            if not key:
                return
            result.unresolved.append(key)
            OmegaConf.update(config, key, None)
    with _environment_kept_out():
        result.frozen = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]


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
