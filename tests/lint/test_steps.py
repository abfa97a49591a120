"""The steps of a whole network: in the order in which they run, each with what it takes."""

from __future__ import annotations

from designs import conv, designed
from sample_networks import model

from cnnlab.blocks.trace import INPUT
from cnnlab.lint.steps import StepGraph


def steps(body: dict, **settings: object) -> StepGraph:
    return designed(model(body, **settings), (3, 16, 16)).steps


def test_each_step_takes_what_its_block_takes() -> None:
    graph = steps({"c": conv(), "d": conv(stride=2)}, norm="batch")
    assert [node.step.operation for node in graph.nodes] == [
        *["convolution", "norm", "act"] * 2,
        "mean",
        "flatten",
        "linear",
    ]
    assert [node.takes for node in graph.nodes] == [(number - 1,) for number in range(len(graph.nodes))]
    assert [node.row for node in graph.nodes[2:7:2]] == ["body.c", "body.d", "head.pool"]
    assert graph.outputs == {"head": 8}
    assert list(graph.back(2)) == [2, 1, 0]
    assert graph.shape(INPUT) == (3, 16, 16)
    assert graph.shape(5) == (8, 8, 8)


def test_a_join_is_a_step_and_the_path_back_ends_there() -> None:
    graph = steps({"a": conv(act="none"), "b": conv(act="none"), "c": {**conv(), "from": ["a", "b"], "join": "add"}})
    a, b, join = graph.nodes[:3]
    assert (join.step.operation, join.takes, join.row) == ("add", (0, 1), "body.c")
    assert graph.takers[0] == [1, 2]
    assert list(graph.back(3)) == [3, 2]
    assert (a.field.size, b.field.size) == ((3, 3), (5, 5))
    assert (join.field.size, join.least.size) == ((5, 5), (3, 3))


def test_copies_are_rows_of_one_stage_and_auxiliary_heads_have_outputs_of_their_own() -> None:
    head = {"pool": {"block": "global_avg_pool"}, "fc": {"block": "linear", "features": "classes"}}
    graph = steps({"c": conv(repeat=2), "d": conv()}, aux={"early": {"from": "c", "head": head}})
    assert [(node.row, node.stage) for node in graph.nodes[:4:2]] == [("body.c.0", "body.c"), ("body.c.1", "body.c")]
    assert graph.outputs.keys() == {"head", "aux.early.head"}
    assert graph.nodes[graph.outputs["aux.early.head"]].row == "aux.early.head.fc"
