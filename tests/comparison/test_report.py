"""From a sweep's records on disk to its verdicts and its page; the records are those of benchmarks.simulated."""

from __future__ import annotations

import json
import math
import random
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from rich.console import Console
from scipy import stats

from benchmarks.simulated import Outcome, write_sweep
from cnnlab.comparison import report, terminal

SEEDS = ["0", "1", "2", "3", "4"]
KEYS = {"model.norm": ["none", "batch"], "seed": SEEDS}
NONE = [0.800, 0.812, 0.791, 0.805, 0.799]


def ends(gain: float, spread: float = 0.0) -> Callable[[Mapping[str, str]], Outcome]:
    """Accuracies of `none`, and those of `batch` higher by `gain`, more or less."""
    dice = random.Random(1)

    def end(at: Mapping[str, str]) -> Outcome:
        acc = NONE[int(at["seed"])]
        if at["model.norm"] == "batch":
            acc += gain + dice.uniform(-spread, spread)
        return Outcome(acc=acc, curve=(acc - 0.1, acc - 0.02, acc))

    return end


def contrast(folder: Path) -> dict:
    (only,) = contrasts(folder)
    return only


def contrasts(folder: Path) -> list[dict]:
    report([folder])
    return json.loads((folder / "comparison.json").read_text())["contrasts"]


def test_the_interval_is_that_of_the_paired_t_test(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "sweep", KEYS, ends(0.03, 0.01))
    found = contrast(folder)
    runs = [json.loads(file.read_text()) for file in sorted(folder.glob("*/result.json"))]
    acc = {("norm=batch" in run["variant"], run["seed"]): run["test/acc"] for run in runs}
    differences = [acc[True, seed] - acc[False, seed] for seed in range(5)]
    wanted = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert found["mean"] == pytest.approx(sum(differences) / 5)
    assert found["interval"] == pytest.approx(list(wanted), abs=1e-6)
    assert (found["n"], found["verdict"]) == (5, "supported")


@pytest.mark.parametrize(
    ("gain", "spread", "verdict"),
    [(0.05, 0.01, "supported"), (0.0, 0.002, "refuted"), (0.01, 0.06, "inconclusive")],
)
def test_differs_is_refuted_by_equality_alone(tmp_path: Path, gain: float, spread: float, verdict: str) -> None:
    assert contrast(write_sweep(tmp_path / "sweep", KEYS, ends(gain, spread)))["verdict"] == verdict


def test_the_record_has_a_corrected_p_only_where_a_difference_is_claimed(tmp_path: Path) -> None:
    claims = [{"factor": "model.norm", "arm": "batch", "expect": expect} for expect in ("different", "equal")]
    different, equal = contrasts(write_sweep(tmp_path / "sweep", KEYS, ends(0.01, 0.06), study={"claims": claims}))
    assert different["p_adjusted"] == different["p_supported"] > different["p"]
    assert (equal["p_adjusted"], equal["p"]) == (None, different["p"])


def test_one_seed_has_no_verdict(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "sweep", {**KEYS, "seed": ["0"]}, ends(0.1))
    assert contrast(folder)["verdict"] not in ("supported", "refuted")
    assert "1 seed: no spread to judge by" in (folder / "report.html").read_text()


def test_a_run_that_diverged_is_a_result_and_not_a_missing_row(tmp_path: Path) -> None:
    def end(at: Mapping[str, str]) -> Outcome:
        broken = at["model.norm"] == "none" and at["seed"] == "2"
        return Outcome(status="diverged", error="not finite") if broken else ends(0.05)(at)

    folder = write_sweep(tmp_path / "sweep", KEYS, end)
    accuracy, diverged = contrasts(folder)
    assert (accuracy["metric"], accuracy["n"]) == ("test/acc", 4)
    assert diverged["metric"] != "test/acc"
    assert diverged["diverged"] == [[0, 5], [1, 5]]
    assert "diverged" in (folder / "report.html").read_text()


@pytest.mark.parametrize("file", ["result.json", "metrics.jsonl", "network.json", "config.yaml", "run.json"])
@pytest.mark.parametrize("content", [b"", b'{"a": ', b"\xff\xfe\x00", b"[1, 2]", b'{"test/acc": "high", "seed": []}'])
def test_records_that_are_cut_or_edited_hide_no_others(tmp_path: Path, file: str, content: bytes) -> None:
    folder = write_sweep(tmp_path / "sweep", KEYS, ends(0.05, 0.01))
    (folder / "norm=none_seed=1" / file).write_bytes(content)
    found = contrast(folder)
    if file in (
        "config.yaml",
        "run.json",
    ):  # what it was trained on is not known: on equal terms or not, nobody can say
        assert found["verdict"] is None
        assert re.search("unequal terms|terms were equal cannot be told without .*config.yaml", found["reason"])
    else:
        assert found["n"] >= 4
        assert math.isfinite(found["mean"])
    assert len((folder / "runs.csv").read_text().splitlines()) == 11


def test_the_page_is_one_small_file_that_asks_nobody_and_runs_nothing_of_the_users(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"

    def end(at: Mapping[str, str]) -> Outcome:
        return Outcome(status="failed", error=evil) if at["seed"] == "4" else ends(0.05)(at)

    folder = write_sweep(tmp_path / "sweep", KEYS, end, fixed=[f"name={evil}", "model=lenet"])
    report([folder])
    page = (folder / "report.html").read_text()
    assert len(page) < 10**6
    assert evil not in page
    assert not re.search(r"""(src|href|action)=["']?(https?:)?//|@import|url\(""", page)
    assert page.count("<script") == page.count("</script") <= 2


@pytest.mark.slow
def test_comparing_imports_no_torch() -> None:
    code = "import cnnlab.comparison, sys; print({'torch', 'pytorch_lightning', 'wandb'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_an_arm_that_never_got_there_took_longer_than_the_budget(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def end(at: Mapping[str, str]) -> Outcome:
        late = at["model.norm"] == "none" and int(at["seed"]) < 2
        return Outcome(acc=0.9, curve=(0.5, 0.85 + int(at["seed"]) / 100, 0.9) if not late else (0.5, 0.6, 0.7))

    claim = {"factor": "model.norm", "arm": "batch", "metric": "epochs to val/acc >= 0.8", "expect": "lower"}
    folder = write_sweep(tmp_path / "sweep", KEYS, end, study={"claims": [claim]})
    console = Console(width=120, file=sys.stdout)
    console.print(terminal.text(report([folder])))
    said = capsys.readouterr().out
    assert re.search(r"norm=none +> 2.4 epochs +– +5\n", said)
    assert re.search(r"norm=batch +2 epochs +1.49 to 2.51 epochs +5\n", said)
    none, batch = json.loads((folder / "comparison.json").read_text())["arms"]
    assert (none["metrics"][claim["metric"]]["censored"], batch["metrics"][claim["metric"]]["censored"]) == (2, 0)
    assert none["metrics"][claim["metric"]]["interval"] is None
    assert "norm=none &gt; 2.4 epochs, n = 5" in (folder / "report.html").read_text()
