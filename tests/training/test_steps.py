"""Mirrors cnnlab/training/steps.py: an epoch in ranges, and how far it has come."""

from __future__ import annotations

import pytest
import torch

from cnnlab.training.steps import Progress, Steps, ranges


@pytest.mark.parametrize("count", [1, 2, 7, 32])
@pytest.mark.parametrize("together", [1, 3, 100])
@pytest.mark.parametrize("stops", [None, 1, 5])
def test_ranges_cover_an_epoch_once_and_end_with_an_empty_one(count: int, together: int, stops: int | None) -> None:
    found = ranges(count, together, stops)
    assert [step for first, end in found for step in range(first, end)] == list(range(count))
    assert found[-1] == (count, count)
    assert all(first < end <= first + together for first, end in found[:-1])
    ends = {end for _, end in found}
    assert not stops or ends >= set(range(stops, count, stops))


def test_an_epoch_goes_on_where_it_is_when_it_is_asked_and_not_when_it_was_made() -> None:
    done = 0
    steps = Steps(ranges(6, 2), lambda: done)
    assert list(steps) == [(0, 2), (2, 4), (4, 6), (6, 6)]
    done = 4
    assert list(steps) == [(4, 6), (6, 6)]
    assert len(steps) == 4  # Lightning counts an epoch's batches, also of one that is gone on with


def test_progress_comes_back_from_plain_data_as_it_was() -> None:
    progress = Progress(3, 384, torch.tensor([700.25, 90.0]), 1.5)
    plain = progress.plain()
    assert plain == {"step": 3, "seen": 384, "sums": [700.25, 90.0], "seconds": 1.5}
    again = Progress.of(plain)
    assert again.plain() == plain
    assert again.sums.dtype == torch.float32
