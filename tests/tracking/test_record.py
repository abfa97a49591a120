import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from omegaconf import OmegaConf

from cnnlab.errors import UserError
from cnnlab.tracking import machine
from cnnlab.tracking.reader import read_run, run_in
from cnnlab.tracking.record import RunRecord, settle, summary

FACTS = {"identity": "abc", "seed": 1, "model": "lenet", "overrides": ["model=lenet", "name=two words\nand a line"]}
ROWS = [
    {"epoch": 1, "train/loss": 2.0, "val/acc": 0.5, "seconds": 10.0, "images_per_second": 90.0},
    {"epoch": 2, "train/loss": 1.0, "val/acc": 0.7, "seconds": 10.0, "images_per_second": 110.0},
    {"epoch": 3, "train/loss": 0.5, "val/acc": 0.7, "seconds": 10.0, "images_per_second": 100.0},
]


def record(folder: Path, **changes: Any) -> RunRecord:
    given: dict[str, Any] = {
        "config": {"model": {"size": (28, 28)}},
        "network": {"params": 5, "layers": []},
        "facts": FACTS,
    }
    return RunRecord(folder, **{**given, **changes})


def test_a_finished_run_reads_back_as_it_was_written(tmp_path: Path) -> None:
    made = record(tmp_path, provenance={"seed": "command line"})
    for row in ROWS:
        made.epoch(row)
    made.warn("not learning")
    made.warn("not learning")
    result = made.finish("ok", **{"test/acc": np.float32(0.75), "params": np.int64(5)})
    run = read_run(tmp_path)
    assert run.rows == ROWS
    assert run.result == result == json.loads((tmp_path / "result.json").read_text())
    assert (run.config, run.network) == ({"model": {"size": [28, 28]}}, {"params": 5, "layers": []})
    assert run.provenance == {"seed": "command line"}
    expected = {
        "status": "ok", "seed": 1, "identity": "abc", "warnings": ["not learning"], "params": 5, "test/acc": 0.75,
        "best/epoch": 2, "best/val_acc": 0.7, "images_per_second": 100.0, "resumed": 0, "device": "cpu",
    }  # fmt: skip
    assert {key: result[key] for key in expected} == expected
    assert result["peak_memory_mb"] > 5
    assert set(result["versions"]) == {"python", *machine.PACKAGES}
    assert run_in(tmp_path).kind == "finished"


def test_a_run_that_goes_on_forgets_what_its_checkpoint_does_not_know(tmp_path: Path) -> None:
    first = record(tmp_path)
    for row in ROWS:
        first.epoch(row)
    first.finish("interrupted")
    started = read_run(tmp_path).facts["started"]
    second = record(tmp_path)
    assert not (tmp_path / "result.json").exists()
    second.rewind(2)
    assert read_run(tmp_path).rows == second.rows == ROWS[:2]
    result = second.finish("ok")
    assert result["resumed"] == 1
    assert result["started"] == started
    assert 20 <= result["seconds"] < 22


def test_values_that_are_not_finite_are_null_and_noted(tmp_path: Path) -> None:
    made = record(tmp_path)
    made.epoch({"epoch": 1, "train/loss": float("nan"), "val/loss": float("-inf")})
    result = made.finish("diverged", **{"test/loss": float("inf")})
    noted = {"train/loss": "nan", "val/loss": "-inf"}
    assert read_run(tmp_path).rows == [{"epoch": 1, "train/loss": None, "val/loss": None, "not_finite": noted}]
    assert (result["test/loss"], result["not_finite"]) == (None, {"test/loss": "inf"})
    assert (result["best/epoch"], result["images_per_second"]) == (None, None)


def test_a_value_without_a_plain_form_is_named_by_its_place(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"^model.act\[1\]: object is not plain data"):
        record(tmp_path, config={"model": {"act": [1, object()]}})


def test_a_sweep_settles_a_job_that_died_without_a_word(tmp_path: Path) -> None:
    made = record(tmp_path / "job")
    made.epoch(ROWS[0])
    result = settle(tmp_path / "job", "failed", {"warnings": ["killed by signal 9"]})
    assert (result["status"], result["seed"], result["seconds"], result["best/epoch"]) == ("failed", 1, 10.0, 1)
    (tmp_path / "never").mkdir()
    assert settle(tmp_path / "never", "failed", {"seed": 7})["seed"] == 7


def test_the_first_of_equally_good_epochs_is_the_best() -> None:
    assert summary(ROWS)["best/epoch"] == 2
    assert summary([{"epoch": 1, "val/acc": None}])["best/epoch"] is None


def test_the_configuration_means_the_same_to_pyyaml_and_to_omegaconf(tmp_path: Path) -> None:
    config = {
        "name": "1e-3",
        "lr": 1e-05,
        "on": "on",
        "time": "12:30",
        "none": None,
        "text": "null",
        "é": "日本",
        "f": 1e22,
    }
    record(tmp_path, config=config)
    text = (tmp_path / "config.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text) == OmegaConf.to_container(OmegaConf.create(text)) == config
    assert list(yaml.safe_load(text)) == list(config)
    assert "# It came from   python run.py model=lenet 'name=two words and a line'\n" in text


def test_no_value_of_the_environment_reaches_a_file(tmp_path: Path) -> None:
    source = "import sys; from cnnlab.tracking.record import RunRecord\n"
    source += "RunRecord(sys.argv[1], config={}, network={}, facts={}).finish('ok')"
    secret = "s3cret-value-that-must-not-leak"
    names = ("API_KEY", "HOSTNAME", "USER", "GIT_AUTHOR_NAME")
    environment = {**os.environ, **dict.fromkeys(names, secret)}
    subprocess.run([sys.executable, "-c", source, str(tmp_path)], env=environment, check=True)
    texts = [path.read_text() for path in tmp_path.iterdir()]
    assert len(texts) == 4
    assert not any(secret in text for text in texts)


def test_records_are_read_and_written_without_torch() -> None:
    modules = (f"cnnlab.tracking.{name}" for name in ("record", "reader", "checked", "folder", "pictures"))
    source = f"import sys, {', '.join(modules)}\n"
    source += "print(sorted({'torch', 'matplotlib', 'pytorch_lightning'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, text=True).stdout.strip() == "[]"


def test_a_run_with_broken_rows_is_not_gone_on_with(tmp_path: Path) -> None:
    record(tmp_path)
    (tmp_path / "metrics.jsonl").write_text("{]\n")
    with pytest.raises(UserError, match=r"^hydra.run.dir: .*metrics.jsonl is damaged: line 1 is not JSON"):
        record(tmp_path)


def test_without_git_there_is_no_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.revision(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.revision() is None


def test_a_revision_is_the_commit_and_whether_files_differ_from_it(tmp_path: Path) -> None:
    author = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    (tmp_path / "file").write_text("one")
    for arguments in (["init", "-q"], ["add", "file"], [*author, "commit", "-qm", "one"]):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True)
    clean = machine.revision(tmp_path)
    assert clean is not None
    assert (len(clean["commit"]), clean["dirty"]) == (40, False)
    (tmp_path / "file").write_text("two")
    assert machine.revision(tmp_path) == {**clean, "dirty": True}
