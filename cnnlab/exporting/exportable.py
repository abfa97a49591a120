"""A network that leaves, with what its files say of it and the images that they are compared on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cnnlab.config.moved import migrated
from cnnlab.config.run import model_of
from cnnlab.data.batches import prepare
from cnnlab.data.dataset import open_dataset
from cnnlab.errors import UserError
from cnnlab.experiment.facts import image_shape
from cnnlab.experiment.restore import Restored
from cnnlab.exporting.deployed import Deployed, Evaluated
from cnnlab.network.build import Net
from cnnlab.network.spec import Network
from cnnlab.settings import Shape
from cnnlab.text import dims
from cnnlab.tracking.reader import RunFolder

COMPARED = 256
"""test images that a file is compared on"""
MADE_UP = 32
"""random images in their place, where there are none"""


@dataclass(frozen=True)
class Exportable:
    """A network in evaluation mode, and what is known of it."""

    name: str
    net: Net
    network: Network
    settings: Mapping[str, Any]
    """of the network, as its YAML has them"""
    shape: Shape
    """(C, H, W) of its input"""
    images: Tensor
    """to be compared on: uint8 of any size, or float of its own size for a network that no run has trained"""
    labels: Tensor | None = None
    """their classes; None for random images"""
    classes: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    """of each channel, in units of 0..255; none for a network that no run has trained"""
    std: tuple[float, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    """of its run, as its checkpoint has it"""
    identity: str = ""
    """of its run"""
    result: Mapping[str, Any] = field(default_factory=dict)
    """of its run, as result.json has it"""

    @property
    def is_trained(self) -> bool:
        return bool(self.mean)

    @cached_property
    def module(self) -> nn.Module:
        """What is exported: with normalization and resizing inside, where they are known."""
        bare = Evaluated(self.net.body, self.net.head).eval()
        if not self.is_trained:
            return bare
        return Deployed(bare, self.mean, self.std, (self.shape[1], self.shape[2])).eval()

    @torch.no_grad()
    def expected(self, images: Tensor) -> Tensor:
        """The logits that a file has to reproduce."""
        size = (self.shape[1], self.shape[2])
        return self.net(prepare(images, self.mean, self.std, size) if self.is_trained else images)  # type: ignore[arg-type]

    @property
    def state(self) -> dict[str, Tensor]:
        """The weights under our names."""
        return {name: tensor.detach().cpu() for name, tensor in self.net.state_dict().items()}

    def described(self) -> dict[str, str]:
        """What the metadata of a file say."""
        size = dims(self.shape)
        if self.is_trained:
            taken = f"images: uint8 (batch, {self.shape[0]}, height, width), brought to {size} and normalized inside"
        else:
            taken = f"images: float32 (batch, {size.replace('×', ', ')}), normalized"
        facts = {
            "cnnlab": version("cnnlab"),
            "torch": version("torch"),
            "network": self.name,
            "input": taken,
            "output": "logits: float32 (batch, classes); softmax makes probabilities of them",
            "classes": json.dumps(list(self.classes), ensure_ascii=False),
            "shape": json.dumps(list(self.shape)),
        }
        if self.is_trained:
            facts |= {"mean": json.dumps(self.mean), "std": json.dumps(self.std), "identity": self.identity}
        return facts


def of_run(restored: Restored) -> Exportable:
    """The trained network of a run or of a checkpoint, with test images where they are there."""
    record, run, folder = restored.record, restored.run, _run_folder(restored.checkpoint)
    shape = image_shape(run)
    try:
        test = open_dataset(run.data, run.top.seed, restored.value_range).test
        images, labels = test.x[:COMPARED].clone(), test.y[:COMPARED].clone()
    except UserError:
        images, labels = _random_images((run.data.shape[0], *run.data.shape[1:])), None
    reader = RunFolder(folder) if folder else None
    return Exportable(
        name=run.top.name or "model",
        net=restored.net.eval(),
        network=run.network,
        settings=model_of(migrated(record["config"])),
        shape=shape,
        images=images,
        labels=labels,
        classes=tuple(record["classes"]),
        mean=tuple(record["mean"]),
        std=tuple(record["std"]),
        record=record,
        identity=str(((reader and reader.facts) or {}).get("identity") or record.get("identity") or ""),
        result=(reader and reader.result) or record.get("result") or {},
    )


def _run_folder(checkpoint: Path) -> Path | None:
    """The folder of the run that a checkpoint is of."""
    return next((folder for folder in checkpoint.parents[:2] if (folder / "run.json").is_file()), None)


def of_network(net: Net, name: str, network: Network, settings: Mapping[str, Any], shape: Shape) -> Exportable:
    """A network that no run has trained: what its files take is normalized already."""
    images = torch.randn(MADE_UP, *shape, generator=torch.Generator().manual_seed(0))
    return Exportable(name.rpartition("/")[2], net.eval(), network, settings, shape, images)


def _random_images(shape: tuple[int, ...]) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (MADE_UP, *shape), dtype=torch.uint8, generator=generator)
