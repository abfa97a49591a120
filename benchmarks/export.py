"""Do the networks that ship leave as they are? Each is exported at its own size and compared; a row of a table each.

    python -m benchmarks.export                                every network under 100 M parameters
    python -m benchmarks.export lenet resnet18 > table.md

Norms take their statistics from one batch; what is written is run on three images where two were traced. `source` is
the printed PyTorch file, `program` torch.export's, `ONNX` run by onnxruntime: the largest difference of a logit,
relative to the largest logit. `torchvision`: layers whose names go there and back. `fx`: the largest difference of what
torch.fx has traced.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.counts import composed, header, names
from cnnlab.errors import UserError
from cnnlab.exporting.export import FORMATS
from cnnlab.exporting.exportable import Exportable, of_network
from cnnlab.exporting.format import agreement
from cnnlab.network.build import Net, build
from cnnlab.network.graph import graph
from cnnlab.network.read import read_network
from cnnlab.weights.names import foreign_names

MOST = 100_000_000
"""parameters of a network that is tried"""
HEADINGS = ("network", "parameters", "lines of source", "source", "program", "ONNX", "same class", "torchvision", "fx")


def main(argv: Sequence[str]) -> int:
    settings = composed()
    print(f"torch {torch.__version__}\n\n| {' | '.join(HEADINGS)} |\n|{'---|' + '--:|' * (len(HEADINGS) - 1)}")
    for name in argv or names():
        said = header(name)
        network, faults = read_network(settings[name], said.classes)
        assert network, faults
        params = graph(network, said.shape).params
        if params > MOST:
            continue
        net = build(network, said.shape)
        with torch.no_grad():
            net.train()(torch.randn(8, *said.shape))
        leaving = of_network(net, name, network, settings[name], said.shape)
        print(f"| {name} | {params:,} | {' | '.join(cells(leaving))} |", flush=True)
    return 0


def cells(leaving: Exportable) -> list[str]:
    leaving = Exportable(**{**vars(leaving), "images": torch.randn(3, *leaving.shape)})
    with TemporaryDirectory() as folder:
        source, lines = _difference(leaving, "python", Path(folder))
        program, _ = _difference(leaving, "pt2", Path(folder))
        onnx, _ = _difference(leaving, "onnx", Path(folder))
    return [lines, source[0], program[0], *onnx, torchvision(leaving), traced(leaving)]


def _difference(leaving: Exportable, name: str, folder: Path) -> tuple[tuple[str, str], str]:
    """How far a file is from the network, images in the same class, and its lines."""
    try:
        FORMATS[name].check(leaving)
        written = FORMATS[name].write(leaving, folder)
        found = agreement(leaving, FORMATS[name].runner(leaving, written))
    except UserError as error:
        return (str(error.faults[0].message)[:40], "–"), "–"
    except Exception as error:  # a table says what failed and goes on
        return (type(error).__name__, "–"), "–"
    lines = str(len(written[0].read_text(encoding="utf-8").splitlines())) if name == "python" else ""
    difference = "to the bit" if found.difference == 0 else f"{found.difference:.1e}"
    return (difference, f"{found.same} of {found.images}"), lines


def torchvision(leaving: Exportable) -> str:
    layers = [layer for layer in dict.fromkeys(name.rpartition(".")[0] for name in leaving.state)]
    layers = [layer for layer in layers if not layer.startswith("aux.")]
    _, known = foreign_names(layers)
    return f"{len(layers)} layers" if len(known) == len(layers) else "–"


@torch.no_grad()
def traced(leaving: Exportable) -> str:
    net: Any = Net(leaving.net.body, leaving.net.head).eval()
    x = torch.randn(1, *leaving.shape)
    difference = float((torch.fx.symbolic_trace(net)(x) - net(x)).abs().max())
    return "to the bit" if difference == 0 else f"{difference:.1e}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
