"""The schemas of all groups of the configuration, by the name of their file in conf/schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cnnlab.blame import LOADED
from cnnlab.comparison.claims import Claim
from cnnlab.config import GROUPS, LOGGER, SHARED
from cnnlab.config.table import traits
from cnnlab.config.top import Top
from cnnlab.data.augmentation import AUGMENTATIONS, AugmentSettings
from cnnlab.data.sources import SOURCES
from cnnlab.network.spec import ModelSettings
from cnnlab.schema.blocks import Written, blocks, model
from cnnlab.schema.fields import MODEL, Node, described, fields, mapping, required
from cnnlab.schema.root import PART, defaults, document, either, told_apart, words
from cnnlab.schema.share import shared
from cnnlab.settings import Settings
from cnnlab.sweep.study import Full, Study
from cnnlab.tracking.loggers import LOGGERS, LoggerSettings
from cnnlab.training.losses import LOSSES
from cnnlab.training.optimizers import OPTIMIZERS
from cnnlab.training.schedules import SCHEDULES
from cnnlab.training.settings import CALLBACKS, CheckpointSettings, TrainerSettings

Options = Mapping[str, Sequence[str]]
"""the files of each group"""

RECORDS: dict[str, tuple[type[Settings], str]] = {
    "trainer": (TrainerSettings, "how long and on what to train"),
}
KINDS: dict[str, tuple[Mapping[str, type[Settings]], str, str]] = {
    "data": (SOURCES, "source", "a data set"),
    "optimizer": (OPTIMIZERS, "kind", "an optimiser"),
    "scheduler": (SCHEDULES, "kind", "the learning rate's schedule"),
    "loss": (LOSSES, "kind", "what is learned from"),
}
"""group -> its records, the setting that tells them apart, and what they are"""
GLOBAL = "global"
"""of config.yaml, and of groups whose files set settings of any other (`# @package _global_`)"""


def schemas(
    written: Written, options: Options, named: Iterable[str] = (), tasks: Sequence[str] = ()
) -> dict[str, Node]:
    """Every group's schema, and those that files name; `tasks` are the words of the setting `task`."""
    by_name = {
        "model": model(written),
        SHARED: blocks(),
        **{name: _record(cls, title) for name, (cls, title) in RECORDS.items()},
        **{name: _kinds(*row) for name, row in KINDS.items()},
        "augment": _augment(),
        LOGGER: _logger(),
        "callbacks": _callbacks(),
        "study": _study(options),
        GLOBAL: _global(options, tasks),
    }
    for group in (*GROUPS, *named):  # without a record here: anything goes
        by_name.setdefault(group, document(group, mapping({"defaults": defaults()}, additionalProperties=True)))
    return {name: shared(schema) for name, schema in by_name.items()}


def _record(cls: type[Settings], title: str) -> Node:
    part = mapping({"defaults": defaults(), **fields(cls)}, **described(cls.__doc__))
    return document(title, part, required(cls))


def _settings_of(table: Mapping[str, type[Settings]], key: str) -> dict[str, dict[str, Node]]:
    """What each kind's settings may be, but the one that tells the kinds apart."""
    return {kind: {name: node for name, node in fields(cls).items() if name != key} for kind, cls in table.items()}


def _kinds(table: Mapping[str, type[Settings]], key: str, title: str) -> Node:
    settings = _settings_of(table, key)
    needed = [name for name in required(next(iter(table.values()))) if all(name in required(c) for c in table.values())]
    part = told_apart(key, settings, table, words(table))
    return document(title, part, [key, *needed])


def _augment() -> Node:
    """The short form's settings, and changes by names of one's own."""
    settings = {
        kind: {n: node for n, node in fields(cls).items() if n != "kind"} for kind, cls in AUGMENTATIONS.items()
    }
    change = told_apart("kind", settings, AUGMENTATIONS, words(AUGMENTATIONS))
    about = described(AugmentSettings.__doc__)
    part = mapping({"defaults": defaults(), **fields(AugmentSettings)}, **about)
    return document("random changes of training images", {**part, "additionalProperties": change})


def _logger() -> Node:
    """Loggers by their names, plugins' too."""
    settings = _settings_of(LOGGERS.brought, "kind")
    brought = {name: mapping(nodes) for name, nodes in settings.items()}
    part = mapping({"defaults": defaults(), **fields(LoggerSettings), **brought}, **described(LoggerSettings.__doc__))
    return document("where a run is shown besides its own record", part)


