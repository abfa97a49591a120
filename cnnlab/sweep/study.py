"""A study: a question, with what it holds fixed, varies, measures and claims; and the grid that it makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from cnnlab.errors import Fault, UserError
from cnnlab.metrics import Metrics, plain
from cnnlab.override import keys
from cnnlab.settings import Count, Flag, Fraction, Natural, Positive, Settings
from cnnlab.sweep.each import ModelComposer, each, is_each, no_model
from cnnlab.sweep.grid import MOST_JOBS, SEED, Factor, Grid, Level, setting
from cnnlab.yaml_form import for_override

SIZES = ("cpu", "full")


def _mapping(value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        raise ValueError("should be a mapping of settings, NAME: VALUE")
    return value


def _seeds(value: Any) -> Any:
    if type(value) is int and 1 <= value <= MOST_JOBS:
        return tuple(range(value))
    if isinstance(value, list) and value and all(type(seed) is int and seed >= 0 for seed in value):
        return tuple(dict.fromkeys(value))
    raise ValueError(f"should be a number of seeds (at most {MOST_JOBS:,}), or a list of them")


Base = Annotated[dict[str, Any], BeforeValidator(_mapping)]
Factors = Annotated[dict[str, Any], BeforeValidator(_mapping)]
Seeds = Annotated[tuple[Natural, ...], BeforeValidator(_seeds, json_schema_input_type=Count | list[Natural])]


class Full(Settings):
    """What is different at `study.size=full`."""

    base: Base | None = None
    """settings put in place of the small size's, or beside them"""
    factors: Factors | None = None
    """in place of the small size's"""
    seeds: Seeds | None = None
    """in place of the small size's"""
    target: Fraction | None = None
    """in place of the small size's"""


class Study(Settings):
    """The file's content."""

    question: str
    """what is asked"""
    source: str | None = None
    """who claims it"""
    base: Base
    """settings of all jobs"""
    factors: Factors
    """what is varied: a setting with its values, or a name with arms, each some settings"""
    seeds: Seeds = (0, 1, 2, 3, 4)
    """a number of them, or a list"""
    tuned: tuple[str, ...] = ()
    """factors that are a grid to tune each arm on, judged on validation"""
    metrics: Metrics = ()
    """what runs measure besides"""
    target: Fraction | None = None
    """validation accuracy, the time to which is compared"""
    claims: Any = None
    """what is to be supported or refuted"""
    margin: Positive | None = None
    """the smallest difference that counts, of shares"""
    alpha: Annotated[float, Field(gt=0, lt=0.5)] | None = None
    """the chance of a wrong verdict among all claims together"""
    show: tuple[str, ...] = ()
    """metrics to plot besides those of the claims"""
    control: str | None = None
    """what must come out, or the study could not have seen the rest"""
    train: Flag = True
    """false: only what can be counted without training"""
    full: Full | None = None
    """what is different at study.size=full"""


def grid(
    name: str,
    study: Study,
    size: str,
    words: Sequence[str] = (),
    swept: Sequence[Factor] = (),
    model: ModelComposer = no_model,
) -> tuple[Grid, dict[str, tuple[Fault, ...]]]:
    """What the study compares at a size; `words` and `swept` are the command line's, which has the last word.

    `model` composes the network that overrides make. Beside it the factors that cannot be made of it, and why.
    """
    full = study.full if size == "full" and study.full else Full()
    base = {**study.base, **(full.base or {})}
    if study.metrics:
        base["metrics"] = plain(study.metrics)
    fixed = [*(f"{key}={for_override(value)}" for key, value in base.items()), *words]
    seeds = setting(SEED, map(str, full.seeds or (study.seeds if study.train else study.seeds[:1])))
    typed = {swept_factor.name: swept_factor for swept_factor in swept}
    single = keys(words)
    own, lost = [], {}
    for key, levels in (full.factors or study.factors).items():
        try:
            own.append(factor(key, levels, fixed, model))
        except UserError as error:
            lost[key] = error.faults
    factors = [typed.pop(own_factor.name, own_factor) for own_factor in (*own, seeds) if own_factor.name not in single]
    described = study.model_dump(mode="json", exclude={"base", "factors", "seeds", "full"})
    described |= {
        "name": name,
        "size": size,
        "metrics": plain(study.metrics),
        "claims": study.claims or [],
        "target": full.target or study.target,
    }
    return Grid(tuple(fixed), (*factors, *typed.values()), described), lost


def factor(name: str, levels: Any, fixed: Sequence[str] = (), model: ModelComposer = no_model) -> Factor:
    """A factor from its entry in the file.

    >>> factor("optimizer.lr", [0.1]).levels, factor("pool", {"max": {"model.kinds.conv": None}}).levels
    ((Level(label='0.1', words=('optimizer.lr=0.1',)),), (Level(label='max', words=('model.kinds.conv=null',)),))
    """
    if is_each(name):
        return each(name, for_override(levels), model(fixed))
    if isinstance(levels, dict):
        arms = {
            str(label): tuple(f"{key}={for_override(value)}" for key, value in (settings or {}).items())
            for label, settings in levels.items()
        }
        return Factor(name, tuple(Level(label, words) for label, words in arms.items()))
    return setting(name, (for_override(value) for value in levels))
