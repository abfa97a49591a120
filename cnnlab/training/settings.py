"""What the groups `optimizer`, `scheduler` and `trainer` may say; torch is not needed to compose and check it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from cnnlab.errors import Fault, did_you_mean
from cnnlab.network.choose import Factors
from cnnlab.plugins import own_callback
from cnnlab.registry import Registered, Registry
from cnnlab.settings import Count, Flag, Fraction, NonNegative, Positive, Settings, shown
from cnnlab.traits import NO_EFFECT, Traits


class Optimizer(Registered):
    """What all optimisers share: what may differ from block to block, by names such as body.stage1 or *.norm."""

    registry: ClassVar[Registry[Optimizer]] = Registry("optimizer", methods=())

    kind: str
    lr_factors: Factors = Field(default_factory=dict)
    """the learning rate's factor for the blocks named; the most specific name counts"""
    weight_decay_factors: Factors = Field(default_factory=dict)
    """the weight decay's factor for the blocks named"""


class Sgd(Optimizer):
    """Stochastic gradient descent with momentum. Nesterov's form: Sutskever et al. 2013, ICML, eq. 3 and 4."""

    kind: Literal["sgd"] = "sgd"
    lr: Positive
    """learning rate, before the scheduler's factor"""
    momentum: Fraction = 0.9
    """share of the last step that is kept"""
    nesterov: Flag = True
    """look ahead along the momentum"""
    weight_decay: NonNegative = 5e-4
    """pulls every weight towards zero"""


class Adam(Optimizer):
    """Kingma & Ba 2014, arXiv:1412.6980."""

    kind: Literal["adam"] = "adam"
    lr: Positive
    """learning rate, before the scheduler's factor"""
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    """decay of the running means of the gradient and of its square"""
    eps: Positive = 1e-8
    """added to the denominator"""
    weight_decay: NonNegative = 0.0
    """added to the gradient, as L2 regularisation"""


class AdamW(Adam):
    """Adam with decoupled weight decay. Loshchilov & Hutter 2017, arXiv:1711.05101."""

    kind: Literal["adamw"] = "adamw"  # type: ignore[assignment]
    weight_decay: NonNegative = 0.01
    """pulls every weight towards zero, apart from the gradient"""


OPTIMIZERS = Optimizer.registry.ship(Sgd, Adam, AdamW)


class Schedule(Registered):
    """What all schedules share: a factor of the learning rate, a pure function of the step."""

    registry: ClassVar[Registry[Schedule]] = Registry("scheduler", methods=())

    kind: str
    warmup: NonNegative = 0.0
    """epochs in which the rate first rises from zero, linearly"""


class Constant(Schedule):
    """The rate stays."""

    kind: Literal["constant"] = "constant"


class Cosine(Schedule):
    """Half a cosine from the rate down to its end. Loshchilov & Hutter 2016, arXiv:1608.03983, eq. 5."""

    kind: Literal["cosine"] = "cosine"
    end: Fraction = 0.0
    """share of the rate that is left at the end"""


class OneCycle(Schedule):
    """Up along a cosine, then down along another. Smith & Topin 2017, arXiv:1708.07120."""

    kind: Literal["one_cycle"] = "one_cycle"
    rise: Annotated[float, Field(gt=0, lt=1, strict=True)] = 0.3
    """share of the steps in which the rate rises"""
    begin: Fraction = 0.04
    """share of the rate at the first step"""
    end: Fraction = 0.0001
    """share of the rate at the last step"""


class Step(Schedule):
    """The rate falls by a factor at given epochs."""

    kind: Literal["step"] = "step"
    milestones: tuple[Positive, ...]
    """epochs at whose end the rate falls"""
    gamma: Annotated[float, Field(gt=0, le=1, strict=True)] = 0.1
    """factor at each milestone"""


SCHEDULES = Schedule.registry.ship(Constant, Cosine, OneCycle, Step)


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
class Every:
    """How often a checkpoint is due: after so many epochs, or after so many of an epoch's optimiser steps too."""

    epochs: int = 1
    steps: int | None = None


Steps = Annotated[str, Field(pattern=r"^[1-9]\d* *steps?$")]


def _every(value: Any) -> Any:
    if type(value) is int and value >= 1:
        return Every(value)
    if isinstance(value, str) and (told := re.fullmatch(r"([1-9]\d*) *steps?", value)):
        return Every(1, int(told[1]))
    raise ValueError(f"should be a number of epochs, or of steps as in 100steps, not {shown(value)}")


class CheckpointSettings(Settings):
    """When a run can be taken up again from; it does not change its result."""

    every: Annotated[Every, BeforeValidator(_every, json_schema_input_type=Count | Steps)] = Every()
    """epochs between two checkpoints, or optimiser steps as in 100steps; the best and the last epoch always have one"""


CALLBACKS = "pytorch_lightning.callbacks"
"""the package whose classes `_target_` may name in the group `callbacks`; nothing is ever imported by its name there"""
KEEPERS = ("Checkpoint", "ModelCheckpoint", "OnExceptionCheckpoint")
"""those of them that write wherever they are told to"""


def read_callbacks(raw: Any, path: str) -> tuple[dict[str, dict[str, Any]] | None, list[Fault]]:
    """Lightning's callbacks and plugins', by names of the user's; their arguments are tried when they are made."""
    if not isinstance(raw, dict):
        return None, [Fault(path, f"should be a mapping from names to callbacks, not {shown(raw)}")]
    said = {str(name): one for name, one in raw.items() if one is not None}
    faults = []
    for name, one in said.items():
        target = one.get("_target_") if isinstance(one, dict) else None
        if target is None:
            close = did_you_mean(name, [other for other in said if other != name])
            new = f"(a new one needs its class: _target_: {CALLBACKS}.…)"
            faults.append(Fault(f"{path}.{name}", f"there is no callback {name!r}{close} {new}"))
        elif isinstance(target, str) and own_callback(target):
            continue
        elif not isinstance(target, str) or not re.fullmatch(rf"{re.escape(CALLBACKS)}\.[A-Za-z]\w*", target):
            message = f"should be a class of {CALLBACKS}, or a callback of a module that plugins= names"
            faults.append(Fault(f"{path}.{name}._target_", f"{message}, not {shown(target)}"))
        elif target.rpartition(".")[2] in KEEPERS:
            message = "cnnlab keeps the checkpoints itself, in the run's folder: checkpoint.every says when"
            faults.append(Fault(f"{path}.{name}._target_", message))
        else:
            places = [str(key) for key in one if str(key).endswith(("path", "filename"))]
            message = "a run writes into its own folder alone; leave it out"
            faults += [Fault(f"{path}.{name}.{key}", message) for key in places]
    return (None if faults else said), faults
