"""`task=eject`: a shipped file to change, which then counts in its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_run import CONF


def test_a_copy_says_the_same_and_counts_instead(
    cnnlab: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("eject", "model/d2l/lenet") == 0
    copy, shipped = tmp_path / "conf/model/d2l/lenet.yaml", CONF / "model/d2l/lenet.yaml"
    assert copy.read_text().splitlines()[1:] == shipped.read_text().splitlines()[1:]
    assert (copy.parent / copy.read_text().splitlines()[0].partition("$schema=")[2]).resolve().is_file()
    copy.write_text(copy.read_text().replace("channels: 6,", "channels: 7,"))
    capsys.readouterr()
    assert cnnlab("model=d2l/bn_lenet", "task=summary", "hydra.run.dir=out") == 0
    assert "7×" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("model/resnet19", "there is no model 'resnet19'; did you mean 'resnet18'?"),
        ("modle/resnet18", "there is no group 'modle'; did you mean 'model'?"),
        ("resnet18", "say which file"),
        ("schema/model", "there is no group 'schema'"),
        ("model/../config", "there is no model"),
    ],
)
def test_what_is_not_shipped_is_said(
    cnnlab: Callable[..., int], tmp_path: Path, name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("eject", name) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "conf").exists()


def test_a_file_that_is_there_stays(cnnlab: Callable[..., int], tmp_path: Path) -> None:
    assert cnnlab("eject", "optimizer/sgd") == 0
    file = tmp_path / "conf/optimizer/sgd.yaml"
    file.write_text("mine\n")
    assert cnnlab("eject", "optimizer/sgd") == 2
    assert file.read_text() == "mine\n"
