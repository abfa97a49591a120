"""What a block takes from around it: model, kinds, composite, block; the nearest wins."""

import pytest
from sample_networks import CONV, HEAD, faults, model, network

from cnnlab.blocks.norm import NO_NORM
from cnnlab.network.graph import graph

LINEAR = {"block": "linear", "features": 8}
OUT = {"block": "linear", "features": "classes"}


def body(raw, *path):
    """A block of the body, deep down: names of stages, and of fields between them."""
    stack = network(raw).body
    block = None
    for name in path:
        if name == "body":
            stack = block.body
        elif name == "branches":
            stack = None
        elif stack is None:
            stack = dict(block.branches)[name]
        else:
            block = next(stage for stage in stack if stage.name == name).copies[0]
    return block


def head(raw, name):
    return next(stage for stage in network(raw).head if stage.name == name).copies[0]


LEVELS = {
    "act": ("sigmoid", "tanh", "gelu", "silu"),
    "norm": ("batch", "layer", "instance", "none"),
    "bias": (True, False, "auto", True),
    "init": ("default", "orthogonal", "kaiming_normal", "xavier_normal"),
}


@pytest.mark.parametrize("setting", LEVELS)
@pytest.mark.parametrize("said", [(1, 0, 0, 0), (1, 1, 0, 0), (1, 0, 1, 0), (1, 1, 1, 0), (0, 1, 1, 1), (0, 1, 0, 0)])
def test_the_nearest_wins(setting, said):
    of_model, of_kind, of_composite, of_block = LEVELS[setting]
    conv = CONV | ({setting: of_block} if said[3] else {})
    composite = {"block": "sequential", "body": {"c": conv}} | ({setting: of_composite} if said[2] else {})
    raw = model({"s": composite}) | ({setting: of_model} if said[0] else {})
    raw |= {"kinds": {"conv": {setting: of_kind}}} if said[1] else {}
    nearest = next(level for level, there in zip(LEVELS[setting][::-1], said[::-1], strict=True) if there)
    value = getattr(body(raw, "s", "body", "c"), setting)
    assert (value.kind if setting == "norm" else value) == nearest


def test_the_law_of_precedence_holds_rank_by_rank():
    """Of all that may say a setting the strongest is taken away, one after another: the next one counts each time."""
    model_, kinds = {"act": "sigmoid"}, {"conv": {"act": "tanh"}}
    outer, inner, own = {"act": "gelu"}, {"act": "silu"}, {"act": "elu"}
    first, last = {"first": {"act": "relu6"}}, {"last": {"act": "mish"}}
    seen = []
    ranks = [model_, kinds, outer, inner, own, first, last]
    for there in range(len(ranks), -1, -1):
        model_, kinds, outer, inner, own, first, last = [rank if i < there else {} for i, rank in enumerate(ranks)]
        conv = CONV | own | first | last
        nested = {"block": "sequential", "body": {"c": conv}} | inner
        raw = model({"s": {"block": "sequential", "body": {"n": nested}} | outer}) | model_
        raw |= {"kinds": kinds} if kinds else {}
        seen.append(body(raw, "s", "body", "n", "body", "c").act)
    assert seen == ["mish", "relu6", "elu", "silu", "gelu", "tanh", "sigmoid", "relu"]


def test_a_kind_says_nothing_where_a_combinator_does():
    inner = {"block": "sequential", "act": "gelu", "body": {"c": CONV}}
    raw = model({"c": CONV, "s": inner}, kinds={"conv": {"act": "tanh"}})
    assert [body(raw, "c").act, body(raw, "s", "body", "c").act] == ["tanh", "gelu"]


def test_dropout_and_head_norm_reach_linear_layers_through_a_composite():
    inner = {"block": "sequential", "dropout": 0.25, "head_norm": "batch", "body": {"fc": LINEAR}}
    raw = model({"c": CONV}, {"flat": {"block": "flatten"}, "s": inner, "out": OUT}, dropout=0.5)
    found = head(raw, "s").body[0].copies[0]
    assert (found.dropout, found.norm.kind) == (0.25, "batch")


def test_the_innermost_composite_wins():
    inner = {"block": "sequential", "act": "tanh", "body": {"c": CONV}}
    raw = model({"o": {"block": "skip", "act": "gelu", "norm": "batch", "body": {"i": inner, "c": CONV}}})
    assert body(raw, "o", "body", "i", "body", "c").act == "tanh"
    assert body(raw, "o", "body", "i", "body", "c").norm.kind == "batch"
    assert body(raw, "o", "body", "c").act == "gelu"


def test_a_composite_passes_on_to_its_branches():
    raw = model({"p": {"block": "parallel", "act": "tanh", "branches": {"l": CONV, "r": {"c": CONV}}}}, act="relu")
    assert body(raw, "p", "branches", "l", "l").act == "tanh"
    assert body(raw, "p", "branches", "r", "c").act == "tanh"


def test_norm_reaches_convolutions_and_head_norm_linear_layers():
    raw = model({"c": CONV}, {"flat": {"block": "flatten"}, "fc": LINEAR, "out": OUT}, norm="batch")
    assert (body(raw, "c").norm.kind, head(raw, "fc").norm) == ("batch", NO_NORM)
    raw["head_norm"] = "layer"
    assert (body(raw, "c").norm.kind, head(raw, "fc").norm.kind) == ("batch", "layer")


