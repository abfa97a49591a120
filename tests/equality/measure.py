"""Are our networks torchvision's? The same random weights in both, and how far apart what they make of one input is.

    python tests/equality/measure.py                         every network that torchvision has too
    python tests/equality/measure.py resnet18 alexnet

torchvision is installed, without its dependencies, into a folder below build/, and runs in a process of its own.
Exits with 1 where a difference is beyond the tolerance.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from equality.theirs import BATCH, CLASSES, results

from cnnlab.config.compose import compose
from cnnlab.config.engine import start
from cnnlab.network.build import build
from cnnlab.network.read import read_network
from cnnlab.network.spec import Network
from cnnlab.weights.names import recognise
from cnnlab.weights.transfer import as_kernels

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"
RELEASE = "0.28.0"
THEIRS = Path(__file__).with_name("theirs.py")
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
KINDS = ("evaluation", "training", "gradients")


@dataclass(frozen=True)
class Pair:
    """A network of torchvision's and ours, of the same name."""

    name: str
    overrides: tuple[str, ...] = ()
    """what ours is to have beside its file"""
    size: tuple[int, int] = (64, 80)
    """rows and columns: not square, so that one mistaken for the other is seen"""
    settings: dict[str, Any] = field(default_factory=dict)
    """arguments of torchvision's function"""

    def job(self, run: bool) -> dict[str, Any]:
        return {"name": self.name, "size": self.size if run else None, "settings": self.settings}


SAME_NAME = (
    "alexnet vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn "
    "resnet18 resnet34 resnet50 resnet101 resnet152 "
    "resnext50_32x4d resnext101_32x8d resnext101_64x4d wide_resnet50_2 wide_resnet101_2 densenet121 densenet161 "
    "densenet169 densenet201 squeezenet1_0 squeezenet1_1 mobilenet_v2 efficientnet_b0 efficientnet_b1 efficientnet_b5 "
    "efficientnet_v2_s efficientnet_v2_m shufflenet_v2_x0_5 shufflenet_v2_x1_0 mnasnet0_5 mnasnet1_0 mnasnet1_3 "
    "mobilenet_v3_large mobilenet_v3_small regnet_x_400mf regnet_x_8gf regnet_y_400mf regnet_y_1_6gf convnext_tiny"
)
SHAPES = (
    "efficientnet_b2 efficientnet_b3 efficientnet_b4 efficientnet_b6 efficientnet_b7 efficientnet_v2_l "
    "shufflenet_v2_x1_5 shufflenet_v2_x2_0 mnasnet0_75 regnet_x_800mf regnet_x_1_6gf regnet_x_3_2gf regnet_x_16gf "
    "regnet_x_32gf regnet_y_800mf regnet_y_3_2gf regnet_y_8gf regnet_y_16gf regnet_y_32gf regnet_y_128gf "
    "convnext_small convnext_base convnext_large"
)
"""of families that others stand for: names and shapes of their weights alone are compared"""
ALIKE = [Pair(name) for name in SHAPES.split()]
AUX = {"aux_logits": True, "init_weights": False}
PAIRS = [
    *map(Pair, SAME_NAME.split()),
    Pair("googlenet", settings=AUX),
    Pair("inception_v3", size=(299, 315), settings=AUX),
]


def installed(folder: Path = ROOT / "build" / f"torchvision-{RELEASE}") -> Path:
    """The folder with torchvision in it. CalledProcessError where pip cannot get it."""
    if not folder.exists():
        folder.parent.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=folder.parent) as new:
            words = ["install", "--quiet", "--no-deps", "--target", new, f"torchvision=={RELEASE}"]
            subprocess.run([sys.executable, "-m", "pip", *words], check=True, capture_output=True, text=True)
            os.rename(new, folder)
            Path(new).mkdir()  # for the context to remove
    return folder


def made(pairs: Sequence[Pair], out: Path, shapes: Sequence[Pair] = ()) -> None:
    """Let torchvision write what its networks do, OUT/NAME.pt, and of some the `shapes` only, OUT/NAME.shapes.pt."""
    jobs = json.dumps([*(pair.job(True) for pair in pairs), *(pair.job(False) for pair in shapes)])
    subprocess.run([sys.executable, str(THEIRS), str(installed()), str(out), jobs], check=True)


