"""Rounds of seeds: `seed=auto` trains until every claim is settled, and arms whose claims are stop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.simulated import Outcome, write_run
from cnnlab.cli.tasks.train import _in_rounds
from cnnlab.comparison import compare
from cnnlab.errors import Exit
from cnnlab.sweep.manifest import SweepManifest, read_manifest
from cnnlab.sweep.plan import PlannedJob, SweepPlan

ARMS = ("none", "batch", "group")
SEEDS = [str(seed) for seed in range(6)]


def accuracy(norm: str, seed: int) -> float:
    """batch is far better from the start; group is too near and too noisy for three seeds."""
    noise = (0.004, -0.004, 0.001, 0.011, 0.009, 0.010)[seed]
    return 0.7 + seed / 1000 + {"none": 0.0, "batch": 0.2 + seed / 2000, "group": noise}[norm]


def planned(folder: Path, looks: list[int]) -> SweepPlan:
    labels = [{"model.norm": norm, "seed": seed} for seed in SEEDS for norm in ARMS]
    jobs, entries = [], []
    for one in labels:
        name = f"norm={one['model.norm']}-s{one['seed']}"
        entries.append(
            {
                "folder": name,
                "overrides": one,
                "identity": name,
                "words": [f"model.norm={one['model.norm']}"],
                "variant": "",
            }
        )
        jobs.append(PlannedJob(one, SimpleNamespace(folder=folder / name)))  # type: ignore[arg-type]
    manifest = SweepManifest([], ["model=lenet"], {"model.norm": list(ARMS), "seed": SEEDS}, looks=looks, jobs=entries)
    return SweepPlan(folder, manifest, tuple(jobs))


class Trainer:
    """Writes the runs of each round, and keeps which."""

    def __init__(self, ends: Exit = Exit.DONE) -> None:
        self.rounds: list[list[tuple[str, str]]] = []
        self.ends = ends

    def __call__(self, part: SweepPlan) -> Exit:
        entries = {entry["folder"]: entry for entry in part.manifest.jobs}
        new = [job for job in part.jobs if not (job.job.folder / "result.json").exists()]
        self.rounds.append([(job.labels["model.norm"], job.labels["seed"]) for job in new])
        for job in new:
            end = Outcome(acc=accuracy(job.labels["model.norm"], int(job.labels["seed"])))
            write_run(job.job.folder, entries[job.job.folder.name], end, 3, 2000)
        return self.ends


def seeds_of(rounds: list[tuple[str, str]]) -> Mapping[str, str]:
    return {arm: "".join(seed for norm, seed in rounds if norm == arm) for arm in ARMS}


def test_arms_whose_claims_are_settled_stop_and_the_others_go_on(tmp_path: Path) -> None:
    trainer = Trainer()
    ended, manifest = _in_rounds(planned(tmp_path, [3, 6]), trainer)
    first, second = map(seeds_of, trainer.rounds)
    assert first == dict.fromkeys(ARMS, "012")
    assert second == {"none": "345", "batch": "", "group": "345"}
    assert (ended, len(manifest.jobs)) == (Exit.DONE, 15)
    batch, group = compare([tmp_path]).judged
    assert (batch.word, batch.look, len(batch.numbers.pairs)) == ("better", 1, 3)
    assert (group.look, len(group.numbers.pairs)) == (2, 6)


def test_where_all_is_settled_no_further_round_begins_also_the_next_time(tmp_path: Path) -> None:
    def plan() -> Any:
        part = planned(tmp_path, [3, 6])
        kept = [job for job in part.jobs if job.labels["model.norm"] != "group"]
        part.manifest.jobs = [entry for entry in part.manifest.jobs if entry["overrides"]["model.norm"] != "group"]
        return SweepPlan(part.folder, part.manifest, tuple(kept))

    first, again = Trainer(), Trainer()
    _in_rounds(plan(), first)
    _in_rounds(plan(), again)
    assert [len(jobs) for jobs in first.rounds] == [6]
    assert [len(jobs) for jobs in again.rounds] == [0]
    written = read_manifest(tmp_path)
    assert written
    assert {entry["overrides"]["seed"] for entry in written.jobs} == {"0", "1", "2"}


def test_an_interruption_ends_the_rounds(tmp_path: Path) -> None:
    trainer = Trainer(Exit.INTERRUPTED)
    assert _in_rounds(planned(tmp_path, [3, 6]), trainer)[0] is Exit.INTERRUPTED
    assert len(trainer.rounds) == 1
