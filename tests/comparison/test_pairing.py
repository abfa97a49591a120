"""What pairing gained, what arms differ in beyond the factor, and runs that learned nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from simulated_arms import NONE, NORM, compared, judged, shifted, swept

from benchmarks.simulated import Outcome
from cnnlab.comparison.pairing import pairing

FLAT = {"warnings": ["not learning: the validation loss is still that of chance"]}


def test_the_correlation_and_the_gain_of_pairs_are_those_of_the_seeds() -> None:
    batch = shifted(0.05, 8)
    found = judged(NONE, batch)
    r = np.corrcoef(batch, NONE)[0, 1]
    differences = np.subtract(batch, NONE)
    gain = (np.var(batch, ddof=1) + np.var(NONE, ddof=1)) / np.var(differences, ddof=1)
    assert found.statistics["pairing"]["correlation"] == pytest.approx(r)
    assert found.statistics["pairing"]["gain"] == pytest.approx(gain)
    assert ("pairs", f"r = {r:.2f}, worth {gain:.3g} × the seeds") in found.facts


def test_two_seeds_and_numbers_have_no_correlation() -> None:
    assert pairing([1.0, 2.0], [1.0, 3.0]) is None
    assert judged(NONE, NONE, expect="equal", value=0.8).statistics["pairing"] is None
    assert judged([0.8] * 5, shifted(0.05)).statistics["pairing"]["correlation"] is None


def test_arms_whose_runs_spread_otherwise_say_that_the_rates_are_not_for_them() -> None:
    steady = [0.8, 0.801, 0.8, 0.801, 0.8]
    found = judged(steady, [0.9, 0.912, 0.885, 0.9, 0.921])
    assert found.answer == "supported"
    assert "The runs of norm=batch spread 25 times as far as those of norm=none: of such arms" in found.sentence
    assert "spread" not in judged(NONE, shifted(0.05)).sentence


def test_a_verdict_that_rests_on_runs_that_did_not_learn_says_so() -> None:
    batch = [Outcome(acc=acc, extra=FLAT if seed < 2 else {}) for seed, acc in enumerate(shifted(0.05))]
    comparison = compared(NONE, batch, [NORM])
    (found,) = comparison.judged
    assert "2 of the 10 runs did not learn." in found.sentence
    assert found.numbers.not_learned == ("norm=batch_seed=0", "norm=batch_seed=1")
    assert "did not learn" not in judged(NONE, shifted(0.05)).sentence


def test_what_arms_differ_in_beyond_the_factor_is_listed() -> None:
    keys = {"model": ["lenet", "bn_lenet"], "seed": ["0", "1", "2"]}
    other = {"model.norm": "batch", "model.body.c1.padding": "valid", "model.body.c2.block": "pool"}

    def end(at: Mapping[str, str]) -> Outcome:
        return Outcome(acc=0.8 + int(at["seed"]) / 1000, config=other if at["model"] == "bn_lenet" else {})

    (found,) = swept(keys, end, [{"factor": "model", "arm": "bn_lenet"}]).judged
    assert [(one.path, one.arm, one.reference) for one in found.numbers.others] == [
        ("model.body.c1.padding", '"valid"', "not set"),
        ("model.body.c2", "set", "not set"),
        ("model.norm", '"batch"', "not set"),
    ]


def test_a_setting_that_is_the_factor_is_not_listed_beside_it() -> None:
    assert judged(NONE, shifted(0.05)).numbers.others == ()
