"""The settings outside the groups: what to do, the seed, where weights come from, how a sweep runs."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from cnnlab.metrics import Metrics
from cnnlab.settings import Count, Natural, Positive, Settings, shown
from cnnlab.tracking.loggers import LoggerSettings
from cnnlab.training.settings import CheckpointSettings, EmaSettings
from cnnlab.traits import COMMAND, NO_EFFECT, Traits, for_tasks

Adapt = Literal["channels", "classes", "shapes"]


def _words(value: Any) -> Any:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple):
        raise ValueError(f"should be a word or a list of words, not {shown(value)}")
    return tuple(value)


def _words_or_none(value: Any) -> Any:
    return None if value is None else _words(value)


Words = Annotated[tuple[str, ...], BeforeValidator(_words, json_schema_input_type=str | list[str])]


def _jobs(value: Any) -> Any:
    if value == "auto" or (type(value) is int and value >= 1):
        return value
    raise ValueError(f"should be a number of processes or auto, not {shown(value)}")


Text = Annotated[str, Field(min_length=1)]
Span = Annotated[str, Field(pattern=r"^\d+(\.\d+)?[smh]$")]


def _seconds(value: Any) -> Any:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", value) if isinstance(value, str) else None
    if match:
        return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]
    if isinstance(value, str):
        raise ValueError(f"should be seconds, or such as 90s, 10m, 2h, not {shown(value)}")
    return value


def _depth(value: Any) -> Any:
    if value == "auto" or (type(value) is int and 0 <= value <= 99):
        return value
    raise ValueError(f"should be auto, or a number of levels from 0 on, not {shown(value)}")


OF_TRAINED = "weights=PATH starts from trained weights, and an interrupted run goes on when its command is given again"
OF_IMAGES = "images to train on are data=folder data.dir=PATH"
OF_FOLDERS = "where a run is kept is hydra.run.dir=PATH, a sweep hydra.sweep.dir=PATH"


class DrawSettings(Settings):
    """How task=draw draws."""

    depth: Annotated[
        int | Literal["auto"], BeforeValidator(_depth, json_schema_input_type=Natural | Literal["auto"])
    ] = "auto"
    """levels of blocks within blocks that are open: 0, 1, …; auto: as many as a slide has room for"""
    theme: Literal["auto", "light", "dark"] = "auto"
    """colours; auto: as the reader's system has them"""


class Top(Settings):
    """The settings outside the groups."""

    task: Annotated[str, COMMAND] = "train"
    """what to do"""
    seed: Annotated[
        int, Field(ge=0, lt=2**63, strict=True), Traits(names_arm=False, may_differ=True, of_record=True)
    ] = 0
    """of everything random: split, order, first weights, augmentation, dropout"""
    name: Annotated[str | None, NO_EFFECT] = None
    """name of the run's folder; null: the network's. What task=new calls its network, and task=eject copies"""
    from_: Annotated[Text | None, for_tasks("new"), Field(alias="from")] = None
    """the network that the new one of task=new begins as; null: lenet"""
    tags: Annotated[Words, NO_EFFECT] = ()
    """words to find the run by"""
    blocks: dict[str, Any] = Field(default_factory=dict)
    """blocks written in YAML for any network; those that a network defines itself come first"""
    plugins: Annotated[Words, Traits(set_in="command line")] = ()
    """modules with blocks of your own; only the command line and your own config.yaml name them"""
    logger: Annotated[LoggerSettings, NO_EFFECT] = LoggerSettings()
    """where the run is shown besides its folder"""
    threads: Annotated[Count | None, Traits(names_arm=False, of_machine=True, of_record=True)] = None
    """CPU threads; null: as many as are quickest on the machine as it is at the start"""
    checkpoint: CheckpointSettings = CheckpointSettings()
    """when a run can be taken up again from, and which epoch's network is kept as the best"""
    ema: Annotated[EmaSettings, Traits(for_training=True)] = EmaSettings()
    """the average of the weights over the steps of training, which is judged and kept in their place"""
    ckpt_path: Annotated[Text | None, for_tasks("test", "predict", "inspect", "export", instead=OF_TRAINED)] = None
    """a checkpoint or a run's folder, for task=test, task=predict, task=inspect and task=export"""
    weights: Annotated[Text | None, Traits(of_network=True, for_training=True)] = None
    """weights to start from: a file, a run's folder, or a name such as torchvision/resnet18"""
    weights_key: Annotated[Text | None, Traits(of_network=True, for_training=True)] = None
    """which of the weights in a file that holds several to take, such as state_dict_ema; null: those that learned"""
    adapt: Annotated[
        tuple[Adapt, ...],
        BeforeValidator(_words, json_schema_input_type=Adapt | list[Adapt]),
        Traits(of_network=True),
    ] = ()
    """where the weights may differ: channels of the images, classes (the output layer starts anew), shapes (of layers,
    which start anew)"""
    accept: Annotated[
        tuple[Literal["code"], ...] | None,
        BeforeValidator(_words_or_none, json_schema_input_type=Literal["code"] | list[Literal["code"]] | None),
        for_tasks("train", "report"),
    ] = None
    """what may differ all the same: code, so that what other source files of the same version made is gone on with,
    added to and compared; the records say so"""
    images: Annotated[Text | None, for_tasks("predict", "inspect", instead=OF_IMAGES)] = None
    """image file, folder or glob pattern, for task=predict and task=inspect"""
    dir: Annotated[
        Text | None, for_tasks("report", "dashboard", "sync", "validate", "schema", "new", "eject", instead=OF_FOLDERS)
    ] = None
    """a sweep's folder, a pattern, or several with commas between them, for task=report, dashboard and sync; what
    task=validate checks, or where task=schema, task=new and task=eject write, in the place of conf/"""
    key: Annotated[Text | None, for_tasks("explain")] = None
    """a block, one of its copies, something inside of it, or a setting, for task=explain; null: the whole network"""
    against: Annotated[Text | None, for_tasks("diff")] = None
    """the other network of task=diff, as its command line would have it: 'model=resnet34 model.norm=none'"""
    draw: Annotated[DrawSettings, NO_EFFECT] = DrawSettings()
    """how task=draw draws"""
    format: Annotated[
        Literal["text", "json", "html", "onnx", "pt2", "safetensors", "python", "torchvision", "hub"],
        Traits(affects_result=False, set_in="files"),
    ] = "text"
    """how tables are printed; html: a page, for task=draw, task=diff and task=data; task=export: the others"""
    metrics: Annotated[Metrics, Traits(names_arm=False, may_differ=True)] = ()
    """what a run measures besides: accuracy under shifts, the gap to its training images, gradients a block"""
    jobs: Annotated[Count | Literal["auto"], BeforeValidator(_jobs), NO_EFFECT] = "auto"
    """a sweep's processes at once; auto: one a processor"""
    retry: Annotated[Literal["failed"] | None, NO_EFFECT] = None
    """failed: a sweep's jobs that failed are trained again"""
    timeout: Annotated[
        Positive | None, BeforeValidator(_seconds, json_schema_input_type=Positive | Span | None), NO_EFFECT
    ] = None
    """how long a job of a sweep may take: seconds, or such as 90s, 10m, 2h"""
