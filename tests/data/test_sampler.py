"""Mirrors cnnlab/data/sampler.py: every class as often as any other, by the seed and the epoch alone."""

from __future__ import annotations

import torch

from cnnlab.data.augmentation import read_augment
from cnnlab.data.batches import Batches
from cnnlab.data.sampler import BalancedSampler
from cnnlab.data.splits import Split

LABELS = torch.tensor([0] * 14 + [2] * 5 + [3] * 1)
"""of class 1 there is none"""


def test_every_class_that_has_images_comes_as_often_and_as_many_images_as_there_are() -> None:
    sampler = BalancedSampler(LABELS, seed=1)
    for epoch in range(6):
        counts = LABELS[sampler.order(epoch)].bincount(minlength=4).tolist()
        assert sum(counts) == 20
        assert counts[1] == 0
        assert sorted(counts) == [0, 6, 7, 7]
    assert len({tuple(sampler.quotas(epoch)) for epoch in range(6)}) > 1  # what is left over goes round


def test_within_a_class_all_images_come_before_any_comes_again() -> None:
    times = BalancedSampler(LABELS, seed=1).order(3).bincount(minlength=20)
    assert set(times[:14].tolist()) <= {0, 1}
    assert set(times[14:19].tolist()) <= {1, 2}
    assert times[19] in (6, 7)


def test_the_order_is_the_seeds_and_the_epochs_and_nothing_elses() -> None:
    one, other = BalancedSampler(LABELS, seed=1), BalancedSampler(LABELS, seed=1)
    later = one.order(5)
    other.order(0)
    assert torch.equal(other.order(5), later)
    assert not torch.equal(one.order(4), later)
    assert not torch.equal(BalancedSampler(LABELS, seed=2).order(5), later)


def test_an_image_that_comes_several_times_is_changed_otherwise_each_time() -> None:
    augment, faults = read_augment({"flip": True, "shift": 2})
    assert augment is not None, faults
    images = torch.randint(256, (20, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    batches = Batches(Split(images, LABELS), 20, (0.0,), (1.0,), augment=augment, shuffle=True, balanced=True)
    batches.start_epoch(1)
    x, y = batches.batch(0)
    rare = x[y == 3]
    assert len(rare) in (6, 7)
    assert len({image.numpy().tobytes() for image in rare}) > 3
