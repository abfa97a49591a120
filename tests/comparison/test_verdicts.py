"""Verdicts on counts and on rates, and whole sentences of all kinds: units, signs, fewer or lower."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from simulated_arms import (
    FAR,
    LOST,
    LOWER,
    NEAR,
    NONE,
    SAME,
    WIDE,
    judged,
    reaching,
    reason,
    swept,
)

from benchmarks.simulated import Outcome


@pytest.mark.parametrize(
    ("expect", "batch", "margin", "verdict"),
    [
        ("lower", 90, None, "supported"), ("lower", 100, None, "refuted"), ("higher", 90, None, "refuted"),
        ("higher", 110, None, "supported"), ("equal", 100, None, "supported"), ("equal", 101, None, "refuted"),
        ("different", 100, None, "refuted"), ("different", 101, None, "supported"),
        ("equal", 109, 10, "supported"), ("higher", 109, 10, "refuted"), ("higher", 111, 10, "supported"),
        ("lower", 91, 10, "refuted"), ("lower", 89, 10, "supported"), ("different", 91, 10, "refuted"),
        ("equal", 110, 10, "refuted"), ("higher", 110, 10, "supported"), ("lower", 90, 10, "supported"),
        ("different", 90, 10, "supported"), ("lower", 110, 10, "refuted"),
    ],
)  # fmt: skip
def test_counts_are_compared_without_statistics(expect: str, batch: int, margin: float | None, verdict: str) -> None:
    none, other = (Outcome(acc=0.8, extra={"params": count}) for count in (100, batch))
    found = judged([none], [other], metric="params", expect=expect, margin=margin)
    assert (found.answer, found.mean, found.statistics.get("p")) == (verdict, batch - 100, None)


@pytest.mark.parametrize(
    ("claim", "none", "batch"),
    [
        ({"metric": "macs / params", "margin": 0.1}, {"macs": 2, "params": 10}, {"macs": 3, "params": 10}),
        ({"metric": "params", "margin": 1.1, "scale": "log"}, {"params": 10}, {"params": 11}),
    ],
)
def test_the_margin_itself_counts_whatever_floats_make_of_it(claim: dict, none: dict, batch: dict) -> None:
    """0.3 − 0.2 is a little less than 0.1, and log 11 − log 10 than log 1.1."""
    runs = [[Outcome(acc=0.8, extra=counts)] for counts in (none, batch)]
    assert judged(*runs, **claim).answer == "supported"
    assert judged(*runs, **claim, expect="equal").answer == "refuted"


def recorded(key: str, *values: float) -> list[Outcome]:
    return [Outcome(acc=0.8, extra={key: value}) for value in values]


EPOCHS = {"metric": "epochs to val/acc >= 0.7", "expect": "lower"}

AGREE = "All {} seeds agree to the measure's resolution; up to {} % of seeds might not."
LOSS = {"metric": "test/loss", "margin": 0.05}

OTHERS: list[tuple[dict, Any, Any, str]] = [
    (EPOCHS, reaching(6, 7, 7), reaching(2, 3, 2), "norm=batch needs 4.33 epochs fewer than norm=none (epochs to"
     " validation accuracy ≥ 0.7) (95 % interval −5.77 to −2.9; 3 seeds; p = 0.006)."),
    (EPOCHS, reaching(2, 3, 2), reaching(6, 7, 7), "norm=batch needs 4.33 epochs more than norm=none (epochs to"
     " validation accuracy ≥ 0.7): not fewer by 1 epoch (one-sided 95 % interval: at least 3.36; 3 seeds; p = 0.002)."),
    ({**EPOCHS, "expect": "equal", "margin": 2}, reaching(3, 4, 3, 4), reaching(2, 3, 2, 3), "norm=batch and norm=none"
     " are equal in epochs to validation accuracy ≥ 0.7 within 2 epochs"
     " (90 % interval −1.48 to −0.52; 4 seeds; p = 0.008)."
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
     " (one-sided 95 % interval: at least ×1.94; 3 seeds; p < 0.001)."),
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
    effect, apart = "what norm=batch adds to {} over norm=none is", "more with width=2 than with width=1"
    assert accuracy.sentence == (
        f"No verdict: 1 seed: no spread to judge by. Seen: {effect.format('test accuracy')} 10.00 points {apart}."
    )
    assert count.sentence == f"W{effect[1:].format('parameters')} 10 {apart}. A count, without spread."


def plain(none: list[float], batch: list[float]) -> Any:
    def end(at: Mapping[str, str]) -> Outcome:
        return Outcome(acc=(batch if at["model.norm"] == "batch" else none)[int(at["seed"])])

    return swept({"model.norm": ["none", "batch"], "seed": list("01234")}, end, [])


@pytest.mark.parametrize(
    ("batch", "word"), [(FAR, "better"), (LOWER, "worse"), (SAME, "equal"), (NEAR, "equal"), (WIDE, "undecided")]
)
def test_where_nobody_has_claimed_anything_the_word_is_what_was_found(batch: list[float], word: str) -> None:
    comparison = plain(NONE, batch)
    assert comparison.judged[0].word == word
    assert comparison.judged[0].claim == "norm=batch beside norm=none in test accuracy"
    assert judged(NONE, batch).word == judged(NONE, batch).answer


def test_an_interaction_that_nobody_claimed_depends_or_does_not() -> None:
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.2"], "seed": list("0123")}

    def end(by: float) -> Any:
        def run(at: Mapping[str, str]) -> Outcome:
            both = list(at.values())[:2] == ["batch", "0.2"]
            return Outcome(acc=0.7 + by * both + int(at["seed"]) / 1000 * both)

        return run

    assert [swept(keys, end(by), []).judged[-1].word for by in (0.1, 0.0)] == ["depends", "independent"]


def test_counts_that_nobody_claimed_are_more_or_fewer() -> None:
    keys = {"model.norm": ["none", "batch"], "seed": ["0"]}

    def end(at: Mapping[str, str]) -> Outcome:
        return Outcome(acc=None, extra={"params": 100 if at["model.norm"] == "none" else 90})

    assert [one.word for one in swept(keys, end, []).judged] == ["fewer"]
