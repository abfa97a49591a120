"""`cnnlab.train` and `cnnlab.compare`: the command line's runs, number for number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tiny_run import CONF, SMALL

import cnnlab
from cnnlab import UserError
from cnnlab.cli.main import main


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_run_is_that_of_the_command_line_to_the_bit(no_pictures: None) -> None:
    run = cnnlab.train(*SMALL, seed=3, **{"hydra.run.dir": "python"})
    assert main(CONF, [*SMALL, "seed=3", "hydra.run.dir=typed"]) == 0
    typed = [json.loads(line) for line in Path("typed/metrics.jsonl").read_text().splitlines()]
    times = {"seconds", "images_per_second"}
    plain = [{key: value for key, value in row.items() if key not in times} for row in run.rows]
    assert plain == [{key: value for key, value in row.items() if key not in times} for row in typed]
    assert run.result["test/acc"] == json.loads(Path("typed/result.json").read_text())["test/acc"]
    assert run.model(torch.zeros(2, 1, 28, 28, dtype=torch.uint8)).shape == (2, 10)
    assert cnnlab.train(*SMALL, seed=3, **{"hydra.run.dir": "python"}).rows == run.rows
    assert "test accuracy" in repr(run)
    assert "<p>" in run._repr_html_()


def test_faults_are_an_exception() -> None:
    with pytest.raises(UserError) as error:
        cnnlab.train("model=lenet", **{"optimizer.lr": -1, "model.nrom": "batch"})
    assert {fault.path for fault in error.value.faults} == {"optimizer.lr", "model.nrom"}


@pytest.mark.slow
def test_a_comparison_has_verdicts_rows_and_a_page(no_pictures: None) -> None:
    compared = cnnlab.compare(*SMALL, vary={"model.norm": ["none", "batch"]}, seeds=range(2))
    assert len(compared.verdicts) == 1
    assert compared.page.exists()
    assert len(compared.frame) == 4
    assert compared.verdicts[0].sentence in compared.page.read_text()
    assert "norm=batch" in str(compared)
    assert len(cnnlab.open_comparison(compared.folder).curves) == len(compared.curves) > 0


def test_a_comparison_without_a_setting_to_vary_says_so() -> None:
    with pytest.raises(UserError, match="did you mean 'norm'"):
        cnnlab.compare("model=lenet", vary={"model.nrom": ["none", "batch"]}, seeds=[0])
