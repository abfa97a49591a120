"""A run's record, written as training writes it, without training."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

from PIL import Image

from cnnlab.tracking.durable import write_json
from cnnlab.tracking.record import RunRecord

FACTS = {
    **{"model": "lenet", "data": "fashion_mini", "seed": 3, "variant": "model=lenet model.norm=batch"},
    **{"params": 61706, "params_aux": 0, "macs": 416520, "identity": "0123456789abcdef", "fingerprint": "f"},
}
CONFIG = {"seed": 3, "data": {"batch_size": 32}, "optimizer": {"kind": "sgd", "lr": 0.1}, "threads": 1}


def begun(folder: Path, epochs: int = 0, **facts: Any) -> RunRecord:
    """The record of a run that has done some epochs; in a folder that holds a run, it goes on with that."""
    record = RunRecord(folder, config=CONFIG, network={"layers": []}, facts={**FACTS, **facts})
    for number in range(1, epochs + 1):
        record.epoch(row(number))
    return record


def row(epoch: int) -> dict[str, Any]:
    return {"epoch": epoch, "train/loss": 1 / epoch, "train/acc": 0.5, "val/acc": 0.6 + epoch % 2 / 10, "seconds": 0.1}


def looked_at(folder: Path) -> None:
    """tested.json of two classes."""
    buffer = io.BytesIO()
    Image.new("L", (28, 28), 7).save(buffer, "PNG")
    image = base64.b64encode(buffer.getvalue()).decode()
    worst = {"index": 4, "true": "cat", "predicted": "dog", "p_true": 0.1, "p_predicted": 0.9, "image": image}
    write_json(folder / "tested.json", {"classes": ["cat", "dog"], "confusion": [[3, 1], [0, 4]], "worst": [worst]})
