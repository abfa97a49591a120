"""Mirrors cnnlab/metrics/by_class.py: numbers by hand, of balanced classes, rare ones and ones without an image."""

from __future__ import annotations

import math

import pytest

from cnnlab.metrics.by_class import ByClass, Shares, balancing, skill

HAND = [[8, 1, 1], [2, 2, 0], [1, 0, 1]]
"""recall 0.8, 0.5, 0.5; predicted 11, 3, 2; F1 16/21, 4/7, 2/4"""
MISSING = [[3, 0, 1], [1, 1, 0], [0, 0, 0]]
"""of the third class there is no image, although one is taken for it"""


def test_recall_balanced_accuracy_and_f1_are_those_of_a_calculation_by_hand() -> None:
    by_class = ByClass(HAND)
    assert by_class.counts == [10, 4, 2]
    assert by_class.recall == [0.8, 0.5, 0.5]
    assert by_class.balanced_acc == pytest.approx(0.6)
    assert by_class.f1 == pytest.approx((16 / 21 + 4 / 7 + 2 / 4) / 3)
    assert by_class.most_named == (0, 11 / 16)
    assert by_class.skill == pytest.approx((3 * 0.6 - 1) / 2)


def test_a_class_without_images_has_no_recall_and_is_in_no_mean() -> None:
    by_class = ByClass(MISSING)
    assert by_class.recall == [0.75, 0.5, None]
    assert by_class.balanced_acc == 0.625
    assert by_class.f1 == pytest.approx((2 * 3 / (4 + 4) + 2 * 1 / (2 + 1)) / 2)
    assert by_class.skill == pytest.approx(0.25)


def test_naming_one_class_alone_has_no_skill_however_common_it_is() -> None:
    always = ByClass([[190, 0], [10, 0]])
    assert (always.balanced_acc, always.skill, always.most_named) == (0.5, 0.0, (0, 1.0))
    assert always.f1 == pytest.approx(2 * 190 / (190 + 200) / 2)
    assert skill(1.0, 1) == 1.0


def test_shares_say_what_can_be_had_without_looking() -> None:
    rare = Shares([190, 10, 0], ["common", "rare", "missing"])
    assert (rare.majority, rare.words, rare.classes) == (0.95, "always 'common'", 2)
    assert rare.loss() == pytest.approx(-(0.95 * math.log(0.95) + 0.05 * math.log(0.05)))
    even = Shares([5, 5], ["a", "b"])
    assert (even.majority, even.commonest, even.words) == (0.5, None, "any one class")
    assert even.loss() == pytest.approx(math.log(2))


def test_balancing_weights_make_the_classes_count_alike() -> None:
    counts = [6, 2, 0]
    weights = balancing(counts)
    assert weights == pytest.approx((8 / (2 * 6), 8 / (2 * 2), 0))
    assert sum(n * w for n, w in zip(counts, weights, strict=True)) == pytest.approx(8)
    assert Shares(counts, "abc").loss(weights) == pytest.approx(math.log(2))
