"""Which runs stand on a claim's sides: arms at their own best, claims that nobody wrote, and divergences beside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from simulated_arms import LOST, NORM, reason, swept

from benchmarks.simulated import Outcome, write_sweep
from cnnlab.comparison import compare

KEYS = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.2", "0.4"], "seed": ["0", "1"]}
VALIDATED = {"none": {"0.1": 0.7, "0.2": 0.6, "0.4": 0.5}, "batch": {"0.1": 0.5, "0.2": 0.8, "0.4": 0.7}}


def end(at: Mapping[str, str]) -> Outcome:
    """What does best on test images does worst in validation."""
    best = VALIDATED[at["model.norm"]][at["optimizer.lr"]]
    return Outcome(acc=1 - best + 0.01 * int(at["seed"]), curve=(best,))


def test_each_arm_is_tuned_on_validation_and_never_on_test() -> None:
    found = swept(KEYS, end, [NORM], tuned=["optimizer.lr"]).judged
    assert found[0].question.chosen == {
        "model.norm=batch": {"optimizer.lr": "0.2"}, "model.norm=none": {"optimizer.lr": "0.1"},
    }  # fmt: skip
    assert found[0].mean == pytest.approx(0.2 - 0.3)
    equal = [one for one in found if one.question.family == "equal settings"]
    assert [one.question.held["optimizer.lr"] for one in equal] == ["0.1", "0.2", "0.4"]
    assert [one.mean for one in equal] == pytest.approx([0.5 - 0.3, 0.2 - 0.4, 0.3 - 0.5])


def test_what_an_arm_was_given_is_told_for_every_place_that_is_averaged_over() -> None:
    best = {("none", "relu"): "0.1", ("none", "tanh"): "0.4", ("batch", "relu"): "0.2", ("batch", "tanh"): "0.2"}

    def acted(at: Mapping[str, str]) -> Outcome:
        return Outcome(acc=0.8, curve=(0.7 if at["optimizer.lr"] == best[at["model.norm"], at["model.act"]] else 0.6,))

    keys = {"model.act": ["relu", "tanh"], **KEYS}
    averaged, held = swept(keys, acted, [NORM, {**NORM, "where": {"model.act": "tanh"}}],
                           tuned=["optimizer.lr"]).judged[:5:4]  # fmt: skip
    assert averaged.question.averaged == ("model.act",)
    assert averaged.question.chosen == {
        "model.norm=batch model.act=relu": {"optimizer.lr": "0.2"},
        "model.norm=none model.act=relu": {"optimizer.lr": "0.1"},
        "model.norm=batch model.act=tanh": {"optimizer.lr": "0.2"},
        "model.norm=none model.act=tanh": {"optimizer.lr": "0.4"},
    }
    assert held.question.chosen == {
        "model.norm=batch": {"optimizer.lr": "0.2"}, "model.norm=none": {"optimizer.lr": "0.4"},
    }  # fmt: skip


def test_a_value_at_which_a_run_diverged_counts_it_as_nothing_learnt() -> None:
    def broken(at: Mapping[str, str]) -> Outcome:
        lost = at["model.norm"] == "batch" and at["optimizer.lr"] == "0.2" and at["seed"] == "0"
        return LOST if lost else end(at)

    found = swept(KEYS, broken, [NORM], tuned=["optimizer.lr"]).judged[0]
    assert found.question.chosen["model.norm=batch"] == {"optimizer.lr": "0.4"}


def test_a_choice_is_provisional_while_runs_that_may_change_it_are_to_come() -> None:
    def begun(at: Mapping[str, str]) -> Outcome:
        return end(at) if at["optimizer.lr"] == "0.1" else Outcome(status="waiting")

    first, *_ = swept(KEYS, begun, [NORM], tuned=["optimizer.lr"]).judged
    assert first.question.chosen["model.norm=batch"] == {"optimizer.lr": "0.1"}
    assert (first.estimate is not None, first.provisional, first.numbers.waiting) == (True, True, 8)


@pytest.mark.parametrize("status", ["waiting", "failed"])
def test_where_nothing_can_be_chosen_by_the_runs_tell_why(status: str) -> None:
    def lost(at: Mapping[str, str]) -> Outcome:
        return end(at) if at["model.norm"] == "none" else Outcome(status=status)

    first, *_ = swept(KEYS, lost, [NORM], tuned=["optimizer.lr"]).judged
    said = "is waiting" if status == "waiting" else "failed"
    assert reason(first) == "no pair of runs has it: " + "; ".join(
        f"seed {seed}: norm=batch_lr=0.1_seed={seed} {said}" for seed in "01"
    )
    assert list(first.question.chosen) == ["model.norm=none"]
    assert first.provisional == (status == "waiting")


def test_without_a_validation_accuracy_no_value_is_taken_for_the_best() -> None:
    first, *rest = swept(KEYS, lambda _: Outcome(acc=0.8), [NORM], tuned=["optimizer.lr"]).judged
    said = "no run of model.norm=none has a validation accuracy to choose optimizer.lr by"
    assert (first.answer, reason(first), first.question.chosen) == (None, said, {})
    assert all(reason(one) is None for one in rest)


def test_arms_are_held_against_each_other_on_the_grid_that_both_were_run_on(tmp_path: Path) -> None:
    """All runs learn; `batch` was not run at the largest rate."""
    claim = {**NORM, "metric": "largest optimizer.lr with test/acc >= 0.5", "expect": "lower"}
    rates = {"none": ["0.1", "0.2", "0.4"], "batch": ["0.1", "0.2"]}
    folders = [
        write_sweep(tmp_path / norm, {"model.norm": [norm], "optimizer.lr": some, "seed": ["0", "1", "2"]},
                    lambda _: Outcome(acc=0.8), study={"claims": [claim]}) for norm, some in rates.items()
    ]  # fmt: skip
    (only,) = compare(folders).judged
    assert [(pair.arm, pair.reference) for pair in only.numbers.pairs] == [pytest.approx((0.2, 0.2))] * 3
    assert only.answer == "inconclusive"


def test_where_a_grid_is_collapsed_each_arm_gets_what_is_best_somewhere_on_it() -> None:
    """The wider grid is not the better one: that is what is to be measured, not what an arm is chosen by."""
    keys = {"model.norm": ["none", "batch"], "optimizer.weight_decay": ["0", "0.1"], "optimizer.lr": ["0.1", "0.2"],
            "seed": ["0", "1", "2"]}  # fmt: skip
    validated = {"0": (0.7, 0.7), "0.1": (0.8, 0.3)}

    def end(at: Mapping[str, str]) -> Outcome:
        best = validated[at["optimizer.weight_decay"]][at["optimizer.lr"] == "0.2"]
        return Outcome(acc=best, curve=(best,))

    claim = {**NORM, "metric": "largest optimizer.lr with test/acc >= 0.5"}
    found = swept(keys, end, [claim], tuned=["optimizer.weight_decay"]).judged
    assert found[0].question.chosen == {
        f"model.norm={norm}": {"optimizer.weight_decay": "0.1"} for norm in ("batch", "none")
    }
    assert [pair.arm for pair in found[0].numbers.pairs] == pytest.approx([0.1] * 3)
    assert [one.question.family for one in found[1:]] == ["equal settings"] * 2


def test_counts_and_claims_that_hold_what_is_tuned_are_not_tuned() -> None:
    claims = [{**NORM, "metric": "params"}, {**NORM, "where": {"optimizer.lr": 0.4}}]
    found = swept(KEYS, end, claims, tuned=["optimizer.lr"]).judged
    params, held = (one for one in found if one.question.family == "claims")
    assert (params.question.chosen, held.question.chosen) == ({}, {})
    assert held.mean == pytest.approx(0.3 - 0.5)


def test_counts_are_repeated_and_averaged_over_what_changes_them_alone() -> None:
    """The width changes how many parameters there are, the learning rate does not."""
    keys = {**KEYS, "model.width": ["1", "2"], "seed": ["0", "1"]}

    def built(at: Mapping[str, str]) -> Outcome:
        return Outcome(acc=0.8, curve=(0.7,), extra={"params": len(at["model.norm"]) * int(at["model.width"])})

    claim = {**NORM, "metric": "params", "expect": "higher"}
    by_rate = swept(keys, built, [claim], tuned=["optimizer.lr"]).judged
    assert [(one.question.family, one.question.averaged, one.mean) for one in by_rate] == [
        ("claims", ("model.width",), 1.5)
    ]
    by_width = swept(keys, built, [claim], tuned=["optimizer.lr", "model.width"]).judged
    assert [(one.question.family, dict(one.question.held), one.mean) for one in by_width] == [
        ("claims", {}, 1.5),
        ("equal settings", {"model.width": "1"}, 1),
        ("equal settings", {"model.width": "2"}, 2),
    ]


def test_without_claims_every_arm_is_said_to_differ_from_the_first_and_effects_to_interact() -> None:
    found = swept(KEYS, end, []).judged
    asked = [(one.question.family, one.question.arm, one.question.reference) for one in found]
    assert asked == [
        ("claims", "batch", "none"), ("claims", "0.2", "0.1"), ("claims", "0.4", "0.1"),
        ("interactions", "batch, 0.2", "none, 0.1"), ("interactions", "batch, 0.4", "none, 0.1"),
    ]  # fmt: skip
    assert {one.question.claim.expect for one in found} == {"different"}


def test_runs_that_were_not_trained_are_compared_by_their_parameters() -> None:
    found = swept(KEYS, lambda at: Outcome(acc=None, extra={"params": len(at["model.norm"])}), []).judged
    assert [one.question.metric.text for one in found] == ["params"] * 3
    assert found[0].mean == 1


def test_each_comparison_whose_runs_diverged_has_a_question_about_that_once() -> None:
    """Both factors have the same values: they are two questions nevertheless."""
    keys = {"model.bias": ["true", "false"], "optimizer.nesterov": ["true", "false"], "seed": ["0", "1"]}
    claims = [
        {"factor": key, "arm": "false", "metric": metric, "margin": 0.1}
        for key in list(keys)[:2]
        for metric in ("test/acc", "test/loss")
    ]

    def end(at: Mapping[str, str]) -> Outcome:
        return LOST if at["model.bias"] == "false" and at["seed"] == "0" else Outcome(acc=0.8)

    found = [one for one in swept(keys, end, claims).judged if one.question.family == "divergence"]
    assert [one.question.claim.factor for one in found] == [("model.bias",), ("optimizer.nesterov",)]
    assert [one.numbers.diverged for one in found] == [((2, 4), (0, 4)), ((1, 4), (1, 4))]


def test_what_was_never_run_side_by_side_is_said() -> None:
    def end(at: Mapping[str, str]) -> Outcome:
        return Outcome(acc=0.8)

    claim = {**NORM, "where": {"optimizer.lr": 0.4}}
    with TemporaryDirectory() as folder:
        one = {"model.norm": ["none"], "optimizer.lr": ["0.4"], "seed": ["0"]}
        two = {"model.norm": ["batch"], "optimizer.lr": ["0.1"], "seed": ["0"]}
        folders = [write_sweep(Path(folder) / name, keys, end, study={"claims": [claim]}) for name, keys in
                   (("one", one), ("two", two))]  # fmt: skip
        (only,) = compare(folders).judged
    assert (only.answer, reason(only)) == (None, "no such runs were made side by side")
