"""How much better a network knows the images that it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from cnnlab.metrics.keys import KeyInfo, share
from cnnlab.metrics.metric import Look, Metric


class Gap(Metric):
    """Gap between training and test accuracy, of the best checkpoint."""

    kind: Literal["gap"] = "gap"  # type: ignore[assignment]

    def measure(self, look: Look) -> dict[str, float]:
        known = look.evaluate(look.dataset.train).acc
        return {"gap/train_acc": known, "gap/acc": known - look.predictions.acc}

    def keys(self) -> Mapping[str, KeyInfo]:
        return {
            "gap/train_acc": share("training accuracy"),
            "gap/acc": KeyInfo("gap between training and test accuracy", "points", -1, 0.01, signed=True),
        }
