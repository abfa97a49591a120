"""The record of what a run measures besides, where `metrics=` asks for it. torch is needed only to measure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cnnlab.metrics.keys import KeyInfo
from cnnlab.registry import Registered, Registry, kind_of

if TYPE_CHECKING:
    from pytorch_lightning import Callback
    from torch import nn

    from cnnlab.data.dataset import Dataset
    from cnnlab.data.splits import Split


@dataclass(frozen=True)
class Look:
    """What there is to measure: a trained network, and what it makes of images."""

    network: nn.Module
    """in evaluation mode; takes normalized images, gives logits"""
    dataset: Dataset
    predictions: Any
    """of the test part (`when` end) or the validation part (`when` epoch): acc, loss, predicted (N,), probabilities
    (N, classes), truth (N,), all in the order of the images"""
    evaluate: Callable[[Split], Any]
    """the same of any other images, such as dataset.train or Split(x, y)"""
    rows: Iterable[Mapping[str, Any]] = ()
    """every epoch's row so far"""


class Metric(Registered):
    """A number that a run measures besides.

    One of one's own is a subclass with a `measure`; the first line of its docstring is how it is spoken of, its
    annotated fields are its settings. It is recorded under its name, or `NAME/KEY` where it measures several.
    """

    registry: ClassVar[Registry[Metric]] = Registry("metrics", methods=("measure",))

    kind: str
    when: ClassVar[Literal["end", "epoch"]] = "end"
    """end: once, of the best checkpoint, into result.json; epoch: after each epoch, into its row"""
    unit: ClassVar[str] = ""
    """what differences are counted in; `points` for a share"""
    better: ClassVar[int] = 0
    """1 where more is better, -1 where less is"""
    margin: ClassVar[float | None] = None
    """the smallest difference that counts where a claim does not say"""
    prefixes: ClassVar[tuple[str, ...]] = ()
    """what its keys begin with besides, where they are not known before a network is"""

    def measure(self, look: Look) -> float | Mapping[str, float]:
        """The number, or several by the ends of their keys."""
        raise NotImplementedError

    def callback(self) -> Callback | None:
        """What watches the training for it; such a one writes into `module.measured`."""
        return None

    def keys(self) -> Mapping[str, KeyInfo]:
        """What it records, in result.json or in rows."""
        words = cleandoc(type(self).__doc__ or "").split("\n")[0].rstrip(".")
        words = words[:1].lower() + words[1:] if words[1:2].islower() else words
        return {kind_of(type(self)): KeyInfo(words or kind_of(type(self)), self.unit, self.better, self.margin)}

    def info(self, key: str) -> KeyInfo | None:
        """How a key of its own is spoken of and compared; None for one that is not its own."""
        if not records(type(self), key):
            return None
        return self.keys().get(key) or KeyInfo(key, self.unit, self.better, self.margin)


def records(cls: type[Metric], key: str) -> bool:
    """Whether a kind of metric records `key`: its name, or what begins with it or one of its prefixes."""
    name = kind_of(cls)
    return key == name or key.startswith((f"{name}/", *cls.prefixes))


def recorded(metric: Metric, value: Any) -> dict[str, float]:
    """What a metric has measured, by keys. ValueError that says what it returned instead of numbers."""
    name = kind_of(type(metric))
    several = value if isinstance(value, Mapping) else {"": value}
    numbers = {}
    for end, number in several.items():
        key = str(end) if records(type(metric), str(end)) else f"{name}/{end}" if end else name
        try:
            numbers[key] = float(number)
        except (TypeError, ValueError):
            raise ValueError(f"measured {number!r:.60}, which is no number") from None
    return numbers
