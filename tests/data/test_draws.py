"""Mirrors cnnlab/data/draws.py."""

import subprocess
import sys

import pytest
import torch
from scipy import stats

from cnnlab.data.draws import draws, shuffled

PINNED = [418380215022909089, 495009357970867919, 2041661127311737795]


def test_the_numbers_are_these_for_ever():
    assert draws(3, "order", 0, 0).tolist() == PINNED


@pytest.mark.slow
def test_another_process_draws_the_same():
    code = "from cnnlab.data.draws import draws; print(draws(3, 'order', 0, 0).tolist())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONHASHSEED": "77"})
    assert done.stdout == f"{PINNED}\n"


def test_a_number_does_not_depend_on_how_many_are_drawn():
    assert torch.equal(draws(1000, "a", 1)[:10], draws(10, "a", 1))


def test_numbers_are_never_negative():
    assert draws(10_000, "a").min() >= 0


def test_numbers_modulo_anything_small_are_uniform():
    for modulus in (2, 5, 9, 28):
        counts = (draws(20_000, "uniform", modulus) % modulus).bincount(minlength=modulus)
        assert stats.chisquare(counts).pvalue > 1e-4


def test_top_bits_are_uniform_too():
    counts = (draws(20_000, "top") >> 58).bincount(minlength=16)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_different_keys_and_neighbouring_seeds_are_unrelated():
    base = draws(20_000, "row", 1, 5)
    for other in (("column", 1, 5), ("row", 2, 5), ("row", 1, 6)):
        table = torch.zeros(5, 5, dtype=torch.int64)
        table.index_put_((base % 5, draws(20_000, *other) % 5), torch.tensor(1), accumulate=True)
        assert stats.chi2_contingency(table.numpy()).pvalue > 1e-4


def test_neighbouring_samples_are_unrelated():
    bits = draws(20_001, "neighbours") % 4
    table = torch.zeros(4, 4, dtype=torch.int64)
    table.index_put_((bits[:-1], bits[1:]), torch.tensor(1), accumulate=True)
    assert stats.chi2_contingency(table.numpy()).pvalue > 1e-4


def test_a_shuffle_has_every_place_once_and_every_first_place_is_as_likely():
    assert shuffled(100, "a").sort().values.tolist() == list(range(100))
    firsts = torch.stack([shuffled(5, "first", seed)[0] for seed in range(2000)]).bincount(minlength=5)
    assert stats.chisquare(firsts).pvalue > 1e-4
