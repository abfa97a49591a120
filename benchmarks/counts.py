"""The table docs/zoo.md: what every shipped network costs, on paper, and how much YAML it takes.

python -m benchmarks.counts > docs/zoo.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from cnnlab.config.compose import compose
from cnnlab.config.engine import start
from cnnlab.network.graph import Graph, graph
from cnnlab.network.read import read_network

CONF = Path(__file__).parents[1] / "conf"
GROUPS = {
    "": ("Networks under torchvision's names", "as torchvision has them, and a few that it has not"),
    "d2l": ("The course's forms", "Zhang et al., *Dive into Deep Learning*"),
    "paper": ("The papers' forms", "where they differ from those above"),
    "cifar": ("CIFAR's forms", "for images of 32×32"),
}
HEAD = """\
# The networks that ship with cnnlab

Parameters and multiply-adds (MACs) are worked out on paper, for the size of image and the number of classes that each
file's header names; those of auxiliary heads, which only training runs, stand apart. Images smaller than the network
takes are enlarged to `min_size`; a form that is tied to a size has `input_size`. What the numbers are tested against
stands in `tests/network/test_zoo_counts.py`. The last column counts lines of YAML without comments: {count} networks,
{lines:g} lines in the median.

Made by `python -m benchmarks.counts > docs/zoo.md`; a test holds it up to date. What each of them learns, and
how long that takes: [learning.md](learning.md).
"""
ROW = "| `{name}` | {source} | {input} | {params:,}{aux} | {macs} | {sizes} | {lines} |"
TITLES = ("network", "source", "input, classes", "parameters", "MACs", "image", "lines")


@dataclass(frozen=True)
class Header:
    """What the comments above a network's settings say."""

    source: str
    shape: tuple[int, int, int]
    classes: int
    lines: int
    """of YAML below"""


def header(name: str) -> Header:
    text = (CONF / "model" / f"{name}.yaml").read_text(encoding="utf-8")
    said = " ".join(line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#"))
    size = re.search(r"parameters for (?:(\d+)×(\d+)×(\d+)|(\d) channel) and (\d+) classes", said)
    assert size, f"the header of {name} names no size"
    channels, rows, columns, alone, classes = size.groups()
    shape = (int(alone), 96, 96) if alone else (int(channels), int(rows), int(columns))
    source = re.search(r"arXiv:\d{4}\.\d{4,5}|doi:[\w./]*\w|Dive into Deep Learning, §[\d.]*\d", said)
    assert source, f"the header of {name} names no source"
    return Header(_linked(source[0]), shape, int(classes), sum(bool(_bare(line)) for line in text.splitlines()))


def _bare(line: str) -> str:
    return line.partition("#")[0].strip()


def _linked(source: str) -> str:
    kind, _, number = source.partition(":")
    place = {"arXiv": "https://arxiv.org/abs/", "doi": "https://doi.org/"}.get(kind)
    return f"[{source}]({place}{number})" if place else f"*{source.split(',')[0]}*,{source.split(',')[1]}"


def row(name: str, raw: dict[str, Any]) -> str:
    said = header(name)
    network, faults = read_network(raw, said.classes)
    assert network, faults
    found: Graph = graph(network, said.shape)
    tied = {"input_size": "always", "min_size": "at least"}
    sizes = next((f"{how} {raw[key]}×{raw[key]}" for key, how in tied.items() if raw.get(key)), "any")
    return ROW.format(
        name=name,
        source=said.source,
        input=f"{'×'.join(map(str, said.shape))}, {said.classes}",
        params=found.params,
        aux=f" + {found.params_aux:,}" if found.params_aux else "",
        macs=f"{found.macs / 1e6:,.1f} M",
        sizes=sizes,
        lines=said.lines,
    )


def names() -> list[str]:
    """Every network of conf/model, resnet50 before resnet101."""
    files = (CONF / "model").rglob("*.yaml")
    found = [str(file.relative_to(CONF / "model").with_suffix("")) for file in files]
    return sorted(found, key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])


def composed() -> dict[str, dict[str, Any]]:
    """The settings of every network."""
    loader = start(CONF).config_loader
    return {name: compose(loader, "config", [f"model={name}"]).config["model"] for name in names()}


def page(settings: dict[str, dict[str, Any]]) -> Iterator[str]:
    lines = median(header(name).lines for name in settings)
    yield HEAD.format(count=len(settings), lines=lines)
    for group, (title, about) in GROUPS.items():
        yield f"## {title}\n\n{about[:1].upper()}{about[1:]}.\n"
        yield f"| {' | '.join(TITLES)} |\n|{'---|' * 3}{'---:|' * 2}---|---:|"
        yield from (row(name, raw) for name, raw in settings.items() if name.rpartition("/")[0] == group)
        yield ""


if __name__ == "__main__":
    print("\n".join(page(composed())), end="")
