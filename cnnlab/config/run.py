"""A run's settings as one record, read from a resolved configuration with every fault of it at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cnnlab.config import GROUPS, SHARED
from cnnlab.config.data_group import read_data
from cnnlab.config.moved import MOVED, fault_of
from cnnlab.config.top import Top
from cnnlab.data.augmentation import AugmentSettings, read_augment
from cnnlab.data.source import Source
from cnnlab.data.sources import sketched
from cnnlab.errors import Fault
from cnnlab.network.read import read_network
from cnnlab.network.spec import Network
from cnnlab.settings import read, shown
from cnnlab.training.losses import LOSSES
from cnnlab.training.optimizers import OPTIMIZERS
from cnnlab.training.schedules import SCHEDULES
from cnnlab.training.settings import TrainerSettings, read_callbacks

UNKNOWN_CLASSES = 10
"""stands in where the data's settings are at fault, so that the network's faults can be told all the same"""


@dataclass(frozen=True)
class Run:
    """A run's settings, checked."""

    top: Top
    network: Network
    data: Source
    augment: AugmentSettings
    optimizer: Any
    scheduler: Any
    loss: Any
    trainer: TrainerSettings
    callbacks: dict[str, dict[str, Any]]


def read_parts(config: dict[str, Any], reads_images: bool) -> tuple[dict[str, Any], list[Fault]]:
    """The parts of a run by their names in `Run`, None for those with faults, and the faults.

    `reads_images`: whether the data will be opened.
    """
    own = {name: value for name, value in config.items() if name not in GROUPS and name not in MOVED}
    top, faults = read(Top, own, "", "cnnlab", GROUPS)
    faults += [fault_of(name) for name in MOVED if name in config]
    group = {name: config.get(name) for name in GROUPS}
    absent = [name for name in GROUPS if group[name] is None]
    faults += [Fault(name, f"the defaults of config.yaml should list `- {name}: FILE`") for name in absent]
    parts: dict[str, Any] = {"top": top, **dict.fromkeys(GROUPS)}
    readers = {
        "data": lambda raw: read_data(raw, reads_images=top is None or reads_images),
        "augment": read_augment,
        "trainer": lambda raw: read(TrainerSettings, raw, "trainer", "the trainer"),
        "callbacks": lambda raw: read_callbacks(raw, "callbacks"),
        "optimizer": lambda raw: OPTIMIZERS.read(raw, "optimizer"),
        "scheduler": lambda raw: SCHEDULES.read(raw, "scheduler"),
        "loss": lambda raw: LOSSES.read(raw, "loss"),
        "model": lambda raw: read_model(model_of(config), parts["data"] or sketched(config.get("data")), own=raw),
    }
    for name, reader in readers.items():
        if name not in absent:
            parts[name], more = reader(group[name])
            faults += more
    parts["network"] = parts.pop("model")
    return parts, faults


def model_of(config: dict[str, Any]) -> Any:
    """The model's settings, with the blocks that networks share."""
    model, shared = config.get("model"), config.get(SHARED)
    if not isinstance(model, dict) or not isinstance(shared, dict) or not shared:
        return model
    own = model.get("blocks")
    return {**model, "blocks": {**shared, **own} if isinstance(own, dict) else own or shared}


def read_model(raw: Any, data: Source | None, own: Any) -> tuple[Network | None, list[Fault]]:
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
