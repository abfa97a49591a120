"""Claims in words, and what they hold and average over."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from simulated_arms import (
    NONE,
    NORM,
    judged,
    swept,
)

from benchmarks.simulated import Outcome

EPOCHS = {"metric": "epochs to val/acc >= 0.7", "expect": "lower"}


def test_an_interaction_says_what_depends_on_what() -> None:
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.2"], "seed": ["0", "1", "2"]}

    def end(at: Mapping[str, str]) -> Outcome:
        seed = int(at["seed"]) / 1000
        return Outcome(
            acc=0.7 + seed * (at["model.norm"] == "none") + 0.1 * (list(at.values())[:2] == ["batch", "0.2"])
        )

    (only,) = swept(keys, end, [{"factor": ["model.norm", "optimizer.lr"], "arm": ["batch", 0.2]}]).judged
    assert only.claim == (
        "What norm does to test accuracy depends on lr (norm=batch over norm=none: lr=0.2 beside lr=0.1)"
    )
    assert only.sentence.startswith(
        "What norm=batch adds to test accuracy over norm=none is 10.00 points more with lr=0.2 than with lr=0.1 (95 %"
    )
    two = {"factor": ["model.norm", "optimizer.lr"], "arm": ["batch", 0.2]}
    said = [one.claim for one in swept(keys, end, [{**two, "expect": e} for e in ("higher", "lower", "equal")]).judged]
    assert said == [
        "What norm=batch adds to test accuracy over norm=none is more with lr=0.2 than with lr=0.1",
        "What norm=batch adds to test accuracy over norm=none is less with lr=0.2 than with lr=0.1",
        "What norm does to test accuracy does not depend on lr (norm=batch over norm=none: lr=0.2 beside lr=0.1)",
    ]
    *_, alike = swept(keys, lambda at: Outcome(acc=0.7 + 0.1 * (at["model.norm"] == "batch")), []).judged
    assert alike.sentence.startswith(
        "What norm=batch adds to test accuracy over norm=none is equal within 1.00 points with lr=0.2 and with lr=0.1"
        " (90 % interval"
    )


def test_values_that_are_lists_keep_their_commas() -> None:
    keys = {"model.body.c1.kernel_size": ["3", "[3, 5]"], "optimizer.lr": ["0.1", "0.2"], "seed": ["0", "1"]}
    claim_ = {"factor": list(keys)[:2], "arm": ["[3, 5]", 0.2]}
    (only,) = swept(keys, lambda _: Outcome(acc=0.8), [claim_]).judged
    assert "(kernel_size=[3, 5] over kernel_size=3: lr=0.2 beside lr=0.1)" in only.claim


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
        "norm=batch and norm=none are equal in test accuracy within 1.00 points at lr=0.2 (90 % interval"
    )


def test_what_is_averaged_over_is_said() -> None:
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.5"], "seed": ["0", "1", "2"]}

    def end(at: Mapping[str, str]) -> Outcome:
        return Outcome(acc=0.8 + 0.05 * (at["model.norm"] == "batch") + int(at["seed"]) / 1000)

    average, held = swept(keys, end, [NORM, {**NORM, "where": {"optimizer.lr": 0.1}}]).judged[:2]
    assert "than norm=none in test accuracy, averaged over lr" in average.sentence
    assert "than norm=none in test accuracy at lr=0.1" in held.sentence
