"""Blocks that YAML defines: parameters, arithmetic, nesting, and what is said where they are wrong."""

import pytest
from sample_networks import CONV, faults, model, network

from cnnlab.network.arithmetic import evaluate
from cnnlab.network.graph import graph

WIDE = {"params": {"channels": "required", "ratio": 2}, "block": "sequential"}
PAIR = WIDE | {
    "body": {
        "a": {"block": "conv", "channels": "$channels / ratio"},
        "b": {"block": "conv", "channels": "$channels", "kernel_size": 1},
    }
}


def with_own(body, **blocks):
    return model(body, blocks=blocks)


def copies(raw, name="s"):
    return next(stage for stage in network(raw).body if stage.name == name).copies


def inner(block):
    return {stage.name: stage.copies[0] for stage in block.body}


# -- arithmetic

TOO_LARGE = "makes a number beyond 1,000,000,000,000, which no setting takes"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$a", 6),
        ("$word", "same"),
        ("$pair", [3, 1]),
        ("$a + b * 2", 14),
        ("$(a + $b) * 2", 20),
        ("$a / 3", 2),
        ("$a // 4", 1),
        ("$a % 4", 2),
        ("$-a + 10", 4),
        ("$max(a, b, 9)", 9),
        ("$min(a / 2, b)", 3),
        ("$half * 4", 2.0),
        ("$a / half", 12.0),
    ],
)
def test_expressions_have_the_values_of_arithmetic(text, value):
    found = evaluate(text, {"a": 6, "b": 4, "half": 0.5, "word": "same", "pair": [3, 1]})
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("$a / b", "6 / 4 is not a whole number; // rounds down"),
        ("$a / 0", "6 / 0 divides by zero"),
        ("$a // 0", "6 // 0 divides by zero"),
        ("$chanels", "there is no parameter 'chanels'; did you mean 'channels'?"),
        ("$word * 2", "$word * 2 calculates with word, which is 'same', not a number"),
        ("$flag + 1", "$flag + 1 calculates with flag, which is true, not a number"),
        ("$a ** 9", "$a ** 9 is not arithmetic: numbers, parameters, + - * / // %, min and max are"),
        (
            "$a * 1000 * 1000 * 1000 * 1000",
            "'$a * 1000 * 1000 * 1000 * 1000' makes a number beyond 1,000,000,000,000, which no setting takes",
        ),
        (
            "$-9999999999999 // 9999999999999",
            "'$-9999999999999 // 9999999999999' makes a number beyond 1,000,000,000,000, which no setting takes",
        ),
        ("$a * 1e999 * 0", "'$a * 1e999 * 0' " + TOO_LARGE),
        ("$a.real", "$a.real is not arithmetic: numbers, parameters, + - * / // %, min and max are"),
        ("$abs(a)", "$abs(a) is not arithmetic: numbers, parameters, + - * / // %, min and max are"),
        (
            "$__import__('os')",
            "$__import__('os') is not arithmetic: numbers, parameters, + - * / // %, min and max are",
        ),
        ("$[a]", "$[a] is not arithmetic: numbers, parameters, + - * / // %, min and max are"),
        ("$'x'", "$'x' is not arithmetic: numbers, parameters, + - * / // %, min and max are"),
        ("$min()", "$min() is not arithmetic: numbers, parameters, + - * / // %, min and max are"),
        ("$", "$ is not arithmetic over the block's parameters"),
        ("$a +", "$a + is not arithmetic over the block's parameters"),
        ("$a; b", "$a; b is not arithmetic over the block's parameters"),
    ],
)
def test_what_has_no_value_says_why(text, told):
    params = {"a": 6, "b": 4, "word": "same", "flag": True, "channels": 8}
    with pytest.raises(ValueError, match=r".") as caught:
        evaluate(text, params)
    assert str(caught.value) == told


