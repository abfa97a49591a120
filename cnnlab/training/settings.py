"""What the groups `trainer` and `callbacks` may say; torch is not needed to compose and check it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from cnnlab.errors import Fault, did_you_mean
from cnnlab.plugins import own_callback
from cnnlab.settings import Count, Flag, Positive, Settings, shown
from cnnlab.training.lightning_callbacks import refusal, refused_base, wrong_arguments
from cnnlab.traits import NO_EFFECT, Traits


def _precision(value: Any) -> Any:
    if value in (32, "32", "32-true"):
        return "32"
    if value in ("bf16", "bf16-mixed"):
        return "bf16"
    if value == "auto":
        return value
    raise ValueError(f"should be auto, 32 or bf16, not {shown(value)}")


def _devices(value: Any) -> Any:
    if value == "auto" or (type(value) is int and value >= 1):
        return value
    raise ValueError(f"should be a number of devices or auto, not {shown(value)}")


class TrainerSettings(Settings):
    """How long and on what to train; the names are Lightning's."""

    max_epochs: Count = 5
    """passes over the training images"""
    max_steps: Count | None = None
    """optimiser steps after which training ends in any case; null: none"""
    accelerator: Annotated[Literal["auto", "cpu", "gpu", "mps"], Traits(of_machine=True)] = "auto"
    """what to train on"""
    devices: Annotated[
        int | Literal["auto"],
        BeforeValidator(_devices, json_schema_input_type=Count | Literal["auto"]),
        Traits(of_machine=True),
    ] = 1
    """how many of them"""
    precision: Annotated[
        Literal["auto", "32", "bf16"],
        BeforeValidator(_precision, json_schema_input_type=Literal["auto", 32, "32", "32-true", "bf16", "bf16-mixed"]),
        Traits(of_machine=True),
    ] = "auto"
    """auto: bf16 mixed precision where the processor has units for it, else 32"""
    gradient_clip_val: Positive | None = None
    """largest norm of the gradient; null: not clipped"""
    accumulate_grad_batches: Count = 1
    """batches whose gradients make one step"""
    deterministic: Flag = True
    """use deterministic algorithms only, where there is a choice"""
    progress: Annotated[Flag, NO_EFFECT] = True
    """show progress while training"""


@dataclass(frozen=True)
class CheckpointInterval:
    """How often a checkpoint is due: after so many epochs, or after so many of an epoch's optimiser steps too."""

    epochs: int = 1
    steps: int | None = None


Steps = Annotated[str, Field(pattern=r"^[1-9]\d* *steps?$")]


def _interval(value: Any) -> Any:
    if type(value) is int and value >= 1:
        return CheckpointInterval(value)
    if isinstance(value, str) and (match := re.fullmatch(r"([1-9]\d*) *steps?", value)):
        return CheckpointInterval(1, int(match[1]))
    raise ValueError(f"should be a number of epochs, or of steps as in 100steps, not {shown(value)}")


class CheckpointSettings(Settings):
    """When a run can be taken up again from, and which epoch's network is kept as the best and tested."""

    every: Annotated[
        CheckpointInterval, BeforeValidator(_interval, json_schema_input_type=Count | Steps), NO_EFFECT
    ] = CheckpointInterval()
    """epochs between two checkpoints, or optimiser steps as in 100steps; the best and the last epoch always have one"""
    monitor: Annotated[str, Field(min_length=1), Traits(for_training=True)] = "val/acc"
    """what chooses the best epoch: val/acc, val/balanced_acc, val/f1, val/loss, or a number that metrics= measure each
    epoch; early stopping goes by it too where it names none"""


class EmaSettings(Settings):
    """The average of the weights over the steps of training, which is judged and kept in their place."""

    decay: Annotated[float, Field(gt=0, lt=1, strict=True)] | None = None
    """what the average keeps of itself at each step: average ← decay·average + (1 - decay)·weights, from the first
    weights on; null: no average. Running statistics of norms are averaged as weights are"""


CALLBACKS = "pytorch_lightning.callbacks"
"""the package whose classes `_target_` may name in the group `callbacks`; nothing is ever imported by its name there"""


def read_callbacks(raw: Any, path: str) -> tuple[dict[str, dict[str, Any]] | None, list[Fault]]:
    """Lightning's callbacks and plugins', by names of the user's; their arguments are tried when they are made."""
    if not isinstance(raw, dict):
        return None, [Fault(path, f"should be a mapping from names to callbacks, not {shown(raw)}")]
    callbacks = {str(name): settings for name, settings in raw.items() if settings is not None}
    faults, own = [], [name for name, settings in callbacks.items() if _own(settings)]
    for name, settings in callbacks.items():
        target = settings.get("_target_") if isinstance(settings, dict) else None
        if target is None:
            close = did_you_mean(name, [other for other in callbacks if other != name])
            new = f"(a new one needs its class: _target_: {CALLBACKS}.…)"
            faults.append(Fault(f"{path}.{name}", f"there is no callback {name!r}{close} {new}"))
        elif isinstance(target, str) and (brought := own_callback(target)):
            if message := refused_base(brought):
                faults.append(Fault(f"{path}.{name}._target_", message))
        elif not isinstance(target, str) or not re.fullmatch(rf"{re.escape(CALLBACKS)}\.[A-Za-z]\w*", target):
            message = f"should be a class of {CALLBACKS}, or a callback of a module that plugins= names"
            faults.append(Fault(f"{path}.{name}._target_", f"{message}, not {shown(target)}"))
        elif message := refusal(kind := target.rpartition(".")[2]):
            faults.append(Fault(f"{path}.{name}._target_", message))
        else:
            faults += wrong_arguments(kind, f"{path}.{name}", settings, others_log=bool(own))
            places = [str(key) for key in settings if str(key).endswith(("path", "filename"))]
            message = "a run writes into its own folder alone; leave it out"
            faults += [Fault(f"{path}.{name}.{key}", message) for key in places]
    return (None if faults else callbacks), faults


def _own(settings: Any) -> bool:
    """Whether a callback is a class of one of the user's modules."""
    target = settings.get("_target_") if isinstance(settings, dict) else None
    return isinstance(target, str) and own_callback(target) is not None
