"""What users' own blocks and callbacks raise in the middle of training is told as theirs; what we do is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plugin_modules import forget
from stderr_lines import stderr_lines
from tiny_run import SMALL, result

from cnnlab.training.classifier import Classifier

OWN = '''
import torch
from pytorch_lightning import Callback
from torch import nn
from cnnlab.blocks import Block

class Worn(nn.Module):
    """Passes images on until it has seen so many batches in training."""

    def __init__(self, last, how):
        super().__init__()
        self.last, self.how, self.seen = last, how, 0

    def forward(self, x):
        self.seen += self.training and x.device.type != "meta"
        if self.seen > self.last:
            self.fail(x)
        return x

    def fail(self, x):
        if self.how == "torch":
            torch.mm(x.flatten(1), x.new_zeros(3, 4))
        raise KeyError

class WornOut(Block):
    batches: int = 4
    how: str = ""

    def build(self, shape):
        return Worn(self.batches, self.how)

class Fails(Callback):
    def __init__(self, at):
        self.at = at
        if at == "once":
            raise RuntimeError("no such thing")

    def on_train_epoch_end(self, trainer, module):
        if self.at == "end":
            {}["no such thing"]

    def state_dict(self):
        return {"x": {"state": self, "class": Kept()}.get(self.at)}

class Kept:
    pass

from cnnlab.training.losses import Loss

class Tired(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, logits, y):
        self.calls += 1
        if self.calls > 3:
            raise KeyError
        return nn.functional.cross_entropy(logits, y)

class TiredLoss(Loss):
    def build(self):
        return Tired()
'''
BLOCK = "model.body.x={block: worn_out, after: s2, how: '%s'}"
CALLBACK = ["callbacks.c._target_=own_worn.Fails", "callbacks.c.at=end"]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module where Python looks for it, and nothing of it left afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_worn.py").write_text(OWN)
    yield
    forget(tmp_path)


Run = Callable[..., int]
SHAPES = "RuntimeError: mat1 and mat2 shapes cannot be multiplied (128x1176 and 3x4) (own_worn.py:22)"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([BLOCK % "torch"], f"model.body.x: in training, {SHAPES}"),
        ([BLOCK % ""], "model.body.x: in training, KeyError (own_worn.py:23)"),
        (CALLBACK, "callbacks.c: in training, KeyError: 'no such thing' (own_worn.py:40)"),
        (["loss=tired_loss"], "loss: in training, KeyError (own_worn.py:58)"),
    ],
)
def test_what_a_plugin_raises_in_training_is_told_with_its_line_and_setting_and_recorded(
    own: None, cnnlab: Run, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert cnnlab(*SMALL, "plugins=own_worn", *words, "hydra.run.dir=run") == 2
    assert stderr_lines(capsys) == [f"command line  {said}"]
    found = result(Path("run"))
    assert (found["status"], found["error"]) == ("failed", said)
    log = Path("run/run.log").read_text()
    assert "Traceback (most recent call last):" in log
    assert "training_step" in log or "_call_callback_hooks" in log


@pytest.mark.slow
def test_a_sweep_records_it_too(own: None, cnnlab: Run, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*SMALL, "plugins=own_worn", BLOCK % "torch", "model.body.x.batches=4,400", "-m", "hydra.sweep.dir=sweep"]
    assert cnnlab(*words) == 5
    ends = {file.parent.name: result(file.parent) for file in Path("sweep").glob("*/result.json")}
    assert {name: end["status"] for name, end in ends.items()} == {"batches=4-s0": "failed", "batches=400-s0": "ok"}
    assert ends["batches=4-s0"]["error"] == f"model.body.x: in training, {SHAPES}"
    assert "Traceback" in Path("sweep/batches=4-s0/run.log").read_text()
    assert "Traceback" not in capsys.readouterr().err


def test_a_callback_that_cannot_be_made_is_told_with_its_line(
    own: None, cnnlab: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab(*SMALL, "plugins=own_worn", CALLBACK[0], "callbacks.c.at=once") == 2
    said = "Fails cannot be made: RuntimeError: no such thing (own_worn.py:36)"
    assert stderr_lines(capsys) == [f"command line  callbacks.c: {said}"]


@pytest.mark.parametrize("what", ["state", "class"])
def test_a_callback_whose_state_no_checkpoint_can_hold_is_named(
    own: None, cnnlab: Run, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    assert cnnlab(*SMALL, "plugins=own_worn", CALLBACK[0], f"callbacks.c.at={what}", "hydra.run.dir=run") == 2
    said = "what Fails.state_dict() returns cannot be kept in a checkpoint, which holds plain values and tensors"
    assert stderr_lines(capsys) == [f"command line  callbacks.c: {said}"]
    assert result(Path("run"))["error"] == f"callbacks.c: {said}"


@pytest.mark.slow
def test_what_a_plugin_raises_when_a_network_is_tested_is_told_with_its_way_there(
    own: None, cnnlab: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cnnlab(*SMALL, "plugins=own_worn", BLOCK % "torch", "model.body.x.batches=400", "hydra.run.dir=run") == 0
    (tmp_path / "own_worn.py").write_text(OWN.replace("self.training and x.", "x.").replace("self.batches", "0"))
    forget(tmp_path)
    capsys.readouterr()
    assert cnnlab("task=test", "ckpt_path=run", "plugins=own_worn") == 2
    first, *way = stderr_lines(capsys)
    assert (
        first == "plugins: RuntimeError: mat1 and mat2 shapes cannot be multiplied (128x1176 and 3x4) (own_worn.py:22)"
    )
    assert [line.strip().removeprefix(f"{tmp_path}/") for line in way] == [
        "own_worn.py:17, in forward: self.fail(x)",
        "own_worn.py:22, in fail: torch.mm(x.flatten(1), x.new_zeros(3, 4))",
    ]


def test_our_own_bugs_are_not_theirs(own: None, cnnlab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Classifier, step: int) -> None:
        raise KeyError("ours")

    monkeypatch.setattr(Classifier, "step", broken)
    with pytest.raises(KeyError, match="ours"):
        cnnlab(*SMALL, "plugins=own_worn", BLOCK % "", *CALLBACK, "hydra.run.dir=run")
    assert result(Path("run"))["error"] == "KeyError: 'ours'"
