"""Each smell is found where it is, and nowhere else; those of maps, norms and signals in files of their own."""

from __future__ import annotations

import math

import pytest
from designs import FLAT, conv, designed, findings, helpful
from sample_networks import HEAD, model

from cnnlab.lint.check import find_smells, what_helps
from cnnlab.lint.smells import SMELLS, name

# -- most-parameters-in-one-linear-layer


def test_a_linear_layer_with_most_of_the_parameters() -> None:
    smell = "most-parameters-in-one-linear-layer"
    head = {"flat": {"block": "flatten"}, "fc": {"block": "linear", "features": 64}, "out": HEAD["fc"]}
    raw = model({"c": conv(16)}, head)
    share = "802,880 of 803,690 parameters (100%)"
    assert findings(smell, raw) == [f"head.fc: {share} in one linear layer, which takes 12,544 numbers"]
    wider = model({"c": conv(16), "d": conv(64), "e": conv(64)}, head)
    assert helpful(wider, smell) == ["model.head.flat={block: global_avg_pool}"]
    assert findings(smell, model({"c": conv(16), "d": conv(64), "e": conv(64)})) == []


# -- later-copies-stride

LATER = "later-copies-stride"


def test_copies_that_stride_by_a_number_inside_of_them() -> None:
    inner = {"block": "sequential", "body": {"c": conv(stride=2), "d": conv()}}
    assert findings(LATER, model({"s": {**inner, "repeat": 3}})) == [
        "body.s: every copy strides by 2, not the first alone: a number is written as the stride inside of it"
    ]
    assert findings(LATER, model({"s": inner})) == []
    own = {"params": {"step": 1}, **inner, "body": {"c": conv(stride="$step"), "d": conv()}}
    raw = model({"s": {"block": "own", "step": 2, "repeat": 3}}, blocks={"own": own})
    assert findings(LATER, raw) == []
    assert findings(LATER, model({"p": {"block": "max_pool", "repeat": 2}})) == [], "to stride is what a pool is for"


# -- names-in-alphabetical-order


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("c1", "c2", "p1", "p2"), True),
        (("c1", "c10", "c2"), True),
        (("dense1", "dense2", "trans1"), True),
        (("c1", "p1", "c2", "p2"), False),
        (("stage1", "stage2", "stage3"), False),
        (("a", "b", "c", "d"), False),
        (("c1", "p1"), False),
        (("b5", "b3", "b1"), False),
    ],
)
def test_names_that_a_tool_has_sorted(names: tuple[str, ...], told: bool) -> None:
    smell, blocks = "names-in-alphabetical-order", {name: conv() for name in names}
    assert findings(smell, model(blocks)) == (
        [f"body: its blocks stand in alphabetical order: {', '.join(names)}"] * told
    )
    blocks[names[0]] |= {"after": names[-1]}
    assert findings(smell, model(blocks)) == []


# -- output-is-changed

OUTPUT = "output-is-changed"


def test_an_output_that_is_written_as_a_number_and_is_not_the_last_block() -> None:
    flat, out = FLAT["flat"], {"block": "linear", "features": 10}
    assert findings(OUTPUT, model({"c": conv()}, {"flat": flat, "out": out})) == []
    raw = model({"c": conv()}, {"flat": flat, "out": out, "x": {"block": "dropout", "p": 0.1}})
    assert findings(OUTPUT, raw) == [
        "head.x: Dropout changes the logits",
        "head.out: ReLU changes the logits: none can be below 0, and where it is 0 for every image it stays so",
    ]
    design = designed(raw)
    assert what_helps(design, [one for one in find_smells(design) if one.smell == OUTPUT][1]) == [
        "model.head.out.act=none"
    ]
    raw["head"]["out"]["features"] = "classes"
    assert findings(OUTPUT, raw) == ["head.x: Dropout changes the logits"]


def test_an_activation_that_bounds_the_loss() -> None:
    raw = model({"c": conv()}, {"pool": HEAD["pool"], "fc": {**HEAD["fc"], "act": "sigmoid"}})
    bound = math.log(1 + 9 * math.exp(-1))
    assert findings(OUTPUT, raw) == [
        f"head.fc: Sigmoid changes the logits: all lie between 0 and 1, the loss cannot fall below {bound:.2f}"
    ]


def test_an_auxiliary_heads_output_is_one_too() -> None:
    head = {"pool": HEAD["pool"], "fc": {**HEAD["fc"], "act": "tanh"}}
    raw = model({"c": conv(), "d": conv()}, aux={"early": {"from": "c", "head": head}})
    (line,) = findings(OUTPUT, raw)
    assert line.startswith(
        "aux.early.head.fc: Tanh changes the logits of the auxiliary head early: all lie between -1 and 1"
    )


# -- together


def test_every_smell_has_a_name_and_a_reason() -> None:
    assert len({name(smell) for smell in SMELLS}) == len(SMELLS)
    assert all(len((smell.__doc__ or "").split()) > 20 for smell in SMELLS)
