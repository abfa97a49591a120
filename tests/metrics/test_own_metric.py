"""A metric of a user's own is claimed by a study and stands on its page; what callbacks log is recorded and claimed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plugin_modules import Write, modules
from stderr_lines import stderr_lines
from tiny_run import result

METRICS = '''
import torch
from pytorch_lightning import Callback

from cnnlab.metrics.metric import Metric
from cnnlab.settings import Positive


class Entropy(Metric):
    """Mean entropy of the test predictions."""

    unit = "nats"
    better = -1
    margin = 0.5
    temperature: Positive = 1.0
    """what logits are divided by"""

    def measure(self, look):
        p = look.predictions.probabilities.clamp(min=1e-9).log().div(self.temperature).softmax(1)
        return -(p * p.log()).sum(1).mean().item()


class Confident(Metric):
    """Share of validation images whose class is given at least half."""

    when = "epoch"
    unit = "points"
    better = 1
    margin = 0.01

    def measure(self, look):
        return {"share": (look.predictions.probabilities.max(1).values >= 0.5).float().mean()}


class Words(Metric):
    def measure(self, look):
        return "many"


class Steps(Callback):
    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.log("my/steps", 1.0, on_step=False, on_epoch=True, reduce_fx="sum")

    def on_train_epoch_end(self, trainer, module):
        if trainer.current_epoch == 0:
            self.log("my/first", 7.0)
'''
STUDY = """\
question: Is it less sure?
base: {model: lenet, data: synthetic, data.samples: 100, trainer.max_epochs: 1, callbacks: steps}
factors:
  model.norm: [none, batch]
seeds: [0, 1]
metrics: [{kind: entropy, temperature: 2.0}, confident]
claims:
  - {says: Norms make predictions surer, factor: model.norm, arm: batch, metric: entropy, expect: lower}
  - {factor: model.norm, arm: batch, metric: last:confident/share, expect: higher}
  - {factor: model.norm, arm: batch, metric: last:my/steps, expect: equal, margin: 1}
"""
QUICK = ["model=lenet", "data.subset=200", "trainer.max_epochs=2", "trainer.precision=32", "threads=1", "plugins=own"]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    monkeypatch.chdir(tmp_path)
    with modules(tmp_path) as write:
        write("own", METRICS)
        yield write


def rows(folder: str) -> list[dict]:
    return [json.loads(line) for line in Path(folder, "metrics.jsonl").read_text().splitlines()]


@pytest.mark.usefixtures("own", "no_pictures")
def test_it_is_measured_at_the_end_or_after_each_epoch(cnnlab: Callable[..., int]) -> None:
    assert cnnlab(*QUICK, "metrics=[entropy,confident]", "hydra.run.dir=run") == 0
    found = result(Path("run"))
    assert 0 < found["entropy"] < 2.31
    assert found["described"]["entropy"]["words"] == "mean entropy of the test predictions"
    assert all(0 <= row["confident/share"] <= 1 for row in rows("run"))
    assert cnnlab(*QUICK, "metrics=[{kind: entropy, temperature: 9.0},confident]", "hydra.run.dir=hot") == 0
    assert result(Path("hot"))["entropy"] > found["entropy"]
    assert result(Path("hot"))["identity"] != found["identity"]


@pytest.mark.usefixtures("own", "no_pictures")
def test_what_a_callback_logs_is_in_the_row_of_its_epoch_alone(cnnlab: Callable[..., int]) -> None:
    words = [*QUICK, "callbacks.steps={_target_: own.Steps}"]
    assert cnnlab(*words, "hydra.run.dir=run") == 0
    first, second = rows("run")
    assert (first["my/steps"], second["my/steps"]) == (2.0, 2.0)
    assert first["my/first"] == 7.0
    assert "my/first" not in second
    assert list(first)[:3] == ["epoch", "train/loss", "train/acc"]


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["metrics=entrpy"],
            "metrics: should be one of shift, gap, gradients, entropy, confident, words, not 'entrpy'",
        ),
        (
            ["metrics=[{kind: entropy, temperatur: 1}]"],
            "metrics: temperatur: entropy has no such setting; did you mean",
        ),
        (["metrics=words"], "metrics: words measured 'many', which is no number"),
    ],
)
def test_what_is_wrong_with_it_is_told(
    words: list[str], message: str, cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab(*QUICK, *words) == 2
    told = "\n".join(stderr_lines(capsys))
    assert message.removesuffix("…") in told
    assert "Traceback" not in told


@pytest.mark.slow
def test_a_study_claims_it_and_its_page_needs_none_of_its_code(cnnlab: Callable[..., int], tmp_path: Path) -> None:
    (tmp_path / "mine/study").mkdir(parents=True)
    (tmp_path / "mine/study/x.yaml").write_text(STUDY)
    (tmp_path / "mine/callbacks").mkdir()
    (tmp_path / "mine/callbacks/steps.yaml").write_text("steps: {_target_: own.Steps}\n")
    with modules(tmp_path) as write:
        write("own", METRICS)
        assert cnnlab("-cd", "mine", "study=x", "hydra.sweep.dir=out", "plugins=own", "jobs=1") == 0
    (tmp_path / "own.py").unlink()
    (tmp_path / "out/report.html").unlink()
    assert cnnlab("task=report", "dir=out") == 0
    record = json.loads((tmp_path / "out/comparison.json").read_text())
    assert record["problems"] == []
    entropy, share, steps = record["contrasts"]
    assert entropy["metric"] == "entropy"
    assert entropy["margin"] == 0.5
    assert (share["n"], steps["n"]) == (2, 2)
    assert steps["verdict"] is None  # no spread to judge by: every run takes as many steps
    page = (tmp_path / "out/report.html").read_text()
    assert "nats" in page
    assert "mean entropy of the test predictions" in page
