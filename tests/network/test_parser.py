"""Stacks: repeats, placement, widths, the word `classes`, and where a network must end."""

import pytest
from sample_networks import CONV, HEAD, faults, model, network

from cnnlab.network.graph import graph

RESIDUAL = {"block": "residual", "channels": 16, "stride": 2}


def names(**blocks):
    return [stage.name for stage in network(model(blocks)).body]


def put(**place):
    return CONV | place


def copies(said, **around):
    stages = network(model({"s": said}, **around)).body
    return stages[0].copies if stages else ()


# -- repeat


def test_only_the_first_copy_strides():
    assert [copy.stride for copy in copies(RESIDUAL | {"repeat": 3})] == [(2, 2), (1, 1), (1, 1)]
    assert [copy.stride for copy in copies(CONV | {"repeat": 2, "stride": [3, 2]})] == [(3, 2), (1, 1)]


def test_every_copy_of_a_pool_strides():
    found = graph(network(model({"p": {"block": "max_pool", "repeat": 3}, "c": CONV})), (1, 32, 32))
    assert [layer.shape[1] for layer in found.layers[:3]] == [16, 8, 4]
    assert [copy.stride for copy in copies({"block": "max_pool", "repeat": 2, "kernel_size": 3, "stride": 2})] == [
        (2, 2)
    ] * 2


def test_copies_are_numbered_also_when_there_is_one():
    assert list(network(model({"s": RESIDUAL})).body[0].parts) == ["0"]
    assert list(network(model({"s": RESIDUAL | {"repeat": 3}})).body[0].parts) == ["0", "1", "2"]


def test_a_row_of_the_summary_has_a_number_only_among_several():
    found = graph(network(model({"a": RESIDUAL, "b": RESIDUAL | {"repeat": 2}})), (1, 32, 32))
    assert [layer.name for layer in found.layers[:3]] == ["body.a", "body.b.0", "body.b.1"]


def test_no_copies_are_no_block():
    assert names(a=put(), b=put(repeat=0), c=put()) == ["a", "c"]


def test_a_block_repeated_zero_times_is_checked_all_the_same():
    assert faults(model({"s": put(repeat=0, kernel_size=0)})) == [
        "model.body.s.kernel_size: should be at least 1, not 0"
    ]


def test_vggs_pool_closes_its_block_once():
    found = graph(network(model({"s": {"block": "vgg", "channels": 4, "repeat": 3}})), (1, 9, 9))
    assert [(layer.name, layer.shape) for layer in found.layers[:4]] == [
        ("body.s.0", (4, 9, 9)),
        ("body.s.1", (4, 9, 9)),
        ("body.s.2", (4, 9, 9)),
        ("body.s.pool", (4, 4, 4)),
    ]


def test_first_and_last_say_otherwise_for_one_copy():
    said = RESIDUAL | {"repeat": 3, "first": {"kernel_size": 5}, "last": {"stride": 2, "act": "tanh"}}
    found = copies(said)
    assert [copy.kernel_size[0] for copy in found] == [5, 3, 3]
    assert [copy.stride[0] for copy in found] == [2, 1, 2]
    assert [copy.act for copy in found] == ["relu", "relu", "tanh"]


def test_one_copy_is_the_first_and_the_last():
    (only,) = copies(CONV | {"first": {"stride": 2, "channels": 3}, "last": {"channels": 5}})
    assert (only.stride, only.channels) == ((2, 2), 5)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"repeat": -1}, ".repeat: should be at least 0, not -1"),
        ({"repeat": 1.5}, ".repeat: should be a whole number, not 1.5"),
        ({"repeat": 10**9}, ".repeat: should be at most 10000, not 1000000000"),
        ({"first": {"strid": 1}}, ".first.strid: conv has no such setting; did you mean 'stride'?"),
        ({"last": {"stride": 0}}, ".last.stride: should be at least 1, not 0"),
        ({"first": {"repeat": 2}}, ".first.repeat: repeat is said of all copies together, beside first"),
    ],
)
def test_a_fault_of_a_copy_is_told_where_it_stands(said, told):
    assert faults(model({"s": CONV | said})) == [f"model.body.s{told}"]


