"""The door: a configuration's faults, all of them, before any data is read or any optimiser exists."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from cnnlab import dotted
from cnnlab.config import SHARED
from cnnlab.config.composed import Composed
from cnnlab.config.run import Run, model_of, read_parts
from cnnlab.config.table import paths, traits
from cnnlab.config.top import Top
from cnnlab.data.sources import sketched
from cnnlab.errors import Fault, FaultKind, UserError
from cnnlab.origin import COMMAND_LINE
from cnnlab.traits import Traits

TRAINED = ("test", "predict", "inspect")
"""tasks that go by what a network was trained with"""
TRAINING = ("train", "preflight")
"""tasks that train, or tell what training would take"""
WITH_SHAPES = (*TRAINING, "summary", "explain", "lint", "draw", "diff")
"""tasks that need a network of which everything fits"""
MOST = 100
"""faults that are told at once"""


def check(composed: Composed) -> tuple[Run | None, list[Fault]]:
    """The run that was asked for, or everything wrong with it."""
    parts, faults = ({}, []) if composed.failed else read_parts(composed.config)
    faults = [fault for fault in faults if not _follows(fault, composed.broken)]
    faults = [*absent(composed), *pointless(composed), *unequipped(parts.get("top")), *faults]
    faults += wrong_other(composed, known=(*composed.faults, *faults))
    at_fault = {*composed.broken, *(fault.path for fault in (*composed.faults, *faults))}
    if any(fault.path == "plugins" for fault in composed.faults):  # what they hold is not known
        faults = [fault for fault in faults if fault.kind is not FaultKind.UNKNOWN_BLOCK_KIND]
    located = [note(fault, composed) for fault in _first([*dict.fromkeys([*composed.faults, *faults])])]
    located += _shapes(parts, composed, at_fault)
    return (None if located else Run(**parts)), located


def _shapes(parts: dict[str, Any], composed: Composed, at_fault: set[str]) -> list[Fault]:
    """What the network's shapes are found to lack, as far as the network and the images it is given are known."""
    groups = {path.split(".")[0] for path in at_fault}
    if composed.failed or groups & {"model", SHARED, "task"} or composed.config.get("task") not in WITH_SHAPES:
        return []
    data = parts["data"] or sketched(composed.config.get("data"))
    if data is None or at_fault & {"data", "data.shape", "data.size"}:
        return []
    classes_known = data.classes is not None and "data.classes" not in at_fault
    return misfits(Run(**{**parts, "data": data}), composed, check_output=classes_known)


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
                said, others = f"there is no block {name!r} to remove", [block for block in blocks if block != name]
                yield Fault.unknown(FaultKind.UNKNOWN_BLOCK, key, said, name, others)


def pointless(composed: Composed) -> Iterator[Fault]:
    """What nothing would read. `adapt` without weights: a sweep may well compare weights to none, and says so."""
    said = {key for key, places in composed.origins.history.items() if COMMAND_LINE in places}
    if composed.config.get("adapt") and composed.config.get("weights") is None and "weights" not in said:
        yield Fault("adapt", "there are no weights to adapt; say which with weights=FILE")
    task = composed.config.get("task")
    if composed.config.get("format") == "html" and task not in ("draw", "diff"):
        yield Fault("format", f"html is for task=draw and task=diff, not for task={task}")
    for key in paths():
        if dotted.get(composed.config, key) is not None:
            yield from _idle(key, traits(key), composed.config, said)


def _idle(key: str, setting: Traits, config: dict[str, Any], said: set[str]) -> Iterator[Fault]:
    """Why nothing would read a setting that has a value. `said` are those that the command line names."""
    task = config.get("task")
    if setting.for_training and task in TRAINED and any(dotted.within(one, key) for one in said):
        yield Fault(key, f"is for training; task={task} goes by what ckpt_path was trained with")
    rounded = f"{key.rpartition('.')[0]}.{setting.rounds}"
    if setting.rounds and key in said and dotted.get(config, rounded) is None:
        yield Fault(key, f"rounds what {rounded} makes, which is not set")
    if setting.tasks and task not in setting.tasks:
        *most, last = [f"task={name}" for name in setting.tasks]
        names = f"{', '.join(most)} and {last}" if most else last
        hint = f"; {setting.instead}" if setting.instead and task == "train" else ""
        yield Fault(key, f"is for {names}, not for task={task}{hint}")


def wrong_other(composed: Composed, known: Collection[Fault]) -> list[Fault]:
    """What is wrong with the network that task=diff compares with, and not `known` of this one."""
    from cnnlab.cli.diff import other

    if composed.failed or composed.config.get("task") != "diff":
        return []
    try:
        other(composed, known)
    except UserError as error:
        return list(error.faults)
    return []


def unequipped(top: Top | None) -> list[Fault]:
    """Loggers whose packages are missing, of who wants to train."""
    return top.logger.missing() if top and top.task in TRAINING else []


def note(fault: Fault, composed: Composed) -> Fault:
    """The fault with the place where its setting was set."""
    return fault if fault.origin or not fault.path else replace(fault, origin=composed.origins.of(fault.path))


def _follows(fault: Fault, broken: list[str]) -> bool:
    """Whether a fault is about what could not be composed, or something in it, or something around it."""
    return any(dotted.overlap(fault.path, key) for key in broken)


def misfits(run: Run, composed: Composed, check_output: bool = True) -> list[Fault]:
    """Walk the network on paper; then see whether the weights it is given fit it. torch is imported only now.

    `check_output`: whether the number of classes is known.
    """
    from cnnlab.experiment.facts import image_shape
    from cnnlab.experiment.initial import at_fault, misnamed_blocks
    from cnnlab.experiment.memory import unaffordable
    from cnnlab.network.fixes import explanation
    from cnnlab.network.graph import graph

    found = graph(run.network, image_shape(run), check_output=check_output)
    if not found.faults:
        faults = at_fault(run) if check_output else misnamed_blocks(run)
        if composed.config.get("task") in TRAINING:
            faults += unaffordable(found)
        return [note(fault, composed) for fault in faults]
    lines = explanation(found, model_of(composed.config), run.network.classes) if found.end else []
    faults = [replace(f, lines=tuple(lines)) if found.end and f is found.end[0] else f for f in found.faults]
    return [note(fault, composed) for fault in faults]
