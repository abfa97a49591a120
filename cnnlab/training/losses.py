"""The losses of the group `loss`: records that build what is learned from, for the network and its auxiliary heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from cnnlab.metrics.by_class import balancing
from cnnlab.registry import Registered, Registry
from cnnlab.settings import Fraction, Positive, shown

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

    def for_counts(self, counts: Sequence[int]) -> Loss:
        """The same loss for so many training images of each class, where a setting depends on them."""
        return self

    def weights(self) -> tuple[float, ...] | None:
        """What the loss of an image is multiplied by, for each class; None for 1."""
        return None


def _class_weights(value: Any) -> Any:
    numbers = value if isinstance(value, list | tuple) else ()
    if value is None or value == "balanced" or (numbers and all(_is_positive(number) for number in numbers)):
        return tuple(map(float, numbers)) if numbers else value
    raise ValueError(f"should be balanced, a list of numbers above 0, one for each class, or null, not {shown(value)}")


def _is_positive(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value < float("inf")


class CrossEntropy(Loss):
    """Minus the logarithm of the probability that the network gives the right class."""

    kind: Literal["cross_entropy"] = "cross_entropy"
    label_smoothing: Fraction = 0.0
    """share of the target spread evenly over the classes: Szegedy et al. 2015, arXiv:1512.00567, §7"""
    class_weights: Annotated[
        Literal["balanced"] | tuple[float, ...] | None,
        BeforeValidator(_class_weights, json_schema_input_type=Literal["balanced"] | list[Positive] | None),
    ] = None
    """what each image's loss is multiplied by: a number for each class; balanced: n/(k·n_c) for the n_c of n training
    images that are of its class, one of k; null: 1. In training alone: val/loss and test/loss have no weights"""

    def for_counts(self, counts: Sequence[int]) -> CrossEntropy:
        if self.class_weights != "balanced":
            return self
        return self.model_copy(update={"class_weights": balancing(counts)})

    def weights(self) -> tuple[float, ...] | None:
        assert self.class_weights != "balanced", "for_counts comes first"
        return self.class_weights

    def build(self) -> nn.Module:
        from torch import nn

        from cnnlab.training.weighted import WeightedCrossEntropy

        if (weights := self.weights()) is not None:
            return WeightedCrossEntropy(weights, self.label_smoothing)
        return nn.CrossEntropyLoss(label_smoothing=self.label_smoothing)


LOSSES = Loss.registry.ship(CrossEntropy)
