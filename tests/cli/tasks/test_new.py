"""`task=new` and its short form: a file that works as it is, and when its examples count."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml


def test_a_new_network_is_the_one_it_begins_as(
    cnnlab: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("new", "papers/mine", "from=resnet18") == 0
    assert "conf/model/papers/mine.yaml" in capsys.readouterr().out
    assert cnnlab("task=diff", "model=papers/mine", "against=model=resnet18", "format=json") == 0
    assert yaml.safe_load(capsys.readouterr().out)["blocks"] == []
    assert cnnlab("task=validate", "dir=conf") == 0


def test_its_examples_are_a_network_when_they_count(
    cnnlab: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("task=new", "name=mine") == 0
    file = tmp_path / "conf" / "model" / "mine.yaml"
    head, _, examples = file.read_text().rpartition("\n\n")
    file.write_text(f"{head}\n\n" + re.sub("^# ", "", examples, flags=re.MULTILINE))
    capsys.readouterr()
    assert cnnlab("model=mine", "task=summary", "hydra.run.dir=out") == 0
    table = capsys.readouterr().out
    assert "body.extra" in table
    assert "body.s4" not in table


def test_its_schema_line_leads_to_a_schema(cnnlab: Callable[..., int], tmp_path: Path) -> None:
    assert cnnlab("new", "mine") == 0
    file = tmp_path / "conf" / "model" / "mine.yaml"
    line = file.read_text().splitlines()[0]
    assert (file.parent / line.partition("$schema=")[2]).resolve().is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["new"], "say what it is called"),
        (["new", "resnet18"], "there is a network 'resnet18' already"),
        (["new", "mine", "from=resnet19"], "from: there is no model 'resnet19'; did you mean 'resnet18'?"),
        (["new", "../mine"], "cannot name a file"),
        (["new", "mine", "frm=lenet"], "did you mean 'from'?"),
        (["from=lenet"], "from: "),
    ],
)
def test_what_cannot_be_made_is_said(
    cnnlab: Callable[..., int], tmp_path: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab(*words) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "conf").exists()


def test_nothing_is_overwritten(cnnlab: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "conf" / "model" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("norm: [this is no network")
    assert cnnlab("new", "mine") == 2
    assert file.read_text() == "norm: [this is no network"


def test_the_folder_of_another_project_is_left_alone(
    cnnlab: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text("db: mysql\n")
    assert cnnlab("new", "mine") == 2
    assert "another program's" in capsys.readouterr().err
    assert cnnlab("new", "mine", "dir=own") == 0
    assert cnnlab("--config-dir", "own", "model=mine", "task=summary", "hydra.run.dir=out") == 0
