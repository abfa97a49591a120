"""From a network's records to the network: `body` and `head` as modules, weights started from their own streams."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cnnlab.blocks.base import Flow, chain, check_name, entry, stack_parts
from cnnlab.blocks.base import after as shape_after
from cnnlab.blocks.modules import Chain, walk
from cnnlab.network.spec import Network
from cnnlab.settings import Shape

RELU_GAIN = (1 / 2 - 1 / (2 * math.pi)) ** -0.5
"""1 / std of relu(z), for z of mean 0 and variance 1; other activations are near it"""
SMALL = 0.1
"""gain of a linear layer without activation, the network's output: the loss starts at that of chance"""
QUIET = 0.1
"""weight of the norm that ends a residual block's body; gain of the convolution that does, with pre-activations"""
IMAGE = 4
"""channels up to which weights are not centred: those of an image, or one by itself, whose mean is not to be lost"""


class Net(nn.Module):
    """(B, C, H, W) -> (B, classes). Weights are named as settings are: `body.stage3.0.body.conv1.conv.weight`.

    Auxiliary heads are apart, and run only by `with_aux`.
    """

    def __init__(self, body: nn.Module, head: nn.Module, aux: Auxiliary | None = None):
        super().__init__()
        self.body, self.head, self.aux = body, head, aux

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))

    def with_aux(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The output, and that of each auxiliary head by name."""
        return with_aux(self.body, self.head, self.aux, x)


class Auxiliary(nn.ModuleDict):
    """Auxiliary heads by name; `taps` are the blocks of the body whose outputs they take, `weights` of their losses."""

    def __init__(self, heads: dict[str, nn.Module], taps: dict[str, str], weights: dict[str, float]):
        super().__init__(heads)
        self.taps, self.weights = taps, weights


def with_aux(body: nn.Module, head: nn.Module, aux: Auxiliary | None, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The output of `head` and that of each auxiliary head, by name, in one pass over `body`."""
    if aux is None:
        return head(body(x)), {}
    assert isinstance(body, Chain)
    outputs, left = {}, x
    for block, left in walk(body, x):
        outputs |= {name: aux[name](left) for name, tap in aux.taps.items() if tap == block}
    return head(left), outputs


def build(network: Network, shape: Shape, seed: int = 0) -> Net:
    """The network for images of `shape`, in memory, started. Raises Misfit."""
    net = blank(network, shape).to_empty(device="cpu")
    start(net, seed, kept=_remake(net, seed))
    return net


def blank(network: Network, shape: Shape) -> Net:
    """The network on the meta device: names and shapes of all its weights, and no memory. Raises Misfit."""
    body, head = stack_parts(network.body), stack_parts(network.head)
    with torch.device("meta"):
        return Net(chain(shape, body), chain(shape_after(shape, body), head), _auxiliary(network, shape))


def _auxiliary(network: Network, shape: Shape) -> Auxiliary | None:
    if not network.aux:
        return None
    flow = Flow(shape)
    for name, stage in stack_parts(network.body).items():
        flow.put(name, stage.shape(entry(flow, stage)))
    heads: dict[str, nn.Module] = {}
    for aux in network.aux:
        check_name(aux.name)
        heads[aux.name] = chain(flow.left[aux.tap], stack_parts(aux.head))
    taps, weights = ({aux.name: getattr(aux, key) for aux in network.aux} for key in ("tap", "weight"))
    return Auxiliary(heads, taps, weights)


def _remake(net: nn.Module, seed: int) -> list[str]:
    """Make the modules of users' own blocks again, in memory, from the stream of their path; their paths.

    What starts their weights is theirs to say, and need not be a `reset_parameters`.
    """
    remade = []
    with torch.random.fork_rng(devices=[]):
        for path, module in list(net.named_modules()):
            if remake := getattr(module, "remake", None):
                torch.manual_seed(stream(seed, path))
                parent, _, name = path.rpartition(".")
                net.get_submodule(parent).register_module(name, remake())
                remade.append(path)
    return remade


def stream(seed: int, path: str) -> int:
    """A seed for the random numbers of one named thing: a function of both, and of nothing else."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{path}".encode(), digest_size=8).digest(), "little") >> 1


def start(net: nn.Module, seed: int, kept: Sequence[str] = ()) -> None:
    """Give every layer its first weights, each from the stream of (seed, its path).

    So two networks that differ in one place start from equal weights everywhere else: a layer's stream does not depend
    on what stands around it, nor its weight on whether it has a bias. Layers inside of `kept` are started already, but
    for those that our own kinds made.
    """
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
                _weights(layer, *note)


def _weights(layer: nn.Module, init: str, act: str) -> None:
    """The named ways to start; all but `auto` leave biases as torch starts them."""
    weight, bias = layer.weight, layer.bias
    assert isinstance(weight, Tensor)
    match init:
        case "auto":
            _auto(weight, act)
            if bias is not None:
                nn.init.zeros_(bias)  # type: ignore[arg-type]
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
            nn.init.orthogonal_(weight)
        case "default":
            pass


@torch.no_grad()
def _auto(weight: Tensor, act: str) -> None:
    """Normal, of the variance that keeps a signal's size forwards; over the channels the weights sum to zero.

    ReLUs leave a mean, which in a deep network without norm soon drowns what tells one image from another; weights that
    sum to zero do not see it. Brock, De & Smith 2021, arXiv:2101.08692, hold them so all through training; here they
    only start so, with the paper's gain.
    """
    if act in ("sigmoid", "tanh"):
        nn.init.xavier_uniform_(weight, nn.init.calculate_gain(act))
        return
    inputs, taps = weight[0].numel(), weight[0, 0].numel()
    centred = weight.shape[1] > IMAGE
    gain = RELU_GAIN if act != "none" else SMALL if weight.dim() == 2 else 1.0
    nn.init.normal_(weight, std=gain / math.sqrt(inputs - taps * centred))
    if centred:
        weight -= weight.mean(1, keepdim=True)
