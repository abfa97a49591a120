"""Every shipped network, explained and looked through at the images that it was made for."""

from __future__ import annotations

import pytest
from checked_formulas import check, opened, told
from sample_networks import EVERY

from cnnlab.explain.answer import Answer
from cnnlab.explain.words import WIDTH
from cnnlab.lint.check import find_smells
from cnnlab.lint.finding import Design
from cnnlab.settings import Shape


def made_for(name: str) -> Shape:
    """The images that a network was made for."""
    if name.rpartition("/")[2] in ("lenet", "lenet5", "bn_lenet"):
        return (1, 28, 28)
    return (3, 32, 32) if name.startswith("cifar/") or name == "nin" else (3, 224, 224)


@pytest.mark.parametrize("name", EVERY)
def test_every_number_is_worked_out(name: str) -> None:
    whole, _ = opened(name, made_for(name))
    for placed in whole.graph.placed:
        for working in check(placed.block, placed.input.shape, placed.input.field):
            assert not [told(line) for line in working.lines if line.measured]


@pytest.mark.parametrize("name", EVERY)
def test_it_is_a_lesson_that_fits_a_terminal(name: str) -> None:
    whole, conf = opened(name, made_for(name))
    lines = list(Answer(whole, whole, conf, name).lines())
    assert not [line for line in lines if len(line) > WIDTH or line != line.rstrip()]
    heads = [line.split(" · ")[0] for line in lines if " · " in line and not line.startswith(" ")]
    rows = [layer.name for head in whole.graph.aux.values() for layer in head.layers]
    assert heads == [layer.name for layer in whole.graph.layers] + rows
    sums = " ".join(" ".join(lines[lines.index("All together") :]).split())
    assert f" = {whole.graph.params:,}" in sums
    assert f" = {whole.graph.macs:,}" in sums


AS_SHIPPED = {
    "d2l/alexnet": {"pixels-that-nothing-reads"},
    "d2l/bn_lenet": {"bias-before-norm"},
    "d2l/densenet": {"bias-before-norm"},
    "d2l/lenet": {"signal-lost-on-the-way"},
    "d2l/nin": {"output-is-changed", "signal-lost-on-the-way", "field-smaller-than-image", "pixels-that-nothing-reads"},
    "d2l/resnet18": {"bias-before-norm"},
    "d2l/vgg11": {"signal-lost-on-the-way"},
    "inception_v3": {"few-numbers-to-norm"},
    "nin": {"output-is-changed", "field-smaller-than-image"},
    "paper/resnet50": {"stride-beyond-window"},
    "paper/resnet101": {"stride-beyond-window"},
    "paper/resnet152": {"stride-beyond-window"},
    "squeezenet1_0": {"output-is-changed", "field-smaller-than-image", "pixels-that-nothing-reads"},
    "squeezenet1_1": {"output-is-changed", "field-smaller-than-image", "pixels-that-nothing-reads"},
    "xception": {"pixels-that-nothing-reads"},  # made for 299×299, where all are read
    **{f"vgg{depth}_bn": {"bias-before-norm"} for depth in (11, 13, 16, 19)},
    "cifar/plain20": {"field-beyond-image"},
    **{f"cifar/plain{n}": {"field-beyond-image", "gradient-grows-on-the-way"} for n in (32, 44, 56, 110)},
    "cifar/vgg16_bn": {"field-beyond-image", "bias-before-norm"},
}
"""what is said of networks at the images they were made for; each was looked at, and is so in its paper or course"""


@pytest.mark.parametrize("name", EVERY)
def test_what_is_said_of_its_design(name: str) -> None:
    whole, conf = opened(name, made_for(name))
    design = Design(whole.network, whole.graph, conf.model, 128, lambda _: whole.graph.input)
    assert {finding.smell for finding in find_smells(design)} == AS_SHIPPED.get(name, set())
    ends = {section: design.steps.field(end).size for section, end in design.steps.outputs.items()}
    assert ends["head"] == whole.graph.layers[-1].receptive_field
