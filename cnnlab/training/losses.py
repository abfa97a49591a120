"""The losses of the group `loss`: records that build what is learned from, for the network and its auxiliary heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from cnnlab.registry import Registered, Registry
from cnnlab.settings import Fraction

if TYPE_CHECKING:
    from torch import nn


class Loss(Registered):
    """Base of all losses. One of one's own is a subclass with a `build`; its annotated fields are its settings.

    What is recorded as val/loss and test/loss is the cross-entropy, whatever the network learns from.
    """

    registry: ClassVar[Registry[Loss]] = Registry("loss")

    kind: str

    def build(self) -> nn.Module:
        """The module: logits (B, classes) and labels, int64 (B,) or float (B, classes) -> the mean over images."""
        raise NotImplementedError


class CrossEntropy(Loss):
    """Minus the logarithm of the probability that the network gives the right class."""

    kind: Literal["cross_entropy"] = "cross_entropy"
    label_smoothing: Fraction = 0.0
    """share of the target spread evenly over the classes: Szegedy et al. 2015, arXiv:1512.00567, §7"""

    def build(self) -> nn.Module:
        from torch import nn

        return nn.CrossEntropyLoss(label_smoothing=self.label_smoothing)


LOSSES = Loss.registry.ship(CrossEntropy)
