"""A study's claims: what may stand there, and what is said of the rest."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from simulated_arms import reason

from benchmarks.simulated import Outcome, write_sweep
from cnnlab.comparison import compare
from cnnlab.comparison.check import claim_faults, show_faults
from cnnlab.comparison.claims import Claim, margin_of

KEYS = {"model.norm": ["none", "batch"], "optimizer.lr": ["0.05", "0.5"], "seed": ["0", "1", "2", "3", "4"]}

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"factor": "model.nrom", "arm": "batch"},
     "claims[0].factor: 'model.nrom' is not varied here; did you mean 'model.norm'?"),
    ({"factor": "model.norm", "arm": "bach"}, "claims[0].arm: model.norm has no value 'bach'; did you mean 'batch'?"),
    ({"factor": "model.norm", "arm": "batch", "margin": 0}, "claims[0].margin: should be above 0, not 0"),
    ({"factor": "model.norm", "arm": "batch", "metric": "tset/acc"},
     "claims[0].metric: no run records 'tset/acc'; did you mean 'test/acc'?"),
    ({"factor": "model.norm", "arm": "none"},
     "claims[0].arm: model.norm none is compared with itself, the first-listed: name a reference"),
    ({"factor": "model.norm", "arm": "batch", "metric": "shift/acc_1"},
     "claims[0].metric: shift/acc_1 is measured only where the study's metrics name shift"),
    ({"factor": "model.norm", "arm": "batch", "metric": "epochs to val/acc >= soon"},
     "claims[0].metric: 'soon' is no number to reach"),
    ({"factor": "model.norm", "arm": "batch", "metric": "seconds"},
     "claims[0].margin: seconds has no margin that goes without saying: the smallest difference that counts"),
    ({"factor": "model.norm", "arm": "batch", "metric": "seconds", "scale": "log", "margin": 1},
     "claims[0].margin: is a ratio here and should be above 1, not 1"),
    ({"factor": "model.norm", "arm": "batch", "metric": "seconds", "scale": "log", "value": 0},
     "claims[0].value: is compared as a ratio and should be above 0, not 0"),
    ({"factor": "model.norm", "arm": "batch", "metric": "diverged", "value": 10},
     "claims[0].value: is a share of runs here and should be from 0 to 1, not 10"),
    ({"factor": "model.norm", "arm": "batch", "metric": "diverged", "scale": "log"},
     "claims[0].scale: should be linear: shares of runs that diverged are not compared as a ratio"),
    ({"factor": "model.norm", "arm": "batch", "metric": "diverged", "margin": 0.1},
     "claims[0].margin: says nothing here: shares of runs that diverged are tested for any difference"),
    ({"factor": "model.norm", "arm": "batch", "metric": "largest optimizer.lr with test/acc >= 0.5 / params"},
     "claims[0].metric: 'largest optimizer.lr with test/acc >= 0.5' is no number of one run, which a quotient is made"
     " of"),
    ({"arm": "batch"}, "claims[0].factor: a claim needs a factor and an arm, or a value to compare with"),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "message"), WRONG)
def test_what_is_wrong_with_a_claim_is_said_with_its_place(claim: dict[str, Any], message: str) -> None:
    assert [str(fault) for fault in claim_faults([claim], KEYS)] == [message]


C1 = {"name": "body.c1", "block": "conv", "params": 1}
C2 = {"name": "body.c2", "block": "conv", "params": 1}
ARMS = [
    ({"model.norm": norm, "depth": depth}, {"layers": [C1, C2] if depth != "1" else [C1]})
    for norm in ("none", "batch")
    for depth in ("1", "2", "3")
]
"""of them only the deep ones have a second block"""
MISSING: list[tuple[dict[str, Any], list[str]]] = [
    ({"factor": "model.norm", "arm": "batch", "metric": "layer/body.c1/params"}, []),
    ({"factor": "model.norm", "arm": "batch", "metric": "layer/body.c3/params"},
     ["claims[0].metric: there is no block 'body.c3'; did you mean 'body.c1'?"]),
    ({"factor": "model.norm", "arm": "batch", "metric": "layer/body.c2/params"},
     ["claims[0].metric: there is no block 'body.c2' where depth=1; "
      "hold 'depth' at a value that has it (the claim's `where`)"]),
    ({"factor": "model.norm", "arm": "batch", "metric": "layer/body.c2/params", "where": {"depth": 2}}, []),
    ({"factor": "depth", "arm": 2, "metric": "layer/body.c2/params"},
     ["claims[0].metric: there is no block 'body.c2' where depth=1; a claim needs it in all arms that it is about"]),
    ({"factor": "depth", "arm": 2, "reference": 3, "metric": "layer/body.c2/params"}, []),
    ({"factor": "depth", "arm": 2, "value": 1, "metric": "layer/body.c2/params"}, []),
    ({"factor": "depth", "arm": 1, "value": 1, "metric": "layer/body.c2/params"},
     ["claims[0].metric: there is no block 'body.c2'; did you mean 'body.c1'?"]),
    ({"factor": ["model.norm", "depth"], "arm": ["batch", 3], "metric": "layer/body.c2/params"},
     ["claims[0].metric: there is no block 'body.c2' where depth=1; a claim needs it in all arms that it is about"]),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "said"), MISSING)
def test_a_block_has_to_be_in_all_arms_that_a_claim_is_about(claim: dict[str, Any], said: list[str]) -> None:
    keys = {"model.norm": ["none", "batch"], "depth": ["1", "2", "3"], "seed": ["0"]}
    assert [str(fault) for fault in claim_faults([claim], keys, arms=ARMS)] == said


def test_what_is_to_be_shown_has_to_be_in_one_arm() -> None:
    texts = ["test/acc", "layer/body.c2/params", "layer/body.c3/params", "test/ac", "epochs to target", "gap/acc"]
    assert [str(fault) for fault in show_faults(texts, arms=ARMS)] == [
        "show[2]: there is no block 'body.c3'; did you mean 'body.c1'?",
        "show[3]: no run records 'test/ac'; did you mean 'test/acc'?",
        "show[4]: 'epochs to target' needs the study's target, a validation accuracy",
        "show[5]: gap/acc is measured only where the study's metrics name gap",
    ]


def test_numbers_are_the_same_however_they_are_spelt() -> None:
    claim = {"factor": "model.norm", "arm": "batch", "where": {"optimizer.lr": 5e-1}}
    assert claim_faults([claim], KEYS) == []


@pytest.mark.parametrize(
    ("claim", "margin"),
    [({}, 0.02), ({"margin": 0.03}, 0.03), ({"metric": "epochs to val/acc >= 0.7"}, 1.0), ({"scale": "log"}, 1.1)],
)
def test_the_studys_margin_is_for_shares_whose_claim_has_none(claim: dict[str, Any], margin: float) -> None:
    found = Claim.model_validate(claim)
    assert margin_of(found, found.measure(), usual=0.02) == margin


def sweep(folder: Path, claims: list[dict[str, Any]], **study: Any) -> Path:
    """Batch norm is worth 3 points at 0.5 and nothing at 0.05, where it trains four epochs sooner."""
    dice = random.Random(3)

    def end(at: Mapping[str, str]) -> Outcome:
        batch, fast = at["model.norm"] == "batch", at["optimizer.lr"] == "0.5"
        acc = 0.85 + 0.03 * (batch and fast) + dice.gauss(0, 0.002)
        sooner = 2 if batch else 6
        curve = [0.82 if epoch >= sooner + dice.choice((0, 0, 1)) else 0.4 for epoch in range(1, 9)]
        return Outcome(acc=round(acc, 4), curve=curve)

    return write_sweep(folder / "sweep", KEYS, end, study={"claims": claims, **study}, epochs=8)


def test_claims_are_judged_at_a_place_on_average_and_as_an_interaction(tmp_path: Path) -> None:
    norm = {"factor": "model.norm", "arm": "batch"}
    claims = [
        {**norm, "expect": "higher", "where": {"optimizer.lr": 0.5}},
        {**norm, "expect": "equal", "where": {"optimizer.lr": 0.05}},
        {**norm, "expect": "lower", "metric": "epochs to val/acc >= 0.8", "margin": 1},
        {"factor": ["model.norm", "optimizer.lr"], "arm": ["batch", 0.5], "expect": "higher"},
        {**norm, "expect": "lower", "control": True},
    ]
    judged = compare([sweep(tmp_path, claims)]).judged
    assert [one.answer for one in judged] == ["supported"] * 4 + ["refuted"]
    assert judged[3].mean == pytest.approx(0.03, abs=0.004)
    assert judged[2].mean == pytest.approx(-4, abs=0.8)


def test_each_arm_gets_its_own_best_rate_and_equal_rates_stand_beside(tmp_path: Path) -> None:
    found = compare([sweep(tmp_path, [{"factor": "model.norm", "arm": "batch"}], tuned=["optimizer.lr"])])
    assert [one.question.family for one in found.judged] == ["claims", "equal settings", "equal settings"]
    assert set(found.judged[0].question.chosen) == {"model.norm=none", "model.norm=batch"}


def test_a_claim_at_fault_is_named_and_the_others_are_judged(tmp_path: Path) -> None:
    sound, broken = {"factor": "model.norm", "arm": "batch"}, {"factor": "model.norm", "arm": "nothing"}
    found = compare([sweep(tmp_path, [broken, sound])])
    assert len(found.judged) == 1
    assert any("claims[0].arm" in problem for problem in found.problems)


def test_other_epochs_and_threads_are_refused_by_name(tmp_path: Path) -> None:
    def end(at: Mapping[str, str]) -> Outcome:
        odd = at["model.norm"] == "batch" and at["seed"] == "3"
        return Outcome(acc=0.8 + int(at["seed"]) / 1000, config={"trainer.max_epochs": 9, "threads": 2} if odd else {})

    keys = {key: values for key, values in KEYS.items() if key != "optimizer.lr"}
    (only,) = compare([write_sweep(tmp_path / "sweep", keys, end)]).judged
    assert only.answer is None
    assert "trainer.max_epochs is 3 in norm=batch_seed=0 and 9 in norm=batch_seed=3" in (reason(only) or "")
    assert "threads is 1" in (reason(only) or "")
