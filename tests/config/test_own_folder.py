"""The folder `conf` of a user: taken where it is this program's, left alone where it is another's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_run import CONF

from cnnlab.config.own_folder import own_folder

MINE = "defaults: [/model/lenet@_here_, _self_]\nbody: {s2: null}\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "conf" / "model" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(MINE)
    return file


def test_a_network_in_conf_is_an_option_like_a_shipped_one(
    cnnlab: Callable[..., int], mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cnnlab("model=mine", "task=summary", "hydra.run.dir=out") == 0
    assert "body.s2" not in capsys.readouterr().out
    assert cnnlab("model=mien", "task=summary") == 2
    assert "did you mean 'mine'?" in capsys.readouterr().err


def test_help_lists_what_conf_has(cnnlab: Callable[..., int], mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cnnlab("--help") == 0
    assert " mine " in " ".join(capsys.readouterr().out.split())


def test_a_fault_in_a_file_of_conf_has_its_line(
    cnnlab: Callable[..., int], mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine.write_text(f"{MINE}nrom: batch\n")
    assert cnnlab("model=mine", "task=summary") == 2
    assert capsys.readouterr().err.startswith("conf/model/mine.yaml:3:1  model.nrom: ")


def test_conf_names_no_plugins(cnnlab: Callable[..., int], mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mine.parents[2] / "evil.py").write_text("raise SystemExit('ran')")
    (mine.parents[1] / "config.yaml").write_text("# cnnlab\nplugins: [evil]\n")
    assert cnnlab("model=mine", "task=summary") == 2
    assert "plugins" in capsys.readouterr().err


def test_conf_of_another_hydra_project_is_said_not_to_be_read(
    cnnlab: Callable[..., int], mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mine.parents[1] / "config.yaml").write_text("defaults: [db: mysql]\n")
    assert cnnlab("task=summary", "hydra.run.dir=out") == 0
    said = capsys.readouterr()
    assert "conf/ is not read" in said.err
    assert "body.s2" in said.out
    assert cnnlab("model=mine", "task=summary") == 2


@pytest.mark.parametrize(
    ("config", "ours"), [(None, True), ("# cnnlab: mine\n", True), ("a: 1\n", False), ("", False), ("\xff", False)]
)
def test_the_first_line_of_a_config_yaml_says_whose_it_is(tmp_path: Path, config: str | None, ours: bool) -> None:
    (tmp_path / "conf").mkdir()
    if config is not None:
        (tmp_path / "conf" / "config.yaml").write_bytes(config.encode("latin-1"))
    found = own_folder(tmp_path)
    assert found
    assert found.is_ours == ours


def test_the_shipped_folder_is_not_a_users(tmp_path: Path) -> None:
    assert own_folder(CONF.parent) is None
    assert own_folder(tmp_path) is None
