"""How weights start: each layer's from a random stream of its own, by the way its block names."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

RELU_GAIN = (1 / 2 - 1 / (2 * math.pi)) ** -0.5
"""1 / std of relu(z), for z of mean 0 and variance 1; other activations are near it"""
SMALL = 0.1
"""gain of a linear layer without activation, the network's output: the loss starts at that of chance"""
QUIET = 0.3
"""weight of the norm that ends a residual block's body; gain of the convolution that does, with pre-activations"""
BOUNDED = ("sigmoid", "tanh")
"""activations that are nearly linear around 0, and flat far from it"""
IMAGE = 4
"""channels up to which weights are not centred: those of an image, or one by itself, whose mean is not to be lost"""


def stream(seed: int, path: str) -> int:
    """A seed for the random numbers of one named thing: a function of both, and of nothing else."""
    digest = hashlib.blake2b(f"{seed}/{path}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def start(net: nn.Module, seed: int, kept: Sequence[str] = ()) -> None:
    """Give every layer its first weights, each from the stream of (seed, its path).

    So two networks that differ in one place start from equal weights everywhere else: a layer's stream does not depend
    on what stands around it, nor its weight on whether it has a bias. Layers inside of `kept` are started already, but
    for those that our own kinds made.
    """
    images = _first(getattr(net, "body", net))
    with torch.random.fork_rng(devices=[]):
        for path, layer in net.named_modules():
            own = [*layer.parameters(recurse=False), *layer.buffers(recurse=False)]
            if not own:
                continue
            if not any(f"{path}.".startswith(f"{outer}.") for outer in kept):
                torch.manual_seed(stream(seed, path))
                layer.reset_parameters()  # type: ignore[operator]
            if note := getattr(layer, "start", None):
                torch.manual_seed(stream(seed, path))
                _weights(layer, *note, image=layer in images)


def _first(module: nn.Module) -> list[nn.Conv2d]:
    """The convolutions that take what a module takes, in all its branches."""
    if isinstance(module, nn.Conv2d):
        return [module]
    firsts = [layers for child in module.children() if (layers := _first(child))]
    if isinstance(module, nn.Sequential):
        return firsts[0] if firsts else []
    return [layer for layers in firsts for layer in layers]


def is_paired(layer: nn.Module, image: bool = False) -> bool:
    """Whether `looks_linear` starts a layer in pairs of channels, and not as `auto` does; `image`: one that takes none.

    It does so to convolutions whose widths are even in each of their groups, and to depthwise ones, unless a bounded
    activation follows, which has no kink. Linear layers are few, and a flattened map has its pairs elsewhere.
    """
    if not isinstance(layer, nn.Conv2d) or getattr(layer, "start", ("", ""))[1] in BOUNDED:
        return False
    out, inputs = layer.out_channels // layer.groups, layer.in_channels // layer.groups
    return _depthwise(layer) or (out % 2 == 0 and (image or inputs % 2 == 0))


def _depthwise(layer: nn.Conv2d) -> bool:
    return layer.in_channels == layer.out_channels == layer.groups > 1


def _weights(layer: nn.Module, init: str, act: str, image: bool = False) -> None:
    """The named ways to start; all but `auto` and `looks_linear` leave biases as torch starts them."""
    weight, bias = layer.weight, layer.bias
    assert isinstance(weight, Tensor)
    if isinstance(layer, nn.ConvTranspose2d):  # whose weights are stored by what comes in
        weight = weight.data.transpose(0, 1)
    if init in ("auto", "looks_linear") and bias is not None:
        nn.init.zeros_(bias)  # type: ignore[arg-type]
    match init:
        case "looks_linear" if is_paired(layer, image):
            _looks_linear(layer, image)  # type: ignore[arg-type]
        case "auto" | "looks_linear":
            _auto(weight, act)
        case "quiet" if weight.dim() == 1:
            nn.init.constant_(weight, QUIET)
        case "quiet":
            _weights(layer, "auto", act)
            weight.data *= QUIET
        case "kaiming_normal":
            nn.init.kaiming_normal_(weight, nonlinearity="relu")
        case "kaiming_uniform":
            nn.init.kaiming_uniform_(weight, nonlinearity="relu")
        case "xavier_normal":
            nn.init.xavier_normal_(weight)
        case "xavier_uniform":
            nn.init.xavier_uniform_(weight)
        case "orthogonal":
            orthogonal = nn.init.orthogonal_(torch.empty(weight.shape))  # torch's own takes no transposed view
            weight.data.copy_(orthogonal)
        case "default":
            pass


@torch.no_grad()
def _auto(weight: Tensor, act: str) -> None:
    """Normal, of the variance that keeps a signal's size forwards; over the channels the weights sum to zero.

    ReLUs leave a mean, which in a deep network without norm soon drowns what tells one image from another; weights that
    sum to zero do not see it. Brock, De & Smith 2021, arXiv:2101.08692, hold them so all through training; here they
    only start so, with the paper's gain.
    """
    if act in BOUNDED:
        nn.init.xavier_uniform_(weight, nn.init.calculate_gain(act))
        return
    inputs, taps = weight[0].numel(), weight[0, 0].numel()
    centred = weight.shape[1] > IMAGE
    gain = RELU_GAIN if act != "none" else SMALL if weight.dim() == 2 else 1.0
    nn.init.normal_(weight, std=gain / math.sqrt(inputs - taps * centred))
    if centred:
        weight -= weight.mean(1, keepdim=True)


@torch.no_grad()
def _looks_linear(layer: nn.Conv2d, image: bool) -> None:
    """Channels in pairs, u and -u, and orthogonal weights that take a pair's difference: a network without kinks.

    relu(u) - relu(-u) is u, and so it is for GELU and SiLU: however deep, the network starts as a linear one, through
    which signals and gradients keep their size. Balduzzi et al. 2017, arXiv:1702.08591. What takes pairs starts with
    the middle of its window alone, which keeps it orthogonal at any size (Xiao et al. 2018, arXiv:1806.05393,
    algorithm 2). Pairs are neighbours and not halves, so that branches put side by side leave them together.
    """
    rows, columns = layer.kernel_size
    middle = (..., (rows - 1) // 2, (columns - 1) // 2)
    if _depthwise(layer):  # what was rectified before goes through as it is
        layer.weight.zero_()[middle] = 1.0
        return
    sign = torch.tensor([[1.0], [-1.0]])
    signs, seen = (sign, ...) if image else (sign @ sign.T, middle)
    for part in layer.weight.chunk(layer.groups):
        drawn = torch.empty_like(part[seen][::2, :: signs.shape[1]])
        widens = len(drawn) / drawn[0].numel()
        nn.init.orthogonal_(drawn, math.sqrt(max(1.0, widens)))
        signs_of_each = signs.reshape(*signs.shape, *[1] * (drawn.dim() - 2))
        part.zero_()[seen] = torch.kron(drawn, signs_of_each)
