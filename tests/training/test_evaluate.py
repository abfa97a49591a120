"""Mirrors cnnlab/training/evaluate.py: loss, accuracy and confusion of a split."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from classifiers import batches
from torch import nn

from cnnlab.training.evaluate import Evaluation, autocast, evaluate


def net() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 3), nn.Dropout(0.5))


@pytest.mark.parametrize("size", [1, 5, 7, 20])
def test_the_loss_is_a_mean_over_images_however_they_are_batched(size: int) -> None:
    network, whole = net(), batches(20, 20)
    x, y = whole.batch(0)
    found = evaluate(network, batches(20, size))
    scores = network.eval()(x)
    assert found.loss == pytest.approx(float(F.cross_entropy(scores, y).detach()), rel=1e-5)
    assert found.acc == pytest.approx(float((scores.argmax(1) == y).float().mean()))
    torch.testing.assert_close(found.probabilities, scores.softmax(1).detach())
    assert torch.equal(found.truth, y)


@pytest.mark.parametrize("mode", [True, False])
def test_a_network_is_left_in_the_mode_it_was_in_and_without_gradients(mode: bool) -> None:
    network = net().train(mode)
    first, second = evaluate(network, batches()), evaluate(network, batches())
    assert network.training is mode
    assert torch.equal(first.probabilities, second.probabilities)  # no dropout
    assert not first.probabilities.requires_grad


def test_a_confusion_counts_true_by_predicted_class() -> None:
    truth, predicted = torch.tensor([0, 0, 1, 2]), torch.tensor([0, 2, 1, 1])
    found = Evaluation(0.0, 0.5, F.one_hot(predicted, 3).float(), truth)
    assert torch.equal(found.predicted, predicted)
    assert found.confusion().tolist() == [[1, 0, 1], [0, 1, 0], [0, 1, 0]]


def test_bf16_is_used_within_one_pass_and_scores_are_float32() -> None:
    network, seen = net(), []
    network[1].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    assert evaluate(network, batches(), "bf16").probabilities.dtype == torch.float32
    assert set(seen) == {torch.bfloat16}
    with autocast("32", torch.device("cpu")):
        assert network(batches().batch(0)[0]).dtype == torch.float32


def test_a_top_five_counts_the_first_of_equals_and_is_recorded_from_ten_classes_on() -> None:
    """Ten classes: the true one is sixth, fifth, one of ten equals that stands late, one that stands early."""
    rows = [[9, 8, 7, 6, 5, 4, 3, 2, 1, 0]] * 2 + [[1] * 10] * 2
    probabilities = torch.tensor(rows, dtype=torch.float32).softmax(1)
    found = Evaluation(1.0, 0.25, probabilities, torch.tensor([5, 4, 9, 0]))
    assert found.acc5 == 0.5
    assert found.numbers("test")["test/acc5"] == 0.5
    assert "val/acc5" not in Evaluation(1.0, 0.5, probabilities[:, :9], torch.tensor([5, 4, 8, 0])).numbers("val")


def test_what_is_recorded_of_unbalanced_classes_is_worked_out_by_hand() -> None:
    """Four images of class 0, of which three are known, and one of class 1, which is; none of class 2."""
    predicted = torch.tensor([0, 0, 0, 1, 1])
    found = Evaluation(0.7, 0.8, torch.eye(3)[predicted], torch.tensor([0, 0, 0, 0, 1]))
    assert found.numbers("val") == {
        "val/loss": 0.7, "val/acc": 0.8, "val/balanced_acc": 0.875,
        "val/f1": pytest.approx((2 * 3 / (4 + 3) + 2 * 1 / (1 + 2)) / 2),
    }  # fmt: skip
    assert found.by_class.recall == [0.75, 1.0, None]
