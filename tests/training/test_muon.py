"""Muon for matrices and AdamW for the rest, as one optimizer."""

from __future__ import annotations

import torch
from optimizer_steps import learn, weights
from torch import nn

from cnnlab.training.muon import is_matrix
from cnnlab.training.optimizers import Muon
from cnnlab.training.tuning import built


def test_the_rate_of_muon_is_that_of_the_step_and_its_factors_count() -> None:
    named = weights()
    optimizer = built(Muon(lr=1.0, weight_decay=0.0, lr_factors={"head": 0.0}), named)
    learn(optimizer, named, 0, 2)
    changed = {name: not torch.equal(now, start) for (name, now), (_, start) in zip(named, weights(), strict=True)}
    assert changed == {"body.a.weight": True, "body.a.bias": True, "body.g.gain": True, "head.weight": False}


def test_muon_takes_kernels_as_matrices_with_a_row_each_and_adamw_takes_the_rest() -> None:
    named = dict(weights())
    assert [name for name, weight in named.items() if is_matrix(weight)] == ["body.a.weight", "head.weight"]
    flat = nn.Parameter(named["body.a.weight"].detach().flatten(1).clone())
    theirs = torch.optim.Muon([flat], 0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    rest = nn.Parameter(named["body.a.bias"].detach().clone())
    adamw = torch.optim.AdamW([rest], 0.01, weight_decay=0.1)
    ours = built(Muon(lr=0.01), list(named.items()))
    for _ in range(3):
        gradients = [torch.randn(weight.shape) for weight in named.values()]
        for weight, gradient in zip(named.values(), gradients, strict=True):
            weight.grad = gradient
        flat.grad, rest.grad = gradients[0].flatten(1), gradients[1]
        for optimizer in (ours, theirs, adamw):
            optimizer.step()
    assert torch.equal(named["body.a.weight"].flatten(1), flat)
    assert torch.equal(named["body.a.bias"], rest)


def test_muon_leaves_what_is_frozen_and_takes_any_order_of_memory() -> None:
    named = weights()
    kernels = nn.Parameter(torch.randn(4, 3, 3, 3).contiguous(memory_format=torch.channels_last))
    still = kernels.detach().clone()
    optimizer = built(Muon(lr=0.01), [("kernels", kernels), *named])
    learn(optimizer, named, 0, 2)
    assert torch.equal(kernels, still)
    kernels.grad = torch.randn(4, 3, 3, 3)
    optimizer.step()
    assert not torch.equal(kernels, still)
    assert kernels.is_contiguous(memory_format=torch.channels_last)
