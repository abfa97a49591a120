"""Checks of a configuration: all its faults, before any data is read or any optimizer exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from cnnlab import dotted
from cnnlab.cli.tasks import TASKS, Task
from cnnlab.config import SHARED
from cnnlab.config.composed import Composed
from cnnlab.config.run import Run, model_of, read_parts
from cnnlab.config.synonyms import with_our_word
from cnnlab.config.table import paths, traits
from cnnlab.config.together import together
from cnnlab.config.top import Top
from cnnlab.data.sources import sketched
from cnnlab.errors import Fault, FaultKind, did_you_mean, meant
from cnnlab.origin import COMMAND_LINE
from cnnlab.override import Override
from cnnlab.settings import shown
from cnnlab.traits import Traits

MOST = 100
"""faults that are told at once"""


def check(composed: Composed) -> tuple[Run | None, list[Fault]]:
    """The run that was asked for, or everything wrong with it."""
    task = TASKS.of(composed)
    reads_images = task is None or "data" in task.needs
    parts, faults = ({}, []) if composed.failed else read_parts(composed.config, reads_images)
    if task and task.of_trained and _goes_by_the_record(composed):
        faults = [fault for fault in faults if fault.path.split(".")[0] != "data"]
        parts["data"] = parts["data"] or sketched(composed.config.get("data"))
    if task is None and not composed.failed:
        faults = [unknown_task(composed), *(fault for fault in faults if fault.path != "task")]
    faults = [fault for fault in faults if not _follows(fault, composed.broken)]
    faults = [*absent(composed), *pointless(composed, task), *unequipped(parts.get("top"), task), *faults]
    if task and not composed.failed:
        faults += together(parts)
        faults += task.faults(composed, known=(*composed.faults, *faults))
    at_fault = {*composed.broken, *(fault.path for fault in (*composed.faults, *faults))}
    if any(fault.path == "plugins" for fault in composed.faults):  # what they hold is not known
        faults = [fault for fault in faults if fault.kind is not FaultKind.UNKNOWN_BLOCK_KIND]
    located = [locate(fault, composed) for fault in _first([*dict.fromkeys([*composed.faults, *faults])])]
    if task and "shapes" in task.needs:
        located += _shapes(parts, composed, at_fault, task)
    return (None if located else Run(**parts)), located


def _goes_by_the_record(composed: Composed) -> bool:
    """Whether single settings of the data stand beside ckpt_path: they change its record's data, not the default's.

    The record is read later, and what does not go together there is told then.
    """
    is_chosen = any(Override.read(word).key == "data" for word in composed.overrides)
    return not composed.failed and composed.config.get("ckpt_path") is not None and not is_chosen


def _shapes(parts: dict[str, Any], composed: Composed, at_fault: set[str], task: Task) -> list[Fault]:
    """What the network's shapes are found to lack, as far as the network and the images it is given are known."""
    groups = {path.split(".")[0] for path in at_fault}
    if composed.failed or groups & {"model", SHARED, "task"}:
        return []
    data = parts["data"] or sketched(composed.config.get("data"))
    if data is None or at_fault & {"data", "data.shape", "data.size"}:
        return []
    classes_known = data.classes is not None and "data.classes" not in at_fault
    return misfits(Run(**{**parts, "data": data}), composed, check_output=classes_known, trains=task.trains)


def _first(faults: list[Fault]) -> list[Fault]:
    """As many as anybody reads at once."""
    rest = len(faults) - MOST
    return [*faults[:MOST], Fault("", f"and {rest} more faults")] if rest > 0 else faults


def absent(composed: Composed) -> Iterator[Fault]:
    """Blocks that the command line removes and no file has: as like as not typos of a block's name."""
    for key, places in composed.origins.history.items():
        stack, _, name = key.rpartition(".")
        if places == [COMMAND_LINE] and re.fullmatch(r"model(\..+)?\.(body|head|branches)", stack):
            blocks = dotted.get(composed.config, stack)
            if isinstance(blocks, dict) and name in blocks and blocks[name] is None:
                message, others = f"there is no block {name!r} to remove", [block for block in blocks if block != name]
                yield Fault.unknown(FaultKind.UNKNOWN_BLOCK, key, message, name, others)


def unknown_task(composed: Composed) -> Fault:
    name, known = composed.config.get("task"), tuple(TASKS)
    message = f"should be one of {', '.join(known)}, not {shown(name)}{did_you_mean(name, known)}"
    return Fault("task", message, FaultKind.UNKNOWN_CHOICE, str(name), meant(name, known), known)


