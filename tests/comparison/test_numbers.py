"""One number a seed: ratios, interactions, grids and budgets, worked out by hand; and pairs that are not to be used."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from simulated_arms import LOST, NORM, judged, reaching, reason, swept

from benchmarks.simulated import Outcome, write_sweep
from cnnlab.comparison import compare

GRID = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.2", "0.8"], "seed": ["0", "1", "2"]}
LARGEST = {**NORM, "metric": "largest optimizer.lr with test/acc >= 0.5", "expect": "higher"}


def largest(batch: Sequence[float], none: Sequence[float], odd: Mapping[str, Outcome] | None = None, **claim):
    """Runs learn up to these rates, a rate a seed; `odd`: how the runs of batch at 0.8 end instead, by seed."""

    def end(at: Mapping[str, str]) -> Outcome:
        norm, rate, seed = at.values()
        if odd and norm == "batch" and rate == "0.8" and seed in odd:
            return odd[seed]
        most = (batch if norm == "batch" else none)[int(seed)]
        return Outcome(acc=0.8 if float(rate) <= most else 0.1, curve=(0.6,))

    return swept(GRID, end, [{**LARGEST, **claim}], epochs=1).judged[0]


def test_the_largest_rate_is_found_within_each_seed_and_compared_as_a_ratio() -> None:
    found = largest(batch=[0.2, 0.2, 0.8], none=[0.1, 0.2, 0.1])
    assert [pair.arm for pair in found.numbers.pairs] == pytest.approx([0.2, 0.2, 0.8])
    assert [pair.difference for pair in found.numbers.pairs] == pytest.approx([math.log(2), 0, math.log(8)])
    assert found.numbers.censored == (1, 0)


def test_below_the_grid_counts_one_step_under_its_lowest() -> None:
    found = largest(batch=[0.2, 0.2, 0.2], none=[0.05, 0.1, 0.1])
    step = math.sqrt(2 * 4)  # the median of a doubling and a fourfold step
    assert found.numbers.pairs[0].reference == pytest.approx(0.1 / step)
    assert found.numbers.censored == (0, 1)
    assert found.numbers.resolution == pytest.approx(math.log(step))


def test_a_run_of_the_grid_that_diverged_did_not_reach_it_and_one_that_failed_is_not_known() -> None:
    found = largest([0.8] * 3, [0.1] * 3, {"0": LOST, "1": Outcome(status="failed", error="no memory left")})
    assert [pair.arm for pair in found.numbers.pairs] == pytest.approx([0.2, 0.8])
    assert found.numbers.left_out == ("seed 1: norm=batch_lr=0.8_seed=1 failed (no memory left)",)


def test_a_run_that_recorded_no_such_number_is_not_one_that_fell_short() -> None:
    found = largest([0.8] * 3, [0.1] * 3, {"0": Outcome(acc=None)})
    assert len(found.numbers.pairs) == 2
    assert found.numbers.left_out == ("seed 0: norm=batch_lr=0.8_seed=0 recorded no test/acc",)


def test_a_run_cut_short_at_the_budget_did_not_get_there_by_then() -> None:
    def end(at: Mapping[str, str]) -> Outcome:
        return reaching(None if at["optimizer.lr"] == "0.8" else 3)[0]

    metric = "largest optimizer.lr with epochs to val/acc >= 0.7 <= 8"
    found = swept(GRID, end, [{**LARGEST, "metric": metric}]).judged[0]
    assert [pair.arm for pair in found.numbers.pairs] == pytest.approx([0.2] * 3)


def test_a_run_that_lies_at_the_bar_has_reached_it() -> None:
    found = largest([0.2] * 3, [0.1] * 3, metric="largest optimizer.lr with test/acc >= 0.8")
    assert [pair.arm for pair in found.numbers.pairs] == pytest.approx([0.2] * 3)


def test_numbers_at_an_end_of_the_grid_are_not_equal() -> None:
    apart = {"metric": "largest optimizer.lr with test/acc >= 0.5", "margin": 30, "expect": "equal"}
    ended = largest([0.8] * 3, [0.8] * 3, **apart)
    assert ended.answer == "inconclusive"
    assert reason(ended) == "some numbers lie at an end of the grid, so that how far apart they are is not known"
    assert largest([0.2] * 3, [0.2] * 3, **apart).answer == "supported"


@pytest.mark.parametrize(
    ("most", "expect", "value", "verdict"),
    [(0.8, "lower", 5, "inconclusive"), (0.8, "equal", 0.8, "inconclusive"), (0.8, "different", 5, "inconclusive"),
     (0.8, "higher", 0.2, "supported"), (0.8, "lower", 0.2, "refuted"), (0.8, "higher", 5, "inconclusive"),
     (0, "higher", 0.001, "inconclusive"), (0, "different", 0.001, "inconclusive"), (0, "equal", 0.001, "inconclusive"),
     (0, "lower", 0.001, "inconclusive"), (0, "lower", 1, "supported"), (0, "higher", 1, "refuted"),
     (0, "different", 1, "supported"), (0, "equal", 1, "refuted")],
)  # fmt: skip
def test_a_grids_end_says_nothing_of_a_number_beyond_it(most: float, expect: str, value: float, verdict: str) -> None:
    assert largest([most] * 3, [0.1] * 3, expect=expect, value=value).answer == verdict


def test_a_ratio_is_the_exponential_of_the_mean_logarithm() -> None:
    def runs(*seconds: float) -> list[Outcome]:
        return [Outcome(acc=0.8, extra={"seconds": one}) for one in seconds]

    found = judged(runs(10, 20, 40), runs(20, 42, 76), metric="seconds", scale="log")
    assert found.mean == pytest.approx(math.log(2 * 2.1 * 1.9) / 3)
    assert [pair.reference for pair in found.numbers.pairs] == pytest.approx([10, 20, 40])
    assert found.margin == pytest.approx(math.log(1.1))
    zero = judged(runs(10, 20, 0), runs(20, 42, 76), metric="seconds", scale="log")
    assert zero.numbers.left_out == ("seed 2: norm=none_seed=2 has 0, of which there is no ratio",)


def test_an_interaction_is_a_difference_of_differences() -> None:
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.2"], "seed": ["0", "1", "2"]}
    acc = {("none", "0.1"): 0.5, ("none", "0.2"): 0.53, ("batch", "0.1"): 0.6, ("batch", "0.2"): 0.7}

    def end(at: Mapping[str, str]) -> Outcome:
        norm, rate, seed = at.values()
        return Outcome(acc=acc[norm, rate] + 0.01 * int(seed))

    claim = {"factor": ["model.norm", "optimizer.lr"], "arm": ["batch", 0.2], "reference": ["none", 0.1]}
    found = swept(keys, end, [claim]).judged[0]
    assert found.mean == pytest.approx((0.7 - 0.6) - (0.53 - 0.5))
    assert [(pair.arm, pair.reference) for pair in found.numbers.pairs] == [pytest.approx((0.1, 0.03))] * 3
    assert found.numbers.resolution == pytest.approx(math.sqrt(2) / 2000)  # of four accuracies, not of two


def test_over_what_is_not_held_the_difference_is_averaged() -> None:
    gain = {"0.1": 0.01, "0.2": 0.05, "0.8": 0.03}

    def end(at: Mapping[str, str]) -> Outcome:
        return Outcome(acc=0.5 + int(at["seed"]) / 10 + (at["model.norm"] == "batch") * gain[at["optimizer.lr"]])

    mean, held = swept(GRID, end, [NORM, {**NORM, "where": {"optimizer.lr": 0.2}}]).judged
    assert (mean.mean, held.mean) == (pytest.approx(0.03), pytest.approx(0.05))
    assert mean.numbers.resolution == pytest.approx(1 / 2000 / math.sqrt(3))
    assert held.numbers.resolution == pytest.approx(1 / 2000)


def test_a_place_where_one_arm_has_nothing_is_left_out_for_both() -> None:
    def end(at: Mapping[str, str]) -> Outcome:
        if at["optimizer.lr"] == "0.8":
            return Outcome(acc=0.99) if at["model.norm"] == "batch" else Outcome(status="failed")
        return Outcome(acc=0.5 + int(at["seed"]) / 10 + 0.02 * (at["model.norm"] == "batch"))

    found = swept(GRID, end, [NORM]).judged[0]
    assert found.mean == pytest.approx(0.02)
    assert found.numbers.left_out == ("model.norm=none optimizer.lr=0.8 has no test accuracy: 3 of 3 failed",)
    assert "in test accuracy, averaged over lr (1 of 3 places left out) (95 %" in found.sentence


def test_against_a_number_the_spread_of_rounding_is_one_arms() -> None:
    found = judged([0.8] * 3, [0.9] * 3, value=0.85)
    assert found.estimate
    assert found.estimate.sd == pytest.approx(1 / 2000 / 12**0.5)


def test_time_beyond_the_shorter_budget_counts_for_nobody() -> None:
    """Restricted means: an arm that took 12 s to get there is not slower than one that was stopped at 6."""

    stopped = [Outcome(acc=0.8, curve=(0.3, 0.3, 0.4))] * 3  # after three epochs of two seconds
    found = judged(stopped, reaching(1, 2, 6), metric="seconds to val/acc >= 0.7", margin=1)
    assert [(pair.arm, pair.reference) for pair in found.numbers.pairs] == [(2, 6), (4, 6), (6, 6)]
    found = judged(stopped, reaching(1, 2, 6), metric="seconds to val/acc >= 0.7", scale="log")
    assert [pair.difference for pair in found.numbers.pairs] == pytest.approx([math.log(2 / 6), math.log(4 / 6), 0])


def test_the_step_of_an_accuracy_is_one_test_image_and_of_others_the_least_that_was_seen() -> None:
    assert judged([0.8, 0.8], [0.9, 0.9]).numbers.resolution == pytest.approx(1 / 2000)
    runs = [Outcome(acc=0.8, curve=(best,)) for best in (0.5, 0.51, 0.54)]
    assert judged(runs, runs, metric="best/val_acc").numbers.resolution == pytest.approx(0.01)


def test_the_fewest_test_images_of_any_run_set_the_step() -> None:
    few = Outcome(acc=0.8, extra={"test/images": 500})
    assert judged([0.8, 0.8], [0.9, few]).numbers.resolution == pytest.approx(1 / 500)


def test_runs_that_failed_did_not_end_and_are_no_part_of_the_rate() -> None:
    found = judged([0.8, 0.81, LOST], [0.9, 0.91, Outcome(status="failed")])
    assert found.numbers.diverged == ((0, 2), (1, 3))


def test_two_spellings_of_one_experiment_are_not_compared(tmp_path: Path) -> None:
    keys = {"model.norm": ["none", "null"], "seed": ["0", "1"]}
    folder = write_sweep(tmp_path / "sweep", keys, lambda _: Outcome(acc=0.8))
    manifest = json.loads((folder / "sweep.json").read_text())
    first = {job["overrides"]["seed"]: job for job in reversed(manifest["jobs"])}
    for job in manifest["jobs"]:
        job |= {key: first[job["overrides"]["seed"]][key] for key in ("folder", "identity")}
    (folder / "sweep.json").write_text(json.dumps(manifest))
    (only,) = compare([folder]).judged
    assert reason(only) == "null and none are one experiment, run once: there is nothing to compare"


def epochs(batch: list, none: list, **claim):
    return judged(reaching(*none), reaching(*batch), metric="epochs to val/acc >= 0.7", **claim)


def test_a_run_that_never_got_there_counts_with_the_budget() -> None:
    found = epochs([2, 3, 2], [None, None, 8], expect="lower")
    assert found.answer == "supported"
    assert [pair.reference for pair in found.numbers.pairs] == [8, 8, 8]
    assert [pair.censored for pair in found.numbers.pairs] == [True, True, False]
    assert found.numbers.censored == (0, 2)


def test_a_run_that_has_no_partner_counts_with_no_budget() -> None:
    lost = Outcome(status="failed")
    found = judged([*reaching(2, 3), lost], reaching(8, None, None), metric="epochs to val/acc >= 0.7")
    assert (len(found.numbers.pairs), found.numbers.censored) == (2, (1, 0))


def test_a_run_that_diverged_on_its_way_never_got_there() -> None:
    late = Outcome(status="diverged", curve=(0.3, 0.4))
    found = judged(reaching(2, 3, 2), [late] * 3, metric="epochs to val/acc >= 0.7", expect="higher")
    assert [pair.arm for pair in found.numbers.pairs] == [8, 8, 8]
    assert found.answer == "supported"