def compare(pair: Pair, file: Path) -> dict[str, dict[str, float]]:
    """The largest differences, of each precision and of what is compared: outputs, gradients, running statistics.

    Each is relative to the largest number of its tensor, or to 1 where that is smaller.
    """
    torch.set_num_threads(1)  # as theirs
    theirs = torch.load(file, weights_only=True, mmap=True)
    names, net = recognise(theirs["state"])[1], build(read(pair), (3, *pair.size))
    assert len(names) == len(theirs["state"]), f"no layout knows all the names of {pair.name}"
    own = net.state_dict()
    state = {names[key]: as_kernels(tensor, own[names[key]]) for key, tensor in theirs["state"].items()}
    found = {}
    for dtype in TOLERANCE:
        net.load_state_dict(state)
        mine, other = results(net.to(getattr(torch, dtype)), theirs["image"], theirs["probe"]), theirs[dtype]
        per_name = [
            (kind, [(mine[kind][names[key]].reshape(tensor.shape), tensor) for key, tensor in other[kind].items()])
            for kind in ("gradients", "buffers")
        ]
        assert all(len(two) == len(mine[kind]) for kind, two in per_name)
        gradients, buffers = (max((apart(*two) for two in twos), default=0.0) for _, twos in per_name)
        found[dtype] = {
            "evaluation": apart(mine["eval"], other["eval"]),
            "training": max(apart(mine["train"], other["train"]), buffers),
            "gradients": max(apart(mine["image"], other["image"]), gradients),
        }
    return found


def apart(a: Tensor, b: Tensor) -> float:
    if a.shape != b.shape or a.dtype != b.dtype:
        return float("inf")
    return ((a - b).abs().max() / b.abs().max().clamp(min=1)).item()


def read(pair: Pair) -> Network:
    words = [f"model={pair.name}", *pair.overrides]
    composed = compose(start(CONF).config_loader, "config", words)  # type: ignore[arg-type]
    network, faults = read_network(composed.config["model"], CLASSES)
    assert network, faults
    return network


HEADING = f"""\
# The same networks as torchvision's

Written by `python tests/equality/measure.py`: torchvision {RELEASE}, torch {{torch}}, CPU, {{date}}.

Random weights, put into both through the names in `cnnlab/weights/torchvision/`, and {BATCH} random images: the largest
difference of the outputs in evaluation, of the outputs (auxiliary heads' too) and running statistics in training with
dropout at zero, and of the gradients of the images and all weights. Each is relative to the largest number of its
tensor, or to 1 where that is smaller; 0 is equal to the bit. CI compares eleven of them, and fails
beyond {TOLERANCE["float32"]:g} (float64: {TOLERANCE["float64"]:g}).
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help="torchvision's; none: all that we have too")
    options = parser.parse_args()
    if unknown := set(options.names) - {pair.name for pair in PAIRS}:
        parser.error(f"not compared: {', '.join(sorted(unknown))}; there are {', '.join(pair.name for pair in PAIRS)}")
    try:
        installed()
    except subprocess.CalledProcessError as error:
        print(f"pip cannot fetch torchvision:\n{error.stderr.strip()}", file=sys.stderr)
        return 1
    print(HEADING.format(torch=torch.__version__, date=date.today()))
    print("| network | input | " + " | ".join(f"{kind}, {dtype}" for dtype in TOLERANCE for kind in KINDS) + " |")
    print("|---|---|" + "--:|" * len(KINDS) * len(TOLERANCE), flush=True)
    equal = True
    for pair in [pair for pair in PAIRS if not options.names or pair.name in options.names]:
        with TemporaryDirectory() as folder:
            made([pair], Path(folder))
            found = compare(pair, Path(folder) / f"{pair.name}.pt")
        numbers = [found[dtype][kind] for dtype in TOLERANCE for kind in KINDS]
        equal &= all(max(found[dtype].values()) <= limit for dtype, limit in TOLERANCE.items())
        cells = [pair.name, f"3×{pair.size[0]}×{pair.size[1]}", *(f"{number:.1g}" for number in numbers)]
        print(f"| {' | '.join(cells)} |", flush=True)
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
