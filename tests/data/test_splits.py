"""Mirrors cnnlab/data/splits.py."""

from itertools import pairwise

import torch

from cnnlab.data.splits import balanced, quotas, stratified

EVEN = torch.arange(1000) % 10
UNEVEN = torch.cat([torch.zeros(500), torch.ones(50), torch.full((3,), 2), torch.full((1,), 3)]).long()


def test_a_fraction_is_held_of_each_class_and_the_rest_is_all_the_others():
    held, rest = stratified(EVEN, 0.1, "val", 0)
    assert EVEN[held].bincount().tolist() == [10] * 10
    assert torch.cat([held, rest]).sort().values.tolist() == list(range(1000))


def test_small_classes_keep_an_image_on_both_sides_and_a_single_one_is_trained_on():
    held, rest = stratified(UNEVEN, 0.1, "val", 0)
    assert UNEVEN[held].bincount(minlength=4).tolist() == [50, 5, 1, 0]
    assert UNEVEN[rest].bincount(minlength=4).tolist() == [450, 45, 2, 1]


def test_another_seed_holds_other_images():
    first, second = (set(stratified(EVEN, 0.1, "val", seed)[0].tolist()) for seed in (0, 1))
    assert len(first & second) < 30


def test_a_balanced_choice_differs_by_one_at_most_and_takes_what_there_is():
    assert sorted(EVEN[balanced(EVEN, 57, "s")].bincount(minlength=10).tolist()) == [5] * 3 + [6] * 7
    assert UNEVEN[balanced(UNEVEN, 104, "s")].bincount(minlength=4).tolist() == [50, 50, 3, 1]


def test_a_class_without_images_is_left_out():
    labels = torch.tensor([0, 0, 2, 2])
    assert labels[balanced(labels, 2, "s")].tolist() == [0, 2]


def test_fewer_images_are_a_part_of_more():
    sets = [set(balanced(UNEVEN, count, "s", 3).tolist()) for count in range(1, 120)]
    assert all(small < large for small, large in pairwise(sets))


def test_quotas_sum_up_never_exceed_a_class_and_only_grow():
    for sizes in ([3, 3, 3], [0, 1, 9], [4, 2, 7, 2]):
        before = [0] * len(sizes)
        for count in range(sum(sizes) + 1):
            given = quotas(sizes, count)
            assert sum(given) == count
            assert all(low <= now <= size for low, now, size in zip(before, given, sizes, strict=True))
            before = given
