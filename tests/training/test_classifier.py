"""Mirrors cnnlab/training/classifier.py: a step, an epoch, and what makes both a function of the seed."""

from __future__ import annotations

from typing import Any

import pytest
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from classifiers import BODY, batches, classifier, equal, fit, weights
from torch import nn

from cnnlab.data.batches import Batches
from cnnlab.training.classifier import Diverged, all_finite

PLAIN = {"a": {"block": "conv", "channels": 4}}


class Rows(pl.Callback):
    """Keeps each epoch's row, and the learning rate of each step."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.rates: list[float] = []

    def on_before_optimizer_step(self, trainer: pl.Trainer, module: Any, optimizer: Any) -> None:
        self.rates += [group["lr"] for group in optimizer.param_groups]

    def on_train_epoch_end(self, trainer: pl.Trainer, module: Any) -> None:
        self.rows.append(module.row())


def test_a_step_of_sgd_is_the_one_of_plain_torch() -> None:
    words = ["optimizer.lr=0.1", "optimizer.momentum=0", "optimizer.nesterov=false", "optimizer.weight_decay=0.01"]
    module = classifier(*words, body=PLAIN, train=batches(5, 5))
    twin = classifier(*words, body=PLAIN)
    x, y = batches(5, 5).batch(0)
    plain = torch.optim.SGD(twin.parameters(), 0.1, weight_decay=0.01)
    F.cross_entropy(twin(x), y).backward()
    plain.step()
    fit(module)
    for name, value in weights(twin).items():
        torch.testing.assert_close(weights(module)[name], value, rtol=1e-5, atol=1e-7)


def test_the_same_seed_learns_the_same_and_in_ranges_as_in_single_steps() -> None:
    ends = []
    for together in (1, 1, 3, 32):
        module = classifier(body=BODY | {"d": {"block": "dropout", "p": 0.3}})
        fit(module, epochs=2, together=together)
        ends.append(weights(module))
    assert all(equal(ends[0], other) for other in ends[1:])


def test_gradients_of_several_batches_are_one_step_of_their_mean() -> None:
    """Of 5 batches two steps are made of two each, and one of what is left."""
    rows = Rows()
    module = classifier(body=PLAIN, train=batches(20, 4), accumulate=2)
    trainer = fit(module, callbacks=[rows])
    assert (module.steps_an_epoch, trainer.global_step) == (3, 3)
    one, several = (
        classifier("optimizer.momentum=0", "optimizer.nesterov=false", body=PLAIN, train=batches(8, size), accumulate=n)
        for size, n in ((8, 1), (4, 2))
    )
    for each in (one, several):
        fit(each)
    for name, value in weights(one).items():
        torch.testing.assert_close(weights(several)[name], value, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("count", "size", "several"), [(22, 4, 2), (23, 4, 3), (10, 3, 4), (17, 4, 4), (9, 2, 2)])
def test_every_image_of_a_step_weighs_the_same_whatever_batches_they_came_in(
    count: int, size: int, several: int
) -> None:
    """`several` batches of `size` are one of `several * size`: also where the last of them is smaller."""
    words = ["optimizer.momentum=0.9", "optimizer.lr=0.1"]
    one, parts = (
        classifier(*words, body=PLAIN, train=batches(count, batch, shuffle=True), accumulate=n)
        for batch, n in ((size * several, 1), (size, several))
    )
    for module in (one, parts):
        fit(module, epochs=3)
    assert one.steps_an_epoch == parts.steps_an_epoch
    for name, value in weights(one).items():
        torch.testing.assert_close(weights(parts)[name], value, rtol=1e-6, atol=1e-6)


def test_a_gradient_is_clipped_to_its_norm() -> None:
    before, words = weights(classifier(body=PLAIN)), ["optimizer.momentum=0", "optimizer.weight_decay=0"]
    module = classifier(*words, "optimizer.nesterov=false", body=PLAIN, train=batches(5, 5), clip=1e-3)
    fit(module)
    moved = torch.cat([(weights(module)[name] - value).flatten() for name, value in before.items()])
    assert float(moved.norm()) == pytest.approx(0.1 * 1e-3, rel=1e-3)


def test_the_rate_of_each_step_is_the_schedules() -> None:
    rows = Rows()
    module = classifier("scheduler=cosine", "scheduler.end=0", "scheduler.warmup=0", "optimizer.lr=0.2")
    fit(module, epochs=2, callbacks=[rows])
    assert rows.rates == pytest.approx([module.rate(step) for step in range(8)])
    assert rows.rates[0] == pytest.approx(0.2)
    assert rows.rates == sorted(rows.rates, reverse=True)
    assert [row["lr"] for row in rows.rows] == pytest.approx([rows.rates[3], rows.rates[7]])


def test_an_epochs_row_is_the_mean_over_its_images_and_the_whole_of_validation() -> None:
    """The rate is so small that the network of the epoch's end is the one of all its steps."""
    rows = Rows()
    module = classifier("optimizer.lr=1e-12", body=PLAIN, train=batches(18, 5, shuffle=True))
    fit(module, epochs=2, callbacks=[rows])
    assert [(row["epoch"], row["step"], row["lr"]) for row in rows.rows] == [(1, 4, 1e-12), (2, 8, 1e-12)]
    for split, feed in (("train", module.train_batches), ("val", module.val_batches)):
        pairs = [feed.batch(step) for step in range(len(feed))]
        scores, truth = module.eval()(torch.cat([x for x, _ in pairs])), torch.cat([y for _, y in pairs])
        loss, acc = F.cross_entropy(scores, truth), (scores.argmax(1) == truth).float().mean()
        for row in rows.rows:
            assert (row[f"{split}/loss"], row[f"{split}/acc"]) == pytest.approx(
                (float(loss.detach()), float(acc)), rel=1e-4
            )
    assert all(row["images_per_second"] == pytest.approx(18 / row["seconds"]) for row in rows.rows)


