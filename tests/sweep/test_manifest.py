"""Where a sweep lies, and what its jobs are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnlab.sweep.grid import Factor, Grid, Level, setting
from cnnlab.sweep.manifest import default_folder

NORM, LR = setting("model.norm", ["none", "batch"]), setting("optimizer.lr", ["0.1"])


def folder(*fixed: str, factors: tuple[Factor, ...] = (NORM,)) -> Path:
    return default_folder(Path("out"), Grid(fixed, factors))


@pytest.mark.parametrize(
    "same",
    [
        folder("trainer.max_epochs=3", "model=lenet"),
        folder("model=lenet", "trainer.max_epochs=3", "retry=failed", "jobs=2", "tags=[a]", "timeout=3"),
        folder("model=lenet", "trainer.max_epochs=3", factors=(setting("seed", ["5"]), setting("model.norm", ["x"]))),
    ],
)
def test_more_arms_more_seeds_and_what_changes_no_result_land_in_the_same_folder(same: Path) -> None:
    assert same == folder("model=lenet", "trainer.max_epochs=3")


@pytest.mark.parametrize(
    "other", [folder("model=lenet"), folder("model=lenet", "trainer.max_epochs=3", factors=(NORM, LR)), folder()]
)
def test_other_fixed_settings_and_other_factors_are_another_sweep(other: Path) -> None:
    assert other != folder("model=lenet", "trainer.max_epochs=3")


def test_all_arms_of_a_seed_come_before_the_next_seed() -> None:
    arms = Factor("pool", (Level("max", ()), Level("none", ("model.body.s2=null", "model.body.c1.stride=2"))))
    cells = list(Grid(("model=lenet",), (arms, setting("seed", ["0", "1"]))).cells())
    assert [tuple(cell.labels.values()) for cell in cells] == [("max", "0"), ("none", "0"), ("max", "1"), ("none", "1")]
    assert cells[3].words == ["model=lenet", "model.body.s2=null", "model.body.c1.stride=2", "seed=1"]
