"""Whether a network is right as often as it says."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

BINS = 15
"""of equal width, as in Guo et al. 2017, arXiv:1706.04599, §5"""
SMALLEST = 1e-12
"""probability below which a logarithm would be that of a rounding error"""


@dataclass(frozen=True)
class Bin:
    """The images whose highest probability lies between two numbers."""

    low: float
    high: float
    count: int
    confidence: float
    """mean of that probability"""
    accuracy: float
    """share of them that are right"""


@dataclass(frozen=True)
class Calibration:
    """Confidence beside accuracy. Guo et al. 2017, arXiv:1706.04599."""

    bins: tuple[Bin, ...]
    """those that hold images"""
    accuracy: float
    confidence: float
    """mean of the highest probability"""
    ece: float
    """expected calibration error: mean over the images of their bin's |accuracy - confidence| (eq. 3)"""
    worst: float
    """the largest of those gaps (eq. 5)"""
    nll: float
    """mean negative log-likelihood, in nats"""
    brier: float
    """mean squared distance of the probabilities from 1 for the true class and 0 for the others: Brier 1950"""


def calibration(probabilities: Tensor, truth: Tensor, count: int = BINS) -> Calibration:
    """`probabilities` (N, classes) of images of the classes `truth` (N,)."""
    p = probabilities.double()
    confidence, predicted = p.max(1)
    right = (predicted == truth).double()
    place = (confidence * count).ceil().long().clamp(1, count) - 1  # bins are open below: (low, high]
    bins = tuple(_bin(i, count, confidence[place == i], right[place == i]) for i in place.unique().tolist())
    gaps = [abs(filled.accuracy - filled.confidence) for filled in bins]
    ece = sum(filled.count * gap for filled, gap in zip(bins, gaps, strict=True)) / len(truth)
    hot = torch.nn.functional.one_hot(truth, p.shape[1])
    return Calibration(
        bins,
        right.mean().item(),
        confidence.mean().item(),
        ece,
        max(gaps),
        negative_log_likelihood(p, truth),
        (p - hot).square().sum(1).mean().item(),
    )


def _bin(number: int, count: int, confidence: Tensor, right: Tensor) -> Bin:
    return Bin(number / count, (number + 1) / count, len(right), confidence.mean().item(), right.mean().item())


def negative_log_likelihood(probabilities: Tensor, truth: Tensor) -> float:
    return -probabilities.double().gather(1, truth[:, None]).clamp(min=SMALLEST).log().mean().item()


def softened(probabilities: Tensor, temperature: float) -> Tensor:
    """softmax(logits / temperature), from the softmax of the logits: it knows them but for a constant."""
    return (probabilities.double().clamp(min=SMALLEST).log() / temperature).softmax(1)


def temperature(probabilities: Tensor, truth: Tensor) -> float:
    """The one that makes the right classes likeliest, between 1/20 and 20. Guo et al. 2017, arXiv:1706.04599, §4.2."""

    def loss(log: float) -> float:
        return negative_log_likelihood(softened(probabilities, math.exp(log)), truth)

    bound = math.log(20)
    return math.exp(minimize_scalar(loss, bounds=(-bound, bound), method="bounded").x)
