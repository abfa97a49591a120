"""From runs to verdicts: each row of the table, and why there is none or not what the numbers alone would give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from contrasts import LOST, NORM, compared, judged, reaching, reason, swept
from scipy import stats

from benchmarks.simulated import Outcome
from cnnlab.compare.judge import by_family, failed_controls

NONE = [0.800, 0.812, 0.791, 0.805, 0.799]
SPREAD = [0.002, -0.001, 0.0, 0.001, -0.002]


def shifted(by: float, spread: float = 1.0) -> list[float]:
    return [value + by + spread * one for value, one in zip(NONE, SPREAD, strict=True)]


FAR, NEAR, SAME, WIDE = shifted(0.05), shifted(0.005), shifted(0.0), shifted(0.005, 16)
OPEN = shifted(0.01, 8)  # p is .15
LOWER, LITTLE_LOWER = shifted(-0.05), shifted(-0.005)

TABLE = [
    ("different", FAR, "supported"), ("different", LOWER, "supported"), ("different", SAME, "refuted"),
    ("different", NEAR, "small"), ("different", LITTLE_LOWER, "small"), ("different", WIDE, "inconclusive"),
    ("higher", FAR, "supported"), ("higher", LOWER, "refuted"), ("higher", SAME, "refuted"),
    ("higher", NEAR, "small"), ("higher", LITTLE_LOWER, "refuted"), ("higher", WIDE, "inconclusive"),
    ("lower", FAR, "refuted"), ("lower", LOWER, "supported"), ("lower", SAME, "refuted"),
    ("lower", NEAR, "refuted"), ("lower", LITTLE_LOWER, "small"), ("lower", WIDE, "inconclusive"),
    ("equal", FAR, "refuted"), ("equal", LOWER, "refuted"), ("equal", SAME, "supported"),
    ("equal", NEAR, "supported"), ("equal", LITTLE_LOWER, "supported"), ("equal", WIDE, "inconclusive"),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "batch", "wanted"), TABLE)
def test_each_expectation_is_judged_by_its_row_of_the_table(expect: str, batch: list[float], wanted: str) -> None:
    found = judged(NONE, batch, expect=expect)
    assert ("small" if found.small else found.answer) == wanted
    assert not found.small or found.answer == "refuted"


def test_the_p_values_of_a_verdict_are_those_of_its_row() -> None:
    differences = [b - a for a, b in zip(NONE, OPEN, strict=True)]

    def p(at: float, side: str) -> float:
        return float(stats.ttest_1samp(differences, at, alternative=side).pvalue)

    within = max(p(0.01, "less"), p(-0.01, "greater"))
    rows = {
        "different": (p(0, "two-sided"), within),
        "higher": (p(0, "two-sided"), p(0.01, "less")),
        "lower": (1.0, p(-0.01, "greater")),
        "equal": (within, p(0.01, "greater") + p(-0.01, "greater")),
    }
    for expect, wanted in rows.items():
        found = judged(NONE, OPEN, expect=expect)
        assert (found.evidence.p_supported, found.evidence.p_refuted) == pytest.approx(wanted)


def test_a_claim_against_a_number_needs_no_reference() -> None:
    below, above = judged(NONE, FAR, expect="lower", value=0.9), judged(NONE, FAR, expect="higher", value=0.9)
    assert (below.answer, above.answer) == ("supported", "refuted")
    assert below.mean == pytest.approx(sum(FAR) / 5 - 0.9)
    assert judged(NONE, [0.851, 0.849, 0.85, 0.852, 0.848], expect="equal", value=0.85).answer == "supported"


def test_verdicts_read_together_are_corrected_by_holm_and_controls_are_not() -> None:
    claims = [{**NORM, "expect": "different"}, {**NORM, "expect": "higher"}, {**NORM, "expect": "lower"}]
    controls = [{**claim, "control": True} for claim in claims[:2]]
    found = compared(NONE, OPEN, [*claims, *controls]).judged
    p = found[0].evidence.p
    assert p
    assert [one.evidence.corrected_supported for one in found[:3]] == pytest.approx([3 * p, 3 * p, 1.0])
    assert [one.evidence.corrected_supported for one in found[3:]] == pytest.approx([p, p])
    assert [one.evidence.together for one in found] == [3, 3, 3, 1, 1]


def test_a_difference_that_one_claim_shows_is_not_shown_among_many() -> None:
    batch = shifted(0.004, 1.6)
    alone = judged(NONE, batch, margin=0.001)
    assert alone.evidence.p
    assert 0.05 / 4 < alone.evidence.p < 0.05
    assert alone.answer == "supported"
    many = compared(NONE, batch, [{**NORM, "margin": 0.001 + 0.0001 * at} for at in range(4)]).judged
    assert {one.answer for one in many} == {"inconclusive"}


def test_the_studys_alpha_is_the_one_that_counts() -> None:
    batch = shifted(0.004, 1.6)
    keys = {"model.norm": ["none", "batch"], "seed": list("01234")}

    def end(at) -> Outcome:
        return Outcome(acc=(batch if at["model.norm"] == "batch" else NONE)[int(at["seed"])])

    found = swept(keys, end, [{**NORM, "margin": 0.001}], alpha=0.001).judged[0]
    assert found.answer == "inconclusive"


def test_one_seed_has_no_verdict_and_no_interval() -> None:
    found = judged([0.8], [0.9])
    assert (found.answer, reason(found), found.estimate) == (None, "1 seed: no spread to judge by", None)


def test_numbers_without_any_spread_have_no_verdict() -> None:
    runs = [Outcome(acc=0.8, extra={"test/loss": 0.5})] * 3
    found = judged(runs, runs, metric="test/loss", margin=0.1, expect="equal")
    assert (found.answer, reason(found)) == (None, "all 3 seeds gave the same number: no spread to judge by")


def test_accuracies_that_all_agree_are_judged_by_the_images_they_rest_on() -> None:
    found = judged([0.8] * 5, [0.8] * 5)
    assert (found.answer, found.mean) == ("refuted", 0)
    assert found.estimate
    assert found.estimate.agree
    assert found.estimate.sd == pytest.approx(1 / 2000 / 6**0.5)


def test_a_seed_that_one_arm_lacks_is_left_out_by_name() -> None:
    found = judged(NONE, [*FAR[:4], Outcome(status="failed", error="no memory left")])
    assert (found.answer, len(found.numbers.pairs)) == ("supported", 4)
    assert found.numbers.left_out == ("seed 4: norm=batch_seed=4 failed (no memory left)",)
    none = judged([0.8], [Outcome(status="waiting")])
    assert (none.answer, none.provisional) == (None, True)
    assert reason(none) == "no pair of runs has it: seed 0: norm=batch_seed=0 is waiting"


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


RATES = [
    ("different", 5, 0, "supported"), ("different", 3, 2, "inconclusive"),
    ("higher", 5, 0, "supported"), ("higher", 0, 5, "refuted"), ("higher", 3, 2, "inconclusive"),
    ("lower", 0, 5, "supported"), ("lower", 5, 0, "refuted"), ("lower", 0, 1, "inconclusive"),
    ("equal", 5, 0, "refuted"), ("equal", 0, 0, "inconclusive"), ("equal", 3, 3, "inconclusive"),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "batch", "none", "verdict"), RATES)
def test_divergence_is_judged_by_its_rates(expect: str, batch: int, none: int, verdict: str) -> None:
    arms = [[LOST] * lost + NONE[lost:] for lost in (none, batch)]
    found = judged(*arms, metric="diverged", expect=expect)
    assert (found.answer, found.shares) == (verdict, (batch / 5, none / 5))


AGAINST = [
    ("different", 3, 0.1, "supported"), ("different", 1, 0.1, "inconclusive"), ("different", 1, 0, "supported"),
    ("higher", 3, 0.1, "supported"), ("higher", 0, 0.8, "refuted"), ("higher", 5, 0.5, "inconclusive"),
    ("lower", 0, 0.8, "supported"), ("lower", 3, 0.1, "refuted"), ("lower", 0, 0.1, "inconclusive"),
    ("equal", 3, 0.1, "refuted"), ("equal", 0, 0, "inconclusive"), ("equal", 5, 1, "inconclusive"),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "lost", "value", "verdict"), AGAINST)
def test_a_rate_of_divergence_is_held_against_a_number_by_its_binomial(
    expect: str, lost: int, value: float, verdict: str
) -> None:
    found = judged(NONE, [LOST] * lost + NONE[lost:], metric="diverged", expect=expect, value=value)
    assert (found.answer, found.shares, found.estimate) == (verdict, (lost / 5, value), None)
    assert found.evidence.p == pytest.approx(stats.binomtest(lost, 5, value).pvalue)


@pytest.mark.parametrize(
    ("seeds", "at", "p"),
    [(1, ["1", "2", "3", "4"], 1.0), (5, ["4"], 2 / 252), (5, ["1", "2", "3", "4"], 2 / 252), (2, ["4"], 2 / 6)],
)
def test_runs_of_one_seed_are_no_more_than_one_to_a_test_of_rates(seeds: int, at: list[str], p: float) -> None:
    """Four rates are averaged over; at some of them every run of batch diverges."""
    keys = {"model.norm": ["none", "batch"], "optimizer.lr": list("1234"), "seed": list("01234")[:seeds]}

    def end(of: Mapping[str, str]) -> Outcome:
        return LOST if of["model.norm"] == "batch" and of["optimizer.lr"] in at else Outcome(acc=0.8)

    found = swept(keys, end, [{**NORM, "metric": "diverged", "expect": "higher"}]).judged[0]
    assert found.evidence.p == pytest.approx(p)
    assert found.shares == (len(at) / 4, 0)
    alone = swept(keys, end, [{**NORM, "metric": "diverged", "expect": "higher", "value": 0.1}]).judged[0]
    count = seeds * len(at) // 4
    assert alone.evidence.p == pytest.approx(stats.binomtest(count, seeds, 0.1).pvalue)


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


def test_counts_that_differ_between_seeds_were_edited() -> None:
    runs = [Outcome(acc=0.8, extra={"params": count}) for count in (100, 101)]
    assert reason(judged(runs, runs[:1] * 2, metric="params")) == (
        "the seeds' counts differ, which counts do not: a record was edited"
    )


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


def test_a_run_that_diverged_on_its_way_never_got_there() -> None:
    late = Outcome(status="diverged", curve=(0.3, 0.4))
    found = judged(reaching(2, 3, 2), [late] * 3, metric="epochs to val/acc >= 0.7", expect="higher")
    assert [pair.arm for pair in found.numbers.pairs] == [8, 8, 8]
    assert found.answer == "supported"


def test_an_undecided_claim_says_what_could_have_been_seen_and_how_many_seeds_would_do() -> None:
    found, together = judged(NONE, OPEN), compared(NONE, OPEN, [NORM, {**NORM, "expect": "equal"}]).judged
    assert found.estimate
    assert found.reach.detectable == pytest.approx(3.761 * found.estimate.sd / 5**0.5, rel=1e-3)
    assert found.reach.more == 10
    assert [one.reach.detectable for one in together] == pytest.approx(
        [4.584 * found.estimate.sd / 5**0.5] * 2, rel=1e-3
    )
    assert [one.reach.more for one in together] == [13, None]  # the mean is the margin: no number tells
    assert judged(NONE, FAR).reach.more is None


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


def settling(expect: str, mean: float, sd: float, margin: float, n: int) -> float:
    """How often n seeds support the claim, or refute it if that is likelier; mean and spread are what they seemed."""
    draws = np.random.default_rng(4).normal(mean, sd, (20_000, n))
    sign = 1 if expect == "higher" else -1
    supported = (stats.ttest_1samp(draws, 0, axis=1).pvalue <= 0.05) & (sign * draws.mean(axis=1) > 0)
    refuted = stats.ttest_1samp(sign * draws, margin, axis=1, alternative="less").pvalue <= 0.05
    return float(max(np.mean(supported), np.mean(refuted)))


@pytest.mark.parametrize(
    ("expect", "by", "spread"),
    [("lower", 0.005, 16), ("higher", -0.004, 18), ("higher", 0.002, 8), ("higher", 0.01, 8)],
)
def test_seeds_that_would_settle_a_claim_of_more_or_less_do_so_eight_times_in_ten(
    expect: str, by: float, spread: float
) -> None:
    """Supporting is a two-sided test, refuting a one-sided one."""
    found = judged(NONE, shifted(by, spread), expect=expect)
    assert found.answer == "inconclusive"
    assert found.estimate
    assert found.reach.more
    n = found.estimate.n + found.reach.more
    assert settling(expect, found.estimate.mean, found.estimate.sd, 0.01, n) == pytest.approx(0.8, abs=0.03)


def test_families_come_in_order_and_controls_that_fail_are_told() -> None:
    found = compared(NONE, [*FAR[:4], LOST], [{**NORM}, {**NORM, "expect": "lower", "control": True}]).judged
    assert list(by_family(found)) == ["controls", "claims", "divergence"]
    assert [one.question.claim.expect for one in failed_controls(found)] == ["lower"]