def _callbacks() -> Node:
    wanted = f"should be a class of {CALLBACKS}, or a callback of a module that plugins= names"
    places = "|".join(re.escape(name) for name in (CALLBACKS, *LOADED))
    target = {"type": "string", "pattern": rf"^({places})\.[A-Za-z]\w*$", "patternErrorMessage": wanted}
    callback = {"type": ["object", "null"], "properties": {"_target_": target}}
    part = {"type": ["object", "null"], "properties": {"defaults": defaults()}, "additionalProperties": callback}
    return document("Lightning's callbacks, by names of one's own", part)


def _study(options: Options) -> Node:
    keys = dotted(options)
    free = {r"^(model\.(body|head|aux|kinds|blocks|freeze)|blocks|callbacks|augment|logger|draw)\b": {}}
    base = {"type": "object", "properties": keys, "patternProperties": free, "additionalProperties": False}
    varied = {
        **base,
        "properties": {key: _levels(key) for key in keys},
        "patternProperties": {**free, r"^[^.]+$": {"type": ["array", "object"]}, r"^each\(": {}},
    }
    claim = mapping(fields(Claim), **described(Claim.__doc__))
    put = {"base": ref("base"), "factors": ref("factors")}
    full = {**fields(Full), **put}
    settings = {**fields(Study), **put, "claims": {"type": "array", "items": ref("claim")}}
    settings["full"] = mapping(full, **described(settings["full"].get("description")))
    places = {"base": base, "factors": varied, "claim": claim}
    return document("a question with its claims", mapping(settings), required(Study), places)


def ref(name: str) -> Node:
    return {"$ref": f"#/definitions/{name}"}


def _levels(key: str) -> Node:
    """A factor: values of a setting, or arms with several settings each."""
    return {"anyOf": [{"type": "array", "items": ref(f"base/properties/{key}")}, {"type": "object"}]}


def dotted(options: Options) -> dict[str, Node]:
    """The settings that a study may set, by their names on the command line; those of blocks aside.

    Written out, for references into other files by the dozen keep yaml-language-server busy for minutes.
    """
    nodes = {name: node for name, node in fields(Top).items() if name != SHARED and traits(name).set_in == "studies"}
    nodes |= {f"model.{name}": node for name, node in fields(ModelSettings, MODEL).items()}
    for group, cls in (*((group, cls) for group, (cls, _) in RECORDS.items()), (LOGGER, LoggerSettings)):
        nodes |= {f"{group}.{name}": node for name, node in fields(cls).items()}
    nodes |= {f"augment.{name}": node for name, node in fields(AugmentSettings).items()}
    for group, (table, key, _) in KINDS.items():
        settings = _settings_of(table, key).values()
        nodes |= {f"{group}.{name}": node for name, node in either(list(settings)).items()}
        nodes[f"{group}.{key}"] = words(table)
    nodes |= {f"checkpoint.{name}": {} for name in CheckpointSettings.model_fields}
    return {**nodes, **{group: _file(options, group) for group in (*GROUPS, SHARED, LOGGER)}}


def _file(options: Options, group: str) -> Node:
    """The choice of one of a group's files, or what it would say."""
    return {"anyOf": [{"enum": list(options.get(group, ()))}, {"type": ["string", "object", "array", "null"]}]}


def _global(options: Options, tasks: Sequence[str]) -> Node:
    groups: dict[str, Node] = {group: {"$ref": f"{group}.json#/definitions/{PART}"} for group in GROUPS}
    groups[SHARED] = {"$ref": f"{SHARED}.json#/definitions/{PART}"}
    settings = {**fields(Top, choices={"task": tasks}), **groups}
    listed = {group: _file(options, group) for group in options}
    choices: Any = [{"enum": ["_self_", "cnnlab"]}, {"type": "string"}, {"type": "object", "properties": listed}]
    start = {"description": "the files that a run is made of", "type": "array", "items": {"anyOf": choices}}
    hydra = described("how Hydra itself is set up; only config.yaml and the command line may", type="object")
    return document("settings of a run", mapping({"defaults": start, **settings, "hydra": hydra}))
