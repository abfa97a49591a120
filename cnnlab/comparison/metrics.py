"""What can be compared: a number a run, named by a piece of text such as `test/acc` or `epochs to val/acc >= 0.8`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import fmean
from types import MappingProxyType
from typing import Any

from cnnlab.comparison.layers import WHAT, number
from cnnlab.comparison.trial import Trial
from cnnlab.errors import near
from cnnlab.metrics import METRICS, SHIPPED, names
from cnnlab.metrics.keys import DIVERGED, PER_CLASS, RESULT, ROW, KeyInfo
from cnnlab.metrics.metric import records
from cnnlab.tracking.reader import is_number

REDUCE: dict[str, Callable[[list[float]], float]] = {
    "mean": fmean,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
    "max": max,
    "min": min,
}

Known = Mapping[str, KeyInfo]
"""keys besides those of this package: what plugins' metrics and callbacks record"""
NOTHING: Known = MappingProxyType({})


@dataclass(frozen=True)
class Reading:
    """A run's number."""

    value: float
    censored: int = 0
    """1 where it is a lower bound (past the budget, above the grid), -1 where an upper one (below the grid)"""


@dataclass(frozen=True)
class Quantity:
    """A number a run: how it is read, how it is spoken of, and how it is compared."""

    text: str
    """as the claim has it, and in the record"""
    words: str
    read: Callable[[Trial], Reading | None]
    unit: str = ""
    """what differences are counted in; `points` are hundredths"""
    margin: float | None = None
    """the smallest difference that counts where the claim does not say"""
    better: int = 0
    """1 where more is better, -1 where less is"""
    exact: bool = False
    """a count, which seeds do not change"""
    resolution: float | None = None
    """the step between two values that can be told apart; None: to be found from the runs"""
    log: bool = False
    """compared as a ratio"""
    collapses: str | None = None
    """the factor over whose values one number is found"""
    threshold: tuple[Quantity, bool, float] | None = None
    """metric, whether at least or at most, and value: what is to be reached, where something is"""
    clock: str | None = None
    """the row's key that counts up to the target: a metric that is right-censored at the budget"""
    signed: bool = False
    """whether it may be below zero although it is counted in points"""
    quotient: bool = False
    """one number of a run over another: right-censored where the upper one is, and then at no budget that arms share"""

    @property
    def share(self) -> bool:
        """whether it lies between 0 and 1; differences of shares are points too"""
        return self.unit == "points" and not self.signed

    @property
    def factor(self) -> float:
        """what a value is multiplied with to be shown"""
        return 100.0 if self.unit == "points" else 1.0


def parse(text: str, *, target: float | None = None, ratio: bool = False, known: Known = NOTHING) -> Quantity:
    """The metric that `text` names; ValueError says what is wrong with it. `ratio`: compared as one."""
    text = " ".join(str(text).split())
    metric = _QuantityParser(target, known).parse(text)
    if ratio and not metric.log:
        metric = replace(metric, log=True, unit="", margin=1.1, resolution=0.0)
    return metric


def info_of(key: str, known: Known) -> KeyInfo:
    """How a recorded key is spoken of and compared: by this package's tables, by its metrics, by who recorded it."""
    own = [RESULT.get(key), ROW.get(key), *(metric.info(key) for metric in SHIPPED)]
    return next(filter(None, [*own, known.get(key), _of_several(key, known)]), KeyInfo(key))


def _of_several(key: str, known: Known) -> KeyInfo | None:
    """One of a metric's several numbers, `NAME/KEY`: what the metric says of itself holds for each."""
    name, _, which = key.rpartition("/")
    info = known.get(name)
    return info and replace(info, words=f"{info.words}: {which}")


