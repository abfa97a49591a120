"""One walk through a stack, whatever is carried through it."""

from __future__ import annotations

import pytest

from cnnlab.blocks.conv import Conv
from cnnlab.blocks.part import Misfit
from cnnlab.blocks.pool import MaxPool
from cnnlab.blocks.stack import Stage, after, chain, joined_shape, shapes, stack_parts, walk
from cnnlab.blocks.vgg import Vgg

STACK = (
    Stage("a", (Conv(channels=4),)),
    Stage("b", (Conv(channels=6),), ("input",)),
    Stage("c", (Conv(channels=8),), ("a", "b", "input")),
)


def test_a_stage_takes_what_its_sources_left_or_the_one_before_it() -> None:
    taken: dict[str, tuple[str, ...]] = {}

    def step(name: str, _: Stage, value: tuple[str, ...]) -> tuple[str, ...]:
        taken[name] = value
        return (name,)

    end = walk(stack_parts(STACK), ("start",), lambda _, values: tuple(v for _, value in values for v in value), step)
    assert taken == {"a": ("start",), "b": ("start",), "c": ("a", "b", "start")}
    assert end.last == ("c",)
    assert list(end.by_name) == ["input", "a", "b", "c"]


def test_shapes_are_those_of_the_modules_that_are_built() -> None:
    found = shapes((3, 8, 8), stack_parts(STACK))
    assert found.by_name == {"input": (3, 8, 8), "a": (4, 8, 8), "b": (6, 8, 8), "c": (8, 8, 8)}
    net = chain((3, 8, 8), stack_parts(STACK))
    assert net.get_submodule("c.0.conv").weight.shape[1] == 4 + 6 + 3
    assert after((3, 8, 8), {}) == (3, 8, 8)


def test_a_misfit_has_the_name_of_the_stage_that_it_is_of() -> None:
    stack = (Stage("a", (Conv(channels=4, padding="valid"),)), Stage("p", (MaxPool(kernel_size=9, stride=1),)))
    with pytest.raises(Misfit, match="vanishes") as caught:
        after((3, 8, 8), stack_parts(stack))
    assert caught.value.path == ("p",)


def test_outputs_of_different_sizes_are_told_with_their_names() -> None:
    assert joined_shape("concat", [("a", (4, 8, 8)), ("b", (6, 8, 8))]) == (10, 8, 8)
    assert joined_shape("add", [("a", (4, 8, 8)), ("b", (4, 8, 8))]) == (4, 8, 8)
    with pytest.raises(Misfit, match="sources to add end at different sizes: a 4×8×8, b 6×8×8"):
        joined_shape("add", [("a", (4, 8, 8)), ("b", (6, 8, 8))])


def test_copies_have_the_name_of_a_block_written_in_yaml_and_what_closes_them_its_own() -> None:
    stage = Stage("s", (Vgg(channels=4), Vgg(channels=4)), kind="mine")
    assert {part: stage.kind_of(part) for part in stage.parts} == {"0": "mine", "1": "mine", "pool": "max_pool"}
