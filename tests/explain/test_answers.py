"""task=explain: what keys name, where settings came from, and how it reads."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from checked_formulas import opened
from sample_networks import zoo
from stderr_lines import named, stderr_lines

from cnnlab.blocks.block import Block
from cnnlab.blocks.merge import Parallel, Sequential, Skip
from cnnlab.blocks.stack import Stack
from cnnlab.explain import find
from cnnlab.explain.answer import Answer
from cnnlab.explain.data import record
from cnnlab.explain.words import WIDTH
from cnnlab.network.provenance import Provenance
from cnnlab.network.read import read_network
from cnnlab.network.spec import Network
from cnnlab.yaml_form import short_form

Run = Callable[..., int]


def answer(cnnlab: Run, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """What the command line says, with shipped files named by what stands there."""
    assert cnnlab("task=explain", *words) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return named(said.out).splitlines()


def flowing(lines: list[str]) -> str:
    """As one line: where a line breaks depends on how long this folder's name is."""
    return " ".join(" ".join(lines).split())


# -- the lesson


def test_a_kind_is_introduced_once_and_a_big_block_worked_out_once(
    cnnlab: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    said = answer(cnnlab, capsys, "model=resnet34", "data.size=224")
    assert len([line for line in said if line.startswith("  Two 3×3 convolutions beside")]) == 1
    assert "body.stage1.2 · residual, as body.stage1.1 · 64×56×56 → 64×56×56" not in said
    at = said.index("body.stage3.5 · residual, as body.stage1.0 · 256×14×14 → 256×14×14")
    assert said[at + 1] == "  1,180,672 parameters, 231,211,008 MACs; sees 547×547 pixels"
    assert said[-6:] == [
        "  parameters       21,278,400 + 5,130 = 21,283,530 (body and head)",
        "  MACs             3,584,573,440 + 5,120 = 3,584,578,560 (body and head)",
        "  most parameters  body.stage4.1: 4,720,640 of 21,283,530 (22%)",
        "  most MACs        body.stage1.0: 231,211,008 of 3,584,578,560 (6%)",
        "  sees             a position of the last map, body.stage4.2: 899×899 pixels;",
        "                   the image has 224×224",
    ]


# -- a block


def test_a_block_is_worked_out_with_its_settings(cnnlab: Run, capsys: pytest.CaptureFixture[str]) -> None:
    said = answer(cnnlab, capsys, "key=model.body.c3", "model.body.c3.kernel_size=4", "model.body.c3.padding=same")
    at, end = said.index("Settings"), said.index("body.c3 · 6×14×14 → 16×14×14")
    assert flowing(said[at:end]) == (
        "Settings "
        "channels 16 conf/model/lenet.yaml[channels] "
        "kernel_size 4 command line overrode 5, conf/model/lenet.yaml[kernel_size] "
        "padding same command line overrode valid, conf/model/lenet.yaml[padding] "
        "act relu conf/model/lenet.yaml[act] (of the whole network) "
        "default: norm none, bias auto, init auto, standardize none, stride 1, dilation 1, groups 1, "
        "dropout 0, order conv_norm_act"
    )
    assert said[end:] == [
        "body.c3 · 6×14×14 → 16×14×14",
        "  conv: convolution, 16 kernels of 6×4×4, padded by 2 above, 1 below, 2 left, 1",
        "    right",
        "    rows, columns  ⌊(14 + 2 + 1 − 4)/1⌋ + 1 = 14",
        "    parameters     4·4·6·16 + 16 = 1,552",
        "    MACs           4·4·6·16·14·14 = 301,056",
        "    sees           6 + (4 − 1)·2 = 12 pixels",
        "  act: ReLU, each number by itself",
    ]


def test_copies_are_summed_and_say_in_what_they_differ(cnnlab: Run, capsys: pytest.CaptureFixture[str]) -> None:
    said = answer(cnnlab, capsys, "model=resnet18", "key=body.stage2")
    assert "of body.stage2.1 stride 1 conf/model/resnet18.yaml[stride] (2 in the first copy alone)" in flowing(said)
    assert "  parameters  230,144 + 295,424 = 525,568" in said[-4:]
    only = answer(cnnlab, capsys, "model=resnet18", "key=model.body.stage2.1")
    assert "body.stage2.1 · 128×4×4 → 128×4×4" in only
    assert "body.stage2.0 · 64×7×7 → 128×4×4" not in only


def test_the_nearest_of_the_cascade_names_what_it_overrode(cnnlab: Run, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["model=d2l/resnet18", "model.kinds.residual.norm=group", "model.body.stage2.norm=none"]
    said = answer(cnnlab, capsys, *words, "key=model.body.stage2.norm")
    assert flowing(said[:6]) == (
        "model.body.stage2.norm = none normalisation after each convolution set by command line "
        "overrode group (model.kinds.residual.norm), command line "
        "overrode batch (model.norm), conf/model/resnet18.yaml[norm]"
    )


def test_the_first_copys_own_word_overrides_that_of_all_copies(cnnlab: Run, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["model.body.c1.repeat=2", "model.body.c1.act=gelu", "model.body.c1.first={act: tanh}"]
    assert "act tanh command line (of the first copy) overrode gelu (model.body.c1.act), command line " in flowing(
        answer(cnnlab, capsys, *words, "key=body.c1")
    )


def test_what_closes_a_block_is_said_to_come_from_the_block(cnnlab: Run, capsys: pytest.CaptureFixture[str]) -> None:
    said = flowing(
        answer(cnnlab, capsys, "model=vgg11", "data.size=64", "key=body.stage1.pool", "model.body.stage1.pool_size=4")
    )
    assert "kernel_size 4 as body.stage1 puts it at its end" in said
    assert "⌊(64 − 4)/4⌋ + 1 = 16" in said


def test_a_setting_tells_what_other_values_would_do(cnnlab: Run, capsys: pytest.CaptureFixture[str]) -> None:
    said = answer(cnnlab, capsys, "key=model.body.c1.padding")
    assert said[-3:] == [
        "  valid  6×24×24, 156 parameters, 86,400 MACs; sees 5×5 pixels",
        "  1      6×26×26, 156 parameters, 101,400 MACs; sees 5×5 pixels",
        "  2      6×28×28, 156 parameters, 117,600 MACs; sees 5×5 pixels",
    ]
    said = answer(cnnlab, capsys, "key=model.body.c3.groups")
    assert "  4  does not fit: groups (4) must divide 6 channels in and 16 out" in said


def test_a_block_that_yaml_defines_names_its_parameters(cnnlab: Run, capsys: pytest.CaptureFixture[str]) -> None:
    said = answer(cnnlab, capsys, "model=squeezenet1_0", "key=model.body.fire6.1.expand.three")
    assert "channels 192 conf/blocks/fire.yaml[channels] (of the block fire, written $4 * squeeze)" in flowing(said)
    said = answer(cnnlab, capsys, "model=inception_v3", "key=model.body.mix6b.c")
    where = "conf/model/inception_v3.yaml[c]"
    assert flowing(said) == f"model.body.mix6b.c = 128 parameter of c, {where} set by {where}"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("key=model.body.c1.pading", "model.body.c1 has no 'pading'; did you mean 'padding'?"),
        ("key=model.bdy", "model has no 'bdy'; did you mean 'body'?"),
        ("key=model.body.stage2.7 model=resnet18", "model.body.stage2 has no '7'"),
        ("key=model.body.c1.padding.x", "model.body.c1.padding has no 'x': nothing is inside of it"),
        ("key=optimiser.lr", "there is no 'optimiser'; did you mean 'optimizer'?"),
        ("key=model..c1", "model has no ''"),
        ("key='a b'", "there is no 'a b'"),
    ],
)
def test_a_key_that_names_nothing(cnnlab: Run, capsys: pytest.CaptureFixture[str], words: str, told: str) -> None:
    assert cnnlab("task=explain", *words.split(" ", 1 if "'" not in words else 0)) == 2
    (said,) = stderr_lines(capsys)
    assert said.startswith(f"command line  key: {told}")


def test_other_settings_are_told_with_what_they_overrode(cnnlab: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert flowing(answer(cnnlab, capsys, "key=optimizer.lr", "optimizer.lr=0.2")) == (
        "optimizer.lr = 0.2 learning rate, before the scheduler's factor set by command line "
        "overrode 0.1, conf/optimizer/sgd.yaml[lr] "
        "another value is another experiment, and another arm of a comparison"
    )


@pytest.mark.parametrize(
    ("key", "consequence"),
    [
        ("trainer.progress", "another value changes no result: it is the same experiment"),
        (
            "threads",
            "another value is another experiment, but no other arm; "
            "runs that differ in it are compared only where a sweep varies it",
        ),
    ],
)
def test_what_another_value_of_a_setting_means_is_told(
    cnnlab: Run, capsys: pytest.CaptureFixture[str], key: str, consequence: str
) -> None:
    assert flowing(answer(cnnlab, capsys, f"key={key}")).endswith(consequence)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("model.freeze", "model.freeze = {} what does not learn: names such as body.stage1 or *.norm, or {name: for"),
        ("model.aux.aux1.weight", "model.aux.aux1.weight = 0.3 of its loss, in the sum default"),
        ("checkpoint.every", "checkpoint.every = 1 epochs between two checkpoints, or optimiser steps as in 100steps;"),
        ("augment", "augment = {flip: false, shift: 0, cutout: 0, brightness: 0, contrast: 0, saturation: 0} Random"),
        ("head", "head.pool · global_avg_pool · 1024×1×1 → 1024 The mean of each channel:"),
        ("aux.aux2", "Auxiliary head aux2: takes what body.inc4d leaves, in training only; its loss counts 0.3."),
    ],
)
def test_settings_and_parts_of_all_kinds(cnnlab: Run, capsys: pytest.CaptureFixture[str], key: str, told: str) -> None:
    said = answer(cnnlab, capsys, "model=googlenet", f"key={key}")
    assert flowing(said).startswith(told)
    assert said[0]
    if key == "model.freeze":
        assert said[-2] == "  default"
    assert cnnlab("task=explain", "model=googlenet", f"key={key}", "format=json") == 0
    json.loads(capsys.readouterr().out)


