"""How strongly each block is taught."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from cnnlab.metrics.keys import KeyInfo
from cnnlab.metrics.metric import Look, Metric

if TYPE_CHECKING:
    from pytorch_lightning import Callback


class Gradients(Metric):
    """Size of each block's gradients and updates, after each epoch: `grad/BLOCK`, `update/BLOCK`.

    At the end `grad/first_to_last` and `update/first_to_last`, the first block's by the last one's.
    """

    kind: Literal["gradients"] = "gradients"  # type: ignore[assignment]
    prefixes: ClassVar[tuple[str, ...]] = ("grad/", "update/")

    def callback(self) -> Callback:
        from cnnlab.metrics.gradient_sizes import GradientSizes

        return GradientSizes()

    def measure(self, look: Look) -> dict[str, float]:
        from cnnlab.metrics.gradient_sizes import first_to_last

        return first_to_last(look.rows)

    def keys(self) -> Mapping[str, KeyInfo]:
        words = {"grad": "gradient", "update": "update"}
        return {
            f"{what}/first_to_last": KeyInfo(f"{noun} of the first block over the last's")
            for what, noun in words.items()
        }