def test_a_setting_that_a_block_lacks_is_told_by_its_path():
    assert faults(model({"x": {"block": "conv"}})) == ["model.body.x.channels: conv needs this setting"]
    inner = {"block": "sequential", "body": {"y": {"block": "conv"}}}
    assert faults(model({"x": inner})) == ["model.body.x.body.y.channels: conv needs this setting"]


# -- after and before


def test_blocks_stand_where_they_say():
    assert names(a=put(), b=put(), x=put(after="a")) == ["a", "x", "b"]
    assert names(a=put(), b=put(), x=put(before="a")) == ["x", "a", "b"]


def test_blocks_with_one_anchor_keep_their_order():
    assert names(a=put(), b=put(), x=put(after="a"), y=put(after="a"), z=put(after="a")) == ["a", "x", "y", "z", "b"]
    assert names(a=put(), b=put(), x=put(before="b"), y=put(before="b")) == ["a", "x", "y", "b"]


def test_an_anchor_may_itself_be_placed_and_be_written_later():
    assert names(x=put(after="y"), y=put(after="a"), a=put(), b=put()) == ["a", "y", "x", "b"]
    assert names(a=put(), b=put(), x=put(after="a"), y=put(before="x"), z=put(after="a")) == ["a", "y", "x", "z", "b"]


def test_a_block_that_is_removed_still_is_an_anchor():
    assert names(a=put(), p=None, b=put(), x=put(after="p")) == ["a", "x", "b"]


def test_an_anchor_that_is_not_there_is_a_fault():
    raw = model({"a": put(), "stem": put(), "x": put(after="stme")})
    assert faults(raw) == ["model.body.x.after: there is no block 'stme'; did you mean 'stem'?"]
    told = faults({**raw, "body": {1: put(), "x": put(before="q")}})
    assert "model.body.x.before: there is no block 'q'; there are 1, x" in told


def test_anchors_in_a_circle_are_a_fault_of_each():
    told = faults(model({"a": put(), "x": put(after="y"), "y": put(before="x"), "z": put(after="z")}))
    assert told == [
        "model.body.x.after: the anchors go round in a circle",
        "model.body.y.before: the anchors go round in a circle",
        "model.body.z.after: the anchors go round in a circle",
    ]


def test_two_anchors_are_a_fault():
    told = faults(model({"a": put(), "b": put(), "x": put(after="a", before="b")}))
    assert told == ["model.body.x: a block stands either after another or before it; write one of the two"]


def test_blocks_inside_a_composite_have_places_and_repeats_too():
    inner = {"a": put(), "b": put(repeat=2), "x": put(before="a")}
    found = network(model({"s": {"block": "sequential", "body": inner}})).body[0].copies[0]
    assert [(stage.name, len(stage.copies)) for stage in found.body] == [("x", 1), ("a", 1), ("b", 2)]


# -- widths


def test_classes_stands_wherever_a_width_may():
    raw = model({"n": {"block": "nin", "channels": [4, 4, "classes"]}}, {"p": {"block": "global_avg_pool"}})
    assert network(raw, 7).body[0].copies[0].channels == (4, 4, 7)
    assert graph(network(raw, 7), (1, 8, 8)).output == (7,)


def test_width_multiplies_the_body_exactly_and_not_the_head_nor_classes():
    inception = {"block": "inception", "b1": 4, "b3": [2, 6], "b5": [2, 4], "pool": 8}
    inner = {"block": "sequential", "body": {"c": CONV}}
    body = {"c": CONV, "i": inception, "s": inner, "r": RESIDUAL, "k": CONV | {"channels": "classes"}}
    head = {"x": CONV, "p": {"block": "global_avg_pool"}, "f": {"block": "linear", "features": 6}, **HEAD}
    del head["pool"]
    found = network(model(body, head, width=1.5))
    c, i, s, r, k = (stage.copies[0] for stage in found.body)
    assert (c.channels, s.body[0].copies[0].channels, r.channels, k.channels) == (12, 12, 24, 10)
    assert (i.b1, i.b3, i.b5, i.pool) == (6, (3, 9), (3, 6), 12)
    assert found.head[0].copies[0].channels == 8
    assert [stage.copies[0].features for stage in found.head[2:]] == [6, 10]


