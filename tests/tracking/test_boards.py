"""Event files as TensorBoard reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_records import begun, looked_at, row

from cnnlab.tracking.boards import FOLDER, Board

pytest.importorskip("tensorboard")


def test_epochs_that_are_done_again_are_shown_once_and_the_test_at_the_end(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    begun(tmp_path)
    killed = Board(tmp_path, 4)
    for epoch in (1, 2, 3):
        killed.epoch(row(epoch))
    record = begun(tmp_path)
    board = Board(tmp_path, 4)
    for epoch in (3, 4):
        record.epoch(row(epoch))
        board.epoch(row(epoch))
    looked_at(tmp_path)
    record.finish("ok", **{"test/acc": 0.8, "test/loss": 0.5})
    board.end(0)
    killed.writer.close()  # type: ignore[union-attr]
    shown = EventAccumulator(str(tmp_path / FOLDER))
    shown.Reload()
    assert [event.step for event in shown.Scalars("val/acc")] == [1, 2, 3, 4]
    assert shown.Scalars("test/acc")[0].value == pytest.approx(0.8)
    assert shown.Tags()["images"] == ["worst/00 cat as dog"]