@pytest.mark.parametrize("text", ["$" + "(" * 150 + "a", "$" + "a+" * 200 + "a", "$a\0"])
def test_expressions_that_are_too_much_are_refused(text):
    with pytest.raises(ValueError, match=r"longer than|not arithmetic|nested too deeply") as caught:
        evaluate(text, {"a": 1})
    assert len(str(caught.value)) < 300


# -- blocks


def test_parameters_are_put_in_and_have_defaults():
    raw = with_own(
        {"s": {"block": "pair", "channels": 8}, "t": {"block": "pair", "channels": 9, "ratio": 3}}, pair=PAIR
    )
    assert [block.channels for block in inner(copies(raw, "s")[0]).values()] == [4, 8]
    assert [block.channels for block in inner(copies(raw, "t")[0]).values()] == [3, 9]


def test_a_default_may_be_worked_out_from_what_comes_before_it():
    own = {"params": {"squeeze": "required", "expand": "$4 * squeeze"}, "block": "conv", "channels": "$expand"}
    raw = with_own({"s": {"block": "own", "squeeze": 2}, "t": {"block": "own", "squeeze": 2, "expand": 3}}, own=own)
    assert [copies(raw, name)[0].channels for name in "st"] == [8, 3]
    later = own | {"params": {"expand": "$4 * squeeze", "squeeze": 2}}
    assert faults(with_own({"s": {"block": "own"}}, own=later)) == [
        "model.blocks.own.params.expand: there is no parameter 'squeeze' (in model.body.s)"
    ]


def test_a_row_of_the_summary_has_the_blocks_own_name():
    raw = with_own({"s": {"block": "pair", "channels": 8, "repeat": 2}, "c": CONV}, pair=PAIR)
    layers = graph(network(raw), (1, 8, 8)).layers
    assert [(layer.name, layer.kind) for layer in layers[:3]] == [
        ("body.s.0", "pair"),
        ("body.s.1", "pair"),
        ("body.c", "conv"),
    ]


def test_what_its_own_block_takes_can_be_said_of_it():
    raw = with_own({"s": {"block": "pair", "channels": 8, "norm": "batch", "act": "tanh"}}, pair=PAIR)
    assert {(b.norm.kind, b.act) for b in inner(copies(raw)[0]).values()} == {("batch", "tanh")}
    one = {"block": "conv", "kernel_size": 1}
    (conv,) = copies(with_own({"s": {"block": "one", "channels": 5, "stride": 2}}, one=one))
    assert (conv.kernel_size, conv.channels, conv.stride) == ((1, 1), 5, (2, 2))


def test_only_the_first_copy_strides():
    stage = {"params": {"stride": 1, "channels": 8}, "block": "sequential"}
    stage |= {"body": {"c": {"block": "conv", "channels": "$channels", "stride": "$stride"}}}
    said = {"block": "stage", "stride": 2, "repeat": 3, "last": {"channels": 16}}
    found = [inner(copy)["c"] for copy in copies(with_own({"s": said}, stage=stage))]
    assert [(c.stride[0], c.channels) for c in found] == [(2, 8), (1, 8), (1, 16)]


def test_they_nest_and_combinators_stand_in_them():
    both = {
        "params": {"wide": 8},
        "block": "skip",
        "body": {
            "fork": {
                "block": "parallel",
                "branches": {
                    "l": {"block": "pair", "channels": "$wide / 2"},
                    "r": {"block": "pair", "channels": "$wide / 2"},
                },
            }
        },
    }
    raw = with_own({"c": CONV, "s": {"block": "both"}}, pair=PAIR, both=both)
    assert graph(network(raw), (1, 8, 8)).layers[1].shape == (8, 8, 8)


def test_a_kind_can_be_a_parameter():
    flexible = {"params": {"kind": "residual"}, "block": "sequential", "body": {"x": {"block": "$kind", "channels": 8}}}
    raw = with_own({"a": {"block": "flexible"}, "b": {"block": "flexible", "kind": "conv"}}, flexible=flexible)
    assert [inner(copies(raw, name)[0])["x"].block for name in "ab"] == ["residual", "conv"]


