"""The optimizers of the group `optimizer`: those written here, and every other class of torch.optim by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cnnlab.settings import Count, Flag, Fraction, NonNegative, Positive, Real
from cnnlab.training.optimizer import Optimizer
from cnnlab.training.torch_optim import TorchOptimizers

if TYPE_CHECKING:
    import torch


class Sgd(Optimizer):
    """Stochastic gradient descent with momentum. Nesterov's form: Sutskever et al. 2013, ICML, eq. 3 and 4."""

    kind: Literal["sgd"] = "sgd"
    kept: ClassVar[int] = 1
    momentum: Fraction = 0.9
    """share of the last step that is kept"""
    nesterov: Flag = True
    """look ahead along the momentum"""
    weight_decay: NonNegative = 5e-4
    """pulls every weight towards zero"""

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        from torch.optim import SGD

        return SGD(groups, self.lr, self.momentum, nesterov=self.nesterov and self.momentum > 0)


class Adam(Optimizer):
    """Kingma & Ba 2014, arXiv:1412.6980."""

    kind: Literal["adam"] = "adam"
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    """decay of the running means of the gradient and of its square"""
    eps: Positive = 1e-8
    """added to the denominator"""
    weight_decay: NonNegative = 0.0
    """added to the gradient, as L2 regularisation"""

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        from torch.optim import Adam

        return Adam(groups, self.lr, self.betas, self.eps)


class AdamW(Optimizer):
    """Adam with decoupled weight decay. Loshchilov & Hutter 2017, arXiv:1711.05101."""

    kind: Literal["adamw"] = "adamw"
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    """decay of the running means of the gradient and of its square"""
    eps: Positive = 1e-8
    """added to the denominator"""
    weight_decay: NonNegative = 0.01
    """pulls every weight towards zero, apart from the gradient"""

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        from torch.optim import AdamW

        return AdamW(groups, self.lr, self.betas, self.eps)


class Muon(Optimizer):
    """Momentum whose step is made orthogonal, for matrices; AdamW for all else. Jordan 2024, kellerjordan.github.io.

    The kernels of a convolution count as a matrix with a row for each, as its author has them. Both halves share the
    rate and the weight decay: by default a step is as large as AdamW's (Liu et al. 2025, arXiv:2502.16982, §2.2).
    """

    kind: Literal["muon"] = "muon"
    lr: Positive = 0.001
    """learning rate, before the scheduler's factor"""
    weight_decay: NonNegative = 0.1
    """pulls every weight towards zero, apart from the gradient"""
    momentum: Fraction = 0.95
    """share of the last step that is kept, of matrices"""
    nesterov: Flag = True
    """look ahead along the momentum"""
    ns_coefficients: tuple[Real, Real, Real] = (3.4445, -4.775, 2.0315)
    """of the polynomial that makes a step orthogonal"""
    ns_steps: Count = 5
    """how often that is applied"""
    eps: Positive = 1e-7
    """smallest norm that a step is divided by"""
    adjust_lr_fn: Literal["original", "match_rms_adamw"] = "match_rms_adamw"
    """how a matrix's rate goes with its size: as its author has it, or so that a step is as large as AdamW's"""
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    """of AdamW, for biases, norms and what else is no matrix"""

    def build(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        from cnnlab.training.muon import MuonAndAdamW

        own = self.model_dump(include={"momentum", "nesterov", "ns_coefficients", "ns_steps", "eps", "adjust_lr_fn"})
        return MuonAndAdamW(groups, self.lr, own, self.betas)


OPTIMIZERS = Optimizer.registry.ship(Sgd, Adam, AdamW, Muon, library=TorchOptimizers())
