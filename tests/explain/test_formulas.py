"""Every number that an explanation works out is the one that the meta pass measured, and its text is its working."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from nets import NAMES, blocks, network, zoo

from cnnlab.blocks import KINDS, Conv, Inception, MaxPool
from cnnlab.blocks.base import Block, Misfit
from cnnlab.blocks.measure import Field, measure
from cnnlab.blocks.trace import trace
from cnnlab.explain.formulas import Line, Working, work
from cnnlab.network.plan import plan
from cnnlab.settings import Shape


def evaluated(text: str) -> Fraction:
    """What a person would get who works it out."""
    for mark, meant in {"⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")", "·": "*", "−": "-"}.items():
        text = text.replace(mark, meant)
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    exact = re.sub(r"\d+(\.\d+)?", lambda number: f"Fraction('{number[0]}')", text)
    names = {"floor": math.floor, "ceil": math.ceil, "max": max, "Fraction": Fraction}
    return Fraction(eval(exact, {"__builtins__": {}}, names))


def lines(workings: list[Working], what: str) -> list[Line]:
    return [line for working in workings for line in working.lines if line.what == what]


def total(workings: list[Working], what: str) -> int:
    return sum(int(line.worked.value) for line in lines(workings, what))


def told(line: Line) -> str:
    return f"{line.what}: {line.worked}"


def check(part: Block, shape: Shape, seen: Field = Field()) -> list[Working]:
    """Hold all that is worked out of a block against what the meta pass measured of it and of each step."""
    measured, found = measure(part, shape), trace(part, shape)
    workings = work(found, seen)
    assert [n for working in workings for n in working.numbers] == list(range(len(found.steps)))
    assert total(workings, "MACs") == measured.macs
    idle = sum(map(math.prod, found.idle))
    assert total(workings, "parameters") + idle == measured.params
    for working in workings:
        step, said = found.steps[working.numbers[-1]], {line.what: line for line in working.lines}
        for line in working.lines:
            rounded = line.worked.sign == "≈"
            assert abs(evaluated(line.worked.text) - line.worked.value) < (1 if rounded else Fraction(1, 10**4)), line
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


def rows(name: str, shape: Shape) -> Iterator[tuple[Block, Shape, Field]]:
    net = network(zoo(name))
    found = plan(net, (shape[0], *net.image_size((shape[1], shape[2]))))
    assert not found.faults
    yield from dict.fromkeys(found.given.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_every_network_is_worked_out(name: str) -> None:
    for part, shape, seen in rows(name, (3, 45, 64)):
        for working in check(part, shape, seen):
            assert not [told(line) for line in working.lines if line.measured]