def pointless(composed: Composed, task: Task | None) -> Iterator[Fault]:
    """What nothing would read. `adapt` without weights: a sweep may well compare weights to none, and says so."""
    typed = {key for key, places in composed.origins.history.items() if COMMAND_LINE in places}
    if composed.config.get("adapt") and composed.config.get("weights") is None and "weights" not in typed:
        yield Fault("adapt", "there are no weights to adapt; say which with weights=FILE")
    if composed.config.get("weights_key") and composed.config.get("weights") is None and "weights" not in typed:
        yield Fault("weights_key", "there are no weights to choose from; say which file with weights=FILE")
    form = composed.config.get("format")
    names = [name for name, other in TASKS.items() if form in other.formats]
    if names and not (task and form in task.formats):
        yield Fault("format", f"{form} is for {_listed(names)}, not for task={composed.config.get('task')}")
    for key in paths():
        if dotted.get(composed.config, key) is not None:
            yield from _idle(key, traits(key), composed.config, typed, task)


def _idle(key: str, setting: Traits, config: dict[str, Any], typed: set[str], task: Task | None) -> Iterator[Fault]:
    """Why nothing would read a setting that has a value. `typed` are those that the command line names."""
    name = config.get("task")
    if setting.for_training and task and task.of_trained and any(dotted.within(typed_key, key) for typed_key in typed):
        yield Fault(key, f"is for training; task={name} goes by what ckpt_path was trained with")
    rounded = f"{key.rpartition('.')[0]}.{setting.rounds}"
    if setting.rounds and key in typed and dotted.get(config, rounded) is None:
        yield Fault(key, f"rounds what {rounded} makes, which is not set")
    if setting.tasks and name not in setting.tasks and not (task and key in task.takes):
        hint = f"; {setting.instead}" if setting.instead and name == "train" else ""
        yield Fault(key, f"is for {_listed(setting.tasks)}, not for task={name}{hint}")


def _listed(tasks: Sequence[str]) -> str:
    """
    >>> _listed(["draw", "diff", "lint"])
    'task=draw, task=diff and task=lint'
    """
    *most, last = [f"task={name}" for name in tasks]
    return f"{', '.join(most)} and {last}" if most else last


def unequipped(top: Top | None, task: Task | None) -> list[Fault]:
    """Loggers whose packages are missing, of who wants to train."""
    return top.logger.missing() if top and task and task.trains else []


def locate(fault: Fault, composed: Composed) -> Fault:
    """The fault with the place where its setting was set, and with our word for a setting that is called otherwise."""
    fault = with_our_word(fault)
    if fault.kind is FaultKind.UNKNOWN_BLOCK_KIND and fault.word in composed.shared_blocks:
        kind = FaultKind.INVALID  # it is known now
        message = f"{fault.word!r} is a kind of block that a file of its own brings; add {SHARED}={fault.word}"
        fault = replace(fault, message=message, kind=kind, suggestion=fault.word)
    return fault if fault.origin or not fault.path else replace(fault, origin=composed.origins.of(fault.path))


def _follows(fault: Fault, broken: list[str]) -> bool:
    """Whether a fault is about what could not be composed, or something in it, or something around it."""
    return any(dotted.overlap(fault.path, key) for key in broken)


def misfits(run: Run, composed: Composed, check_output: bool = True, trains: bool = False) -> list[Fault]:
    """Walk the network on paper; then see whether the weights it is given fit it. torch is imported only now.

    `check_output`: whether the number of classes is known. `trains`: whether there has to be memory for training.
    """
    from cnnlab.experiment.facts import image_shape
    from cnnlab.experiment.initial import at_fault, misnamed_blocks
    from cnnlab.experiment.memory import unaffordable
    from cnnlab.network.fixes import explanation
    from cnnlab.network.graph import graph

    traced = graph(run.network, image_shape(run), check_output=check_output)
    if not traced.faults:
        faults = at_fault(run) if check_output else misnamed_blocks(run)
        if trains:
            average = run.top is not None and run.top.ema.decay is not None
            faults += unaffordable(traced, copies=3 + average)
        return [locate(fault, composed) for fault in faults]
    lines = explanation(traced, model_of(composed.config), run.network.classes) if traced.end else []
    faults = [replace(f, lines=tuple(lines)) if traced.end and f is traced.end[0] else f for f in traced.faults]
    return [locate(fault, composed) for fault in faults]
