"""The other network of `task=diff`: what `against=` describes, composed and checked."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache

from cnnlab.cli.arguments import read_arguments
from cnnlab.cli.check import check
from cnnlab.config.compose import compose
from cnnlab.config.composed import Composed
from cnnlab.config.engine import Loader
from cnnlab.config.run import Run
from cnnlab.config.table import traits
from cnnlab.errors import Fault, FaultKind, UserError
from cnnlab.origin import COMMAND_LINE
from cnnlab.override import Override, keys
from cnnlab.traits import Traits

KEY = "against"


def other(composed: Composed, known: Collection[Fault] = ()) -> tuple[Run, Composed]:
    """The run that `against` describes, on the data of this one.

    UserError, its faults under `against`; those that are `known` of this run, and of no file of its own, left out.
    """
    from hydra.core.global_hydra import GlobalHydra

    text = composed.config.get(KEY)
    if text is None:
        message = "task=diff compares with another network: against='model=resnet34 model.norm=none'"
        raise UserError(Fault(KEY, message))
    own = _words(str(text))
    words = [*_shared(composed.overrides, own), *own, "task=summary"]
    loader: Loader = GlobalHydra.instance().config_loader()  # type: ignore[assignment]
    other, run, faults = _checked(loader, composed.primary, tuple(words))
    if run is None:
        faults = [_typed(fault) for fault in faults]
        raise UserError(*(Fault(KEY, str(fault)) for fault in faults if fault not in known))
    return run, other


@lru_cache(maxsize=1)
def _checked(loader: Loader, primary: str, words: tuple[str, ...]) -> tuple[Composed, Run | None, list[Fault]]:
    """The latest one is kept: it is looked at when the command line is checked, and again when the task runs."""
    composed = compose(loader, primary, list(words))
    return composed, *check(composed)


def _typed(fault: Fault) -> Fault:
    """A fault of the other network as it is told of `against`: of what stands in there, the place is plain."""
    if fault.kind is FaultKind.SEVERAL_VALUES:
        fault = replace(fault, message=f"several values ({fault.word}) are more than one network")
    return replace(fault, origin=None) if fault.origin == COMMAND_LINE else fault


def _words(text: str) -> list[str]:
    """`text` as a command line's words. UserError."""
    try:
        arguments = read_arguments(shlex.split(text))
    except ValueError:
        raise UserError(Fault(KEY, f"{text}: a quote without its end")) from None
    except UserError as error:
        raise UserError(*(Fault(KEY, str(_typed(fault))) for fault in error.faults)) from None
    if arguments.multirun or arguments.help or arguments.shows or arguments.config_dir or arguments.config_path:
        raise UserError(Fault(KEY, f"{text}: settings alone can stand here, as in 'model=resnet34 model.norm=none'"))
    return arguments.overrides


def _shared(words: Sequence[str], own: Sequence[str]) -> list[str]:
    """What holds for the other network, too, unless it is said in its own words: data and whatever else bears on it."""
    own_keys, read = keys(own), [(word, Override.read(word)) for word in words]
    return [word for word, override in read if override.key not in own_keys and _holds_for_both(traits(override.path))]


def _holds_for_both(setting: Traits) -> bool:
    return setting.affects_result and not setting.of_network
