"""From a network's records to the network: `body` and `head` as modules, their weights started."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from cnnlab.blocks.modules import Chain, walk
from cnnlab.blocks.stack import chain, chain_and_shapes, check_name, stack_parts
from cnnlab.network.spec import Network
from cnnlab.network.start import start, stream
from cnnlab.settings import Shape


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
        module, left = chain_and_shapes(shape, body)
        return Net(module, chain(left.last, head), _auxiliary(network, left.by_name))


def _auxiliary(network: Network, left: Mapping[str, Shape]) -> Auxiliary | None:
    """The auxiliary heads; `left` is the shape of each block's output in the body."""
    if not network.aux:
        return None
    heads: dict[str, nn.Module] = {}
    for aux in network.aux:
        check_name(aux.name)
        heads[aux.name] = chain(left[aux.tap], stack_parts(aux.head))
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
