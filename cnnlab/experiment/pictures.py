"""The pictures of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from cnnlab.data.dataset import Dataset
from cnnlab.metrics.by_class import Shares
from cnnlab.tracking.pictures import confusion, curves, overview
from cnnlab.tracking.style import Baseline, Mistake
from cnnlab.training.evaluate import Evaluation

SHOWN = 12
"""mistakes in the picture"""


def draw(
    folder: Path,
    rows: list[dict[str, Any]],
    tested: Evaluation,
    dataset: Dataset,
    title: str,
    subtitle: str,
    val: Shares,
    best: int | None,
) -> None:
    """overview.png, curves.png and confusion.png."""
    baseline = Baseline(val.majority, val.loss(), val.words)
    matrix = tested.confusion().tolist()
    overview(
        folder / "overview.png",
        title=title,
        subtitle=subtitle,
        rows=rows,
        confusion=matrix,
        names=dataset.names,
        mistakes=mistakes(tested, dataset),
        baseline=baseline,
        best=best,
    )
    curves(folder / "curves.png", rows, baseline, best)
    confusion(folder / "confusion.png", matrix, dataset.names)


def mistakes(tested: Evaluation, dataset: Dataset) -> list[Mistake]:
    """The test images it is most sure about and wrong, each confusion of two classes once before any comes twice."""
    sure, predicted = tested.probabilities.max(1)
    wrong = torch.nonzero(predicted != tested.truth).flatten()
    order = wrong[sure[wrong].argsort(descending=True, stable=True)].tolist()
    seen: dict[tuple[int, int], int] = {}
    rounds = []
    for index in order:
        pair = (int(tested.truth[index]), int(predicted[index]))
        seen[pair] = seen.get(pair, 0) + 1
        rounds.append((seen[pair], index))
    picked = [index for _, index in sorted(rounds, key=lambda pair: pair[0])[:SHOWN]]
    picked.sort(key=lambda index: -float(sure[index]))
    names = dataset.names
    return [
        Mistake(dataset.test.x[i].numpy(), names[int(tested.truth[i])], names[int(predicted[i])], float(sure[i]))
        for i in picked
    ]
