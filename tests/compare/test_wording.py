"""Whole sentences, for each verdict and kind of metric: units, signs, fewer or lower, one run and two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from contrasts import LOST, NORM, compared, judged, reaching, reason, swept

from benchmarks.simulated import Outcome
from cnnlab.compare.comparison import headline
from cnnlab.compare.metrics import parse
from cnnlab.compare.wording import (
    between,
    difference,
    probability,
    setting,
    span,
    value,
)

NONE = [0.800, 0.812, 0.791, 0.805, 0.799]
SPREAD = [0.002, -0.001, 0.0, 0.001, -0.002]
EPOCHS = {"metric": "epochs to val/acc >= 0.7", "expect": "lower"}
AGREE = "All {} seeds agree to the measure's resolution; up to {} % of seeds might not."


def shifted(by: float, spread: float = 1.0) -> list[float]:
    return [value + by + spread * one for value, one in zip(NONE, SPREAD, strict=True)]


def recorded(key: str, *values: float) -> list[Outcome]:
    return [Outcome(acc=0.8, extra={key: value}) for value in values]


ACCURACY = [
    ("different", shifted(0.05), "norm=batch is 5.00 points higher than norm=none in test accuracy"
     " (95 % interval 4.80 to 5.20; 5 seeds; p < 0.001)."),
    ("lower", shifted(-0.05), "norm=batch is 5.00 points lower than norm=none in test accuracy"
     " (95 % interval −5.20 to −4.80; 5 seeds; p < 0.001)."),
    ("higher", shifted(-0.05), "norm=batch is 5.00 points lower than norm=none in test accuracy: not higher by"
     " 1.00 points (95 % interval −5.20 to −4.80; 5 seeds; p < 0.001)."),
    ("higher", shifted(0.005), "norm=batch is 0.50 points higher than norm=none in test accuracy: a real difference,"
     " but smaller than the margin of 1.00 points (95 % interval 0.30 to 0.70; 5 seeds; p = 0.001)."),
    ("equal", shifted(0.0), "norm=batch and norm=none are equal in test accuracy within 1.00 points"
     " (95 % interval −0.20 to 0.20; 5 seeds; p < 0.001)."),
    ("different", shifted(0.0), "norm=batch and norm=none are equal in test accuracy within 1.00 points"
     " (95 % interval −0.20 to 0.20; 5 seeds; p < 0.001)."),
    ("equal", shifted(0.05), "norm=batch is 5.00 points higher than norm=none in test accuracy: more than 1.00 points"
     " (95 % interval 4.80 to 5.20; 5 seeds; p < 0.001)."),
    ("lower", shifted(0.0), "norm=batch and norm=none have the same mean test accuracy: not lower by 1.00 points"
     " (95 % interval −0.20 to 0.20; 5 seeds; p < 0.001)."),
    ("different", shifted(0.01, 8), "Undecided: norm=batch is 1.00 points higher than norm=none in test accuracy, but"
     " 5 seeds leave it open (95 % interval −0.57 to 2.57; 5 seeds; p = 0.15). These seeds could have shown 2.13 points"
     " (80 % power). About 10 more seeds would settle it, if mean and spread stay as they are."),
    ("equal", shifted(0.01, 8), "Undecided: norm=batch is 1.00 points higher than norm=none in test accuracy, but"
     " 5 seeds leave it open (95 % interval −0.57 to 2.57; 5 seeds; p = 0.15). These seeds could have shown 2.13 points"
     " (80 % power). More seeds than anyone will run would be needed."),
    ("different", NONE, "norm=batch and norm=none are equal in test accuracy within 1.00 points"
     f" (95 % interval −0.03 to 0.03; 5 seeds; p < 0.001). {AGREE.format(5, 45)}"),
    ("higher", shifted(-0.004, 18), "Undecided: norm=batch is 0.40 points lower than norm=none in test accuracy, but"
     " 5 seeds leave it open (95 % interval −3.93 to 3.13; 5 seeds; p = 0.77). These seeds could have shown 4.79 points"
     " (80 % power). About 22 more seeds would settle it, if mean and spread stay as they are."),
    ("higher", [*shifted(0.012, 8)[:4], LOST], "Undecided: norm=batch is 1.60 points higher than norm=none in test"
     " accuracy, but 4 seeds leave it open (95 % interval −0.04 to 3.24; 4 seeds; p = 0.053). These seeds could have"
     " shown 2.20 points (80 % power). More seeds alone would not settle it, because 1 of 5 runs of batch diverged,"
     " 0 of 5 of none: the better mean is one of survivors."),
    ("higher", [*shifted(0.05)[:4], LOST], "Undecided, because 1 of 5 runs of batch diverged, 0 of 5 of none: the"
     " better mean is one of survivors. Among the runs that can be compared, norm=batch is 5.05 points higher than"
     " norm=none in test accuracy (95 % interval 4.84 to 5.26; 4 seeds; p < 0.001)."),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "batch", "said"), ACCURACY)
def test_verdicts_on_accuracy_read_so(expect: str, batch: Any, said: str) -> None:
    assert judged(NONE, batch, expect=expect).sentence == said


LOSS = {"metric": "test/loss", "margin": 0.05}
OTHERS: list[tuple[dict, Any, Any, str]] = [
    (EPOCHS, reaching(6, 7, 7), reaching(2, 3, 2), "norm=batch needs 4.33 epochs fewer than norm=none (epochs to"
     " validation accuracy ≥ 0.7) (95 % interval −5.77 to −2.9; 3 seeds; p = 0.006)."),
    (EPOCHS, reaching(2, 3, 2), reaching(6, 7, 7), "norm=batch needs 4.33 epochs more than norm=none (epochs to"
     " validation accuracy ≥ 0.7): not fewer by 1 epoch (95 % interval 2.9 to 5.77; 3 seeds; p = 0.002)."),
    ({**EPOCHS, "expect": "equal", "margin": 2}, reaching(3, 4, 3, 4), reaching(2, 3, 2, 3), "norm=batch and norm=none"
     " are equal in epochs to validation accuracy ≥ 0.7 within 2 epochs"
     " (95 % interval −1.65 to −0.35; 4 seeds; p = 0.008)."
     f" {AGREE.format(4, 53)}"),
    (EPOCHS, reaching(8, None, None), reaching(2, 3, 2), "norm=batch needs 5.67 epochs fewer than norm=none (epochs to"
     " validation accuracy ≥ 0.7) (95 % interval −7.1 to −4.23; 3 seeds; p = 0.003). 2 runs did not reach it and count"
     " with the budget, so the difference is at least that."),
    ({"metric": "seconds to val/acc >= 0.7", "margin": 2, "expect": "lower"}, reaching(6, 7, 7), reaching(2, 3, 2),
     "norm=batch needs 8.67 s less than norm=none (seconds to validation accuracy ≥ 0.7)"
     " (95 % interval −11.5 to −5.8; 3 seeds; p = 0.006)."),
    ({**LOSS, "expect": "lower"}, recorded("test/loss", 0.6, 0.62, 0.58), recorded("test/loss", 0.3, 0.33, 0.29),
     "norm=batch is lower than norm=none in test loss by 0.293 (95 % interval −0.308 to −0.279; 3 seeds; p < 0.001)."),
    ({"metric": "seconds", "scale": "log", "expect": "lower"}, recorded("seconds", 10, 20, 30),
     recorded("seconds", 20, 41, 59), "norm=batch has ×2.01 the seconds of norm=none: not lower by ×1.1"
     " (95 % interval ×1.9 to ×2.11; 3 seeds; p < 0.001)."),
    ({"metric": "params", "expect": "lower"}, recorded("params", 61706), recorded("params", 20000),
     "norm=batch has 20,000 parameters, norm=none 61,706 (3.09 times fewer). A count, without spread."),
    ({"metric": "macs"}, recorded("macs", 200), recorded("macs", 300),
     "norm=batch has 300 multiply-adds, norm=none 200 (1.5 times as many). A count, without spread."),
    ({"metric": "params", "expect": "equal"}, recorded("params", 5), recorded("params", 5),
     "norm=batch and norm=none have the same parameters: 5. A count, without spread."),
    ({"metric": "params", "margin": 10}, recorded("params", 100), recorded("params", 109),
     "norm=batch has 109 parameters, norm=none 100 (1.09 times as many). A count, without spread; differences count"
     " from 10."),
    ({"metric": "params", "expect": "equal", "value": 6}, recorded("params", 5), recorded("params", 5),
     "parameters of norm=batch: 5, against 6. A count, without spread."),
    ({"expect": "higher", "value": 0.7}, NONE, NONE, "norm=batch is 10.14 points higher than 70.00 % in test accuracy"
     " (95 % interval 9.18 to 11.10; 5 seeds; p < 0.001)."),
    ({"metric": "diverged", "expect": "higher"}, NONE, [LOST] * 5,
     "5 of 5 runs of norm=batch diverged, 0 of 5 of norm=none: more than chance (p = 0.002)."),
    ({"metric": "diverged", "expect": "lower"}, NONE, [LOST] * 5,
     "5 of 5 runs of norm=batch diverged, 0 of 5 of norm=none: more than chance (p = 0.002)."),
    ({"metric": "diverged", "expect": "lower", "value": 0.1}, NONE, [*[LOST] * 3, *NONE[3:]],
     "3 of 5 runs of norm=batch diverged, against 10.00 %: more than chance (p = 0.009)."),
    ({"metric": "diverged"}, NONE, [LOST, *NONE[1:]], "1 of 5 runs of norm=batch diverged, 0 of 5 of norm=none:"
     " which chance can do with so few seeds (p = 0.75)."),
    ({}, [0.8], [0.9],
     "No verdict: 1 seed: no spread to judge by. Seen: norm=batch 90.00 %, norm=none 80.00 %."),
]  # fmt: skip


@pytest.mark.parametrize(("about", "none", "batch", "said"), OTHERS)
def test_verdicts_on_other_metrics_read_so(about: dict, none: Any, batch: Any, said: str) -> None:
    assert judged(none, batch, **about).sentence == said


def test_one_run_counts_and_two_count() -> None:
    few = judged(reaching(8, 8, 8), reaching(None, 3, 2), **EPOCHS).sentence
    assert "1 run did not reach it and counts with the budget: how far apart they are is not known." in few


def test_what_lies_beyond_a_grid_is_said_to_be_unknown() -> None:
    def end(at: Mapping[str, str]) -> Outcome:
        most = 1.6 if at["model.norm"] == "batch" else 0.1 if at["seed"] == "0" else 0.4
        return Outcome(acc=0.8 if float(at["optimizer.lr"]) <= most else 0.1)

    rates = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.4", "1.6"], "seed": ["0", "1", "2", "3"]}
    metric = "largest optimizer.lr with test/acc >= 0.5"
    (only,) = swept(rates, end, [{**NORM, "expect": "higher", "metric": metric}]).judged
    assert "norm=batch has ×5.66 the largest optimizer.lr with test accuracy ≥ 0.5 of norm=none" in only.sentence
    assert "4 numbers lie at an end of the grid: what is beyond it is not known." in only.sentence


def test_an_interaction_says_what_depends_on_what() -> None:
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.2"], "seed": ["0", "1", "2"]}

    def end(at: Mapping[str, str]) -> Outcome:
        seed = int(at["seed"]) / 1000
        return Outcome(
            acc=0.7 + seed * (at["model.norm"] == "none") + 0.1 * (list(at.values())[:2] == ["batch", "0.2"])
        )

    (only,) = swept(keys, end, [{"factor": ["model.norm", "optimizer.lr"], "arm": ["batch", 0.2]}]).judged
    assert only.claim == (
        "What norm does to test accuracy depends on lr (norm=batch with lr=0.2 beside norm=none with lr=0.1)"
    )
    assert only.sentence.startswith(
        "The effects differ by +10.00 points between norm=batch with lr=0.2 and norm=none with lr=0.1 (95 % interval"
    )
    two = {"factor": ["model.norm", "optimizer.lr"], "arm": ["batch", 0.2]}
    said = [one.claim for one in swept(keys, end, [{**two, "expect": e} for e in ("higher", "lower", "equal")]).judged]
    assert said == [
        "What norm=batch adds to test accuracy over norm=none is more with lr=0.2 than with lr=0.1",
        "What norm=batch adds to test accuracy over norm=none is less with lr=0.2 than with lr=0.1",
        "What norm does to test accuracy does not depend on lr (norm=batch with lr=0.2 beside norm=none with lr=0.1)",
    ]
    *_, alike = swept(keys, lambda at: Outcome(acc=0.7 + 0.1 * (at["model.norm"] == "batch")), []).judged
    assert alike.sentence.startswith(
        "The effects on test accuracy are equal within 1.00 points between norm=batch with lr=0.2 and norm=none with"
        " lr=0.1 (95 % interval"
    )


def test_of_an_interaction_runs_that_diverged_are_counted_where_they_were() -> None:
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.2"], "seed": ["0", "1", "2"]}

    def end(at: Mapping[str, str]) -> Outcome:
        both = list(at.values())[:2] == ["batch", "0.2"]
        lost = list(at.values()) == ["none", "0.1", "2"]
        return LOST if lost else Outcome(acc=0.7 + 0.1 * both + int(at["seed"]) / 1000 * both)

    claim_ = {"factor": ["model.norm", "optimizer.lr"], "arm": ["batch", 0.2], "expect": "higher"}
    found, diverged = swept(keys, end, [claim_]).judged
    assert reason(found) == (
        "1 of 6 runs of batch with 0.2 and none with 0.1 diverged, 0 of 6 of batch with 0.1 and none with 0.2:"
        " the better mean is one of survivors"
    )
    assert diverged.sentence == (
        "1 of 6 runs of norm=batch with lr=0.2 and norm=none with lr=0.1 diverged, 0 of 6 of norm=batch with lr=0.1 and"
        " norm=none with lr=0.2: which chance can do with so few seeds (p = 1.00)."
    )
    assert diverged.mean == pytest.approx(1 / 3)


def test_an_interactions_numbers_are_effects_and_no_arms_own() -> None:
    keys = {"model.norm": ["none", "batch"], "model.width": ["1", "2"], "seed": ["0"]}

    def end(at: Mapping[str, str]) -> Outcome:
        both = list(at.values())[:2] == ["batch", "2"]
        return Outcome(acc=0.5 + 0.1 * both, extra={"params": 100 * int(at["model.width"]) + 10 * both})

    two = {"factor": ["model.norm", "model.width"], "arm": ["batch", 2]}
    accuracy, count = swept(keys, end, [two, {**two, "metric": "params"}]).judged
    apart = "between norm=batch with width=2 and norm=none with width=1"
    assert accuracy.sentence == (
        f"No verdict: 1 seed: no spread to judge by. Seen: the effects differ by +10.00 points {apart}."
    )
    assert count.sentence == f"The effects differ by +10 {apart}. A count, without spread."


def test_values_that_are_lists_keep_their_commas() -> None:
    keys = {"model.body.c1.kernel_size": ["3", "[3, 5]"], "optimizer.lr": ["0.1", "0.2"], "seed": ["0", "1"]}
    claim_ = {"factor": list(keys)[:2], "arm": ["[3, 5]", 0.2]}
    (only,) = swept(keys, lambda _: Outcome(acc=0.8), [claim_]).judged
    assert "(kernel_size=[3, 5] with lr=0.2 beside kernel_size=3 with lr=0.1)" in only.claim


CLAIMS = [
    ({"expect": "higher"}, "norm=batch has higher test accuracy than norm=none"),
    ({"expect": "equal"}, "norm=batch and norm=none are equal in test accuracy"),
    ({"metric": "params", "expect": "lower"}, "norm=batch has fewer parameters than norm=none"),
    (EPOCHS, "norm=batch needs fewer epochs to validation accuracy ≥ 0.7 than norm=none"),
    ({"metric": "seconds to val/acc >= 0.7", "margin": 1, "expect": "higher"},
     "norm=batch needs more seconds to validation accuracy ≥ 0.7 than norm=none"),
    ({"value": 0.5, "expect": "higher"}, "norm=batch: test accuracy above 50.00 %"),
    ({"metric": "params", "value": 61706, "expect": "equal"}, "norm=batch: parameters equal to 61,706"),
    ({"says": "it helps"}, "it helps"),
]  # fmt: skip


@pytest.mark.parametrize(("about", "said"), CLAIMS)
def test_claims_read_so(about: dict, said: str) -> None:
    assert judged(NONE, NONE, **about).claim == said


def test_where_a_factor_is_held_the_sentence_says_so() -> None:
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.2"], "seed": ["0", "1", "2"]}
    (only,) = swept(keys, lambda _: Outcome(acc=0.8), [{**NORM, "where": {"optimizer.lr": 0.2}}]).judged
    assert only.claim == "norm=batch differs from norm=none in test accuracy at lr=0.2"
    assert only.sentence.startswith(
        "norm=batch and norm=none are equal in test accuracy within 1.00 points at lr=0.2 (95 % interval"
    )


def test_a_corrected_p_stands_beside_the_one_that_was_found() -> None:
    claims = [{**NORM, "margin": 0.001 + 0.0001 * at} for at in range(4)]
    first = compared(NONE, shifted(0.004, 1.6), claims).judged[0]
    assert "; p = 0.024, 0.096 after correction)" in first.sentence


def test_the_headline_counts_verdicts_and_says_the_first_that_holds() -> None:
    claims = [{**NORM, "expect": expect} for expect in ("lower", "higher", "equal")]
    found = compared(NONE, shifted(0.05), claims).judged
    assert headline(found, 0, 10).startswith(
        "Of 3 claims: 1 supported, 2 refuted. norm=batch is 5.00 points higher than norm=none in test accuracy ("
    )
    assert headline(found[:1], 3, 10).startswith("So far (7 of 10 runs): norm=batch is 5.00 points higher")
    assert headline([], 0, 5) == "Nothing is compared here: all runs are of one arm."


def test_a_p_value_has_two_digits_and_is_never_zero() -> None:
    assert [probability(p) for p in (0.0004, 0.0312, 0.25)] == ["p < 0.001", "p = 0.031", "p = 0.25"]


def test_differences_and_spans_carry_their_unit_once() -> None:
    acc, epochs, memory = parse("test/acc"), parse("epochs to val/acc >= 0.7"), parse("peak_memory_mb")
    ratio = parse("seconds", ratio=True)
    assert (difference(acc, 0.01), difference(acc, -0.01)) == ("+1.00 points", "−1.00 points")
    assert (difference(epochs, 1), difference(epochs, -2), difference(epochs, 1, signed=False)) == (
        "+1 epoch", "−2 epochs", "1 epoch",
    )  # fmt: skip
    assert (difference(ratio, 0.6931471805599453), between(ratio, 0, 0.6931471805599453)) == ("×2", "×1 to ×2")
    assert (value(acc, 0.8125), value(memory, 480.0), value(epochs, 1)) == ("81.25 %", "480 MiB", "1 epoch")
    assert (span(acc, (0.8, 0.9)), span(epochs, (1, 2.5))) == ("80.00 % to 90.00 %", "1 to 2.5 epochs")
    assert between(acc, -0.01, 0.02) == "−1.00 to 2.00"


def test_what_is_averaged_over_is_said() -> None:
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.5"], "seed": ["0", "1", "2"]}

    def end(at: Mapping[str, str]) -> Outcome:
        return Outcome(acc=0.8 + 0.05 * (at["model.norm"] == "batch") + int(at["seed"]) / 1000)

    average, held = swept(keys, end, [NORM, {**NORM, "where": {"optimizer.lr": 0.1}}]).judged[:2]
    assert "than norm=none in test accuracy, averaged over lr" in average.sentence
    assert "than norm=none in test accuracy at lr=0.1" in held.sentence


def test_numbers_stay_where_numbers_can_be() -> None:
    wide = compared([0.1, 0.9], [0.95, 0.15], [{**NORM, "expect": "higher"}])
    assert [arm.interval(wide.metrics[0]) for arm in wide.arms] == [(0.0, 1.0), (0.0, 1.0)]
    assert "These seeds could have shown no difference there can be (80 % power)." in wide.judged[0].sentence
    alike = compared([0.1, 0.1], [0.1, 0.1], [NORM]).arms[0]
    low, high = alike.interval(alike.metric) or (0.0, 0.0)
    assert low < 0.1 < high


def test_what_no_word_said_is_said_to_be_unsaid() -> None:
    assert setting("model.norm", "—") == "norm unsaid"