def test_kinds_reach_them_and_into_them():
    raw = with_own({"s": {"block": "pair", "channels": 8}}, pair=PAIR) | {
        "kinds": {"pair": {"ratio": 4}, "conv": {"bias": False}}
    }
    assert inner(copies(raw)[0])["a"].channels == 2
    assert inner(copies(raw)[0])["a"].bias is False


def test_classes_and_width_count_in_them():
    raw = with_own({"s": {"block": "pair", "channels": 8}}, pair=PAIR) | {"width": 2.0}
    assert [b.channels for b in inner(copies(raw)[0]).values()] == [8, 16]
    one = {"params": {"n": 3}, "block": "conv", "channels": "$n"}
    assert copies(with_own({"s": {"block": "one", "n": "classes"}}, one=one))[0].channels == 10


def test_two_spellings_are_one_network():
    spelt = model({"s": {"block": "sequential", "body": {"a": CONV | {"channels": 4}, "b": CONV | {"kernel_size": 1}}}})
    own = with_own({"s": {"block": "pair", "channels": 8}}, pair=PAIR)
    assert network(spelt).plain() == network(own).plain()


STEPPING = {
    "params": {"channels": "required", "step": 1},
    "block": "sequential",
    "body": {
        "c": {"block": "conv", "channels": "$channels", "stride": "$step"},
        "p": {"block": "max_pool", "kernel_size": 1, "stride": ["$step", 1]},
    },
}
OUTER = {
    "params": {"channels": "required", "s": 2},
    "block": "skip",
    "body": {"x": {"block": "stepping", "channels": "$channels", "step": "$s"}},
}


def strides(raw):
    def first(block):
        return first(block.body[0].copies[0]) if hasattr(block, "body") else block.stride

    return [first(copy) for copy in copies(raw)]


def test_only_the_first_copy_strides_whatever_the_parameter_is_called():
    for use in ({"block": "stepping", "step": 2}, {"block": "outer"}):
        raw = with_own({"s": {**use, "channels": 4, "repeat": 3}}, stepping=STEPPING, outer=OUTER)
        assert strides(raw) == [(2, 2), (1, 1), (1, 1)]
    raw = with_own(
        {"s": {"block": "stepping", "channels": 4, "step": 2, "repeat": 2, "last": {"step": 3}}}, stepping=STEPPING
    )
    assert strides(raw) == [(2, 2), (3, 3)]


def test_a_parameter_that_is_more_than_a_step_stays_what_it_is_and_the_stride_alone_goes():
    patch = {"params": {"size": 2}, "block": "conv", "channels": 4, "kernel_size": "$size", "stride": "$size"}
    raw = with_own({"s": {"block": "patch", "repeat": 2}}, patch=patch)
    assert [(copy.kernel_size, copy.stride) for copy in copies(raw)] == [((2, 2), (2, 2)), ((2, 2), (1, 1))]
    pool = {"params": {"step": 2}, "block": "max_pool", "stride": "$step"}
    raw = with_own({"s": {"block": "pool", "repeat": 2}}, pool=pool)
    assert strides(raw) == [(2, 2), (2, 2)], "to stride is what a pool is for"


