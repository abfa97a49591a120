"""The table of settings: every setting is in it, and what it says of one is what identity, folder and arms go by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra.core.global_hydra import GlobalHydra
from tiny_run import CONF

from cnnlab.cli.tasks import TASKS
from cnnlab.comparison.terms import settings as compared_settings
from cnnlab.comparison.trial import Trial
from cnnlab.config import GROUPS
from cnnlab.config.compose import compose
from cnnlab.config.engine import HydraEngine, start
from cnnlab.config.run import Run, read_parts
from cnnlab.config.table import RECORDS, affects_result, may_differ, names_arm, paths, traits
from cnnlab.config.top import Top
from cnnlab.data.sources import SOURCES
from cnnlab.experiment.facts import identity, variant
from cnnlab.settings import Settings
from cnnlab.sweep.grid import Grid, setting
from cnnlab.sweep.manifest import default_folder
from cnnlab.traits import NO_EFFECT, ORDINARY, Traits

LEAVES = [path for path in paths() if not any(other.startswith(f"{path}.") for other in paths())]
IDLE = [path for path in LEAVES if not affects_result(path) and not path.endswith(".kind")]  # which names the record
OTHERWISE = {
    "task": "lint",
    "name": "other",
    "from": "resnet18",
    "tags": "[x]",
    "logger.wandb.project": "p",
    "logger.wandb.entity": "e",
    "logger.wandb.mode": "offline",
    "logger.wandb.group": "g",
    "logger.wandb.name": "n",
    "logger.wandb.images": "3",
    "logger.wandb.artifact": "true",
    "logger.wandb.code": "true",
    "logger.tensorboard.images": "3",
    "logger.mlflow.uri": "u",
    "logger.mlflow.experiment": "x",
    "logger.trackio.project": "p",
    "logger.trackio.space": "me/space",
    "checkpoint.every": "10steps",
    "ckpt_path": "out/x",
    "accept": "code",
    "images": "a.png",
    "dir": "out",
    "key": "body.c1",
    "against": "model",
    "draw.depth": "2",
    "draw.theme": "dark",
    "format": "json",
    "jobs": "2",
    "retry": "failed",
    "timeout": "10m",
    "data.names": "[a,b,c,d,e,f,g,h,i,j]",
    "data.download": "false",
    "data.cache_dir": "cache",
    "trainer.progress": "false",
}
"""a value of each setting without an effect that is not its default"""


@pytest.fixture(scope="module")
def hydra() -> Iterator[HydraEngine]:
    yield start(CONF)
    GlobalHydra.instance().clear()


def run(hydra: HydraEngine, *words: str) -> Run:
    composed = compose(hydra.config_loader, "config", ["model=lenet", *words])
    parts, faults = read_parts(composed.config, reads_images=False)
    assert not [*composed.faults, *faults]
    return Run(**parts)


@pytest.fixture(scope="module")
def plain(hydra: HydraEngine) -> Run:
    """The run that others differ from in one setting."""
    return run(hydra)


def identity_of(run: Run) -> str:
    return identity(run, threads=1, precision="32", accelerator="cpu", data_digest="0" * 32)


def folder(*fixed: str) -> Path:
    return default_folder(Path("out"), Grid(("model=lenet", *fixed), (setting("model.norm", ["none", "batch"]),)))


@pytest.mark.parametrize("path", IDLE)
def test_a_setting_without_an_effect_makes_no_other_experiment_sweep_or_arm(
    hydra: HydraEngine, plain: Run, path: str
) -> None:
    word = f"{path}={OTHERWISE[path]}"
    assert identity_of(run(hydra, word)) == identity_of(plain)
    assert variant([word]) == variant([f"+{word}"]) == ""
    assert folder(word) == folder()
    assert not names_arm(path)
    assert may_differ(path)


def test_every_setting_without_an_effect_is_tried() -> None:
    assert list(OTHERWISE) == IDLE


DECIDED = {"data.size", "trainer.precision", "trainer.accelerator", "data.classes", "data.dir"}
"""settings whose `auto` is decided before they are hashed; one that all of a network hangs on; and the folder of the
images, which count by what they are"""
GROUPED = [path for path in LEAVES if path.split(".")[0] in ("data", "augment", "trainer") and path not in DECIDED]


@pytest.mark.filterwarnings("ignore:Pydantic serializer")
@pytest.mark.parametrize("path", GROUPED)
def test_a_setting_of_data_or_training_is_in_the_identity_if_it_affects_the_result(plain: Run, path: str) -> None:
    group, _, name = path.partition(".")
    record: Settings = getattr(plain, group)
    if name not in type(record).model_fields:  # of one source alone
        owner = next(source for source in SOURCES.known if name in source.model_fields)
        record = owner(shape=plain.data.shape, classes=plain.data.classes)
        plain = Run(**{**vars(plain), group: record})
    after = Run(**{**vars(plain), group: record.model_copy(update={name: changed(getattr(record, name))})})
    assert (identity_of(after) != identity_of(plain)) == affects_result(path)


def changed(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case tuple():
            return (*value, 1)
    return f"{value}x"


def test_the_file_of_a_group_and_what_is_inside_of_a_mapping_have_the_groups_traits() -> None:
    assert traits("logger").within(ORDINARY) == traits("logger.wandb.project") == traits("logger.own.anything")
    assert [variant([word]) for word in ("logger=wandb", "+logger@x=wandb", "hydra/launcher=joblib")] == ["", "", ""]
    assert may_differ("callbacks.early_stopping.patience")
    assert affects_result("callbacks.early_stopping.patience")


def test_a_setting_that_nothing_declares_affects_the_result() -> None:
    for path in ("optimizer.of_a_plugin", "model.body.c1.channels", "no_longer_there", "loss.gamma"):
        assert affects_result(path)
        assert names_arm(path)
        assert not may_differ(path)


def test_a_plugins_record_may_mark_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    from typing import Annotated

    class Loud(Settings):
        lr: float
        show: Annotated[bool, NO_EFFECT] = False

    monkeypatch.setitem(RECORDS, "optimizer", lambda: (Loud,))
    assert affects_result("optimizer.lr")
    assert not affects_result("optimizer.show")
    assert variant(["optimizer.lr=1", "optimizer.show=true"]) == "optimizer.lr=1"


def test_a_mark_adds_to_what_holds_for_the_whole_group() -> None:
    assert traits("model.freeze") == Traits(of_record=True, of_network=True, for_training=True)
    assert traits("trainer.progress") == Traits(of_record=True, affects_result=False)


def test_every_group_has_its_records_and_every_task_that_a_setting_names_is_one() -> None:
    assert list(RECORDS) == list(GROUPS)
    assert {task for path in paths() for task in traits(path).tasks} <= set(TASKS)
    names = [info.alias or name for name, info in Top.model_fields.items()]
    assert {name for name in names if traits(name) == ORDINARY} == {"blocks", "checkpoint"}
    assert not affects_result("checkpoint.every")
    assert affects_result("checkpoint.monitor")


def test_equal_terms_leave_out_what_runs_may_differ_in() -> None:
    config = {
        "seed": 1, "name": "a", "threads": 2, "data": {"dir": "x", "download": True, "batch_size": 8},
        "trainer": {"progress": True, "max_epochs": 3}, "callbacks": {"stop": {"patience": 3}}, "old_setting": 4,
    }  # fmt: skip
    trial = Trial(Path(), "a", {}, "1", "ok", config=config)
    assert compared_settings(trial) == {
        "threads": 2,
        "data.batch_size": 8,
        "trainer.max_epochs": 3,
        "old_setting": 4,
    }
