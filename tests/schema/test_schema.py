"""The schema beside the configuration: it takes all that composes, and underlines what does not."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from examples import examples
from hypothesis import assume, given, settings
from jsonschema import Draft7Validator
from omegaconf._utils import get_yaml_loader
from referencing import Registry, Resource
from sample_networks import models
from tiny_run import CONF

from cnnlab.blocks import KINDS
from cnnlab.blocks.block import Block
from cnnlab.cli.tasks import TASKS
from cnnlab.network.composite import read_composites
from cnnlab.network.read import read_network
from cnnlab.schema.files import MODELINE, made, schema_for, written
from cnnlab.schema.groups import schemas

FOLDER = CONF / "schema"
FILES = sorted(CONF.rglob("*.yaml"))
HEAD = "head: {pool: {block: global_avg_pool}, fc: {block: linear, features: classes}}"


@cache
def registry() -> Registry:
    documents = {file.as_uri(): json.loads(file.read_text(encoding="utf-8")) for file in FOLDER.glob("*.json")}
    return Registry().with_resources((uri, Resource.from_contents(said)) for uri, said in documents.items())


@cache
def validator(name: str) -> Draft7Validator:
    return Draft7Validator({"$ref": (FOLDER / name).as_uri()}, registry=registry())


def underlined(text: str, name: str = "model.json") -> dict[str, str]:
    """Where an editor would draw a line, and why."""
    value = yaml.load(text, Loader=get_yaml_loader())
    return {".".join(map(str, e.absolute_path)): e.message for e in validator(name).iter_errors(value)}


def test_the_schema_that_is_there_is_the_one_that_is_made() -> None:
    texts = made([CONF], list(TASKS))
    assert {file.name for file in FOLDER.iterdir()} == set(texts)
    stale = [name for name, text in texts.items() if (FOLDER / name).read_text(encoding="utf-8") != text]
    assert not stale, "python run.py task=schema"
    for text in texts.values():
        Draft7Validator.check_schema(json.loads(text))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CONF)))
def test_every_file_names_its_schema_and_keeps_to_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    named = MODELINE.search(text)
    assert named, f"# yaml-language-server: $schema={schema_for(file, CONF)}"
    assert named[1] == schema_for(file, CONF)
    assert (file.parent / named[1]).is_file()
    assert underlined(text, Path(named[1]).name) == {}


def without_overlays(value: Any) -> Any:
    """A network without the settings of first and last copies."""
    if not isinstance(value, dict):
        return value
    return {key: without_overlays(inner) for key, inner in value.items() if key not in ("first", "last")}


@settings(max_examples=examples(25), deadline=None)
@given(models())
def test_whatever_networks_may_say_is_not_underlined(raw: dict[str, Any]) -> None:
    assume(read_network(raw, 10)[0])
    assume(read_network(without_overlays(raw), 10)[0])  # what `first` puts right is never read, but is underlined
    assert underlined(json.dumps(raw)) == {}


@pytest.mark.parametrize(
    "text",
    [
        "defaults: [resnet34, _self_]\nbody: {stage1: {repeat: 3, norm: null}, stage2: null}",
        "defaults: [resnet18, _self_]\nbody: {stage1: {first: {stride: 2}, last: {norm: none}}}\naux: null",
        "norm: ${model.head_norm}\nbody: {a: {block: conv, channels: '${data.classes}', kernel_size: [1, 3]}}\n" + HEAD,
        "norm: {kind: group, groups: 8}\nbody: {a: {block: conv, channels: classes, padding: [0, 1, 0, 1]}}\n" + HEAD,
        "blocks: {mine: {params: {c: required}, block: conv, channels: $c / 2}}\nbody: {a: {block: mine, c: 4}}\n"
        + HEAD,
        "defaults: [/blocks/fire@blocks, _self_]\nbody: {a: {block: fire, squeeze: 4, norm: batch}}\n" + HEAD,
        "body: {a: {block: parallel, branches: {x: {block: conv, channels: 2}, y: {z: {block: max_pool}}}}}\n" + HEAD,
        "freeze: {body: 3, body.stem: true}\nbody: {a: {block: nin, channels: [1, 2, classes], from: input}}\n" + HEAD,
    ],
)
def test_what_hydra_and_the_language_allow_is_not_underlined(text: str) -> None:
    assert underlined(text) == {}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("body: {c1: {block: conv, channels: 6, kernal_size: 5}}\n" + HEAD, "body.c1"),
        ("body: {c1: {block: covn, channels: 6}}\n" + HEAD, "body.c1.block"),
        ("body: {c1: {block: conv, channels: sixty}}\n" + HEAD, "body.c1.channels"),
        ("body: {c1: {block: conv, channels: 0}}\n" + HEAD, "body.c1.channels"),
        ("act: rleu\nbody: {c1: {block: conv, channels: 6}}\n" + HEAD, "act"),
        ("nrom: batch\nbody: {c1: {block: conv, channels: 6}}\n" + HEAD, ""),
        ("body: {c1: {block: conv, channels: 6}}", ""),
        ("body: {c1: {channels: 6}}\n" + HEAD, "body.c1"),
        ("body: {1c: {block: conv, channels: 6}}\n" + HEAD, "body"),
        ("defaults: [resnet18, _self_]\nbody: {stage1: {repaet: 3}}", "body.stage1"),
        ("defaults: [resnet18, _self_]\nbody: {stage1: {block: residual, first: {strid: 2}}}", "body.stage1.first"),
        ("defaults: [resnet18, _self_]\nkinds: {convv: {norm: none}}", "kinds"),
        ("defaults: [resnet18, _self_]\nkinds: {conv: {norn: none}}", "kinds.conv"),
        ("defaults: [resnet18, _self_]\nbody: {stage1: 3}", "body.stage1"),
        ("body: {p: {block: parallel, branches: {x: {y: {block: covn}}}}}\n" + HEAD, "body.p.branches.x.y.block"),
    ],
)
def test_faults_are_underlined_where_they_stand(text: str, where: str) -> None:
    assert where in underlined(text)


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("optimizer.json", "kind: sgd\nlr: 0.1\nmomentun: 0.9", ""),
        ("optimizer.json", "kind: sgd\nlr: -1", "lr"),
        ("scheduler.json", "warmup: 1", ""),
        ("data.json", "source: cifar1O\nshape: [1, 28, 28]", "source"),
        ("data.json", "source: mnist\nshape: [28, 28]", "shape"),
        ("trainer.json", "max_epochs: 0", "max_epochs"),
        ("callbacks.json", "mine: {_target_: os.system}", "mine._target_"),
        ("global.json", "tsak: train", ""),
        ("global.json", "model: {nrom: none}", "model"),
        ("study.json", "question: x\nbase: {modle: lenet}\nfactors: {model.norm: [none]}", "base"),
        (
            "study.json",
            "question: x\nbase: {trainer.max_epochs: x}\nfactors: {model.norm: [none]}",
            "base.trainer.max_epochs",
        ),
        ("study.json", "question: x\nbase: {seed: 1}\nfactors: {model.norm: [none]}\nclaims: [{say: it}]", "claims.0"),
        ("blocks.json", "mine: {params: {c: 1}, block: conv, channel: $c}", "mine"),
    ],
)
def test_faults_in_other_groups_are_underlined(name: str, text: str, where: str) -> None:
    assert where in underlined(text, name)


class LayerScale(Block):
    """x times a number for each channel."""

    block: str = "layer_scale"
    by: float = 0.5
    """where it starts"""
    unusual: type | Literal["none"] = "none"
    """what no schema can tell"""

    def build(self, shape: Any) -> Any:
        raise NotImplementedError


def test_blocks_of_plugins_are_in_it_with_their_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS.brought, "layer_scale", LayerScale)
    model = schemas(written([CONF]), {})["model"]
    assert model["definitions"]["layer_scale"]["description"] == "x times a number for each channel."
    assert model["definitions"]["layer_scale.settings"]["properties"]["by"]["description"] == "where it starts"
    found = list(Draft7Validator(model).iter_errors({"body": {"a": {"block": "layer_scale", "bye": 1}}, "head": {}}))
    assert [list(error.absolute_path) for error in found] == [["body", "a"]]


def test_shared_blocks_have_their_parameters_and_what_their_file_says() -> None:
    model = json.loads((FOLDER / "model.json").read_text(encoding="utf-8"))
    fire = model["definitions"]["fire.settings"]
    assert fire["description"].startswith("SqueezeNet's fire module")
    assert fire["properties"]["squeeze"] == {"description": "parameter of fire; required"}
    vocabulary = written([CONF]).vocabulary
    assert set(fire["properties"]) == set(vocabulary.settings("fire"))
    assert read_composites(dict(written([CONF]).shared), "blocks")[1] == []
