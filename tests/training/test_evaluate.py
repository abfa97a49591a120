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
