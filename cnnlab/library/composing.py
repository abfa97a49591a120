"""Settings given in Python, composed and checked as those of a command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import yaml

from cnnlab.cli.arguments import plain_words
from cnnlab.config.own_folder import own_folder
from cnnlab.errors import Fault, UserError
from cnnlab.library.hydra_state import kept_hydra
from cnnlab.origin import COMMAND_LINE
from cnnlab.program import shipped_conf
from cnnlab.yaml_form import for_override

if TYPE_CHECKING:
    from cnnlab.config.engine import HydraEngine

GIVEN = "given"
"""the option by which a network is composed that is a mapping or a file of its own"""


@contextmanager
def engine(*folders: Path) -> Iterator[HydraEngine]:
    """Hydra's engine over the shipped configuration, that of the user's folder `conf`, and before them `folders`."""
    with kept_hydra():
        from cnnlab.config.engine import start

        own = own_folder()
        try:
            yield start(shipped_conf(), *folders, *([own.path] if own and own.is_ours else []))
        except UserError as error:
            raise UserError(*map(_not_typed, error.faults), code=error.code) from None


def _not_typed(fault: Fault) -> Fault:
    """A fault without the place "command line": there is none."""
    return replace(fault, origin=None) if fault.origin == COMMAND_LINE else fault


def override_words(overrides: Sequence[str], settings: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Overrides as a command line has them, from text such as "model.norm=none" and from keywords.

    >>> override_words(["seed=1"], {"model.body.c1": {"channels": 8}, "name": None})
    ['seed=1', 'model.body.c1={channels:8}', 'name=null']
    """
    return [
        *(plain_words(word) for word in overrides),
        *(f"{prefix}{key}={for_override(value)}" for key, value in settings.items()),
    ]


@contextmanager
def network_option(model: str | Path | Mapping[str, Any]) -> Iterator[tuple[Path | None, str]]:
    """The option that a network is composed by, and the folder of configuration that has it, where that is its own.

    A name is that of a file of the group; a path, of any YAML file; a mapping, what such a file says. UserError for a
    file that is not there. Faults inside have the place that the user knows.
    """
    if isinstance(model, str) and not model.endswith((".yaml", ".yml")):
        yield None, model
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="cnnlab-")))
        file = folder / "model" / f"{GIVEN}.yaml"
        file.parent.mkdir()
        if isinstance(model, Mapping):
            file.write_text(yaml.safe_dump(_plain(model), sort_keys=False, allow_unicode=True), encoding="utf-8")
        else:
            try:
                file.write_bytes(Path(model).expanduser().read_bytes())
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise UserError(Fault("model", f"{model} cannot be read: {reason}")) from None
        try:
            yield folder, GIVEN
        except UserError as error:
            known = None if isinstance(model, Mapping) else str(model)
            raise UserError(*(_placed(fault, str(file), known) for fault in error.faults), code=error.code) from None


def _plain(value: Any) -> Any:
    """Tuples as lists and mappings as dicts, which YAML's safe writer asks for."""
    match value:
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
    return value


def _placed(fault: Fault, file: str, known: str | None) -> Fault:
    """A fault whose origin is a file written for the occasion, with the name of the user's own, if there is one."""
    if fault.origin is None or fault.origin.file is None or Path(fault.origin.file).resolve() != Path(file).resolve():
        return fault
    return replace(fault, origin=replace(fault.origin, file=known) if known else None)
