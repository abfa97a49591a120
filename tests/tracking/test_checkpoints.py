"""Checkpoints and the runs that they are of, by their paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnlab.tracking.checkpoints import trained_name
from cnnlab.tracking.durable import write_json


@pytest.mark.parametrize("inside", ["", "checkpoints/best.ckpt", "best.ckpt"])
def test_a_trained_network_is_called_as_its_run_s_record_calls_it(tmp_path: Path, inside: str) -> None:
    (tmp_path / "checkpoints").mkdir()
    write_json(tmp_path / "run.json", {"model": "d2l/lenet", "name": None})
    assert trained_name(tmp_path / inside) == "d2l/lenet"
    write_json(tmp_path / "run.json", {"model": "d2l/lenet", "name": "mine"})
    assert trained_name(tmp_path / inside) == "mine"


def test_a_checkpoint_without_a_record_is_called_by_its_file(tmp_path: Path) -> None:
    assert trained_name(tmp_path / "net.ckpt") == "net"
