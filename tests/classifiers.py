"""Small networks that learn from random images, without a run's folder or its record."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from sample_networks import CONV, HEAD, model, network
from tiny_run import CONF

from cnnlab.cli.check import check
from cnnlab.config.compose import compose
from cnnlab.config.engine import start
from cnnlab.data.batches import Batches
from cnnlab.data.splits import Split
from cnnlab.network.build import build
from cnnlab.training.classifier import Classifier
from cnnlab.training.learned import built_loss
from cnnlab.training.steps import Steps, ranges

BODY = {"a": CONV | {"channels": 4, "norm": "batch"}}
CLASSES = 3


def batches(count: int = 20, batch_size: int = 5, **options: Any) -> Batches:
    """Images of a random class each, brighter the higher the class."""
    random = torch.Generator().manual_seed(count)
    y = torch.randint(CLASSES, (count,), generator=random)
    x = torch.randint(80, (count, 1, 6, 6), generator=random) + 80 * y[:, None, None, None]
    return Batches(Split(x.to(torch.uint8), y), batch_size, mean=(100.0,), std=(50.0,), **options)


def classifier(
    *overrides: str, body: dict[str, Any] = BODY, train: Batches | None = None, **options: Any
) -> Classifier:
    """A classifier whose optimizer and schedule are those that `overrides` compose; constant unless they say so."""
    words = ["scheduler=constant", "optimizer.lr=0.1", *overrides]
    run, faults = check(compose(start(CONF).config_loader, "config", words))  # type: ignore[arg-type]
    assert run is not None, faults
    net = build(network(model(body, HEAD), CLASSES), (1, 6, 6), seed=1)
    learned = train or batches(shuffle=True)
    parts = {"optimizer": run.optimizer, "schedule": run.scheduler, "loss": built_loss(run.loss, run.network.classes)}
    return Classifier(net, learned, batches(12), seed=1, **parts, **options)


def fit(
    module: Classifier,
    epochs: int = 1,
    *,
    together: int = 1,
    max_steps: int = -1,
    callbacks: Sequence[pl.Callback] = (),
    checkpoint: Any = None,
) -> pl.Trainer:
    """Train as an experiment does: by ranges of steps, all of the validation images in one go."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        trainer = pl.Trainer(
            accelerator="cpu",
            max_epochs=epochs,
            max_steps=max_steps,
            callbacks=list(callbacks),
            logger=False,
            enable_checkpointing=any(isinstance(one, pl.callbacks.Checkpoint) for one in callbacks),
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
        )
        steps = Steps(ranges(len(module.train_batches), together), lambda: module.progress.step)
        trainer.fit(module, steps, Steps([(0, 0)]), ckpt_path=checkpoint, weights_only=True)  # type: ignore[arg-type]
    return trainer


def weights(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def equal(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> bool:
    return some.keys() == others.keys() and all(torch.equal(some[name], others[name]) for name in some)
