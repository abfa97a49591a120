"""Everything one run is told: the whole configuration as one record, and every fault of it at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from cnnlab.config import GROUPS, SHARED
from cnnlab.data.listing import folder_classes
from cnnlab.data.settings import AugmentSettings, DataSettings, mismatches, sketched
from cnnlab.errors import Fault, UserError, meant, near
from cnnlab.network.expand import read_network
from cnnlab.network.spec import Network
from cnnlab.settings import Count, Fraction, Natural, Positive, Settings, read, shown
from cnnlab.tracking.settings import LoggerSettings
from cnnlab.training.settings import (
    OPTIMIZERS,
    SCHEDULES,
    CheckpointSettings,
    TrainerSettings,
    read_callbacks,
)

Task = Literal[
    "train", "test", "predict", "summary", "explain", "lint", "draw", "diff", "inspect", "preflight", "report",
    "dashboard", "sync", "schema", "validate",
]  # fmt: skip
READ_IMAGES = ("train", "test", "preflight")
"""tasks that open the data"""
Metric = Literal["shift", "gap", "gradients"]
Adapt = Literal["channels", "classes", "shapes"]


def _words(value: Any) -> Any:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple):
        raise ValueError(f"should be a word or a list of words, not {shown(value)}")
    return tuple(value)


Words = Annotated[tuple[str, ...], BeforeValidator(_words, json_schema_input_type=str | list[str])]


def _jobs(value: Any) -> Any:
    if value == "auto" or (type(value) is int and value >= 1):
        return value
    raise ValueError(f"should be a number of processes or auto, not {shown(value)}")


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

    task: Task = "train"
    """what to do"""
    seed: Annotated[int, Field(ge=0, lt=2**63, strict=True)] = 0
    """of everything random: split, order, first weights, augmentation, dropout"""
    name: str | None = None
    """name of the run's folder; null: the network's"""
    tags: Words = ()
    """words to find the run by"""
    blocks: dict[str, Any] = Field(default_factory=dict)
    """blocks written in YAML for any network; those that a network defines itself come first"""
    plugins: Words = ()
    """modules with blocks of your own; only the command line and your own config.yaml name them"""
    logger: LoggerSettings = LoggerSettings()
    """where the run is shown besides its folder"""
    threads: Count | None = None
    """CPU threads; null: as many as torch takes by itself"""
    label_smoothing: Fraction = 0.0
    """share of the target spread evenly over the classes: Szegedy et al. 2015, arXiv:1512.00567, §7"""
    checkpoint: CheckpointSettings = CheckpointSettings()
    """when a run can be taken up again from"""
    ckpt_path: Annotated[str, Field(min_length=1)] | None = None
    """a checkpoint or a run's folder, for task=test, task=predict and task=inspect"""
    weights: Annotated[str, Field(min_length=1)] | None = None
    """weights to start from: a file, a run's folder, or a name such as torchvision/resnet18"""
    adapt: Annotated[tuple[Adapt, ...], BeforeValidator(_words, json_schema_input_type=Adapt | list[Adapt])] = ()
    """where the weights may differ: channels of the images, classes (the output layer starts anew), shapes (of layers,
    which start anew)"""
    images: Annotated[str, Field(min_length=1)] | None = None
    """image file, folder or glob pattern, for task=predict and task=inspect"""
    dir: Annotated[str, Field(min_length=1)] | None = None
    """a sweep's folder, a pattern, or several with commas between them, for task=report, dashboard and sync; what
    task=validate checks, or where task=schema writes, in the place of conf/"""
    key: Annotated[str, Field(min_length=1)] | None = None
    """a block, one of its copies, something inside of it, or a setting, for task=explain; null: the whole network"""
    against: Annotated[str, Field(min_length=1)] | None = None
    """the other network of task=diff, as its command line would have it: 'model=resnet34 model.norm=none'"""
    draw: DrawSettings = DrawSettings()
    """how task=draw draws"""
    format: Literal["text", "json", "html"] = "text"
    """how tables are printed; html: a page, for task=draw and task=diff"""
    metrics: Annotated[tuple[Metric, ...], BeforeValidator(_words, json_schema_input_type=Metric | list[Metric])] = ()
    """what a run measures besides: accuracy under shifts, the gap to its training images, gradients a block"""
    jobs: Annotated[Count | Literal["auto"], BeforeValidator(_jobs)] = "auto"
    """a sweep's processes at once; auto: one a processor"""
    retry: Literal["failed"] | None = None
    """failed: a sweep's jobs that failed are trained again"""
    timeout: Annotated[Positive | None, BeforeValidator(_seconds, json_schema_input_type=Positive | Span | None)] = None
    """how long a job of a sweep may take: seconds, or such as 90s, 10m, 2h"""


UNKNOWN_CLASSES = 10
"""stands in where the data's settings are at fault, so that the network's faults can be told all the same"""


