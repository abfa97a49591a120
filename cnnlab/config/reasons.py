"""Faults for what Hydra and OmegaConf could not compose, in the user's terms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from hydra.core.object_type import ObjectType
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, GrammarParseError, OmegaConfBaseException

from cnnlab.config import GROUPS
from cnnlab.config.engine import Loader
from cnnlab.config.files import FileConfigSource, default_origin, read
from cnnlab.config.overrides import group_options
from cnnlab.errors import Fault, FaultKind, UserError
from cnnlab.origin import Origin

FAILURES = (HydraException, OmegaConfBaseException, ValueError, RecursionError)
"""what Hydra and OmegaConf raise where a configuration cannot be composed"""


def reason(error: BaseException, loader: Loader | None = None, path: str = "") -> Fault:
    """What Hydra or OmegaConf says, as the fault of the setting at `path`."""
    cause = error.__cause__ if isinstance(error, HydraException) and error.__cause__ else error
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        said_by = re.match(r"In '(.+?)'", str(error))
        lists = f"{said_by[1]}.yaml lists {error.missing_cfg_file} in its defaults, but " if said_by else ""
        message, known = f"{lists}there is no {group or 'configuration'} {option!r}", group_options(loader, group)
        fault = Fault.unknown(FaultKind.UNKNOWN_CHOICE, path, message, option, known)
        return replace(fault, origin=_listed_at(loader, said_by[1], option)) if said_by and loader else fault
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and str(cause.full_key).split(".")[0] not in GROUPS:
        known = list(cause.parent_node) if isinstance(cause.parent_node, DictConfig) else []
        return Fault.unknown(FaultKind.UNKNOWN_SETTING, path, "there is no such setting", cause.key, known)
    return Fault(path, _message(error, cause))


def _listed_at(loader: Loader, parent: str, option: str) -> Origin | None:
    """Where the file `parent` lists an `option` in its defaults."""
    source = loader.repository._find_object_source(parent, ObjectType.CONFIG)
    if not isinstance(source, FileConfigSource):
        return None
    file = source.file(parent)
    return default_origin(file, read(file, source.kind(parent)), option)


def _message(error: BaseException, cause: BaseException) -> str:
    """The library's own words, without its advice to add a `+`, its types and its search path."""
    if isinstance(error, RecursionError):
        return "its files refer to each other in a circle, or are nested too deeply"
    if isinstance(cause, ConfigKeyError | ConfigAttributeError):
        return "no file spells this setting; to allow it, list `- cnnlab` in the defaults of config.yaml"
    if isinstance(cause, GrammarParseError):
        return "a ${…} that cannot be read"
    if "Cannot merge DictConfig with ListConfig" in str(cause):
        return "a list cannot take the place of a mapping"
    lines = [re.sub(r"\s*reference_type=\w+", "", line).strip() for line in str(cause).splitlines()]
    kept = [line for line in lines if line and not re.match(r"(full_key|object_type|To append|You may|See )", line)]
    return " ".join(kept) or type(error).__name__


@contextmanager
def as_user_error() -> Iterator[None]:
    """What Hydra cannot do for a run or a sweep is for the user to mend: UserError. Tasks keep their own exceptions."""
    try:
        yield
    except (*FAILURES, OSError, RuntimeError) as error:
        raise UserError(Fault("", f"Hydra says: {reason(error)}")) from None


def unresolved(error: Exception) -> str:
    """Why an interpolation has no value."""
    reason = (str(error).splitlines() or [""])[0]
    if isinstance(error, RecursionError):
        return "its ${…} lead too far"
    if match := re.search(r"Environment variable '(.+)' not found", reason):
        return f"there is no environment variable {match[1]}; ${{oc.env:{match[1]},VALUE}} says what to take then"
    if match := re.search(r"(?:Interpolation key|Error resolving key) '(.+?)'", reason):
        return f"${{{match[1]}}} names no setting; its full path counts, as in ${{optimizer.lr}}"
    if reason.startswith("Recursive"):
        return "its ${…} leads back to itself"
    if match := re.match(r"Unsupported interpolation type (.+)", reason):
        return f"${{{match[1]}:…}} is no function that Hydra or OmegaConf has"
    if reason.startswith("GrammarParseError raised"):
        return "what its ${oc.decode:…} is given is no value, such as 3, true or [1, 2], and no word"
    if re.search(r"(mismatched|extraneous|no viable alternative at) input", reason):
        return "its ${…} cannot be read"
    return re.sub(r"^\w+ raised while resolving interpolation: ", "", reason).strip('"')
