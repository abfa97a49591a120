"""Which run stands for an arm and a seed, and whose record is not that of the run that was asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.simulated import Outcome, write_sweep
from cnnlab.comparison import compare
from cnnlab.comparison.ledger import read_ledger

KEYS = {"model.norm": ["none", "batch"], "seed": ["0", "1"]}


def test_sweeps_are_read_together_and_twice_told_runs_count_once(tmp_path: Path) -> None:
    def end(at: Mapping[str, str]) -> Outcome:
        gain = 0.02 if at["model.norm"] == "batch" else 0.0
        return Outcome(acc=0.8 + int(at["seed"]) / 1000 + gain + (0.001 if at["seed"] == "2" else 0.0))

    first = write_sweep(tmp_path / "first", {"model.norm": ["none", "batch"], "seed": ["0", "1", "2"]}, end)
    second = write_sweep(tmp_path / "second", {"model.norm": ["none", "batch"], "seed": ["2", "3", "4"]}, end)
    found = compare([first, second])
    assert len(found.judged[0].numbers.pairs) == 5
    assert found.total == 10


def test_of_two_runs_of_one_arm_and_seed_the_one_that_ended_well_counts_and_the_first_of_two_results(
    tmp_path: Path,
) -> None:
    def ends(acc: float, failed: str) -> Path:
        def end(at: Mapping[str, str]) -> Outcome:
            return Outcome(status="failed") if at["seed"] == failed else Outcome(acc=acc)

        return write_sweep(tmp_path / f"failed-{failed}", KEYS, end)

    found = read_ledger([ends(0.8, failed="0"), ends(0.9, failed="1")])
    none = found.trials["none",]
    assert {seed: trial.result["test/acc"] for seed, trial in none.items()} == {"0": 0.9, "1": 0.8}
    assert found.problems == ()
    twice = read_ledger([ends(0.8, failed="0"), ends(0.9, failed="")])
    assert twice.trials["none",]["1"].result["test/acc"] == 0.8
    assert twice.problems[0] == (
        "failed-0/norm=none_seed=1 and failed-/norm=none_seed=1 are one arm and seed with two results"
        " (the same experiment); the first is used"
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"identity": "other"}, "norm=none_seed=1 holds another experiment (other; the sweep asked for "),
        ({"seed": 7}, "norm=none_seed=1 has seed 7, the sweep asked for seed 1; left out"),
    ],
)
def test_a_folder_that_holds_another_run_is_left_out_by_name(tmp_path: Path, changed: dict, said: str) -> None:
    folder = write_sweep(tmp_path / "sweep", KEYS, lambda _: Outcome(acc=0.8))
    file = folder / "norm=none_seed=1" / "result.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changed}))
    found = read_ledger([folder])
    assert (found.trials["none",]["1"].status, found.trials["none",]["0"].status) == ("damaged", "ok")
    assert [problem.startswith(said) for problem in found.problems] == [True]


def test_what_bears_on_no_result_makes_no_other_arms(tmp_path: Path) -> None:
    def sweep(name: str, seeds: list[str], *fixed: str) -> Path:
        folder = write_sweep(tmp_path / name, {**KEYS, "seed": seeds}, lambda _: Outcome(acc=0.8))
        file = folder / "sweep.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "fixed": ["model=lenet", *fixed]}))
        return folder

    first = sweep("first", ["0", "1"])
    others = ["checkpoint.every=2", "trainer.progress=false", "metrics=shift", "logger=wandb", "jobs=1"]
    found = read_ledger([first, sweep("second", ["2", "3"], *others)])
    assert dict(found.factors) == {"model.norm": ("none", "batch")}
    assert read_ledger([first, sweep("third", ["2"], "callbacks=early_stopping")]).factors.keys() == {
        "model.norm", "callbacks",
    }  # fmt: skip
