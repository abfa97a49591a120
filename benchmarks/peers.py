"""Training loops to measure ours against: each trains one epoch a call, on the data and with the options of a job."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader

from cnnlab.data.dataset import Dataset
from cnnlab.data.splits import Split
from cnnlab.experiment.facts import image_shape
from cnnlab.experiment.job import Job
from cnnlab.network.build import build
from cnnlab.training.evaluate import autocast

EPOCHS = 2
"""the first warms up, the second is timed"""


def network(job: Job, layout: torch.memory_format) -> nn.Module:
    run = job.run
    return build(run.network, image_shape(run), run.top.seed).to(memory_format=layout)  # type: ignore[call-overload]


def sgd(job: Job, net: nn.Module) -> torch.optim.SGD:
    said = job.run.optimizer
    return torch.optim.SGD(
        net.parameters(), said.lr, said.momentum, nesterov=said.nesterov, weight_decay=said.weight_decay
    )


def bare(job: Job, dataset: Dataset, precision: str | None = None) -> float:
    """A plain loop over tensors in memory: what the hardware can do. Seconds of an epoch and its validation.

    In the run's numerics and layout, or, as `precision="32"`, in fp32 as torch has it.
    """
    precision = precision or job.hardware.precision
    layout = torch.channels_last if precision == "bf16" else torch.contiguous_format
    device, size = torch.device(job.hardware.device), job.run.data.batch_size
    net = network(job, layout).to(device)
    optimizer = sgd(job, net)
    mean, std = (torch.tensor(v, device=device).view(1, -1, 1, 1) for v in (dataset.mean, dataset.std))
    clip = job.run.trainer.gradient_clip_val
    images, labels = dataset.train.x.to(device), dataset.train.y.to(device)
    steps, seconds = math.ceil(len(labels) / size), 0.0

    def prepared(x: Tensor) -> Tensor:
        return x.float().sub_(mean).div_(std).contiguous(memory_format=layout)

    for epoch in range(EPOCHS):
        began, sums = time.perf_counter(), torch.zeros(2, device=device)
        order = torch.randperm(len(labels), device=device)
        for step in range(steps):
            index = order[step * size : (step + 1) * size]
            x, y = prepared(images[index]), labels[index]
            with autocast(precision, device):
                logits = net(x)
            logits = logits.float()
            loss = F.cross_entropy(logits, y)
            optimizer.zero_grad()
            loss.backward()
            done = epoch * steps + step
            optimizer.param_groups[0]["lr"] = job.run.optimizer.lr * job.run.scheduler.factor(
                done, EPOCHS * steps, steps
            )
            if clip:
                nn.utils.clip_grad_norm_(net.parameters(), clip)
            optimizer.step()
            with torch.no_grad():
                sums += torch.stack((loss.detach() * len(y), (logits.argmax(1) == y).sum()))
        net.eval()
        with torch.no_grad():
            right = torch.zeros((), device=device)
            for x, y in zip(dataset.val.x.split(size), dataset.val.y.split(size), strict=True):
                with autocast(precision, device):
                    right += (net(prepared(x.to(device))).argmax(1) == y.to(device)).sum()
            float(right)
            sums.tolist()
        net.train()
        seconds = time.perf_counter() - began
    return seconds


class Pictures(torch.utils.data.Dataset):
    """A split as torchvision's data sets give it: each image made a PIL one, and by ToTensor and Normalize a tensor."""

    def __init__(self, split: Split, mean: tuple[float, ...], std: tuple[float, ...], normalise: bool):
        self.images = split.x.permute(0, 2, 3, 1).squeeze(-1)
        self.labels = split.y
        self.mean, self.std = (torch.tensor(v).view(-1, 1, 1) / 255 for v in (mean, std))
        self.normalise = normalise

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(self.images[index].numpy())
        x = torch.from_numpy(np.array(image)).view(image.size[1], image.size[0], -1).permute(2, 0, 1).contiguous()
        x = x.float().div(255)
        return (x - self.mean) / self.std if self.normalise else x, int(self.labels[index])


def course(job: Job, dataset: Dataset) -> float:
    """As the course writes it: a DataLoader, ToTensor an image, sums read off the device at every step; fp32."""
    net = network(job, torch.contiguous_format)
    optimizer = sgd(job, net)
    size = job.run.data.batch_size
    train, val = (
        DataLoader(Pictures(split, dataset.mean, dataset.std, normalise=False), size, shuffle=shuffle)
        for split, shuffle in ((dataset.train, True), (dataset.val, False))
    )
    seconds = 0.0
    for _ in range(EPOCHS):
        began, sums = time.perf_counter(), [0.0, 0.0, 0]
        for x, y in train:
            optimizer.zero_grad()
            logits = net(x)
            loss = F.cross_entropy(logits, y)
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                for i, value in enumerate((float(loss * len(y)), float((logits.argmax(1) == y).sum()), len(y))):
                    sums[i] += value
        net.eval()
        with torch.no_grad():
            sum(float((net(x).argmax(1) == y).sum()) for x, y in val)
        net.train()
        seconds = time.perf_counter() - began
    return seconds


class AsWritten(pl.LightningModule):
    """A LightningModule as templates write it: automatic optimisation, metrics logged at every step."""

    def __init__(self, net: nn.Module, optimizer: torch.optim.Optimizer, classes: int):
        from torchmetrics.classification import MulticlassAccuracy

        super().__init__()
        self.net, self.ours = net, optimizer
        self.train_acc, self.val_acc = MulticlassAccuracy(classes), MulticlassAccuracy(classes)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self.ours

    def training_step(self, batch: Any, _: int) -> Tensor:
        x, y = batch
        logits = self.net(x)
        loss = F.cross_entropy(logits, y)
        self.train_acc(logits, y)
        self.log("train/loss", loss, on_step=True, on_epoch=True, prog_bar=True)
        self.log("train/acc", self.train_acc, on_step=True, on_epoch=True, prog_bar=True)
        return loss

    def validation_step(self, batch: Any, _: int) -> None:
        x, y = batch
        logits = self.net(x)
        self.val_acc(logits, y)
        self.log("val/loss", F.cross_entropy(logits, y), prog_bar=True)
        self.log("val/acc", self.val_acc, prog_bar=True)


def template(job: Job, dataset: Dataset) -> float:
    """Lightning as its templates use it: DataLoader, PIL images, torchmetrics, a log call a step, a progress bar."""
    net = network(job, torch.contiguous_format)
    size, clock = job.run.data.batch_size, Clock()
    loaders = [
        DataLoader(Pictures(split, dataset.mean, dataset.std, normalise=True), size, shuffle=shuffle)
        for split, shuffle in ((dataset.train, True), (dataset.val, False))
    ]
    with silence():
        trainer = pl.Trainer(
            max_epochs=EPOCHS,
            accelerator="cpu",
            logger=False,
            callbacks=[clock],
            enable_checkpointing=False,
            enable_model_summary=False,
            gradient_clip_val=job.run.trainer.gradient_clip_val,
            num_sanity_val_steps=0,
        )
        trainer.fit(AsWritten(net, sgd(job, net), job.run.network.classes), loaders[0], loaders[1])
    return clock.seconds


class Clock(pl.Callback):
    """Seconds of the last epoch, its validation included."""

    seconds = 0.0

    def on_train_epoch_start(self, *_: Any) -> None:
        self.began = time.perf_counter()

    def on_train_epoch_end(self, *_: Any) -> None:
        self.seconds = time.perf_counter() - self.began


@contextmanager
def silence() -> Iterator[None]:
    """Bars are drawn, but not here; warnings about workers are not the point."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield
