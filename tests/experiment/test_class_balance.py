"""Mirrors cnnlab/experiment/class_balance.py: what a run on unbalanced classes is told of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_run import result

from cnnlab.data.dataset import Dataset
from cnnlab.data.splits import Split
from cnnlab.experiment.class_balance import ClassBalance
from cnnlab.metrics.by_class import ByClass
from cnnlab.training.losses import CrossEntropy

NAMES = ("common", "rare")


class Settings:
    """As much of a run as matters here."""

    def __init__(self, sampler: str | None = None, **loss: object) -> None:
        self.data, self.loss = self, CrossEntropy(**loss)  # type: ignore[arg-type]
        self.sampler = sampler


def balance(*counts: int, **settings: object) -> ClassBalance:
    labels = torch.tensor([label for label, count in enumerate(counts) for _ in range(count)])
    split = Split(torch.zeros(len(labels), 1, 2, 2, dtype=torch.uint8), labels)
    return ClassBalance(Dataset(split, split, split, NAMES, (0.0,), (1.0,)), Settings(**settings))  # type: ignore[arg-type]


def row(val_loss: float, balanced_acc: float, train_loss: float = 0.2) -> dict[str, float]:
    return {"val/loss": val_loss, "val/balanced_acc": balanced_acc, "train/loss": train_loss}


LEARNED, ALWAYS = ByClass([[18, 1], [0, 1]]), ByClass([[19, 0], [1, 0]])


def test_a_loss_below_ln_classes_is_no_learning_where_one_class_is_common() -> None:
    """The entropy of 19 : 1 is 0.199, far below ln 2."""
    (said,) = balance(19, 1).warnings([row(0.21, 0.5), row(0.2, 0.5)], LEARNED)
    seen = "0.200 at best; the classes' shares alone give 0.199"
    assert said == f"not learning: the validation loss is still that of chance ({seen})"
    assert list(balance(19, 1).warnings([row(0.21, 0.5), row(0.15, 0.5)], LEARNED)) == []


def test_a_network_that_ranks_rightly_learns_whatever_the_scale_of_its_loss() -> None:
    assert list(balance(19, 1).warnings([row(3.0, 0.9)], LEARNED)) == []


def test_images_learned_by_heart_are_told_beside_it() -> None:
    (said,) = balance(19, 1).warnings([row(0.9, 0.5, train_loss=0.01)], LEARNED)
    assert said.endswith("; the training images are learned by heart (0.010)")


@pytest.mark.parametrize("settings", [{"class_weights": "balanced"}, {"sampler": "balanced"}])
def test_where_classes_count_alike_chance_is_that_of_as_many_of_each(settings: dict[str, str]) -> None:
    (said,) = balance(19, 1, **settings).warnings([row(0.69, 0.5, train_loss=0.69)], LEARNED)
    assert "(0.690 at best; what the classes count for alone give 0.693)" in said
    assert list(balance(19, 1, **settings).warnings([row(0.6, 0.5, train_loss=0.69)], LEARNED)) == []


def test_a_network_that_answers_one_class_only_is_told() -> None:
    (said,) = balance(19, 1).warnings([row(0.1, 0.5)], ALWAYS)
    assert said == "one class only: the network answers 'common' for all 20 test images, which alone gives 0.9500"
    assert list(balance(20, 0).warnings([row(0.0, 1.0)], ByClass([[20, 0], [0, 0]]))) == []  # there is no other


def test_a_run_on_noise_is_no_success(
    cnnlab: Callable[..., int], no_pictures: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """190 images of one class and 10 of the other, all noise: 0.95 is what always naming the commonest gives."""
    random = np.random.default_rng(1)
    for name, count in (("common", 190), ("rare", 10)):
        Path("noise", name).mkdir(parents=True)
        for number in range(count):
            image = Image.fromarray(random.integers(0, 255, (24, 24)).astype(np.uint8))
            image.save(Path("noise", name, f"{number:03}.png"))
    words = ["data=folder", "data.dir=noise", "data.shape=[1,24,24]", "data.batch_size=16", "trainer.max_epochs=2"]
    assert cnnlab(*words, "trainer.precision=32", "threads=1", "hydra.run.dir=run") == 0
    found, said = result(Path("run")), capsys.readouterr().out
    assert (found["test/acc"], found["test/balanced_acc"], found["data/majority"]) == (0.95, 0.5, 0.95)
    assert found["data/val_majority"] == 15 / 16
    assert found["test/per_class"] == {"common": 1.0, "rare": 0.0}
    assert "test/acc5" not in found
    assert any(warning.startswith("one class only: ") for warning in found["warnings"])
    assert "warning: one class only: the network answers 'common' for all 40 test images" in said
    assert "test accuracy 0.9500, balanced 0.5000; always 'common' gives 0.9500" in said
