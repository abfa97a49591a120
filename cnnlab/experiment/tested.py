"""What the loggers show of a tested network: tested.json in the run's folder."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from cnnlab.data.dataset import Dataset
from cnnlab.tracking.durable import write_json
from cnnlab.training.evaluate import Evaluation

SIDE = 160
"""pixels of an image's longer side; larger ones are shrunk"""


def write_tested(folder: Path, tested: Evaluation, dataset: Dataset, count: int) -> None:
    """The classes, the confusion matrix (true, predicted), and the `count` worst predictions with their images."""
    worst = [_prediction(tested, dataset, index) for index in worst_first(tested)[:count]]
    content = {"classes": list(dataset.names), "confusion": tested.confusion().tolist(), "worst": worst}
    write_json(folder / "tested.json", content)


def worst_first(tested: Evaluation) -> list[int]:
    """The wrongly classified images, the one whose own class was given the least probability first."""
    own = tested.probabilities.gather(1, tested.truth[:, None]).squeeze(1)
    wrong = torch.nonzero(tested.predicted != tested.truth).flatten()
    return wrong[own[wrong].argsort(stable=True)].tolist()


def _prediction(tested: Evaluation, dataset: Dataset, index: int) -> dict[str, Any]:
    truth, predicted = int(tested.truth[index]), int(tested.predicted[index])
    shares = tested.probabilities[index]
    return {
        "index": index,
        "true": dataset.names[truth],
        "predicted": dataset.names[predicted],
        "p_true": round(float(shares[truth]), 6),
        "p_predicted": round(float(shares[predicted]), 6),
        "image": _png(dataset.test.x[index]),
    }


def _png(pixels: torch.Tensor) -> str:
    """uint8 (C, H, W) as a PNG in base64."""
    planes = pixels.permute(1, 2, 0).numpy()
    image = Image.fromarray(planes[:, :, :3] if planes.shape[2] >= 3 else planes[:, :, 0])
    image.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()
