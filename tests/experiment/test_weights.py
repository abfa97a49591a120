"""A run that starts from weights: torchvision's in a file, another run's, and what is told where they do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_run import SMALL, result
from torchvision_state import resnet18

CLI = Callable[..., int]
pytestmark = pytest.mark.usefixtures("no_pictures")
TINY = [*SMALL, "model=resnet18", "model.width=0.125", "data.subset=100", "trainer.max_epochs=1"]
ADAPT = "adapt=[channels,classes]"


def state(folder: Path | str) -> dict[str, torch.Tensor]:
    return torch.load(Path(folder) / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


@pytest.fixture
def file(cnnlab: CLI) -> Path:
    """A file as torchvision publishes them, in the folder that the command line stands in."""
    torch.save(resnet18(classes=1000, channels=3), "resnet18 (tiny)=x.pth")
    return Path("resnet18 (tiny)=x.pth")


def test_torchvisions_thousand_classes_in_colour_become_ten_in_grey(
    cnnlab: CLI, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    still = ["optimizer.lr=1e-12", "optimizer.weight_decay=0.0"]
    assert cnnlab(*TINY, *still, f"weights={file}", ADAPT, "hydra.run.dir=run") == 0
    said = capsys.readouterr().out.splitlines()
    at = next(i for i, line in enumerate(said) if line.startswith("weights from"))
    assert said[at : at + 7] == [
        f"weights from {file} (torchvision's resnet): 40 of 41 layers transferred",
        "  body.stem    2 of 2    0.conv: fitted to 1 channel from 3",
        "  body.stage1  8 of 8",
        "  body.stage2  10 of 10",
        "  body.stage3  10 of 10",
        "  body.stage4  10 of 10",
        "  head.fc      0 of 1    starts anew: 1000 classes in the file, 10 here",
    ]
    foreign, trained = resnet18(), state("run")
    torch.testing.assert_close(trained["body.stem.0.conv.weight"], foreign["conv1.weight"].sum(1, keepdim=True))
    torch.testing.assert_close(trained["body.stage3.1.body.conv2.conv.weight"], foreign["layer3.1.conv2.weight"])
    report = json.loads(Path("run/weights.json").read_text())
    assert (report["taken"], report["layers"]) == (40, 41)
    assert result(Path("run"))["weights"]["file"] == str(file)


def test_a_summary_says_what_would_be_transferred(cnnlab: CLI, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["task=summary", "model=resnet18", "model.width=0.125", "data=cifar10", "adapt=classes"]
    assert cnnlab(*words, f"weights={file}", "model.body.stage4=null", "adapt=[classes,shapes]") == 0
    said = capsys.readouterr().out
    assert "30 of 31 layers transferred" in said
    assert "body.stage4  left out  no such block here" in said
    assert cnnlab(*words, f"weights={file}", "format=json") == 0
    assert json.loads(capsys.readouterr().out)["weights"]["taken"] == 40


def test_what_does_not_fit_is_told_at_once_and_nothing_is_left_behind(
    cnnlab: CLI, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab(*TINY, f"weights={file}") == 2
    where = f"command line  weights: {file}:"
    assert capsys.readouterr().err.splitlines() == [
        f"{where} made for images of 3 channels, these have 1; adapt=channels fits body.stem.0.conv to them",
        f"{where} made for 1000 classes, these data have 10; adapt=classes starts head.fc.0.linear anew",
    ]
    assert not Path("outputs").exists()
    assert cnnlab(*TINY, f"weights={file}", "adapt=clases", "optimizer.lr=-1") == 2
    said = capsys.readouterr().err
    assert "should be one of channels, classes, shapes, not 'clases'; did you mean 'classes'?" in said
    assert "optimizer.lr" in said
    assert cnnlab(*TINY, "weights=nowhere.pth") == 2
    assert capsys.readouterr().err == "command line  weights: there is no nowhere.pth\n"
    assert cnnlab(*TINY, "adapt=classes") == 2
    assert "adapt: there are no weights to adapt" in capsys.readouterr().err


def test_a_sweep_can_compare_weights_to_none(cnnlab: CLI, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab("-m", "task=summary", "model=resnet18", "model.width=0.125", f"weights=null,{file}", ADAPT) == 0
    assert capsys.readouterr().out.count("weights from") == 1


def test_another_runs_weights_are_taken_by_name_and_the_run_remembers_which(
    cnnlab: CLI, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab(*SMALL, "trainer.max_epochs=1", "hydra.run.dir=first") == 0
    words = [*SMALL, "trainer.max_epochs=1", "model.norm=batch", "optimizer.lr=1e-12", "optimizer.weight_decay=0.0"]
    assert cnnlab(*words, "weights=first", "hydra.run.dir=second") == 0
    assert "5 of 7 layers transferred" in capsys.readouterr().out
    torch.testing.assert_close(state("first")["head.f5.0.linear.weight"], state("second")["head.f5.0.linear.weight"])
    Path("first/checkpoints").rename("moved")
    assert cnnlab("task=test", "ckpt_path=second") == 0, "the weights it started from are no longer needed"
    assert cnnlab(*words, "weights=moved/best.ckpt", "hydra.run.dir=second") == 0
    assert "Nothing to do" in capsys.readouterr().out
    checkpoint = torch.load("moved/best.ckpt", weights_only=True)
    checkpoint["state_dict"]["body.c1.0.conv.weight"] += 1
    torch.save(checkpoint, "moved/best.ckpt")
    assert cnnlab(*words, "weights=moved/best.ckpt", "hydra.run.dir=second") == 2
    assert "holds another experiment" in capsys.readouterr().err
    assert cnnlab(*words, "model.norm=batch", "trainer.max_epochs=7", "hydra.run.dir=first") == 2
    said = capsys.readouterr().err
    assert "model.norm not set → batch" in said
    assert "→ 7" in said
    assert "weights=first starts from what was learned here" in said
