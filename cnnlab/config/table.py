"""The one table of settings: what is true of each by its dotted path, as the records that declare them say.

The law: what holds for a group, or for a setting that has others in it, holds for all in it; a setting's own mark adds
to that (`cnnlab.traits`). Where nothing is marked a setting affects the result: what nobody thought about makes another
experiment, rather than passing for the same one. So it is with settings of plugins, and with those of older records
that no class declares any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from pydantic.fields import FieldInfo

from cnnlab.config import GROUPS
from cnnlab.config.top import Top
from cnnlab.data.augmentation import AUGMENTATIONS, AugmentSettings
from cnnlab.data.sources import SOURCES
from cnnlab.network.spec import ModelSettings
from cnnlab.settings import Settings, records_in
from cnnlab.training.losses import LOSSES
from cnnlab.training.optimizers import OPTIMIZERS
from cnnlab.training.schedules import SCHEDULES
from cnnlab.training.settings import TrainerSettings
from cnnlab.traits import COMMAND, ORDINARY, Traits

RECORDS: dict[str, Callable[[], Iterable[type[Settings]]]] = {
    "model": lambda: (ModelSettings,),
    "data": lambda: SOURCES.known,
    "augment": lambda: (AugmentSettings,),
    "optimizer": lambda: OPTIMIZERS.known,
    "scheduler": lambda: SCHEDULES.known,
    "loss": lambda: LOSSES.known,
    "trainer": lambda: (TrainerSettings,),
    "callbacks": lambda: (),
}
"""the records that a group's settings may be read as"""
NAMED: dict[str, Callable[[], Iterable[type[Settings]]]] = {"augment": lambda: AUGMENTATIONS.known}
"""of groups that hold further records by names of the user's own: those that they may be"""
REGISTRIES = (SOURCES, AUGMENTATIONS, OPTIMIZERS, SCHEDULES, LOSSES)
Brought = tuple[tuple[type[Settings], ...], ...]

UNDECLARED = {"hydra": COMMAND, "study": COMMAND}
"""what the command line may name besides, and no record has: Hydra's own, and the choice of a study"""


def traits(path: str) -> Traits:
    """What is true of the setting at a dotted path.

    >>> traits("optimizer.lr").affects_result, traits("trainer.progress").affects_result, traits("images").tasks
    (True, False, ('predict', 'inspect'))
    """
    return _traits(path, _brought())


@lru_cache(maxsize=4096)
def _traits(path: str, _: Brought) -> Traits:
    inherited = ORDINARY
    for mark in _marks(path):
        inherited = mark.within(inherited)
    return inherited


def _brought() -> Brought:
    """The kinds that plugins have brought: the table is the same as long as these are."""
    return tuple(tuple(registry.brought.values()) for registry in REGISTRIES)


def _marks(path: str) -> Iterator[Traits]:
    """The marks on the way to a setting, the outermost first."""
    first, *rest = path.split(".")
    if first in UNDECLARED:
        yield UNDECLARED[first]
        return
    if first in GROUPS:
        yield GROUPS[first]
    records, names = (RECORDS[first](), rest) if first in GROUPS else ((Top,), [first, *rest])
    for place, name in enumerate(names):
        declared = [info for record in records if (info := _fields(record).get(name))]
        yield from (mark for info in declared for mark in info.metadata if isinstance(mark, Traits))
        records = [record for info in declared for record in records_in(info.annotation)]
        if not declared and not place and first in NAMED:
            records = NAMED[first]()


def _fields(record: type[Settings]) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in record.model_fields.items()}


def paths() -> tuple[str, ...]:
    """Every setting that a record declares, those of blocks aside, by its dotted path; what has others in it, too."""
    return _declared(_brought())


@lru_cache(maxsize=8)
def _declared(_: Brought) -> tuple[str, ...]:
    tops = [*_paths([Top], ""), *(path for group in GROUPS for path in _paths(RECORDS[group](), f"{group}."))]
    return tuple(dict.fromkeys(tops))


def _paths(records: Iterable[type[Settings]], above: str) -> Iterator[str]:
    for record in records:
        for name, info in _fields(record).items():
            yield f"{above}{name}"
            yield from _paths(records_in(info.annotation), f"{above}{name}.")


def affects_result(path: str) -> bool:
    """Whether runs that differ in a setting are different experiments."""
    return traits(path).affects_result


def names_arm(path: str) -> bool:
    """Whether runs of two sweeps that differ in a setting are different arms."""
    setting = traits(path)
    return setting.affects_result and setting.names_arm


def may_differ(path: str) -> bool:
    """Whether runs that differ in a setting are on equal terms, although nobody asked for the difference."""
    setting = traits(path)
    return setting.may_differ or not setting.affects_result
