"""What an optimizer is: a record of settings that builds one of torch's for groups of weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from cnnlab.network.choose import Factors
from cnnlab.registry import Registered, Registry
from cnnlab.settings import Positive

if TYPE_CHECKING:
    import torch

GRADIENTS = "cnnlab's training computes one dense gradient a step"
REFUSED = {
    "lbfgs": f"torch's LBFGS evaluates the loss several times a step, in a closure; {GRADIENTS}",
    "sparseadam": f"torch's SparseAdam takes sparse gradients alone; {GRADIENTS}",
}
"""classes of torch.optim that cannot train here, and why"""


class Optimizer(Registered):
    """Base of all optimizers. What may differ from block to block goes by names such as body.stage1 or *.norm.

    An optimizer of one's own is a subclass with a `build`; its annotated fields are its settings.
    """

    registry: ClassVar[Registry[Optimizer]] = Registry("optimizer", refused=REFUSED)
    kept: ClassVar[int] = 2
    """numbers that it keeps for each weight, at most: checkpoints hold them"""

    kind: str
    lr: Positive
    """learning rate, before the scheduler's factor"""
    lr_factors: Factors = Field(default_factory=dict)
    """the learning rate's factor for the blocks named; the most specific name counts"""
    weight_decay_factors: Factors = Field(default_factory=dict)
    """the weight decay's factor for the blocks named"""

    @field_validator("weight_decay_factors")
    @classmethod
    def _decays(cls, factors: dict[str, float]) -> dict[str, float]:
        if factors and "weight_decay" not in cls.model_fields:
            raise ValueError("this optimizer has no weight_decay that they could change; leave them out")
        return factors

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """Torch's optimizer of `groups`: mappings with `params`, and with `weight_decay` where that is a setting.

        `lr` and what else the groups lack come from the record. The rate of each step is set from outside.
        """
        raise NotImplementedError
