"""`from`: blocks that take what earlier ones left."""

import pytest
import torch
from sample_networks import CONV, HEAD, faults, model, network

from cnnlab.blocks import Conv, Sequential
from cnnlab.blocks.stack import Stage
from cnnlab.network.build import build
from cnnlab.network.graph import graph

A, B = {"block": "conv", "channels": 3}, {"block": "conv", "channels": 3, "kernel_size": 5}
ADD = {"block": "act", "from": ["a", "b"], "join": "add"}


def net(body, shape=(1, 8, 8)):
    return build(network(model(body)), shape).eval().body


X = torch.randn(2, 1, 8, 8)


@pytest.mark.parametrize(
    ("join", "by_hand"),
    [
        ("add", torch.add),
        ("mul", torch.mul),
        ("max", torch.maximum),
        ("mean", lambda a, b: (a + b) / 2),
        ("concat", lambda a, b: torch.cat([a, b], 1)),
    ],
)
def test_several_sources_are_joined(join, by_hand):
    body = net({"a": A, "b": B, "c": {"block": "act", "from": ["a", "b"], "join": join}})
    a = body.a(X)
    torch.testing.assert_close(body(X), by_hand(a, body.b(a)).relu())


def test_one_source_is_taken_as_it_is_and_input_is_the_stacks_own():
    body = net({"a": A, "b": B | {"from": "input"}, "c": {"block": "conv", "channels": 2, "from": ["a", "b", "input"]}})
    torch.testing.assert_close(body(X), body.c(torch.cat([body.a(X), body.b(X), X], 1)))


def test_one_source_may_be_named_twice():
    body = {"a": A, "c": {"block": "conv", "channels": 2, "from": ["a", "a"]}}
    assert graph(network(model(body)), (1, 8, 8)).layers[1].params == (3 + 3) * 2 * 9 + 2
    assert net(body)(X).shape == (2, 2, 8, 8)


def test_only_the_first_copy_takes_the_sources():
    body = net({"a": A, "b": B, "c": {"block": "conv", "channels": 4, "from": ["a", "b"], "repeat": 2}})
    a = body.a(X)
    torch.testing.assert_close(body(X), body.c[1](body.c[0](torch.cat([a, body.b(a)], 1))))


def test_stacks_within_blocks_have_connections_of_their_own():
    inner = {"a": A, "b": B, "c": ADD}
    body = net({"s": {"block": "sequential", "body": inner}})
    a = body.s[0].a(X)
    torch.testing.assert_close(body(X), (a + body.s[0].b(a)).relu())


def test_shapes_costs_and_fields_are_those_of_the_joined():
    body = {"a": A, "b": B, "c": {"block": "conv", "channels": 4, "kernel_size": 1, "from": ["a", "b"]}}
    found = graph(network(model(body)), (1, 8, 8))
    assert [layer.shape[0] for layer in found.layers[:3]] == [3, 3, 4]
    assert found.layers[2].params == (3 + 3) * 4 + 4
    assert found.layers[2].receptive_field == (7, 7)
    found = graph(network(model({"a": A, "b": B | {"from": "input"}, "c": ADD})), (1, 8, 8))
    assert [layer.receptive_field[0] for layer in found.layers[:3]] == [3, 5, 5]


def sources(**body):
    """Of each block that is there."""
    return {stage.name: (*stage.sources, stage.join) for stage in network(model(body)).body if stage.sources}


GONE = {"repeat": 0}


def test_a_source_that_was_removed_stands_for_what_came_before_it():
    for removed in (None, B | GONE):
        assert sources(a=A, b=removed, c=ADD) == {"c": ("a", "a", "add")}
    assert sources(a=None, b=B, c=ADD) == {"c": ("input", "b", "add")}


def test_a_block_repeated_zero_times_passes_on_what_it_would_have_taken():
    side, last = B | GONE | {"from": "stem"}, A | {"from": ["a", "b", "input"]}
    assert sources(stem=A, a=A, b=side, c=last)["c"] == ("a", "stem", "input", "concat")
    assert sources(stem=A, b=side, c=A) == {}
    body = {"stem": A, "a": A, "b": side, "c": A, "d": A | {"from": ["a", "c"]}}
    assert sources(**body) == {"c": ("stem", "concat"), "d": ("a", "c", "concat")}
    twice = {"stem": A, "a": A, "b": side, "c": A | GONE, "d": A | {"from": ["c", "a"]}}
    assert sources(**twice) == {"d": ("stem", "a", "concat")}


