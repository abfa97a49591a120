"""Optimizers, schedules and losses of a user's own, from modules written as a user writes them, on real images."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plugin_modules import Write, forget, modules
from stderr_lines import stderr_lines
from tiny_run import SMALL, result

Run = Callable[..., int]

OWN = '''
import torch
from cnnlab.settings import Fraction
from cnnlab.training.optimizer import Optimizer
from cnnlab.training.schedules import Schedule


class Lion(Optimizer):
    """The sign of a running mean. Chen et al. 2023, arXiv:2302.06675, algorithm 2."""

    lr: float = 0.001
    keep: Fraction = 0.9
    """share of the running mean that is kept"""

    def build(self, groups):
        return Signs(groups, {"lr": self.lr, "keep": self.keep})


class Signs(torch.optim.Optimizer):
    @torch.no_grad()
    def step(self, closure=None):
        if closure is not None:
            closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                mean = self.state[weight].setdefault("mean", torch.zeros_like(weight))
                mean.lerp_(weight.grad, 1 - group["keep"])
                weight -= group["lr"] * mean.sign()


class Ramp(Schedule):
    """Straight down to a share of the rate."""

    end: Fraction = 0.0
    """share that is left"""

    def curve(self, done, epoch):
        return 1 - (1 - self.end) * done
'''


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    monkeypatch.chdir(tmp_path)
    with modules(tmp_path) as write:
        yield write


WORDS = [*SMALL, "plugins=own_training", "optimizer=lion", "scheduler=ramp"]


def rows(folder: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(folder, "metrics.jsonl").read_text().splitlines()]


def test_an_optimizer_and_a_schedule_of_ones_own_train_by_their_names(
    cnnlab: Run, write: Write, no_pictures: None
) -> None:
    write("own_training", OWN)
    assert cnnlab(*WORDS, "scheduler.end=0.5", "hydra.run.dir=run") == 0
    losses = [row["train/loss"] for row in rows("run")]
    assert losses[1] < losses[0] < 2.4
    last = rows("run")[-1]
    steps = last["step"]
    assert last["lr"] == pytest.approx(0.001 * (1 - 0.5 * (steps - 1) / steps))
    frozen = Path("run/config.yaml").read_text()
    assert "kind: lion" in frozen
    assert "keep: 0.9" in frozen


@pytest.mark.slow
def test_its_settings_and_its_code_are_part_of_what_the_run_is(cnnlab: Run, write: Write, no_pictures: None) -> None:
    found = []
    for text, word in ((OWN, "optimizer.keep=0.9"), (OWN, "optimizer.keep=0.8"), (f"{OWN}\n# more", "seed=0")):
        write("own_training", text)
        folder = f"run{len(found)}"
        assert cnnlab(*WORDS, "trainer.max_epochs=1", word, f"hydra.run.dir={folder}") == 0
        found.append(result(Path(folder))["identity"])
        forget(Path.cwd())
    assert len(set(found)) == 3


@pytest.mark.slow
def test_a_run_with_them_goes_on_where_it_was_stopped(cnnlab: Run, write: Write, no_pictures: None) -> None:
    write("own_training", OWN + STOPS)
    stops = ["+callbacks.s._target_=own_training.Stops", "trainer.max_epochs=3"]
    assert cnnlab(*WORDS, *stops, "+callbacks.s.at=1", "hydra.run.dir=stopped") == 130
    assert cnnlab(*WORDS, *stops, "+callbacks.s.at=1", "hydra.run.dir=stopped") == 0
    assert cnnlab(*WORDS, *stops, "+callbacks.s.at=1", "hydra.run.dir=whole") == 130
    stopped, whole = rows("stopped"), rows("whole")
    assert [row["epoch"] for row in stopped] == [1, 2, 3]
    assert stopped[0]["train/loss"] == whole[0]["train/loss"]


STOPS = '''

import signal, os
from pathlib import Path
from pytorch_lightning import Callback


class Stops(Callback):
    """Sends this process the signal of Ctrl-C once, after so many epochs."""

    def __init__(self, at):
        self.at = at

    def on_train_epoch_start(self, trainer, module):
        mark = Path(trainer.default_root_dir) / "stopped"
        if trainer.current_epoch == self.at and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGINT)
'''


def test_they_can_be_swept_with_those_that_ship(cnnlab: Run, write: Write, tmp_path: Path) -> None:
    write("own_training", OWN)
    words = [*SMALL, "trainer.max_epochs=1", "plugins=own_training", "-m", "optimizer=lion,adam", "scheduler=ramp"]
    assert cnnlab(*words, "hydra.sweep.dir=sweep") == 0
    ends = {file.parent.name: result(file.parent)["status"] for file in (tmp_path / "sweep").glob("*/result.json")}
    assert ends == {"optimizer=lion-s0": "ok", "optimizer=adam-s0": "ok"}


def test_their_settings_are_checked_explained_and_in_the_schema(
    cnnlab: Run, write: Write, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write("own_training", OWN)
    assert cnnlab(*WORDS, "optimizer.keeep=1", "scheduler.end=2") == 2
    assert sorted(stderr_lines(capsys)) == [
        "command line  optimizer.keeep: lion has no such setting; did you mean 'keep'?",
        "command line  scheduler.end: should be below 1, not 2",
    ]
    assert cnnlab(*WORDS, "task=explain", "key=optimizer.keep") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "optimizer.keep = 0.9" in told
    assert "share of the running mean that is kept" in told
    assert cnnlab(*WORDS, "task=schema", f"dir={tmp_path / 'schema'}") == 0
    assert "The sign of a running mean" in (tmp_path / "schema" / "optimizer.json").read_text()


WRONG = {
    'return Signs(groups, {"lr": self.lr, "keep": self.keep})': (
        "return None",
        "optimizer: its build() returns NoneType, not one of torch's optimizers (own_training.py:15)",
    ),
    "return 1 - (1 - self.end) * done": (
        "return None",
        "scheduler: its curve() returns NoneType, not a number (own_training.py:39)",
    ),
    "1 - (1 - self.end) * done": (
        "0.5 - done",
        "scheduler: its curve() returns float, not a factor from 0 on, at 100% of the steps (own_training.py:39)",
    ),
    "def step(self, closure=None):": (
        "def step(self):\n        closure = None",
        "optimizer: its optimizer's step() should take (self, closure=None), as those of torch do (own_training.py:21)",
    ),
    'return Signs(groups, {"lr"': (
        'return Signs(groups + nothing, {"lr"',
        "optimizer: NameError: name 'nothing' is not defined (own_training.py:16)",
    ),
}


@pytest.mark.parametrize("right", WRONG)
def test_what_goes_wrong_in_them_is_told_with_its_line_before_anything_is_trained(
    cnnlab: Run, write: Write, capsys: pytest.CaptureFixture[str], right: str
) -> None:
    wrong, told = WRONG[right]
    write("own_training", OWN.replace(right, wrong))
    assert cnnlab(*WORDS, "hydra.run.dir=run") == 2
    assert [line.removeprefix("command line  ") for line in stderr_lines(capsys)] == [told]
    assert not Path("run").exists()


IN_TRAINING = {
    "optimizer": ("mean = self.state[weight]", "self.worn\n                mean = self.state[weight]"),
    "scheduler": ("return 1 - (1 - self.end) * done", "return 1 / (epoch in (0, 1.5, 3))"),
}


@pytest.mark.parametrize("setting", IN_TRAINING)
def test_what_they_raise_in_training_is_told_of_the_group_that_chose_them(
    cnnlab: Run, write: Write, capsys: pytest.CaptureFixture[str], setting: str
) -> None:
    write("own_training", OWN.replace(*IN_TRAINING[setting]))
    assert cnnlab(*WORDS, "hydra.run.dir=run") == 2
    assert stderr_lines(capsys)[0].startswith(f"command line  {setting}: in training, ")


def test_of_a_module_that_cannot_be_used_only_that_is_told(
    cnnlab: Run, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("own_training", OWN.replace("def build(self, groups)", "def build(self)"))
    assert cnnlab(*WORDS) == 2
    said = "own_training.Lion.build should take (self, groups), not (self) (own_training.py:15)"
    assert stderr_lines(capsys) == [f"command line  plugins: {said}"]


LOSS = '''
import torch.nn.functional as F
from cnnlab.settings import NonNegative
from cnnlab.training.losses import Loss
from torch import nn


class Focal(Loss):
    """What is sure already counts less. Lin et al. 2017, arXiv:1708.02002, eq. 4."""

    sureness: NonNegative = 2.0
    """how much less; 0 is the cross-entropy"""

    def build(self):
        return FocalModule(self.sureness)


class FocalModule(nn.Module):
    def __init__(self, sureness):
        super().__init__()
        self.sureness = sureness

    def forward(self, logits, labels):
        each = F.cross_entropy(logits, labels, reduction="none")
        return ((1 - (-each).exp()) ** self.sureness * each).mean()
'''
FOCAL = [*SMALL, "plugins=own_loss", "loss=focal"]


@pytest.mark.slow
def test_a_loss_of_ones_own_is_learned_from_by_auxiliary_heads_too(
    cnnlab: Run, write: Write, no_pictures: None
) -> None:
    write("own_loss", LOSS)
    aux = "model.aux.side={from: s2, head: {pool: {block: global_avg_pool}, fc: {block: linear, features: classes}}}"
    for sureness in (0.0, 2.0):
        assert cnnlab(*FOCAL, aux, f"loss.sureness={sureness}", f"hydra.run.dir=run{sureness:g}") == 0
    assert cnnlab(*SMALL, aux, "hydra.run.dir=plain") == 0
    plain, zero, two = (rows(folder) for folder in ("plain", "run0", "run2"))
    for one, other in zip(plain, zero, strict=True):
        assert one["train/loss"] == pytest.approx(other["train/loss"], rel=1e-3)
    assert two[0]["train/loss"] < 0.9 * zero[0]["train/loss"]
    assert two[-1]["val/loss"] > 1.1 * two[-1]["train/loss"]  # validation tells the cross-entropy
    identities = {result(Path(folder))["identity"] for folder in ("plain", "run0", "run2")}
    assert len(identities) == 3


WRONG_LOSSES = {
    ".mean()": ("", "loss: its forward() returns (2,) of 2 images, not one number, their mean (own_loss.py:23)"),
    "return ((1 -": ("return 1, ((1 -", "loss: its forward() returns tuple, not a tensor (own_loss.py:23)"),
    "return FocalModule(self.sureness)": (
        "return self.sureness",
        "loss: its build() returns float, not a torch module (own_loss.py:14)",
    ),
    "self.sureness = sureness": (
        "self.sureness = nn.Parameter(__import__('torch').tensor(sureness))",
        "loss: a loss has no weights that learn (own_loss.py:19)",
    ),
    "each = F.cross_entropy(logits, labels": (
        "each = F.cross_entropy(logits, labls",
        "loss: NameError: name 'labls' is not defined (own_loss.py:24)",
    ),
    "each = ": (
        "logits = logits.detach(); each = ",
        "loss: its forward() returns what does not depend on the logits (own_loss.py:23)",
    ),
}


@pytest.mark.parametrize("right", WRONG_LOSSES)
def test_what_is_no_loss_is_told_with_its_line_before_anything_is_trained(
    cnnlab: Run, write: Write, capsys: pytest.CaptureFixture[str], right: str
) -> None:
    wrong, told = WRONG_LOSSES[right]
    write("own_loss", LOSS.replace(right, wrong))
    assert cnnlab(*FOCAL, "hydra.run.dir=run") == 2
    assert [line.removeprefix("command line  ") for line in stderr_lines(capsys)] == [told]
    assert not Path("run").exists()
