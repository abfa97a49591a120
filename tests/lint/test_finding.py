"""A finding names the blocks that have it once, and no more of them than there is room for."""

from __future__ import annotations

from designs import conv, designed
from sample_networks import model

from cnnlab.lint.finding import Finding


def test_a_findings_line_names_two_blocks_and_counts_the_others() -> None:
    where = ("body.a", "body.b", "body.c")
    assert Finding(where[:1], "is so").line == "body.a: is so"
    assert Finding(where[:2], "are so").line == "body.a, body.b: are so"
    assert Finding(where, "are so").line == "body.a, body.b and 1 more: are so"


def test_copies_of_a_block_are_one_stage() -> None:
    design = designed(model({"a": conv(repeat=3), "b": conv()}))
    assert design.stages(["body.b", "body.a.0", "body.a.2"]) == ("body.b", "body.a")
    assert design.image == (28, 28)
