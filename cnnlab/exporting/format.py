"""What a format is: something that is written, then run, and has to compute what the network computes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from cnnlab.errors import Exit, Fault, UserError
from cnnlab.exporting.exportable import Exportable
from cnnlab.program import extra
from cnnlab.text import plural

BATCH = 64
"""images at once, in comparisons"""

Runner = Callable[[Tensor], Tensor]
"""images -> logits, by what was written"""


@dataclass(frozen=True)
class Agreement:
    """How near a file comes to the network."""

    difference: float
    """largest difference of logits, relative to the largest logit"""
    same: int
    """images that both put into the same class"""
    images: int
    right: int | None
    """images that the file puts into their own class; None where those are not known"""
    right_before: int | None
    """images that the network puts there"""

    @property
    def words(self) -> str:
        """
        >>> Agreement(5e-06, 256, 256, 212, 212).words
        '256 test images: largest difference 5.0e-06, 256 in the same class, accuracy 0.8281 (network 0.8281)'
        """
        if self.right is None or self.right_before is None:
            return (
                f"{self.images} random images: largest difference {self.difference:.1e}, {self.same} in the same class"
            )
        accuracies = f"accuracy {self.right / self.images:.4f} (network {self.right_before / self.images:.4f})"
        counts = f"largest difference {self.difference:.1e}, {self.same} in the same class"
        return f"{self.images} test images: {counts}, {accuracies}"


class Format(ABC):
    """A way to write a network."""

    name: ClassVar[str]
    packages: ClassVar[tuple[str, ...]] = ()
    """modules that it needs, of the extra with its name"""
    tolerance: ClassVar[float] = 1e-5
    """difference that is allowed, relative to the largest logit"""

    def check(self, exportable: Exportable) -> None:
        """UserError where it cannot be written."""
        missing = [package for package in self.packages if find_spec(package) is None]
        if missing:
            count = plural(len(missing), "package")
            message = f"{self.name} needs {count} more ({', '.join(missing)}): {extra(self.name)}"
            raise UserError(Fault("format", message))

    @abstractmethod
    def write(self, exportable: Exportable, folder: Path) -> list[Path]:
        """Write it; the files, the main one first."""

    @abstractmethod
    def runner(self, exportable: Exportable, written: list[Path]) -> Runner:
        """What computes with what was written, by other means than the network in memory."""


@torch.no_grad()
def agreement(exportable: Exportable, run: Runner) -> Agreement:
    """Run images through the network and through a file."""
    images = exportable.images
    parts = [images[i : i + BATCH] for i in range(0, len(images), BATCH)]
    expected = torch.cat([exportable.expected(part) for part in parts])
    computed = torch.cat([run(part) for part in parts])
    if computed.shape != expected.shape:
        return Agreement(float("inf"), 0, len(images), None, None)
    largest = float(expected.abs().max()) or 1.0
    difference = float((computed - expected).abs().max()) / largest
    found, before, labels = computed.argmax(1), expected.argmax(1), exportable.labels
    right, right_before = (None if labels is None else int((some == labels).sum()) for some in (found, before))
    return Agreement(difference, int((found == before).sum()), len(images), right, right_before)


def refuse(format: Format, found: Agreement, written: Iterable[Path]) -> UserError:
    """What is said of a file that does not compute the same, once it is deleted."""
    for path in written:
        path.unlink(missing_ok=True)
    message = (
        f"what was written as {format.name} does not compute what the network does and was deleted; on {found.words} "
        f"(allowed is {format.tolerance:g})"
    )
    return UserError(Fault("format", message), code=Exit.BUG)