@dataclass(frozen=True)
class Run:
    """A run's settings, checked."""

    top: Top
    network: Network
    data: DataSettings
    augment: AugmentSettings
    optimizer: Any
    scheduler: Any
    trainer: TrainerSettings
    callbacks: dict[str, dict[str, Any]]


def read_run(config: dict[str, Any]) -> tuple[Run | None, list[Fault]]:
    """The run that a resolved configuration describes, or all the faults in it."""
    parts, faults = read_parts(config)
    return (None if faults else Run(**parts)), faults


def read_parts(config: dict[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """The parts of a run by their names in `Run`, None for those with faults, and the faults."""
    top, faults = read(Top, {k: v for k, v in config.items() if k not in GROUPS}, "", "cnnlab", GROUPS)
    group = {name: config.get(name) for name in GROUPS}
    absent = [name for name in GROUPS if group[name] is None]
    faults += [Fault(name, f"the defaults of config.yaml should list `- {name}: FILE`") for name in absent]
    parts: dict[str, Any] = {"top": top, **dict.fromkeys(GROUPS)}
    readers = {
        "data": lambda raw: read_data(raw, reads_images=top is None or top.task in READ_IMAGES),
        "augment": lambda raw: read(AugmentSettings, raw, "augment", "augment"),
        "trainer": lambda raw: read(TrainerSettings, raw, "trainer", "the trainer"),
        "callbacks": lambda raw: read_callbacks(raw, "callbacks"),
        "optimizer": lambda raw: read_kind(OPTIMIZERS, raw, "optimizer"),
        "scheduler": lambda raw: read_kind(SCHEDULES, raw, "scheduler"),
        "model": lambda raw: read_model(model_of(config), parts["data"] or sketched(config.get("data")), own=raw),
    }
    for name, reader in readers.items():
        if name not in absent:
            parts[name], found = reader(group[name])
            faults += found
    parts["network"] = parts.pop("model")
    return parts, faults


def model_of(config: dict[str, Any]) -> Any:
    """The model's settings, with the blocks that networks share."""
    model, shared = config.get("model"), config.get(SHARED)
    if not isinstance(model, dict) or not isinstance(shared, dict) or not shared:
        return model
    own = model.get("blocks")
    return {**model, "blocks": {**shared, **own} if isinstance(own, dict) else own or shared}


def read_model(raw: Any, data: DataSettings | None, own: Any) -> tuple[Network | None, list[Fault]]:
    """The network; where the data's settings are at fault, for some number of classes.

    What is wrong with blocks that are not in `own`, the model without those it shares, is told where they are written.
    """
    if not isinstance(raw, dict):
        return None, [Fault("model", f"should be a mapping of settings, not {shown(raw)}")]
    network, faults = read_network(raw, data.classes if data and data.classes else UNKNOWN_CLASSES)
    defined = own.get("blocks") or {}
    return network, [
        replace(fault, path=fault.path.removeprefix("model."))
        if fault.path.startswith("model.blocks.") and fault.path.split(".")[2] not in defined
        else fault
        for fault in faults
    ]


def read_data(raw: Any, reads_images: bool) -> tuple[DataSettings | None, list[Fault]]:
    """The data's settings. A folder's classes are its directories; what only images can show is left for later."""
    data, faults = read(DataSettings, raw, "data", "data")
    if data is None:
        return None, [*faults, *(_mismatches_of_rest(raw, faults) if reads_images else [])]
    if reads_images:
        faults = mismatches(data)
    if data.classes is None and data.dir is not None:
        try:
            names = folder_classes(data.dir)
        except UserError as error:
            return data, [*faults, *error.faults]
        data = data.model_copy(update={"classes": len(names), "names": data.names or names})
    elif data.classes is None and not faults:
        faults = [Fault("data.classes", "how many classes are there? Say so, or where the images lie (data.dir)")]
    return data, faults


def _mismatches_of_rest(raw: Any, faults: list[Fault]) -> list[Fault]:
    """What does not go together in data's settings, without those that are at fault by themselves."""
    known = list(DataSettings.model_fields)
    wrong = {fault.path.removeprefix("data.") for fault in faults}
    lost = {f"data.{meant(name, known) or name}" for name in wrong}
    if not isinstance(raw, dict):
        return []
    rest, _ = read(DataSettings, {name: value for name, value in raw.items() if name not in wrong}, "data", "data")
    return [fault for fault in mismatches(rest) if fault.path not in lost] if rest else []


def read_kind(table: dict[str, type[Settings]], raw: Any, path: str) -> tuple[Settings | None, list[Fault]]:
    """One of several records, told apart by `kind`."""
    if not isinstance(raw, dict):
        return None, [Fault(path, f"should be a mapping of settings, not {shown(raw)}")]
    kind = raw.get("kind")
    if kind is None:
        return None, [Fault(f"{path}.kind", f"{path} needs this setting: one of {', '.join(table)}")]
    if not isinstance(kind, str) or kind not in table:
        return None, [Fault(f"{path}.kind", f"there is no {path} {shown(kind)}{near(kind, table)}")]
    return read(table[kind], raw, path, kind)