@dataclass(frozen=True)
class _QuantityParser:
    """Reads texts; `target` is the study's."""

    target: float | None
    known: Known

    def parse(self, text: str) -> Quantity:
        if text == "diverged":
            info = DIVERGED
            return Quantity(text, info.words, _diverged, info.unit, better=info.better, resolution=info.resolution)
        if match := re.fullmatch(r"(epochs|steps|seconds) to target", text):
            if self.target is None:
                raise ValueError(f"{text!r} needs the study's target, a validation accuracy")
            text = f"{match[1]} to val/acc >= {self.target:g}"
        if match := re.fullmatch(r"(epochs|steps|seconds) to (\S+) ?(>=|<=) ?(\S+)", text):
            return self.to_target(text, match[1], match[2], match[3] == ">=", _number(match[4]))
        if match := re.fullmatch(r"largest (\S+) with (.+?) ?(>=|<=) ?(\S+)", text):
            reached = (self.of_a_run(match[2], "a threshold is held against"), match[3] == ">=", _number(match[4]))
            words = f"largest {match[1]} with {reached[0].words} {_sign(match[3])} {match[4]}"
            return Quantity(
                text, words, lambda _: None, margin=1.1, better=1, log=True, collapses=match[1], threshold=reached
            )
        if " / " in text:
            over, _, under = text.rpartition(" / ")
            return _ratio(text, *(self.of_a_run(part.strip(), "a quotient is made of") for part in (over, under)))
        if text.startswith("layer/"):
            return _layer(text)
        if text.startswith(tuple(PER_CLASS)):
            return _of_a_class(text)
        reduction, colon, key = text.partition(":")
        if colon:
            if reduction not in REDUCE or not key:
                raise ValueError(f"there is no reduction {reduction!r} of the epochs' rows{near(reduction, REDUCE)}")
            return self.of_rows(text, reduction, key)
        if not re.fullmatch(r"[\w./-]+", text):
            raise ValueError(
                f"{text!r} is no metric; examples: test/acc, 'epochs to val/acc >= 0.8', mean:train/loss, params"
            )
        return self.recorded(text)

    def of_a_run(self, text: str, use: str) -> Quantity:
        metric = self.parse(text)
        if metric.collapses:
            raise ValueError(f"{text!r} is no number of one run, which {use}")
        return metric

    def recorded(self, key: str) -> Quantity:
        info = info_of(key, self.known)
        return Quantity(
            key, info.words, _key(key, info.exact), info.unit, info.margin, info.better, info.exact, info.resolution,
            signed=info.signed,
        )  # fmt: skip

    def of_rows(self, text: str, reduction: str, key: str) -> Quantity:
        def read(trial: Trial) -> Reading | None:
            values = [float(row[key]) for row in trial.rows if is_number(row.get(key))]
            return Reading(REDUCE[reduction](values)) if values and trial.status == "ok" else None

        info = self.info_of_row(key)
        reduced = {"mean": "mean over epochs of", "first": "first epoch's", "last": "last epoch's"}
        words = f"{reduced.get(reduction, reduction)} {info.words}"
        return Quantity(text, words, read, info.unit, info.margin, info.better, signed=info.signed)

    def info_of_row(self, key: str) -> KeyInfo:
        return ROW.get(key) or info_of(key, self.known)

    def to_target(self, text: str, clock: str, key: str, at_least: bool, value: float) -> Quantity:
        sign = _sign(">=" if at_least else "<=")
        info = self.info_of_row(key)
        words = f"{clock} to {info.words.replace('val/acc', 'validation accuracy')} {sign} {value:g}"
        resolution = {"epochs": 1.0, "seconds": 0.0}.get(clock)
        margin, unit = 1.0 if clock == "epochs" else None, "s" if clock == "seconds" else clock
        reached = (self.recorded(key), at_least, value)
        read = _first_epoch(clock, key, at_least, value)
        return Quantity(text, words, read, unit, margin, -1, resolution=resolution, threshold=reached, clock=clock)


def unknown(metric: str, measured: Iterable[Any], known: Known = NOTHING, logs: bool = False) -> str | None:
    """What is wrong with a recorded key that no run writes unless asked, as a sentence's end; None if nothing is.

    `measured` are the metrics that the runs measure, as a study lists them; `logs` says whether callbacks may log
    others.
    """
    asked = set(names(measured))
    if " / " in metric:
        parts = (unknown(part, measured, known, logs) for part in metric.split(" / "))
        return next(filter(None, parts), None)
    for key in re.findall(r"[\w.]+/[\w.]+|\b[a-z_]+\b", metric.partition(" with ")[2] or metric):
        if (name := _measured_by(key)) and name not in asked and key not in known:
            return f"{key} is measured only where the study's metrics name {name}"
    plain = re.fullmatch(r"[\w./-]+", metric)
    own = tuple(f"{name}/" for name in asked)
    recorded = metric in (*RESULT, *known, *asked, "diverged") or metric.startswith(("layer/", *PER_CLASS, *own))
    if plain and not recorded and not _measured_by(metric):
        return f"no run records {metric!r}{near(metric, [*RESULT, 'diverged', *_described(), *known])}"
    if match := re.match(r"(?:epochs|steps|seconds) to (\S+) ?[<>]|\w+:(\S+)$", metric):
        key = match[1] or match[2]
        if not (logs or key in (*ROW, *known, *asked) or key.startswith(own) or _measured_by(key)):
            return f"no epoch records {key!r}{near(key, [*ROW, *known])}"
    return None


