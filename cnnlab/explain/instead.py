"""Other values for a setting of a block, each tried on the block alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, Literal, get_args, get_origin

from cnnlab.blocks.block import Block
from cnnlab.blocks.part import Misfit
from cnnlab.blocks.trace import trace
from cnnlab.explain.find import BlockSetting
from cnnlab.explain.pieces import BlockCopy
from cnnlab.explain.words import counted
from cnnlab.text import dims
from cnnlab.yaml_form import one_line, short_form

NEIGHBOURS: dict[str, tuple[Any, ...]] = {
    "kernel_size": (1, 2, 3, 5, 7),
    "stride": (1, 2, 3),
    "dilation": (1, 2, 3),
    "padding": ("same", "valid", 1, 2),
    "groups": (1, 2, 4, 8),
    "norm": ("batch", "group", "layer", "instance", "none"),
}
"""what else to try where a setting's type does not list it"""


def choices(subject: BlockSetting) -> list[str]:
    """The words that a setting may be, where it can be nothing else."""
    info = type(subject.piece.block).model_fields.get(subject.name)
    return _words(info.annotation) if info and subject.name != "block" else []


def _words(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return [str(word) for word in get_args(annotation)]
    if get_origin(annotation) is Annotated:
        return _words(get_args(annotation)[0])
    return next((words for part in get_args(annotation) if (words := _words(part))), [])


def instead(piece: BlockCopy, name: str) -> Iterator[tuple[str, str]]:
    """Other values for a setting of a block, each tried: what the block then makes, or why it cannot."""
    info = type(piece.block).model_fields.get(name)
    if info is None or name == "block":
        return
    now = short_form(getattr(piece.block, name))
    values: tuple[Any, ...] = NEIGHBOURS.get(name, tuple(_words(info.annotation)))
    if isinstance(now, bool):
        values = (not now,)
    elif type(now) is int and name not in NEIGHBOURS:
        values = (max(now // 2, 1), now * 2)
    for value in values:
        if value != now and (block := changed(piece.block, name, value)):
            try:
                made = trace(block, piece.input)
            except Misfit as misfit:
                yield one_line(value), f"does not fit: {misfit.message}"
            else:
                other = BlockCopy(replace(piece.placed, block=block, trace=made))
                yield one_line(value), f"{dims(made.shape)}, {counted(other)}"


def changed(block: Block, name: str, value: Any) -> Block | None:
    """The block with another value for one setting; None where that is none it takes."""
    settings = {field: getattr(block, field) for field in type(block).model_fields}
    try:
        return type(block).model_validate({**settings, name: value})
    except ValueError:
        return None
