"""A loss as a module, seen to be one before anything is trained by it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cnnlab.blame import written_at
from cnnlab.errors import Fault, UserError
from cnnlab.registry import returned
from cnnlab.training.losses import Loss


def built_loss(settings: Loss, classes: int, counts: Sequence[int] = ()) -> nn.Module:
    """The module of a loss, tried on two images, for training images of which each class has so many.

    UserError where its record makes none, or one of no use.
    """
    module = settings.for_counts(counts or [1] * classes).build()
    if not isinstance(module, nn.Module):
        raise UserError(Fault("loss", returned(settings, "build", module, "a torch module")))
    if any(weight.requires_grad for weight in module.parameters()):
        raise UserError(Fault("loss", f"a loss has no weights that learn{written_at(type(module), '__init__')}"))
    logits = torch.linspace(-1, 1, 2 * classes).view(2, classes).requires_grad_()
    value = module(logits, torch.tensor([0, classes - 1]))
    if not isinstance(value, Tensor):
        raise UserError(Fault("loss", returned(module, "forward", value, "a tensor")))
    line = written_at(type(module), "forward")
    if value.dim():
        shape = tuple(value.shape)
        raise UserError(Fault("loss", f"its forward() returns {shape} of 2 images, not one number, their mean{line}"))
    if not value.requires_grad:
        raise UserError(Fault("loss", f"its forward() returns what does not depend on the logits{line}"))
    return module