def _measured_by(key: str) -> str | None:
    """The metric that records a key where a run is asked for it."""
    if key in RESULT or key in ROW:
        return None
    return next((name for name, cls in METRICS.items() if records(cls, key)), None)


def _described() -> list[str]:
    return [key for metric in SHIPPED for key in metric.keys()]  # noqa: SIM118


def _key(key: str, exact: bool) -> Callable[[Trial], Reading | None]:
    def read(trial: Trial) -> Reading | None:
        if trial.status != "ok" and not exact:
            return None  # the number of a run that did not end well is not comparable, whatever it wrote
        value = trial.result.get(key)
        if value is None and key in ("params", "macs"):
            value = trial.network.get(key)
        return Reading(float(value)) if is_number(value) else None

    return read


def _diverged(trial: Trial) -> Reading | None:
    return Reading(float(trial.status == "diverged")) if trial.status in ("ok", "diverged") else None


def _first_epoch(clock: str, key: str, at_least: bool, value: float) -> Callable[[Trial], Reading | None]:
    """What the clock shows after the first epoch whose `key` is at least, or at most, `value`; censored where none."""

    def read(trial: Trial) -> Reading | None:
        spent = 0.0
        for row in trial.rows:
            spent += float(row["seconds"]) if is_number(row.get("seconds")) else 0.0
            now = {"epochs": row["epoch"], "steps": row.get("step"), "seconds": spent}[clock]
            if is_number(row.get(key)) and (row[key] >= value if at_least else row[key] <= value):
                return Reading(float(now)) if trial.status in ("ok", "diverged") and is_number(now) else None
        if trial.status == "ok" and trial.rows:
            now = {"epochs": trial.rows[-1]["epoch"], "steps": trial.rows[-1].get("step"), "seconds": spent}[clock]
            return Reading(float(now), censored=1) if is_number(now) else None
        if trial.status == "diverged" and clock == "epochs" and is_number(trial.setting("trainer.max_epochs")):
            return Reading(float(trial.setting("trainer.max_epochs")), censored=1)  # it never would have
        return None

    return read


def _ratio(text: str, over: Quantity, under: Quantity) -> Quantity:
    if under.clock:  # the quotient would lie below what is counted, where every other number not seen lies above it
        raise ValueError(f"{text!r} divides by what a run may never reach; turn it round: '{under.text} / {over.text}'")

    def read(trial: Trial) -> Reading | None:
        above, below = over.read(trial), under.read(trial)
        if above is None or below is None or not below.value:
            return None
        return Reading(above.value / below.value, above.censored)

    exact = over.exact and under.exact
    return Quantity(text, f"{over.words} over {under.words}", read, exact=exact, resolution=0.0, quotient=True)


def _layer(text: str) -> Quantity:
    name, _, what = text.removeprefix("layer/").rpartition("/")
    if what not in WHAT or not name:
        raise ValueError(f"{text!r} should be layer/NAME/WHAT{near(what, WHAT)}")

    def read(trial: Trial) -> Reading | None:
        value = number(trial.network, name, what)
        return Reading(float(value)) if is_number(value) else None

    unit = "points" if what == "share" else ""
    words = f"{name}'s {what.replace('_', ' ').replace('params', 'parameters').replace('macs', 'multiply-adds')}"
    return Quantity(text, words, read, unit, exact=True, resolution=0.0)


def _of_a_class(text: str) -> Quantity:
    """One class's number, which result.json keeps in a mapping by its name: any text, also with spaces."""
    begin = next(begin for begin in PER_CLASS if text.startswith(begin))
    mapping, name, info = begin.rstrip("/"), text.removeprefix(begin), PER_CLASS[begin]

    def read(trial: Trial) -> Reading | None:
        values = trial.result.get(mapping)
        value = values.get(name) if trial.status == "ok" and isinstance(values, Mapping) else None
        return Reading(float(value)) if is_number(value) else None

    return Quantity(text, f"{info.words} {name}", read, info.unit, info.margin, info.better)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no number to reach")
    return value


def _sign(sign: str) -> str:
    return {">=": "≥", "<=": "≤"}[sign]