def test_training_ends_in_the_middle_of_an_epoch_where_steps_are_limited_and_is_validated() -> None:
    rows = Rows()
    module = classifier()
    trainer = fit(module, epochs=9, max_steps=6, together=4, callbacks=[rows])
    assert trainer.global_step == module.total_steps == 6
    assert [(row["epoch"], row["step"], "val/acc" in row) for row in rows.rows] == [(1, 4, True), (2, 6, True)]


def test_smoothed_labels_are_learned_from_and_not_validated_with() -> None:
    rows, smooth = Rows(), Rows()
    fit(classifier("optimizer.lr=1e-12"), callbacks=[rows])
    fit(classifier("optimizer.lr=1e-12", "loss.label_smoothing=0.5"), callbacks=[smooth])
    assert smooth.rows[0]["train/loss"] != pytest.approx(rows.rows[0]["train/loss"], rel=1e-3)
    assert smooth.rows[0]["val/loss"] == pytest.approx(rows.rows[0]["val/loss"], rel=1e-5)


def test_frozen_blocks_stay_as_they_are_and_learn_from_their_epoch_on() -> None:
    module = classifier(freeze={"body": 1})
    before = weights(module)
    fit(module, epochs=1)
    assert all(torch.equal(value, before[name]) for name, value in weights(module).items() if name.startswith("body"))
    module = classifier(freeze={"body": 1})
    fit(module, epochs=2)
    assert not equal({name: value for name, value in weights(module).items() if name.startswith("body")}, {
        name: value for name, value in before.items() if name.startswith("body")
    })  # fmt: skip


class Spoilt(Batches):
    """Of the last batch the first number is not one."""

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        x, y = super().batch(step)
        if step == len(self) - 1:
            x[0, 0, 0, 0] = float("nan")
        return x, y


def test_a_loss_that_is_not_finite_ends_training_with_the_place() -> None:
    whole = batches()
    whole.__class__ = Spoilt
    with pytest.raises(Diverged, match=r"^the loss is not finite any more \(epoch 1, step 4\)$"):
        fit(classifier(train=whole))


def test_a_state_that_nothing_could_go_on_from_is_no_checkpoint() -> None:
    module = classifier()
    fit(module)
    module.look_at_state()
    with torch.no_grad():
        next(module.parameters()).fill_(float("inf"))
    with pytest.raises(Diverged, match="a weight is not finite"):
        module.look_at_state()


def test_whether_all_numbers_are_finite_is_one_answer() -> None:
    good = [torch.zeros(2), torch.ones(3, 3)]
    assert all_finite(good)
    for bad in (float("nan"), float("inf"), -float("inf")):
        assert not all_finite([*good, torch.tensor([1.0, bad])])


def test_weights_are_named_as_the_networks_are() -> None:
    names = {name for name, _ in classifier().named_parameters()}
    assert names == {"body.a.0.conv.weight", "body.a.0.norm.weight", "body.a.0.norm.bias", "head.fc.0.linear.weight",
                     "head.fc.0.linear.bias"}  # fmt: skip
    assert isinstance(classifier().body.a[0].norm, nn.BatchNorm2d)
