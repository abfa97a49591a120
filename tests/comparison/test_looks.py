"""Looking more than once keeps the promised error, and costs what it is said to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtr

from cnnlab.comparison.looks import ONLY, Looks, levels

DRAWS = 40_000


def p_values(seeds: tuple[int, ...], mean: float = 0.0, seed: int = 7) -> np.ndarray:
    """One-sided p of Student's test at each look, of numbers drawn one by one."""
    numbers = np.random.default_rng(seed).normal(mean, 1, (DRAWS, seeds[-1]))
    return np.array([
        stdtr(n - 1, -numbers[:, :n].mean(axis=1) / numbers[:, :n].std(axis=1, ddof=1) * n**0.5) for n in seeds
    ])  # fmt: skip


def share(values: np.ndarray, limits: tuple[float, ...]) -> float:
    return float((values <= np.array(limits)[:, None]).any(axis=0).mean())


@pytest.mark.parametrize("seeds", [(3, 5, 10, 20), (5, 10, 20), (5, 10), (3, 4, 5, 6, 7, 8, 9, 10), (2, 50)])
@pytest.mark.parametrize("alpha", [0.05, 0.0125])
def test_no_more_than_alpha_is_wrong_over_all_looks(seeds: tuple[int, ...], alpha: float) -> None:
    one_sided, limits = p_values(seeds), levels(seeds, alpha)
    slack = 3.3 * (alpha / DRAWS) ** 0.5
    assert share(one_sided, limits) <= alpha + slack
    two_sided = share(2 * np.minimum(one_sided, 1 - one_sided), limits)
    assert two_sided <= alpha + slack
    assert two_sided >= 0.8 * alpha  # and hardly less: what is not spent is lost


def test_judged_at_five_per_cent_each_time_it_would_be_wrong_twice_as_often() -> None:
    one_sided = p_values((3, 5, 10))
    assert share(2 * np.minimum(one_sided, 1 - one_sided), (0.05,) * 3) > 0.1


def test_a_difference_of_one_standard_deviation_is_nearly_as_often_seen_and_sooner() -> None:
    seeds = (3, 5, 10, 20)
    two_sided = 2 * p_values(seeds, mean=1.0)
    hits = two_sided <= np.array(levels(seeds, 0.05))[:, None]
    assert hits.any(axis=0).mean() == pytest.approx(0.978, abs=0.01)
    used = np.where(hits.any(axis=0), np.array(seeds)[hits.argmax(axis=0)], 20)
    assert used.mean() == pytest.approx(13.6, abs=0.3)


def test_a_p_value_over_all_looks_is_rejected_where_its_own_level_is_met() -> None:
    looks = Looks((3, 5, 10, 20))
    for look in range(4):
        limit = looks.level(0.05, look)
        assert looks.over_all(limit, look) == pytest.approx(0.05)
        assert looks.over_all(limit / 2, look) < 0.05 < looks.over_all(limit * 1.1, look)
        assert looks.over_all(0.0, look) == 0.0
        assert looks.over_all(1e-9, look) < 1e-6
        assert looks.over_all(1.0, look) == 1.0


def test_one_look_changes_nothing() -> None:
    assert (ONLY.level(0.05), ONLY.over_all(0.031)) == (0.05, 0.031)