def test_the_same_as_data(cnnlab: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cnnlab("task=explain", "key=model.body.c1", "format=json", "model.body.c1.channels=8") == 0
    (block,) = json.loads(capsys.readouterr().out)["blocks"]
    assert (block["name"], block["output"], block["params"], block["receptive_field"]) == (
        "body.c1",
        [8, 28, 28],
        208,
        [5, 5],
    )
    due = {one["name"]: one for one in block["settings"]}
    assert due["channels"]["where"] == "command line"
    (before,) = due["channels"]["overrode"]
    assert (before["value"], named(before["where"])) == ("6", "conf/model/lenet.yaml[channels]")
    working = {line["what"]: line for line in block["steps"][0]["lines"]}
    assert working["parameters"] == {"what": "parameters", "working": "5·5·1·8 + 8", "value": 208, "measured": False}
    assert cnnlab("task=explain", "model=googlenet", "format=json") == 0
    told = json.loads(capsys.readouterr().out)
    assert sum(block["params"] for block in told["blocks"]) == told["params"] + told["params_aux"]
    assert list(tmp_path.iterdir()) == []  # nothing is left on disk


# -- every key


def keys(nodes: dict[str, find.Node], path: str = "") -> Iterator[tuple[str, find.Subject]]:
    for name, node in nodes.items():
        at = f"{path}.{name}" if path else name
        yield at, node.subject
        if at.count(".") < 5:
            yield from keys(node.below(), at)


@pytest.mark.parametrize(
    ("name", "start", "least"),
    [
        ("lenet", "body.c1", 20),
        ("resnet18", "body.stage2.0.body", 6),
        ("squeezenet1_0", "body.fire2.expand.three", 20),
        ("googlenet", "aux.aux1.head.conv", 20),
        ("googlenet", "body.inc3a", 40),
        ("paper/lenet5", "body.s2.gain", 20),
    ],
)
def test_every_key_of_a_network_has_an_answer(name: str, start: str, least: int) -> None:
    whole, conf = opened(name)
    below = find.model_node(whole, {"model": conf.model}).below()
    for part in start.split(".") if start else ():
        below = below[part].below()
    told = dict(keys(below))
    assert len(told) > least
    for key, subject in told.items():
        found = Answer(subject, whole, conf, name)
        assert not [line for line in found.lines() if len(line) > WIDTH and " " in line.strip()], key
        json.dumps(record(found))


# -- where settings come from


def blocks_at(stack: Stack, path: str) -> Iterator[tuple[str, Block]]:
    for stage in stack:
        for number, block in enumerate(stage.copies):
            at = f"{path}.{stage.name}.{number}"
            yield at, block
            match block:
                case Sequential(body=body) | Skip(body=body):
                    yield from blocks_at(body, f"{at}.body")
                case Parallel(branches=branches):
                    for name, inner in branches:
                        yield from blocks_at(inner, f"{at}.branches.{name}")


def every(net: Network) -> dict[str, Block]:
    stacks = {**net.sections, **{f"aux.{aux.name}.head": aux.head for aux in net.aux}}
    return {at: block for path, stack in stacks.items() for at, block in blocks_at(stack, path)}


def other(value: Any) -> Any:
    """Another value that the same setting may have."""
    words = {"relu": "tanh", "tanh": "relu", "sigmoid": "relu", "silu": "relu", "relu6": "relu", "batch": "layer"}
    words |= {
        "same": "valid",
        "valid": "same",
        "auto": "none",
        "pad": "none",
        "classes": 3,
        "conv_act_norm": "conv_norm_act",
    }
    words |= {"xavier_uniform": "orthogonal", "conv1": "conv2", "none": "auto", "sigmoid_": "x"}
    match value:
        case bool():
            return not value
        case int() | float():
            return value / 2 if 0 < value < 1 else value * 2 if value else 1
        case str() if value.startswith("$"):
            return None
        case str():
            return words.get(value)
        case list():
            return None if any(isinstance(part, str) for part in value) else [part * 2 if part else 1 for part in value]
        case dict() if "eps" in value:
            return {**value, "eps": 0.5}
    return None


@pytest.mark.parametrize(
    "name",
    [
        "lenet",
        "d2l/resnet18",
        "cifar/wide_resnet28_10",
        "squeezenet1_0",
        "googlenet",
        "efficientnet_b0",
        "inception_v3",
    ],
)
def test_a_setting_changes_where_it_is_said_to_come_from(name: str) -> None:
    """Change the value at the place that is named: the block's setting changes, and is what is written there."""
    raw, provenance = zoo(name), Provenance()
    net, _ = read_network(raw, 10, provenance=provenance)
    assert net is not None
    assert set(every(net)) == set(provenance.sources)
    tried = {}
    for address, sources in provenance.sources.items():
        for setting, source in sources.items():
            if source.rule in ("written", "kinds", "inherited") and setting not in ("block", "body", "branches"):
                tried.setdefault((source.path, setting, source.rule), address)
    count = 0
    for (path, setting, how), address in tried.items():
        changed = copy.deepcopy(raw)
        inner: Any = changed
        *above, last = path.removeprefix("model.").split(".")
        for part in above:
            inner = inner[part]
        if (new := other(inner[last])) is None:
            continue
        inner[last] = new
        after, _ = read_network(changed, 10)
        if after is None:
            continue
        before = short_form(getattr(every(net)[address], setting))
        assert short_form(getattr(every(after)[address], setting)) != before, (address, setting, path, how)
        count += 1
    assert count > 5
