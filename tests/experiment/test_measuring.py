"""What runs measure besides: it is written down, and changes nothing that is learned."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tiny_run import SMALL, result

from cnnlab.data.splits import Split
from cnnlab.metrics.metric import Look
from cnnlab.metrics.shift import ShiftConsistency, moved
from cnnlab.training.evaluate import Evaluation


def rows(folder: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (Path(folder) / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.usefixtures("no_pictures")
def test_a_run_measures_what_it_is_asked_for_and_learns_the_same(cnnlab: Callable[..., int]) -> None:
    words = [*SMALL, "model=d2l/lenet", "model.norm=batch", "optimizer.lr=0.1"]
    assert cnnlab(*words, "metrics=[shift,gap,gradients]", "hydra.run.dir=asked") == 0
    assert cnnlab(*words, "hydra.run.dir=plain") == 0
    asked, plain = result(Path("asked")), result(Path("plain"))
    assert [row["val/loss"] for row in rows("asked")] == [row["val/loss"] for row in rows("plain")]
    assert asked["test/loss"] == plain["test/loss"]
    assert asked["identity"] != plain["identity"]  # a record without what a study asks for is not the one it needs
    assert asked["gap/acc"] == pytest.approx(asked["gap/train_acc"] - asked["test/acc"])
    for pixels in (1, 2, 3):
        assert 0 <= asked[f"shift/acc_{pixels}"] <= 1
    assert 1 >= asked["shift/agree_1"] >= asked["shift/agree_3"] > 0
    sizes = {key: value for key, value in rows("asked")[0].items() if key.startswith(("grad/", "update/"))}
    blocks = ("body.c1", "body.c3", "head.f5", "head.f6", "head.out")
    assert list(sizes) == [f"{what}/{block}" for what in ("grad", "update") for block in blocks]
    assert all(value > 0 for value in sizes.values())
    ratio = 1.0
    for row in rows("asked"):
        ratio *= (row["grad/body.c1"] / row["grad/head.out"]) ** 0.5
    assert asked["grad/first_to_last"] == pytest.approx(ratio)
    assert not [key for key in (*plain, *rows("plain")[0]) if key.startswith(("shift", "gap", "grad", "update"))]


def test_images_are_moved_each_way_and_what_stays_is_counted() -> None:
    images = torch.zeros(2, 1, 5, 5, dtype=torch.uint8)
    images[0, 0, 2, 2], images[1, 0, 2, 4] = 9, 9  # the second one is lost when it moves to the right

    def sees_something(split: Split) -> Evaluation:
        seen = split.x.flatten(1).any(1).long()
        return Evaluation(0.0, float((seen == split.y).float().mean()), torch.nn.functional.one_hot(seen, 2), split.y)

    test = Split(images, torch.tensor([1, 1]))
    dataset: Any = SimpleNamespace(test=test)
    found = ShiftConsistency().measure(Look(torch.nn.Identity(), dataset, sees_something(test), sees_something))
    assert found["shift/acc_1"] == found["shift/agree_1"] == (3 + 0.5) / 4
    assert found["shift/acc_3"] == 0.5 / 4  # in the middle row, only the one at the edge can move far, to the left
    assert moved(images, -2, 0)[0, 0, 0, 2] == 9
