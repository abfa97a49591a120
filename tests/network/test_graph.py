"""The one graph of a network: what is in it, and that nobody makes another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sample_networks import CONV, HEAD, model, network, zoo
from torch import Tensor, nn

from cnnlab.blocks.trace import INPUT, trace
from cnnlab.network import graph as module
from cnnlab.network.graph import graph
from cnnlab.network.outline import outline

SHAPE = (1, 28, 28)


class Passes:
    """Counts the passes on the meta device: calls of modules that no other module makes."""

    def __init__(self) -> None:
        self.count = self.depth = 0

    def __call__(self, call: Callable[..., object]) -> Callable[..., object]:
        def counted(this: nn.Module, *args: object, **kwargs: object) -> object:
            self.count += not self.depth and any(isinstance(x, Tensor) and x.is_meta for x in args)
            self.depth += 1
            try:
                return call(this, *args, **kwargs)
            finally:
                self.depth -= 1

        return counted


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Passes]:
    """From empty caches on."""
    trace.cache_clear()
    module._walked.cache_clear()
    found = Passes()
    monkeypatch.setattr(nn.Module, "__call__", found(nn.Module.__call__))
    return found


def walks() -> int:
    return module._walked.cache_info().misses


# ResNet-18 has 12 rows, of which two are equal, and 11 different convolutions inside of them: 22 passes, each of
# another block or shape. A network under an override has passes of its own where a block or its input is another.
STARTS = {
    "a training": (["data.subset=64", "trainer.max_epochs=1", "trainer.precision=32", "threads=1"], 22, 1),
    "a summary": (["task=summary"], 22, 1),
    "an explanation": (["task=explain"], 22, 1),
    "a drawing": (["task=draw"], 22, 1),
    "a diff with another norm": (["task=diff", "against=model=resnet18 model.norm=none"], 41, 2),
    "a lint that tries three overrides": (["task=lint"], 69, 4),
}


@pytest.mark.parametrize("start", STARTS)
def test_each_block_is_passed_once_and_each_network_is_walked_once(
    start: str, cnnlab: Callable[..., int], passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enough(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cnnlab.experiment.train.Attempt.learn", enough)
    words, most, walked = STARTS[start]
    cnnlab("model=resnet18", *words)
    assert (passes.count, walks()) == (most, walked)


def test_all_views_share_one_graph(passes: Passes) -> None:
    found = graph(network(zoo("googlenet")), (3, 96, 96))
    count = passes.count
    assert graph(network(zoo("googlenet")), (3, 96, 96)) is found
    outline(network(zoo("googlenet")), (3, 96, 96))
    assert (passes.count, walks()) == (count, 1)


def test_equal_networks_in_other_words_have_their_own_words() -> None:
    own = {"blocks": {"mine": {"block": "sequential", "body": {"c": CONV}}}}
    written = network(model({"m": {"block": "mine"}}, **own))
    plain = network(model({"m": {"block": "sequential", "body": {"c": CONV}}}))
    assert written == plain
    assert [graph(one, SHAPE).layers[0].kind for one in (written, plain)] == ["mine", "sequential"]


def test_a_block_knows_what_it_takes_and_from_which() -> None:
    body = {"a": CONV, "b": CONV | {"from": "input"}, "c": CONV | {"from": ["a", "b"], "join": "add", "repeat": 2}}
    found = graph(network(model(body)), SHAPE)
    takes = {placed.name: (placed.input.sources, placed.input.shape) for placed in found.placed}
    assert takes == {
        "body.a": ((INPUT,), (1, 28, 28)),
        "body.b": ((INPUT,), (1, 28, 28)),
        "body.c.0": ((0, 1), (8, 28, 28)),
        "body.c.1": ((2,), (8, 28, 28)),
        "head.pool": ((3,), (8, 28, 28)),
        "head.fc": ((4,), (8,)),
    }
    assert [placed.address for placed in found.placed[:3]] == ["body.a.0", "body.b.0", "body.c.0"]
    assert found.outputs == {"head": 5}


def test_an_auxiliary_head_takes_what_its_tap_leaves() -> None:
    aux = {"side": {"from": "a", "head": HEAD}}
    found = graph(network(model({"a": CONV | {"repeat": 2}, "b": CONV}, aux=aux)), SHAPE)
    side = found.section("aux.side.head")
    assert [found.placed[i].name for i in side[0].input.sources] == ["body.a.1"]
    assert found.outputs == {"head": 4, "aux.side.head": 6}
    assert found.layers == found.placed[:5]
    assert found.params_aux == side[1].params == 90


def test_what_cannot_be_walked_ends_it_and_a_norm_does_not() -> None:
    small = CONV | {"kernel_size": 9, "padding": "valid", "norm": {"kind": "group", "groups": 3}}
    found = graph(network(model({"a": small, "b": small, "c": small, "d": small})), SHAPE)
    assert [fault.path for fault in found.faults] == [f"model.body.{name}" for name in "abcd"]
    assert ["groups" in fault.message for fault in found.faults] == [True, True, True, False]
    assert found.end
    assert (found.end[0], found.end[1].cause) == (found.faults[-1], "vanishes")
    assert [placed.shape for placed in found.placed] == [(8, 20, 20), (8, 12, 12), (8, 4, 4)]


def test_the_number_of_classes_is_held_against_the_output_where_it_is_known() -> None:
    net = network(model({"a": CONV}, {"pool": HEAD["pool"], "fc": {"block": "linear", "features": 7}}))
    (fault,) = graph(net, SHAPE).faults
    assert fault.path == "model.head.fc.features"
    assert not graph(net, SHAPE, check_output=False).faults


def test_a_graph_holds_no_numbers() -> None:
    modules = [placed.trace.module for placed in graph(network(zoo("lenet")), SHAPE).placed]
    assert all(parameter.is_meta for module in modules for parameter in module.parameters())
