"""A trained network, looked at: everything that the page shows, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cnnlab.data.batches import Batches, prepare
from cnnlab.data.splits import Split, balanced
from cnnlab.experiment.facts import image_shape
from cnnlab.experiment.hardware import decide
from cnnlab.experiment.restore import Restored
from cnnlab.inspection.blocks import Kernel, Stats, outputs, statistics
from cnnlab.inspection.calibration import Calibration, calibration, softened, temperature
from cnnlab.inspection.shifts import Moved, shifted
from cnnlab.metrics.shift import shift
from cnnlab.network.graph import PlacedBlock, graph
from cnnlab.settings import Shape
from cnnlab.tracking.reader import RunFolder
from cnnlab.training.evaluate import Evaluation, autocast, evaluate
from cnnlab.training.settings import TrainerSettings

MOST_IMAGES = 8
"""whose feature maps are shown"""
STATISTICS = 512
"""test images whose activations and gradients are measured"""
GRID = 500
"""test images that are moved every way"""
MOVED = 2000
"""test images that are moved along the four ways"""


@dataclass(frozen=True)
class Shown:
    """An image whose way through the network is shown."""

    image: Tensor
    """uint8 (C, H, W), as stored"""
    name: str
    probabilities: Tensor
    truth: int | None = None


@dataclass(frozen=True)
class Kernels:
    """The weights that look at the image: (filters, channels, rows, columns)."""

    name: str
    weights: Tensor


@dataclass(frozen=True)
class Inspection:
    """What is shown of a trained network."""

    checkpoint: Path
    title: str
    classes: tuple[str, ...]
    record: dict[str, Any]
    input: Shape
    layers: tuple[PlacedBlock, ...]
    shown: tuple[Shown, ...]
    left_out: int
    """images that were given beyond those shown"""
    filters: Kernels | None
    maps: dict[str, Tensor]
    """by block, what it leaves of the images shown: (N, C, H, W) or (N, F)"""
    stats: list[Stats]
    kernels: list[Kernel]
    measured: int
    """images that `stats` and `kernels` are of"""
    calibration: Calibration
    temperature: float
    """that which suits the validation images"""
    softened: Calibration
    """with it"""
    tested: int
    grid: Moved
    """of some test images"""
    answers: Moved
    """of the images shown"""
    gridded: int
    truth: Tensor
    """of the images in the grid"""
    shift: dict[str, float]
    """as a run's `metrics=shift` has it"""
    moved: int
    unmoved: float
    """accuracy of as many, where they are"""


def look(restored: Restored, trainer: TrainerSettings, threads: int | None, files: Sequence[Path]) -> Inspection:
    """Look at a network with the test images of its data; `files` are the images to be shown, else some of those."""
    run = restored.run
    hardware = decide(run.trainer.model_copy(update={"accelerator": trainer.accelerator}), threads or run.top.threads)
    torch.set_num_threads(hardware.threads)
    shape, data = image_shape(run), restored.dataset()
    size = (shape[1], shape[2])
    mean, std = tuple(restored.record["mean"]), tuple(restored.record["std"])
    net = restored.net.eval().to(device=hardware.device, memory_format=hardware.memory_format)  # type: ignore[call-overload]

    def feed(split: Split) -> Batches:
        return Batches(
            split, run.data.batch_size, mean, std, size, device=hardware.device, memory_format=hardware.memory_format
        )

    def on(split: Split) -> Evaluation:
        return evaluate(net, feed(split), hardware.precision)

    @torch.no_grad()
    def answers(images: Tensor) -> Tensor:
        parts = []
        for part in images.split(run.data.batch_size):
            x = prepare(part.to(hardware.device), mean, std, size).contiguous(memory_format=hardware.memory_format)
            with autocast(hardware.precision, x.device):
                parts.append(net(x).float().softmax(1).cpu())
        return torch.cat(parts)

    test = on(data.test)
    shown = _given(files, restored, answers) if files else _picked(data.test, test, restored.record["classes"])
    images = torch.stack([picture.image for picture in shown])
    x = prepare(images.to(hardware.device), mean, std, size)
    few = _some(data.test, STATISTICS)
    stats, kernels = statistics(net, *_whole(feed(few)))
    validated = on(data.val)
    warm = temperature(validated.probabilities, validated.truth)
    gridded, moved = _some(data.test, GRID), _some(data.test, MOVED)
    still = on(moved)
    return Inspection(
        checkpoint=restored.checkpoint,
        title=_title(restored),
        classes=tuple(restored.record["classes"]),
        record=restored.record,
        input=shape,
        layers=graph(run.network, shape).layers,
        shown=tuple(shown),
        left_out=max(0, len(files) - len(shown)),
        filters=first_kernels(net, shape),
        maps=outputs(net, x),
        stats=stats,
        kernels=kernels,
        measured=len(few),
        calibration=calibration(test.probabilities, test.truth),
        temperature=warm,
        softened=calibration(softened(test.probabilities, warm), test.truth),
        tested=len(data.test),
        grid=shifted(answers, gridded.x),
        answers=shifted(answers, images),
        gridded=len(gridded),
        truth=gridded.y,
        shift=shift(on, moved, still),
        moved=len(moved),
        unmoved=still.acc,
    )


def _title(restored: Restored) -> str:
    """The network's name, where its run's folder still knows it, and its data."""
    name = RunFolder(restored.checkpoint.parent.parent).facts.get("model")
    return f"{name or 'A network'} on {restored.run.data.source}"


def _some(split: Split, count: int) -> Split:
    """So many images, as many of each class; all, where there are no more."""
    return split if len(split) <= count else split.take(balanced(split.y, count, "inspect"))


def _whole(batches: Batches) -> tuple[Tensor, Tensor]:
    """All of them as one."""
    x, y = zip(*(batches.batch(step) for step in range(len(batches))), strict=True)
    return torch.cat(x), torch.cat(y)


def _given(files: Sequence[Path], restored: Restored, answers: Any) -> list[Shown]:
    images = restored.read(files[:MOST_IMAGES], restored.run.data.shape)
    return [Shown(image, file.name, p) for image, file, p in zip(images, files, answers(images), strict=False)]


def _picked(test: Split, seen: Evaluation, classes: Sequence[str]) -> list[Shown]:
    """One that is right and sure, one that is right and hardly so, and the surest mistakes of two classes."""
    confidence, predicted = seen.probabilities.max(1)
    right = predicted == seen.truth
    order = confidence.argsort(descending=True).tolist()
    sure = [i for i in order if right[i]]
    wrong: dict[int, int] = {}
    for i in order:
        if not right[i]:
            wrong.setdefault(int(seen.truth[i]), i)
    chosen = dict.fromkeys([*sure[:1], *sure[-1:], *list(wrong.values())[:2]])
    return [_test_image(test, seen, i, classes) for i in chosen]


def _test_image(test: Split, seen: Evaluation, i: int, classes: Sequence[str]) -> Shown:
    return Shown(test.x[i], f"test image {i}", seen.probabilities[i], int(seen.truth[i]))


def first_kernels(net: nn.Module, shape: Shape) -> Kernels | None:
    """The first layer's weights, if it looks at the image itself."""
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d):
            return Kernels(name, module.weight.detach().float().cpu())
        if isinstance(module, nn.Linear) and module.in_features == shape[0] * shape[1] * shape[2]:
            return Kernels(name, module.weight.detach().float().cpu().view(-1, *shape))
        if isinstance(module, nn.Linear):
            return None
    return None
