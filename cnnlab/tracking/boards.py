"""TensorBoard's event files, in a run's folder: curves by epoch, and the tested network at the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnlab.tracking.mirror import content
from cnnlab.tracking.reader import read_run

FOLDER = "tensorboard"


class Board:
    """Follows the run in `folder`; taken up again, it replaces the epochs that are done again."""

    def __init__(self, folder: Path, images: int):
        self.folder, self.images, self.writer = folder, images, None

    def epoch(self, row: Mapping[str, Any]) -> None:
        """A row of metrics.jsonl."""
        (clean,) = content.history([row])
        writer = self._opened(row["epoch"])
        for key, value in clean.items():
            if key not in ("epoch", "best/val_acc") and isinstance(value, int | float):
                writer.add_scalar(key, value, row["epoch"])
        writer.flush()

    def end(self, code: int) -> None:
        """What the test said, for a run that got that far."""
        record = read_run(self.folder)
        result, last = record.result or {}, len(record.rows)
        if result.get("status") == "ok":
            writer = self._opened(last + 1)
            for key in ("test/acc", "test/balanced_acc", "test/f1", "test/acc5", "test/loss"):
                if result.get(key) is not None:
                    writer.add_scalar(key, result[key], last)
            self._show(writer, last)
        if self.writer:
            self.writer.close()

    def _opened(self, epoch: int) -> Any:
        if self.writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(str(self.folder / FOLDER), purge_step=epoch)
        return self.writer

    def _show(self, writer: Any, step: int) -> None:
        import numpy as np

        tested = content.tested(self.folder) or {"worst": []}
        for rank, prediction in enumerate(tested["worst"][: self.images]):
            image = np.asarray(content.picture(prediction["image"]).convert("RGB"))
            writer.add_image(
                f"worst/{rank:02d} {prediction['true']} as {prediction['predicted']}", image, step, dataformats="HWC"
            )