def test_null_inherits_and_none_is_deliberately_nothing():
    raw = model({"a": CONV | {"norm": None}, "b": CONV | {"norm": "none"}, "c": None}, norm="batch")
    assert [body(raw, name).norm.kind for name in "ab"] == ["batch", "none"]
    assert [stage.name for stage in network(raw).body] == ["a", "b"]


def test_false_for_a_norm_says_what_to_write():
    said = "write none for no norm (YAML reads off and no as false)"
    assert faults(model({"c": CONV | {"norm": False}})) == [f"model.body.c.norm: {said}"]


def test_the_output_layer_takes_no_norm_activation_or_dropout():
    around = {"act": "tanh", "head_norm": "batch", "dropout": 0.5, "kinds": {"linear": {"act": "gelu", "dropout": 0.1}}}
    raw = model({"c": CONV}, {"flat": {"block": "flatten"}, "fc": LINEAR, "out": OUT}, **around)
    found = head(raw, "out")
    assert (found.act, found.norm, found.dropout) == ("none", NO_NORM, 0)
    assert (head(raw, "fc").act, head(raw, "fc").dropout) == ("gelu", 0.1)


def test_the_output_layer_has_what_it_says_itself():
    out = OUT | {"act": "sigmoid", "norm": "batch", "dropout": 0.25, "bias": False}
    found = head(model({"c": CONV}, {"flat": {"block": "flatten"}, "out": out}), "out")
    assert (found.act, found.norm.kind, found.dropout, found.bias) == ("sigmoid", "batch", 0.25, False)


def test_kinds_reach_every_block_of_a_kind_and_no_other():
    raw = model({"a": CONV, "v": {"block": "vgg", "channels": 4}}, kinds={"conv": {"kernel_size": 5, "bias": True}})
    assert body(raw, "a").kernel_size == (5, 5)
    assert body(raw, "v").kernel_size == (3, 3)


def test_kinds_count_a_width_like_any_other():
    raw = model({"a": {"block": "conv"}}, kinds={"conv": {"channels": 8}}, width=2.0)
    assert body(raw, "a").channels == 16


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ({"cnov": {}}, "model.kinds.cnov: there is no kind of block 'cnov'; did you mean 'conv'?"),
        ({"conv": {"kernal": 3}}, "model.kinds.conv.kernal: conv has no such setting; did you mean 'kernel_size'?"),
        ({"conv": {"stride": 0}}, "model.kinds.conv.stride: should be at least 1, not 0"),
    ],
)
def test_a_fault_in_kinds_is_told_where_it_stands(kinds, said):
    assert said in faults(model({"c": CONV}, kinds=kinds))


def test_a_kind_of_block_cannot_be_changed_by_its_kind():
    told = faults(model({"c": CONV}, kinds={"conv": {"block": "vgg"}}))
    assert told[0].startswith("model.kinds.conv.block: conv has no such setting")


@pytest.mark.parametrize(
    ("setting", "value"), [("norm", "batch"), ("head_norm", "batch"), ("dropout", 0.5), ("bias", False)]
)
def test_a_setting_that_no_block_takes_is_a_fault(setting, value):
    raw = model({"p": {"block": "max_pool"}}, {"f": {"block": "global_avg_pool"}}, **{setting: value})
    assert faults(raw) == [f"model.{setting}: no block of this network takes this setting"]


def test_that_nothing_is_taken_may_be_said_of_what_no_block_takes():
    network(model({"p": {"block": "max_pool"}}, norm="none", bias="auto"))


def test_the_convolution_of_a_shortcut_takes_the_norm():
    skip = {"block": "skip", "shortcut": "conv", "body": {"p": {"block": "max_pool"}}}
    assert body(model({"s": skip}, norm="batch"), "s").norm.kind == "batch"


def test_group_norms_that_do_not_divide_are_told_together_with_what_would():
    raw = model(
        {"a": CONV | {"channels": 12}, "s": {"block": "sequential", "body": {"c": CONV | {"channels": 10}}}},
        norm="group",
    )
    found = graph(network(raw), (1, 8, 8))
    assert [str(fault) for fault in found.faults] == [
        "model.body.a: group norm cannot split 12 channels into 32 groups; "
        "write {kind: group, groups: N} with N one of 1, 2, 3, 4, 6, 12",
        "model.body.s.body.c: group norm cannot split 10 channels into 32 groups; "
        "write {kind: group, groups: N} with N one of 1, 2, 5, 10",
    ]
    assert found.end is None
    assert found.output == (10,)


def test_what_else_does_not_fit_is_told_after_a_norm():
    block = {"block": "residual", "channels": 10, "norm": "group", "shortcut": "identity"}
    found = graph(network(model({"r": block})), (1, 8, 8))
    assert [fault.message.split(";")[0] for fault in found.faults] == [
        "group norm cannot split 10 channels into 32 groups",
        "an identity shortcut needs a body that keeps the shape",
    ]
    assert found.end is not None


def test_the_head_is_a_head_like_any_other():
    assert head(model({"c": CONV}, HEAD), "fc").features == 10
