"""`cnnlab.module`: any Trainer, any DataLoader."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics.classification import MulticlassF1Score

import cnnlab
from cnnlab import UserError

TINY = {
    "body": {"c1": {"block": "conv", "channels": 8}, "p1": {"block": "max_pool"}},
    "head": {"flat": {"block": "flatten"}, "out": {"block": "linear", "features": "classes"}},
}


@pytest.fixture
def loader() -> DataLoader:
    """Images whose brighter half is their class."""
    torch.manual_seed(0)
    y = torch.arange(96) % 2
    x = torch.rand(96, 1, 8, 8)
    x[y == 0, :, :4] += 1
    x[y == 1, :, 4:] += 1
    return DataLoader(TensorDataset(x, y), batch_size=16)


def fit(module: pl.LightningModule, loader: DataLoader, folder: Path, epochs: int = 3) -> pl.Trainer:
    trainer = pl.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=folder,
        enable_model_summary=False, enable_checkpointing=False,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Lightning: few workers, few batches
        trainer.fit(module, loader, loader)
    return trainer


def test_a_network_learns_in_a_plain_trainer_with_metrics_and_a_schedule(loader: DataLoader, tmp_path: Path) -> None:
    net = cnnlab.build(TINY, classes=2, shape=(1, 8, 8))
    module = cnnlab.module(
        net, optimizer=cnnlab.AdamW(lr=1e-2), schedule=cnnlab.Cosine(), metrics={"f1": MulticlassF1Score(2)}
    )
    trainer = fit(module, loader, tmp_path)
    assert trainer.callback_metrics["val/acc"] == 1
    assert trainer.callback_metrics["val/f1"] == 1
    rates = [group["lr"] for group in trainer.optimizers[0].param_groups]
    assert rates == [pytest.approx(1e-2 * cnnlab.Cosine().factor(17, 18, 6))]


def test_names_and_functions_will_do_and_any_module_is_a_network(loader: DataLoader, tmp_path: Path) -> None:
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 2))
    module = cnnlab.module(net, loss=torch.nn.functional.cross_entropy, optimizer=cnnlab.Sgd(lr=0.1))
    assert fit(module, loader, tmp_path).callback_metrics["train/acc"] > 0.9


def test_auxiliary_heads_learn(loader: DataLoader, tmp_path: Path) -> None:
    aux = {"side": {"from": "c1", "weight": 0.3, "head": {"flat": {"block": "flatten"},
           "out": {"block": "linear", "features": "classes"}}}}  # fmt: skip
    net = cnnlab.build({**TINY, "aux": aux}, classes=2, shape=(1, 8, 8))
    before = net.state_dict()["aux.side.out.0.linear.weight"].clone()
    fit(cnnlab.module(net), loader, tmp_path, epochs=1)
    assert not torch.equal(before, net.state_dict()["aux.side.out.0.linear.weight"])


def test_an_output_that_is_no_logits_is_said(loader: DataLoader, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"net: its output should be logits \(B, classes\), not \(16, 1, 8, 8\)"):
        fit(cnnlab.module(torch.nn.Conv2d(1, 1, 1)), loader, tmp_path)


def test_what_cannot_be_used_is_said_at_once() -> None:
    with pytest.raises(UserError) as error:
        cnnlab.module(
            torch.nn.Identity(), loss="cross_entropi", optimizer=torch.optim.SGD, metrics={"f1": torch.nn.Identity()}
        )  # type: ignore[arg-type]
    assert {fault.path for fault in error.value.faults} == {"loss.kind", "optimizer", "metrics.f1"}


def test_the_module_of_runs_has_no_way_to_load_that_does_not_work() -> None:
    from cnnlab.training.classifier import Classifier

    assert not hasattr(Classifier, "load_from_checkpoint")