def test_a_width_that_is_not_whole_is_one_fault_for_all():
    told = faults(model({"a": CONV | {"channels": 5}, "b": CONV | {"channels": 7}}, width=0.5))
    assert told == [
        "model.width: model.body.a.channels: 5 channels times 0.5 is 2.5, not a whole number; "
        "set model.divisor (1, 8, …) to round to its multiples, or choose another width"
    ]


DIVIDED = [(5, 0.5, 1, 3), (30, 0.5, 8, 16), (3, 0.1, 8, 8), (24, 0.75, 8, 24), (40, 0.5, 8, 24), (64, 0.75, 8, 48)]


@pytest.mark.parametrize(("channels", "width", "divisor", "wide"), DIVIDED)
def test_a_divisor_rounds_to_its_multiples_as_torchvision_does(channels, width, divisor, wide):
    raw = model({"a": CONV | {"channels": channels}}, width=width, divisor=divisor)
    assert network(raw).body[0].copies[0].channels == wide


@pytest.mark.parametrize("width", [1e308, 1e300, 1e-300])
def test_an_absurd_width_is_a_fault(width):
    (told,) = faults(model({"a": CONV}, width=width))
    assert told.startswith("model.width: model.body.a.channels: 8 channels times")


# -- depth


def depths(depth, **settings):
    body = {"a": CONV, "b": RESIDUAL | {"repeat": 3}, "one": CONV | {"repeat": 1}, "gone": CONV | {"repeat": 0}}
    head = {"hidden": CONV | {"repeat": 2}, **HEAD}
    found = network(model(body, head, depth=depth, **settings))
    return [len(stage.copies) for stage in (*found.body, *found.head)]


def test_depth_multiplies_what_says_how_often_and_not_the_head():
    assert depths(2) == [1, 6, 2, 2, 1, 1]
    assert depths(1 / 3, depth_rounding="up") == [1, 1, 1, 2, 1, 1]


@pytest.mark.parametrize(("rounding", "copies"), [("up", [5, 2]), ("down", [4, 1]), ("nearest", [4, 2])])
def test_copies_that_are_not_whole_are_rounded_where_it_is_said(rounding, copies):
    assert depths(1.5, depth_rounding=rounding)[1:3] == copies


def test_copies_that_are_not_whole_are_one_fault_for_all():
    body = {"a": CONV | {"repeat": 3}, "b": CONV | {"repeat": 1}}
    assert faults(model(body, depth=1.5)) == [
        "model.depth: model.body.a.repeat: 3 copies times 1.5 is 4.5, not a whole number; "
        "set model.depth_rounding (up, down or nearest), or choose another depth"
    ]
    (said,) = faults(model(body, depth=1e9))
    assert said == "model.depth: model.body.a.repeat: 3 copies times 1e+09 are more than 10000"


def test_depth_without_repeats_is_a_fault():
    said = "no block in the body of this network says how often it is there (repeat)"
    assert faults(model({"a": CONV}, depth=2.0)) == [f"model.depth: {said}"]
    network(model({"a": CONV}, depth=1.0))


def test_only_the_first_copy_of_a_deeper_stage_strides():
    found = network(model({"s": RESIDUAL | {"repeat": 2}}, depth=2.0)).body[0]
    assert [copy.stride[0] for copy in found.copies] == [2, 1, 1, 1]


# -- names, and the end


def test_names_that_torch_needs_are_told_before_anything_is_built():
    found = graph(network(model({"a": CONV, "training": CONV})), (1, 8, 8))
    assert [str(f) for f in found.faults] == [
        "model.body.training: the name 'training' is taken by torch's own modules; give it another"
    ]


@pytest.mark.parametrize("name", ["1a", "a.b", "", "a b", "_a", "é"])
def test_a_name_is_a_word(name):
    said = "name starts with a letter, and has only letters, digits and _ in it"
    assert f"model.body.{name}: a block's {said}" in faults(model({name: CONV}))
    parallel = {"block": "parallel", "branches": {name: {"c": CONV}}}
    assert f"model.body.p.branches.{name}: a branch's {said}" in faults(model({"p": parallel}))


