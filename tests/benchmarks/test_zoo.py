"""The zoo's benchmark: its rows are what the runs' records say."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from benchmarks import zoo
from benchmarks.zoo import NETWORKS, Trial, affordable, entry, main, row, train


def trial(seed: int, **result: Any) -> Trial:
    """As if it had been trained for two epochs."""
    rows = [{"epoch": epoch, "train/loss": 1.0 - epoch / 10, "train/acc": 0.3, "seconds": 2.0} for epoch in (1, 2)]
    return Trial({"status": "ok", "warnings": [], "best/val_acc": 0.5, "test/acc": 0.4 + seed / 10, **result}, rows)


def test_every_network_of_conf_is_in_it() -> None:
    assert {"lenet", "nin", "vgg19", "resnet152", "d2l/lenet"} <= set(NETWORKS)


@pytest.mark.slow
def test_a_row_says_what_the_record_says() -> None:
    lenet = entry("lenet", 200, ["trainer.max_epochs=1", "threads=1", "trainer.precision=32"])
    found = train(lenet, 0, ["trainer.max_epochs=1", "threads=1", "trainer.precision=32"])
    cells, result = row(lenet, [found]), found.result
    assert (result["status"], result["model"], result["seed"], result["params"]) == ("ok", "lenet", 0, 61706)
    assert "data.subset=200" in result["overrides"]
    assert cells | {"s/epoch": "", "status": ""} == {
        "network": "lenet",
        "input": "1×28×28",
        "parameters": f"{result['params']:,}",
        "MACs": f"{result['macs'] / 1e6:.1f} M",
        "images": "200 of 9,000",
        "epochs": "1",
        "s/epoch": "",
        "train loss": f"{found.rows[-1]['train/loss']:.3f}",
        "train acc": f"{found.rows[-1]['train/acc']:.3f}",
        "val acc": f"{result['best/val_acc']:.3f}",
        "test acc": f"{result['test/acc']:.3f}",
        "status": "",
    }


def test_several_seeds_give_a_mean_and_its_ends() -> None:
    cells = row(entry("lenet", None, []), [trial(0), trial(1), trial(2, warnings=["not learning: flat"])])
    assert (cells["images"], cells["epochs"], cells["s/epoch"]) == ("9,000", "2", "2.0")
    assert (cells["train loss"], cells["test acc"]) == ("0.800 (0.800–0.800)", "0.500 (0.400–0.600)")
    assert cells["status"] == "ok; not learning"


def test_a_run_that_is_killed_has_a_row_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    lenet = entry("lenet", 200, [])
    monkeypatch.setattr(zoo.sys, "executable", shutil.which("false"))
    cells = row(lenet, [train(lenet, 0, [])])
    assert (cells["epochs"], cells["test acc"]) == ("0", "–")
    assert cells["status"] == "failed: exit code 1: it said nothing"


def test_costly_networks_get_fewer_images() -> None:
    def costing(macs: int) -> int:
        return affordable(macs, params=0)

    assert costing(5 * 10**7) == 4000
    assert costing(10**8) == 2000
    assert costing(10**10) == 64


@pytest.mark.slow
def test_the_costliest_learn_a_few_images_by_heart() -> None:
    lenet = entry("lenet", 64, [])
    assert lenet.by_heart
    found = train(lenet, 0, ["threads=1"])
    assert {"data.subset=64", "trainer.max_epochs=40"} <= set(found.result["overrides"])
    cells = row(lenet, [found])
    assert float(cells["train acc"]) > 0.9
    assert (cells["images"], cells["epochs"], cells["test acc"]) == ("64 of 9,000", "40", "–")


def test_settings_at_fault_end_it_before_anything_is_trained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lenet", "resnet81"]) == 2
    assert "there is no model 'resnet81'; did you mean" in capsys.readouterr().err
    assert main(["lenet", "--", "optimizer.rl=1"]) == 2
    assert "optimizer.rl: sgd has no such setting" in capsys.readouterr().err
