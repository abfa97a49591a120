"""What identifies a run, worked out from its settings alone; torch is not needed."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from cnnlab.config.run import Run
from cnnlab.config.table import affects_result
from cnnlab.metrics import plain
from cnnlab.override import Override
from cnnlab.plugins import sources
from cnnlab.settings import Settings, Shape, digest
from cnnlab.training.settings import CheckpointSettings
from cnnlab.weights.source import content

LEARNING = ("augment", "optimizer", "scheduler", "loss")
"""groups of a run that say how it learns"""


def image_shape(run: Run) -> Shape:
    """(C, H, W) of what the network is fed."""
    channels, *stored = run.data.shape
    match run.data.size:
        case "auto":
            rows, columns = run.network.image_size((stored[0], stored[1]))
        case None:
            rows, columns = stored
        case (rows, columns):
            pass
    return (channels, rows, columns)


def fingerprint(run: Run) -> str:
    """Hash of the expanded network alone: equal for two spellings of one network."""
    return digest([run.network.plain(), list(image_shape(run))])


def identity(run: Run, threads: int, precision: str, accelerator: str, data_digest: str | None) -> str:
    """Hash of all that affects a run's result, `auto` decided, and the images by what they are (`data_digest`).

    UserError where the weights that it starts from are not there.
    """
    versions = {name: version(name) for name in ("torch", "pytorch-lightning", "cnnlab")}
    return digest({**plain_identity(run, threads, precision, accelerator, data_digest), "versions": versions})


def plain_identity(run: Run, threads: int, precision: str, accelerator: str, data_digest: str | None) -> dict[str, Any]:
    """All that affects a run's result, as the plain data that `identity` hashes, but for the versions.

    Where the images lie is not in it; `data_digest` is None for a run that reads none.
    """
    left_out = {"dir", *(name for name in ("mean", "std", "sampler") if getattr(run.data, name) is None)}
    data = {name: value for name, value in _bearing("data", run.data).items() if name not in left_out}
    data["digest"] = data_digest
    training = {name: _bearing(name, getattr(run, name)) for name in (*LEARNING, "trainer")}
    if training["loss"].get("class_weights", 1) is None:
        del training["loss"]["class_weights"]
    training["callbacks"] = run.callbacks
    training["trainer"] |= {"precision": precision, "accelerator": accelerator, "progress": None}
    seen = {"network": fingerprint(run), "data": {**data, "size": list(image_shape(run))}, **training}
    seen |= {"seed": run.top.seed, "threads": threads}
    if run.top.plugins:
        seen["plugins"] = sources(run.top.plugins)
    if run.network.freeze:
        seen["freeze"] = dict(run.network.freeze)
    if run.top.checkpoint.monitor != CheckpointSettings().monitor:
        seen["monitor"] = run.top.checkpoint.monitor
    if run.top.ema.decay is not None:
        seen["ema"] = run.top.ema.model_dump()
    if run.top.weights:
        seen["weights"] = [content(run.top.weights), sorted(run.top.adapt)]
        if run.top.weights_key:
            seen["weights"].append(run.top.weights_key)
    if run.top.metrics:  # they change no weight, but a record without them is not the one that was asked for
        seen["metrics"] = sorted(plain(run.top.metrics), key=str)
    return seen


def variant(overrides: list[str]) -> str:
    """The overrides that bear on the identity, but the seed: what a run is called beside others of its sweep.

    >>> variant(["model=lenet", "model.norm=batch", "seed=3", "name=x", "task=train"])
    'model=lenet model.norm=batch'
    """
    return " ".join(word for word in overrides if (path := Override.read(word).path) != "seed" and affects_result(path))


def _bearing(group: str, record: Settings) -> dict[str, Any]:
    """The settings of a group's record that affect the result."""
    return _without_effect_left_out(record.model_dump(), group)


def _without_effect_left_out(settings: dict[str, Any], path: str) -> dict[str, Any]:
    kept = {name: value for name, value in settings.items() if affects_result(f"{path}.{name}")}
    return {
        name: _without_effect_left_out(value, f"{path}.{name}") if isinstance(value, dict) else value
        for name, value in kept.items()
    }


def config_to_keep(run: Run, frozen: dict[str, Any], threads: int, precision: str, accelerator: str) -> dict[str, Any]:
    """The configuration as the record has it: what was `auto` or counted is decided, nothing depends on defaults."""
    data = {**run.data.model_dump(mode="json"), "dir": frozen["data"].get("dir"), "size": list(image_shape(run)[1:])}
    trainer = {**run.trainer.model_dump(mode="json"), "precision": precision, "accelerator": accelerator}
    groups = {name: getattr(run, name).model_dump(mode="json") for name in LEARNING}
    groups |= {"data": data, "trainer": trainer}
    return {**frozen, "threads": threads, **{name: _written(group, frozen[name]) for name, group in groups.items()}}


def _written(group: dict[str, Any], frozen: dict[str, Any]) -> dict[str, Any]:
    """`group`, but what comes from an environment variable as it was written: its value belongs into no file."""
    return {key: frozen[key] if "${oc.env:" in str(frozen.get(key)) else value for key, value in group.items()}