def test_a_network_that_does_not_end_in_its_classes_is_a_fault():
    raw = model({"c": CONV}, {"p": {"block": "global_avg_pool"}, "fc": {"block": "linear", "features": 9}})
    assert [str(f) for f in graph(network(raw), (1, 8, 8)).faults] == [
        "model.head.fc.features: the network ends in 9 numbers, the data have 10 classes; "
        "end it with a width of `classes`"
    ]
    empty = graph(network(model({}, {})), (1, 8, 8))
    assert empty.faults[0].message.startswith("the network ends in 1×8×8 numbers")


def test_a_map_that_vanishes_ends_the_walk_with_its_path():
    body = {"a": CONV | {"kernel_size": 5, "padding": "valid"}, "b": CONV | {"kernel_size": 5, "padding": "valid"}}
    found = graph(network(model(body)), (1, 8, 8))
    assert [layer.shape for layer in found.layers] == [(8, 4, 4)]
    assert [str(f) for f in found.faults] == [
        "model.body.b: the feature map vanishes: conv with kernel_size 5, padding valid needs at least 5×5, has 4×4"
    ]


@pytest.mark.parametrize("said", [{"channels": 10**20}, {"padding": 10**9}, {"kernel_size": 10**9}])
def test_numbers_that_no_tensor_has_are_a_misfit(said):
    found = graph(network(model({"c": CONV | said})), (1, 8, 8))
    assert [str(f) for f in found.faults] == ["model.body.c: a size is too large: no tensor can have so many numbers"]


def test_a_misfits_path_names_what_the_yaml_has() -> None:
    group = {"kind": "group", "groups": 3}
    residual = {"block": "residual", "channels": 8, "norm": group}
    branches = {"a": {"x": {"block": "skip", "body": {"r": residual}}}, "b": {"y": CONV}}
    raw = model({"r": residual, "p": {"block": "parallel", "branches": branches}})
    assert [fault.path for fault in graph(network(raw), (8, 8, 8)).faults if "group norm" in fault.message] == [
        "model.body.r",
        "model.body.p.branches.a.x.body.r",
    ]


def test_old_spellings_are_told_the_new_ones():
    body = {
        "s": {"block": "select", "channels": [0]},
        "t": {"block": "transition", "ratio": 2},
        "own": {"block": "own", "channels": 4},
    }
    own = {"block": "squeeze_excite"}
    raw = model(body, blocks={"own": own}, kinds={"select": {"channels": [1]}})
    told = faults(raw)
    assert told[0] == "model.kinds.select.channels: is indices now"
    assert "model.body.s.channels: is indices now" in told
    assert "model.body.t.ratio: is compression, one over it (compression: 0.5 for ratio: 2) now" in told
    assert "model.body.own.channels: is inner now" in told


@pytest.mark.parametrize(("said", "there"), [(True, 1), (False, 0), (0, 0), (3, 1), ("none", 0)])
def test_a_block_that_is_there_if_a_parameter_says_so(said, there):
    own = {"params": {"gated": said}, "block": "sequential"}
    own["body"] = {"c": CONV, "g": {"block": "squeeze_excite", "ratio": 2, "if": "$gated"}}
    (stage,) = network(model({"o": {"block": "own"}}, blocks={"own": own})).body
    assert len(stage.copies[0].body) == 1 + there
    assert faults(model({"c": {**CONV, "if": "maybe"}})) == [
        "model.body.c.if: should be true, false or a number (0 and none: it is not there), not 'maybe'"
    ]


def test_a_block_that_width_leaves_alone_or_only_widens():
    last = {"block": "conv", "channels": 10}
    body = {"a": last, "b": {**last, "width": "fixed"}, "c": {**last, "width": "grows"}}
    body["s"] = {"block": "sequential", "body": {"d": last}, "width": "fixed"}

    def wide(factor):
        *plain, nested = network(model(body, width=factor)).body
        return [*(stage.copies[0].channels for stage in plain), nested.copies[0].body[0].copies[0].channels]

    assert wide(0.5) == [5, 10, 10, 10]
    assert wide(2.0) == [20, 10, 20, 10]
