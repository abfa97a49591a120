"""A sweep's jobs before they run: what they run on, and that composing one for each arm is enough."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from tiny_run import CONF

from cnnlab.cli.arguments import read_arguments
from cnnlab.cli.check import check
from cnnlab.cli.grid import read_request
from cnnlab.config.compose import compose
from cnnlab.config.engine import start
from cnnlab.data.content import Contents
from cnnlab.sweep.plan import CheckedCell, SweepPlan, cores, plan, reseeded

WORDS = ["model=lenet", "data=synthetic", "seed=0,1", "-m"]


def planned(folder: Path, words: Sequence[str]) -> SweepPlan:
    """What a command would do in `folder`, every cell composed by itself."""
    hydra = start(CONF)
    asked = read_request(hydra, read_arguments(list(words)))
    cells = []
    for cell in asked.grid.cells():
        composed = compose(hydra.config_loader, "config", cell.words)
        run, noted = check(composed)
        assert run, noted
        cells.append(CheckedCell(cell, composed, run))
    return plan(folder, asked.grid, cells, list(words), Contents(), None)


def test_the_first_command_decides_threads_and_precision_and_later_ones_adopt_them(tmp_path: Path) -> None:
    first = planned(tmp_path, WORDS)
    assert first.manifest.threads == max(1, cores() // 2)
    assert {job.hardware.precision for job in first.unique()} == {first.manifest.precision}
    first.manifest.threads, first.manifest.precision = 3, "32"  # as on another machine
    first.manifest.write(tmp_path)
    later = planned(tmp_path, [*WORDS[:2], "seed=0,1,2,3,4,5", "-m"])
    assert {(job.hardware.threads, job.hardware.precision) for job in later.unique()} == {(3, "32")}
    assert {job.config["threads"] for job in later.unique()} == {3}
    assert json.loads((tmp_path / "sweep.json").read_text())["created"] == later.manifest.created


def test_a_job_knows_the_parameters_of_its_auxiliary_heads_before_it_runs(tmp_path: Path) -> None:
    head = "+model.aux.side={from: c3, head: {flat: {block: flatten}, fc: {block: linear, features: classes}}}"
    jobs = planned(tmp_path, [*WORDS, head]).unique()
    (costs,) = {(job.facts["params"], job.facts["params_aux"]) for job in jobs}
    assert costs == (61_706, 16 * 10 * 10 * 10 + 10)


def test_a_cell_that_differs_in_the_seed_alone_is_what_composing_it_would_give(tmp_path: Path) -> None:
    hydra = start(CONF)
    first, second = read_request(hydra, read_arguments(WORDS)).grid.cells()
    composed = [compose(hydra.config_loader, "config", cell.words) for cell in (first, second)]
    runs = [check(one)[0] for one in composed]
    assert runs[0]
    assert runs[1]
    short = reseeded(CheckedCell(first, composed[0], runs[0]), second)
    assert short.run == runs[1]
    assert (short.composed.config, short.composed.frozen) == (composed[1].config, composed[1].frozen)
    assert short.composed.overrides == composed[1].overrides
    assert short.composed.origins.last() == composed[1].origins.last()


@pytest.mark.parametrize(("word", "refers"), [("name=run", False), ("name=run-${seed}", True)])
def test_a_setting_made_from_the_seed_is_seen(word: str, refers: bool) -> None:
    hydra = start(CONF)
    assert compose(hydra.config_loader, "config", [word]).refers_to_seed == refers
