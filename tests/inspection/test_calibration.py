"""Calibration against numbers worked out by hand."""

from __future__ import annotations

import pytest
import torch

from cnnlab.inspection.calibration import calibration, softened, temperature


def test_a_gap_is_that_between_confidence_and_accuracy_in_each_bin() -> None:
    p = torch.tensor([[0.9, 0.1], [0.9, 0.1], [0.7, 0.3], [0.4, 0.6]], dtype=torch.float64)
    found = calibration(p, torch.tensor([0, 1, 0, 1]), count=10)
    assert [(one.count, one.low) for one in found.bins] == [(1, 0.5), (1, 0.6), (2, 0.8)]
    assert [one.accuracy for one in found.bins] == [1, 1, 0.5]
    assert found.ece == pytest.approx((0.4 + 0.3 + 2 * 0.4) / 4)
    assert found.worst == pytest.approx(0.4)
    assert (found.accuracy, found.confidence) == (0.75, pytest.approx(0.775))
    assert found.brier == pytest.approx(2 * (0.01 + 0.81 + 0.09 + 0.16) / 4)


def test_an_overconfident_networks_temperature_is_found() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(20_000, 5, generator=generator, dtype=torch.float64)
    truth = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    sharp = (3 * logits).softmax(1)
    assert temperature(sharp, truth) == pytest.approx(3, rel=0.05)
    before, after = calibration(sharp, truth), calibration(softened(sharp, 3.0), truth)
    assert before.ece > 0.2 > 10 * after.ece
    assert before.accuracy == after.accuracy
    torch.testing.assert_close(softened(sharp, 3.0), logits.softmax(1))
