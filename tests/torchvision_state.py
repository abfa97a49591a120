"""A state dict as torchvision's resnet18 has it, made without torchvision: its names, its shapes, random numbers."""

from __future__ import annotations

import torch
from torch import Tensor


def resnet18(classes: int = 1000, channels: int = 3, width: int = 8) -> dict[str, Tensor]:
    """`width` is 64 in the published one; 8 is what `model.width=0.125` makes of ours."""
    random = torch.Generator().manual_seed(1)
    state: dict[str, Tensor] = {}

    def conv(name: str, outputs: int, inputs: int, size: int) -> None:
        state[f"{name}.weight"] = torch.randn(outputs, inputs, size, size, generator=random) / inputs**0.5 / size

    def norm(name: str, features: int) -> None:
        state[f"{name}.weight"] = torch.rand(features, generator=random) + 0.5
        state[f"{name}.bias"] = torch.randn(features, generator=random) / 10
        state[f"{name}.running_mean"] = torch.randn(features, generator=random) / 10
        state[f"{name}.running_var"] = torch.rand(features, generator=random) + 0.5
        state[f"{name}.num_batches_tracked"] = torch.tensor(7)

    conv("conv1", width, channels, 7)
    norm("bn1", width)
    inputs = width
    for stage in (1, 2, 3, 4):
        outputs = width * 2 ** (stage - 1)
        for block in (0, 1):
            at = f"layer{stage}.{block}"
            conv(f"{at}.conv1", outputs, inputs, 3)
            norm(f"{at}.bn1", outputs)
            conv(f"{at}.conv2", outputs, outputs, 3)
            norm(f"{at}.bn2", outputs)
            if inputs != outputs:
                conv(f"{at}.downsample.0", outputs, inputs, 1)
                norm(f"{at}.downsample.1", outputs)
            inputs = outputs
    state["fc.weight"] = torch.randn(classes, inputs, generator=random) / inputs**0.5
    state["fc.bias"] = torch.randn(classes, generator=random) / 10
    return state
