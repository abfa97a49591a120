"""What a sweep compares: factors with their levels, and the cells that all combinations make."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from cnnlab.errors import Fault, UserError
from cnnlab.override import Override

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override as HydraOverride

    from cnnlab.config.engine import Loader

SEED = "seed"
MOST_JOBS = 10_000
"""of a sweep; a year's work of one processor if each takes an hour"""


def trains(study: Mapping[str, Any] | None) -> bool:
    """Whether a sweep's jobs are trained; those of a study may be there to be counted alone."""
    return (study or {}).get("train", True)


@dataclass(frozen=True)
class Level:
    """One value of a factor: what it is called, and the overrides that it stands for."""

    label: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Factor:
    """What is swept: a setting, or a name for several that change together."""

    name: str
    levels: tuple[Level, ...]


def setting(name: str, values: Iterable[str]) -> Factor:
    """A factor that is one setting.

    >>> setting("model.norm", ["none", "batch"]).levels[1]
    Level(label='batch', words=('model.norm=batch',))
    """
    return Factor(name, tuple(Level(value, (f"{name}={value}",)) for value in dict.fromkeys(values)))


@dataclass(frozen=True)
class Cell:
    """One job: the labels of its levels, and its overrides."""

    labels: dict[str, str]
    words: list[str]

    @property
    def is_plainly_seeded(self) -> bool:
        """Whether its seed is swept, and a number like any other."""
        return re.fullmatch(r"\d+", self.labels.get(SEED, "")) is not None

    @property
    def apart_from_seed(self) -> tuple[str, ...]:
        return tuple(word for word in self.words if Override.read(word).key != SEED)


@dataclass(frozen=True)
class Grid:
    """Overrides that all jobs share, and factors, crossed."""

    fixed: tuple[str, ...]
    factors: tuple[Factor, ...]
    study: dict[str, Any] | None = field(default=None)
    looks: tuple[int, ...] = ()
    """numbers of seeds after which it is looked at, where they were declared"""

    def cells(self) -> Iterator[Cell]:
        """All arms of the first seed, then all of the next: what is there early can be compared."""
        seeds = [factor for factor in self.factors if factor.name == SEED]
        rest = [factor for factor in self.factors if factor.name != SEED]
        for levels in product(*(factor.levels for factor in (*seeds, *rest))):
            names = (factor.name for factor in (*seeds, *rest))
            labels = dict(zip(names, (level.label for level in levels), strict=True))
            ordered = {factor.name: labels[factor.name] for factor in (*rest, *seeds)}
            words = [word for level in (*levels[len(seeds) :], *levels[: len(seeds)]) for word in level.words]
            yield Cell(ordered, [*self.fixed, *words])

    def samples(self) -> Iterator[Cell]:
        """Each level once, beside the others' first ones: cells of a grid that is too large for all of them."""
        firsts = [Factor(factor.name, factor.levels[:1]) for factor in self.factors]
        for place, factor in enumerate(self.factors):
            for level in factor.levels:
                alone = (*firsts[:place], Factor(factor.name, (level,)), *firsts[place + 1 :])
                yield from replace(self, factors=alone).cells()


@dataclass(frozen=True)
class TypedOverrides:
    """The overrides of a command line: those with one value, and those that are swept."""

    fixed: tuple[str, ...]
    swept: tuple[Factor, ...]
    each: tuple[tuple[str, str], ...]
    """`each(…).setting` and its value: factors too, once the network is known"""
    faults: tuple[Fault, ...] = ()
    """sweeps that cannot be written out; they are left out"""


def read_words(loader: Loader, words: list[str]) -> TypedOverrides:
    """Tell the overrides apart; those that do not parse stand among the fixed ones, for composing will say why."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parser = OverridesParser.create(config_loader=loader)
    fixed, swept, each, faults = [], [], [], []
    for text in words:
        if text.startswith("each("):
            word = Override.read(text)
            each.append((word.key, word.value or ""))
            continue
        try:
            (override,) = parser.parse_overrides([text])
        except HydraException:
            fixed.append(text)
            continue
        if override.is_sweep_override() and override.is_discrete_sweep():
            try:
                _check_range(override)
                swept.append(_swept(override, text))
            except UserError as error:
                faults += error.faults
        else:
            fixed.append(text)
    return TypedOverrides(tuple(fixed), tuple(swept), tuple(each), tuple(faults))


def _swept(override: HydraOverride, text: str) -> Factor:
    """UserError for values that Hydra cannot write out, such as a sort of words and numbers, or a sweep in a sweep."""
    from omegaconf.errors import OmegaConfBaseException

    name = override.get_key_element()
    try:
        return setting(name, map(str, override.sweep_string_iterator()))
    except (TypeError, ValueError, OmegaConfBaseException):
        message = f"{Override.read(text).value} is no list of values; write them with commas between them"
        raise UserError(Fault(name, message)) from None


def _check_range(override: HydraOverride) -> None:
    """UserError for a range too long to be written out."""
    from hydra.core.override_parser.types import RangeSweep

    value = override.value()
    if isinstance(value, RangeSweep):
        start, stop, step = (float(number or 0) for number in (value.start, value.stop, value.step))
        if not step or not abs(stop - start) / abs(step) <= MOST_JOBS:
            raise UserError(Fault(override.get_key_element(), f"is a range of more than {MOST_JOBS:,} values"))


def wrong_size(factors: Iterable[Factor]) -> list[Fault]:
    """Whether they make more jobs than anybody will wait for."""
    count = prod(len(factor.levels) for factor in factors)
    return [Fault("", f"this makes {count:,} jobs; {MOST_JOBS:,} are the most")] if count > MOST_JOBS else []


def wrong_names(factors: Iterable[Factor]) -> list[Fault]:
    """Names that two factors have."""
    twice = [name for name, count in Counter(factor.name for factor in factors).items() if count > 1]
    return [Fault(name, "is swept twice; write all of its values in one place") for name in twice]
