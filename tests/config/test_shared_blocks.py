"""Kinds of block that files of the group `blocks` bring are named where a network uses one without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from stderr_lines import stderr_lines


def test_a_kind_whose_file_is_not_chosen_is_told_with_the_choice(
    cnnlab: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("blocks", "model"):
        (tmp_path / "mine" / name).mkdir(parents=True)
    (tmp_path / "mine/blocks/mixy.yaml").write_text("mixy: {block: conv, channels: 4}\n")
    network = "defaults: [/model/lenet@_here_]\nbody:\n  c1: {block: mixy}\n"
    (tmp_path / "mine/model/tiny.yaml").write_text(network)
    assert cnnlab("--config-dir", "mine", "model=tiny", "task=summary") == 2
    said = "'mixy' is a kind of block that a file of its own brings; add blocks=mixy"
    assert stderr_lines(capsys) == [f"mine/model/tiny.yaml:3:8  model.body.c1.block: {said}"]
    assert cnnlab("--config-dir", "mine", "model=tiny", "blocks=mixy", "task=summary") == 0
