"""The data set that ships with cnnlab."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, Literal

from cnnlab.data.fashion_mini import FILE
from cnnlab.data.source import Source

if TYPE_CHECKING:
    from cnnlab.data.splits import Parts


class FashionMini(Source):
    """10,000 + 2,000 images of Fashion-MNIST: Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747. Nothing is downloaded."""

    source: Literal["fashion_mini"] = "fashion_mini"  # type: ignore[assignment]
    fixed_shape: ClassVar[tuple[int, int, int] | None] = (1, 28, 28)
    fixed_classes: ClassVar[int | None] = 10
    reads_folder: ClassVar[bool] = False

    def own_digest(self) -> str:
        return sha256(FILE.read_bytes()).hexdigest()[:32]

    def read(self) -> Parts:
        import numpy as np

        from cnnlab.data.splits import Parts, Split

        with np.load(FILE, allow_pickle=False) as file:
            train, test = (Split.of(file[f"{part}_x"][:, None], file[f"{part}_y"]) for part in ("train", "test"))
        return Parts(train, test)
