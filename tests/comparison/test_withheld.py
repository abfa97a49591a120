"""Why there is no verdict, or not the one that the numbers alone would give: each rule of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from simulated_arms import (
    FAR,
    LOST,
    LOWER,
    NONE,
    NORM,
    SAME,
    SPREAD,
    judged,
    reaching,
    reason,
    shifted,
    swept,
)

from benchmarks.simulated import Outcome


def test_one_seed_has_no_verdict_and_no_interval() -> None:
    found = judged([0.8], [0.9])
    assert (found.answer, reason(found), found.estimate) == (None, "1 seed: no spread to judge by", None)


def test_numbers_without_any_spread_have_no_verdict() -> None:
    runs = [Outcome(acc=0.8, extra={"test/loss": 0.5})] * 3
    found = judged(runs, runs, metric="test/loss", margin=0.1, expect="equal")
    assert (found.answer, reason(found)) == (None, "all 3 seeds gave the same number: no spread to judge by")


def test_a_seed_that_one_arm_lacks_is_left_out_by_name() -> None:
    found = judged(NONE, [*FAR[:4], Outcome(status="failed", error="no memory left")])
    assert (found.answer, len(found.numbers.pairs)) == ("supported", 4)
    assert found.numbers.left_out == ("seed 4: norm=batch_seed=4 failed (no memory left)",)
    none = judged([0.8], [Outcome(status="waiting")])
    assert (none.answer, none.provisional) == (None, True)
    assert reason(none) == "no pair of runs has it: seed 0: norm=batch_seed=0 is waiting"


def test_counts_that_differ_between_seeds_were_edited() -> None:
    runs = [Outcome(acc=0.8, extra={"params": count}) for count in (100, 101)]
    assert reason(judged(runs, runs[:1] * 2, metric="params")) == (
        "the seeds' counts differ, which counts do not: a record was edited"
    )


@pytest.mark.parametrize(
    ("expect", "batch", "verdict"),
    [
        ("different", [*SAME[:4], LOST], "inconclusive"),
        ("higher", [*SAME[:4], LOST], "refuted"),
        ("higher", [*LOWER[:4], LOST], "refuted"),
        ("lower", [*SAME[:4], LOST], "inconclusive"),
        ("lower", [*FAR[:4], LOST], "inconclusive"),
        ("equal", [*SAME[:4], LOST], "inconclusive"),
        ("equal", [*FAR[:4], LOST], "refuted"),
        ("higher", [*FAR[:4], LOST], "inconclusive"),
        ("lower", [*LOWER[:4], LOST], "supported"),
        ("different", [*FAR[:4], LOST], "supported"),
    ],
)
def test_what_survivors_do_alike_or_better_is_no_verdict(expect: str, batch: list, verdict: str) -> None:
    """A run that diverged is no better than any: that an arm is not better, or worse, is a verdict nevertheless."""
    found = judged(NONE, batch, expect=expect)
    assert (found.answer, found.small) == (verdict, False)
    assert found.numbers.diverged == ((1, 5), (0, 5))
    assert bool(reason(found)) == (verdict == "inconclusive")


def test_a_place_where_every_run_diverged_is_not_one_that_tells_nothing() -> None:
    """At a rate of 0.2 `none` does not learn at all, and `batch` as it does at 0.1."""
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.2"], "seed": list("01234")}

    def end(at: Mapping[str, str]) -> Outcome:
        norm, rate, seed = at.values()
        return LOST if (norm, rate) == ("none", "0.2") else Outcome(acc=NONE[int(seed)])

    rate = {"factor": "optimizer.lr", "arm": "0.2"}
    claims = [rate, {**rate, "expect": "equal"}, {"expect": "higher", "value": 0.7}]
    found = swept(keys, end, claims).judged[:3]
    assert [one.answer for one in found] == ["inconclusive"] * 3
    assert reason(found[0]) == "5 of 10 runs of 0.2 diverged, 0 of 10 of 0.1: what the others do says nothing of them"


def test_of_what_is_neither_better_nor_worse_no_side_is_safe() -> None:
    runs = [Outcome(acc=0.8, extra={"grad/first_to_last": 0.5 + one}) for one in SPREAD]
    grad = {"metric": "grad/first_to_last", "margin": 0.1}
    for expect in ("higher", "lower", "equal", "different"):
        for none, batch in ((runs, [*runs[:4], LOST]), ([*runs[:4], LOST], runs)):
            assert judged(none, batch, **grad, expect=expect).answer == "inconclusive"


def test_equality_is_not_shown_beside_a_reference_that_diverged() -> None:
    assert judged([*NONE[:4], LOST], SAME, expect="equal").answer == "inconclusive"


def test_an_arm_that_beats_a_number_by_its_survivors_alone_does_not_beat_it() -> None:
    found = judged(NONE, [*FAR[:2], LOST, LOST, FAR[4]], expect="higher", value=0.7)
    assert found.answer == "inconclusive"
    assert reason(found) == "2 of 5 runs of batch diverged: the better mean is one of survivors"


def test_the_better_mean_of_a_loss_is_the_lower() -> None:
    none = [Outcome(acc=0.8, extra={"test/loss": 0.6 + one}) for one in SPREAD]
    batch = [Outcome(acc=0.8, extra={"test/loss": 0.3 - one}) for one in SPREAD]
    loss = {"metric": "test/loss", "margin": 0.05, "expect": "lower"}
    assert judged(none, batch, **loss).answer == "supported"
    assert judged(none, [LOST, *batch[1:]], **loss).answer == "inconclusive"
    assert judged([LOST, *none[1:]], batch, **loss).answer == "supported"


def test_seconds_to_a_target_leave_out_runs_that_diverged_and_say_so() -> None:
    fast, slow = reaching(2, 3, 2, 3, 2), reaching(6, 7, 7, 7, 6)
    claim = {"metric": "seconds to val/acc >= 0.7", "margin": 2, "expect": "lower"}
    assert judged(slow, fast, **claim).answer == "supported"
    assert judged(slow, [*fast[:3], LOST, LOST], **claim).answer == "inconclusive"


def epochs(batch: list, none: list, **claim):
    return judged(reaching(*none), reaching(*batch), metric="epochs to val/acc >= 0.7", **claim)


def test_runs_that_all_ran_out_of_budget_are_not_alike() -> None:
    nobody = epochs([None] * 4, [None] * 4, expect="equal")
    assert (nobody.answer, reason(nobody)) == (None, "no run reached it within the budget")
    some = epochs([8, 8, None, 8], [8, 8, 8, 8], expect="equal", margin=2)
    assert some.answer == "inconclusive"
    assert reason(some) == "some runs did not reach it within the budget, so that how far apart they are is not known"
    assert epochs([8] * 4, [8] * 4, expect="equal", margin=2).answer == "supported"


def test_nobody_got_there_in_an_interaction_either() -> None:
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.2"], "seed": ["0", "1", "2"]}
    interaction = {"factor": list(keys)[:2], "arm": ["batch", 0.2]}
    claims = [{**claim, "metric": "epochs to val/acc >= 0.7"} for claim in (interaction, NORM)]
    found = swept(keys, lambda _: reaching(None)[0], claims).judged
    assert [reason(one) for one in found] == ["no run reached it within the budget"] * 2


def sized(params: int, runs: list[Outcome]) -> list[Outcome]:
    return [replace(run, extra={"params": params + seed}) for seed, run in enumerate(runs)]


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_time_per_parameter_rests_on_no_difference_that_the_rest_of_a_run_could_turn_round(scale: str) -> None:
    """A budget over the parameters is not the same for all: who ran out of it has only a lower bound."""
    margin = {"linear": 0.001, "log": 1.1}[scale]
    claim = {"metric": "epochs to val/acc >= 0.7 / params", "scale": scale, "margin": margin}
    small_and_stopped, large = sized(100, reaching(8, None, None, 8)), sized(1000, reaching(7, 8, 7, 8))
    bound = judged(large, small_and_stopped, **claim, expect="higher")
    assert (bound.answer, bound.numbers.censored) == ("supported", (2, 0))
    assert judged(small_and_stopped, large, **claim, expect="higher").answer == "refuted"
    large_and_stopped, small = sized(1000, reaching(8, None, None, 8)), sized(100, reaching(7, 8, 7, 8))
    turned = judged(small, large_and_stopped, **claim, expect="lower")
    assert turned.answer == "inconclusive"
    assert reason(turned) == "some runs did not reach it within the budget, so that how far apart they are is not known"
    nobody = judged(sized(100, reaching(*[None] * 4)), sized(1000, reaching(*[None] * 4)), **claim)
    assert (nobody.answer, reason(nobody)) == (None, "no run reached it within the budget")


@pytest.mark.parametrize(
    ("expect", "value", "verdict"),
    [("higher", 4, "supported"), ("lower", 12, "inconclusive"), ("different", 12, "inconclusive"),
     ("equal", 12, "inconclusive"), ("different", 4, "supported"), ("equal", 4, "refuted")],
)  # fmt: skip
def test_runs_cut_short_at_eight_epochs_may_need_any_number_beyond(expect: str, value: float, verdict: str) -> None:
    assert epochs([None] * 4, [2] * 4, expect=expect, value=value).answer == verdict


@pytest.mark.parametrize(
    ("batch", "none", "expect", "verdict"),
    [([None] * 4, [2, 3, 2, 3], "lower", "refuted"), ([None] * 4, [2, 3, 2, 3], "higher", "supported"),
     ([2, 3, 2, 3], [None] * 4, "higher", "refuted"), ([8] * 4, [8, 8, None, 8], "lower", "inconclusive"),
     ([8, 8, 8, None], [8] * 4, "higher", "inconclusive")],
)  # fmt: skip
def test_a_run_cut_short_leaves_open_no_more_than_that_it_takes_longer(
    batch: list, none: list, expect: str, verdict: str
) -> None:
    assert epochs(batch, none, expect=expect, margin=2).answer == verdict


def test_a_difference_that_may_be_larger_than_it_seems_is_not_called_small() -> None:
    found = epochs([3, 3, 4, 3, None], [2, 2, 3, 2, 7], expect="lower", margin=2)
    assert (found.answer, found.small) == ("refuted", False)


def test_an_interaction_of_runs_cut_short_may_have_another_sign() -> None:
    """Both rates of `none` run out of the budget: what the rate does there is not known."""
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.1", "0.2"], "seed": ["0", "1", "2"]}
    first = {("batch", "0.2"): 6, ("batch", "0.1"): 3}

    def end(at: Mapping[str, str]):
        norm, rate, seed = at.values()
        return reaching(first[norm, rate] + (seed == "0") * (rate == "0.2") if norm == "batch" else None)[0]

    claim = {"factor": list(keys)[:2], "arm": ["batch", 0.2], "metric": "epochs to val/acc >= 0.7", "expect": "higher"}
    (found,) = swept(keys, end, [claim]).judged
    assert found.evidence.corrected_supported <= 0.05
    assert found.answer == "inconclusive"


def test_a_time_that_anothers_budget_cut_is_no_more_seen_than_that_one() -> None:
    """The run that stopped after 6 s has no partner; what it sets the budget for took 12 s and 8."""
    stopped = Outcome(acc=0.8, curve=(0.3, 0.3, 0.4))
    slow = [*reaching(6, 4, 6, 4), stopped]
    found = judged([*reaching(3, 2, 3, 2), Outcome(status="failed")], slow, metric="seconds to val/acc >= 0.7",
                   expect="equal", margin=3)  # fmt: skip
    assert [pair.arm for pair in found.numbers.pairs] == [6] * 4
    assert found.answer == "inconclusive"


@pytest.mark.parametrize(
    ("expect", "batch", "barred"),
    [
        ("higher", shifted(0.012, 8), "the better mean is one of survivors"),
        ("equal", shifted(0.002, 10), "what the others do says nothing of them"),
        ("different", shifted(0.012, 8), None),
    ],
)
def test_more_seeds_settle_nothing_where_runs_that_diverged_bar_the_verdict(
    expect: str, batch: list, barred: str | None
) -> None:
    found = judged(NONE, [*batch[:4], LOST], expect=expect)
    assert (found.answer, reason(found)) == ("inconclusive", None)
    assert found.reach.barred == (barred and f"1 of 5 runs of batch diverged, 0 of 5 of none: {barred}")
    assert (found.reach.more is None) == (barred is not None)


@pytest.mark.parametrize(
    ("expect", "margin", "batch", "none", "settled"),
    [("equal", 2, [8, 7, 4, None], [6, 8, 8, 5], False), ("higher", 0.5, [8, 8, None, 6], [5, 7, 6, 8], True),
     ("higher", 2, [8, 8, None, 6], [5, 7, 6, 8], False)],
)  # fmt: skip
def test_more_seeds_settle_nothing_where_the_budget_bars_the_verdict(
    expect: str, margin: float, batch: list, none: list, settled: bool
) -> None:
    """In the last case more seeds support it and refute it, too, as too small, which the run cut short forbids."""
    found = epochs(batch, none, expect=expect, margin=margin)
    assert (found.answer, reason(found)) == ("inconclusive", None)
    assert (found.reach.barred is None, found.reach.more is not None) == (settled, settled)