PROBLEMS = {
    "a division that leaves a remainder names both numbers and who asked": (
        {"s": {"block": "pair", "channels": 9}},
        {"pair": PAIR},
        ["model.blocks.pair.body.a.channels: 9 / 2 is not a whole number; // rounds down (in model.body.s)"],
    ),
    "a setting that is missing": (
        {"s": {"block": "pair"}},
        {"pair": PAIR},
        ["model.body.s.channels: pair needs this setting"],
    ),
    "a setting that is misspelt is not missing, too": (
        {"s": {"block": "pair", "chanels": 8}},
        {"pair": PAIR},
        ["model.body.s.chanels: pair has no such setting; did you mean 'channels'?"],
    ),
    "a setting of its block that is wrong is told where it was said": (
        {"s": {"block": "pair", "channels": 8, "act": "rellu"}},
        {"pair": PAIR},
        ["model.body.s.act: should be one of …"],
    ),
    "a value that a parameter makes is told with who made it": (
        {"s": {"block": "pair", "channels": -8}},
        {"pair": PAIR},
        [
            "model.blocks.pair.body.a.channels: should be at least 1, not -4 (in model.body.s)",
            "model.blocks.pair.body.b.channels: should be at least 1, not -8 (in model.body.s)",
        ],
    ),
    "what is wrong whoever uses it is told once": (
        {"s": {"block": "odd"}, "t": {"block": "odd"}},
        {"odd": {"block": "conv", "channels": 8, "kernal": 3}},
        ["model.blocks.odd.kernal: conv has no such setting; did you mean 'kernel_size'?"],
    ),
    "an unknown kind, with those of its own": (
        {"s": {"block": "pairr"}},
        {"pair": PAIR},
        ["model.body.s.block: there is no kind of block 'pairr'; did you mean 'pair'?"],
    ),
    "one made of itself": (
        {"s": {"block": "a"}},
        {"a": {"block": "sequential", "body": {"x": {"block": "b"}}}, "b": {"block": "a"}},
        [
            "model.blocks.a: a is made of itself, through a, b",
            "model.blocks.b: b is made of itself, through a, b",
        ],
    ),
    "one made of itself by a parameter": (
        {"s": {"block": "a"}},
        {"a": {"params": {"kind": "a"}, "block": "$kind"}},
        ["model.blocks.a.block: a is made of itself (in model.body.s)"],
    ),
    "a name that is taken": (
        {"s": CONV},
        {"conv": {"block": "conv", "channels": 3}},
        ["model.blocks.conv: conv is a kind of block already; give it another name"],
    ),
    "no kind": (
        {"s": {"block": "a", "channels": 3}},
        {"a": {"channels": 3}},
        ["model.blocks.a.block: a needs the kind of block it is made of, such as block: sequential"],
    ),
    "no block at all": (
        {"s": {"block": "a"}},
        {"a": 3},
        ["model.blocks.a: should be a block with its params, {params: {…}, block: …}, not 3", "…"],
    ),
    "a place": (
        {"s": {"block": "a"}},
        {"a": {"block": "conv", "channels": 3, "repeat": 2}},
        ["model.blocks.a.repeat: repeat is said where a is used"],
    ),
    "what is worked out from what has no value": (
        {"s": {"block": "a", "channels": 8}},
        {
            "a": {
                "params": {"channels": 1, "inner": "$channels / 3", "twice": "$inner * 2"},
                "block": "sequential",
                "body": {"x": CONV | {"channels": "$twice"}, "y": CONV | {"channels": "$inner"}},
            }
        },
        ["model.blocks.a.params.inner: 8 / 3 is not a whole number; // rounds down (in model.body.s)"],
    ),
    "a parameter that no expression could name": (
        {"s": {"block": "a"}},
        {"a": {"params": {"in": 1}, "block": "conv", "channels": 3}},
        ["model.blocks.a.params.in: is no name that a parameter can have"],
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_it_is_said_what_is_wrong(name):
    body, blocks, told = PROBLEMS[name]
    said = faults(with_own(body, **blocks))
    cut = [
        message[: len(like) - 1] + "…" if like.endswith("…") else message
        for message, like in zip(said, told, strict=False)
    ]
    assert cut + said[len(told) :] == told


def test_parameters_can_be_swept(cnnlab, tmp_path, capsys):
    own = "blocks=fire"
    block = "model.body.extra={block: fire, squeeze: 2, after: s2}"
    assert cnnlab("-m", "task=summary", own, block, "model.body.extra.squeeze=2,3", "format=json") == 0
    shown = capsys.readouterr().out
    assert [f"{4 * 2 * squeeze},\n" in shown.replace(" ", "") for squeeze in (2, 3)] == [True, True]