def test_a_removed_block_of_several_sources_passes_on_all_of_them():
    body = {"a": A, "b": B, "c": ADD | GONE}
    assert sources(**body, d=A) == {"d": ("a", "b", "add")}
    assert sources(**body, d=A | {"from": "c"}) == {"d": ("a", "b", "add")}
    assert sources(**body, d=ADD | {"from": ["c", "a"]}) == {"d": ("a", "b", "a", "add")}
    assert faults(model({**body, "d": A | {"from": ["c", "a"]}})) == [
        "model.body.d.from: 'c' is removed, and the add of a and b that it takes cannot be named in its place"
    ]
    assert faults(model(body)) == [
        "model.body.c: removed, it leaves no end: nothing follows that could take what it takes (a, b)"
    ]
    aux = {"x": {"from": "c", "head": HEAD}}
    assert faults(model({**body, "d": A}, aux=aux)) == [
        "model.aux.x.from: 'c' is removed, and takes several; name one of them"
    ]


def test_the_order_is_that_of_after_and_before():
    body = {"c": ADD | {"after": "b"}, "a": A, "b": B}
    assert [stage.name for stage in network(model(body)).body] == ["a", "b", "c"]


def test_a_record_of_them_survives_a_round_trip():
    stage = Stage("c", (Conv(channels=2),), ("a", "input"), "add")
    block = Sequential(body=(Stage("a", (Conv(channels=1),)), stage))  # type: ignore[arg-type]
    assert Sequential.model_validate(block.model_dump(mode="json")) == block


def test_other_connections_are_another_network():
    chain, graph = {"a": A, "b": A, "c": CONV | {"from": "b"}}, {"a": A, "b": A, "c": CONV | {"from": ["a", "b"]}}
    assert network(model(chain)).plain() != network(model(graph)).plain()


LATER = "does not come before it; `from` takes earlier blocks, so that nothing goes in a circle"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"a": A, "b": A | {"from": "c"}, "c": A}, [f"model.body.b.from: 'c' {LATER}"]),
        ({"a": A | {"from": "a"}}, [f"model.body.a.from: 'a' {LATER}"]),
        ({"a": A | {"from": "b"}, "b": A | {"from": "a"}}, [f"model.body.a.from: 'b' {LATER}"]),
        ({"stem": A, "b": A | {"from": "stme"}}, ["model.body.b.from: there is no block 'stme'; did you mean 'stem'?"]),
        ({"a": A, "b": A | {"from": []}}, ["model.body.b.from: should be an earlier block's name, …"]),
        ({"a": A, "b": A | {"from": 3}}, ["model.body.b.from: should be an earlier block's name, …"]),
        ({"a": A, "b": A | {"join": "add"}}, ["model.body.b: join is how several blocks' outputs become one; …"]),
        ({"a": A, "b": A | {"from": ["a", "input"], "join": "sum"}}, ["model.body.b.join: should be one of concat, …"]),
        (
            {"a": A, "b": A, "c": A | {"from": "a"}},
            ["model.body.b: nothing takes what it leaves: what follows takes other blocks; remove it"],
        ),
        (
            {"p": {"block": "parallel", "branches": {"l": A, "r": A | {"from": "l"}}}},
            ["model.body.p.branches.r.from: there is no block 'l'; there are input"],
        ),
    ],
)
def test_sources_that_cannot_be_are_faults(body, told):
    said = faults(model(body))
    assert len(said) == len(told)
    for message, like in zip(said, told, strict=True):
        assert message.startswith(like.rstrip("…"))


def test_sources_of_different_sizes_are_named_with_their_shapes():
    body = {"a": A, "b": A | {"stride": 2}, "c": ADD}
    assert [str(fault) for fault in graph(network(model(body)), (1, 8, 8)).faults] == [
        "model.body.c: sources to add end at different sizes: a 3×8×8, b 3×4×4"
    ]
