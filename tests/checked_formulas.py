"""What an explanation works out, held against what the meta pass measured."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import cache

import pytest
from sample_networks import zoo

from cnnlab.blocks.block import Block
from cnnlab.blocks.receptive_field import Field
from cnnlab.blocks.trace import trace
from cnnlab.config.origins import Origins
from cnnlab.explain.explained_setting import Configuration
from cnnlab.explain.formulas import FormulaLine, Working, work
from cnnlab.explain.pieces import ExplainedNetwork
from cnnlab.network.graph import graph
from cnnlab.network.provenance import Provenance
from cnnlab.network.read import read_network
from cnnlab.settings import Shape

IMAGE = Field()
"""of a pixel"""


def evaluated(text: str) -> Fraction:
    """What a person would get who works it out."""
    for mark, meant in {"⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")", "·": "*", "−": "-"}.items():
        text = text.replace(mark, meant)
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    exact = re.sub(r"\d+(\.\d+)?", lambda number: f"Fraction('{number[0]}')", text)
    names = {"floor": math.floor, "ceil": math.ceil, "max": max, "Fraction": Fraction}
    return Fraction(eval(exact, {"__builtins__": {}}, names))


def lines(workings: list[Working], what: str) -> list[FormulaLine]:
    return [line for working in workings for line in working.lines if line.what == what]


def total(workings: list[Working], what: str) -> int:
    return sum(int(line.worked.value) for line in lines(workings, what))


def told(line: FormulaLine) -> str:
    return f"{line.what}: {line.worked}"


def check(part: Block, shape: Shape, seen: Field = IMAGE) -> list[Working]:
    """Hold all that is worked out of a block against what the meta pass measured of it and of each step."""
    measured, found = trace(part, shape), trace(part, shape)
    workings = work(found, seen)
    assert [n for working in workings for n in working.numbers] == list(range(len(found.steps)))
    assert total(workings, "MACs") == measured.macs
    idle = sum(map(math.prod, found.idle))
    assert total(workings, "parameters") + idle == measured.params
    for working in workings:
        step, said = found.steps[working.numbers[-1]], {line.what: line for line in working.lines}
        for line in working.lines:
            near = max(seen.step) if line.worked.sign == "≈" else Fraction(1, 10**4)
            assert abs(evaluated(line.worked.text) - line.worked.value) < near, line
        expected = dict(zip(("channels", "rows", "columns"), step.shape, strict=False)) if len(step.shape) == 3 else {}
        expected |= {"numbers": step.shape[0]} if len(step.shape) == 1 else {}
        after = seen.then(step.field)
        expected |= {f"sees {axis}": after.size[i] for i, axis in enumerate(("rows", "columns"))}
        expected |= {f"apart {axis}": after.step[i] for i, axis in enumerate(("rows", "columns"))}
        for what, line in said.items():
            for name in both(what):
                if name in expected:
                    assert float(line.worked.value) == pytest.approx(expected[name]), line
    return workings


def both(what: str) -> list[str]:
    """The numbers that a line stands for."""
    if what == "rows, columns":
        return ["rows", "columns"]
    return [f"{what} rows", f"{what} columns"] if what in ("sees", "apart") else [what]


@cache
def opened(name: str, shape: Shape = (3, 32, 32)) -> tuple[ExplainedNetwork, Configuration]:
    """A shipped network, and its configuration without the places of its settings."""
    raw, provenance = zoo(name), Provenance()
    net, faults = read_network(raw, 10, provenance=provenance)
    assert net is not None, faults
    found = graph(net, (shape[0], *net.image_size((shape[1], shape[2]))))
    assert not found.faults
    return ExplainedNetwork(net, found, provenance), Configuration(raw, raw, Origins(), provenance)
