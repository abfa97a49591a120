"""What can be compared: a number a run, named by a piece of text such as `test/acc` or `epochs to val/acc >= 0.8`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from statistics import fmean

from cnnlab.compare.layers import WHAT, number
from cnnlab.compare.trial import Trial, is_number
from cnnlab.errors import near

RECORDED = (
    *("test/acc", "test/loss", "best/val_acc", "best/epoch", "seconds", "images_per_second", "peak_memory_mb"),
    *("peak_gpu_memory_mb", "params", "params_aux", "macs"),
)
"""what every run's result has"""

ROWS = ("train/loss", "train/acc", "val/loss", "val/acc", "lr", "step", "seconds", "images_per_second", "epoch")
"""what every epoch's row has"""

MEASURED = {"shift": "shift/", "gap": "gap/", "gradients": "grad/ update/"}
"""what a run measures only if asked -> the beginnings of the keys it is recorded under"""

REDUCE: dict[str, Callable[[list[float]], float]] = {
    "mean": fmean,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
    "max": max,
    "min": min,
}

_WORDS = {
    "test/acc": "test accuracy",
    "test/loss": "test loss",
    "best/val_acc": "validation accuracy",
    "best/epoch": "best epoch",
    "gap/acc": "gap between training and test accuracy",
    "gap/train_acc": "training accuracy",
    "images_per_second": "images a second",
    "peak_memory_mb": "peak memory",
    "peak_gpu_memory_mb": "peak GPU memory",
    "params": "parameters",
    "params_aux": "parameters of auxiliary heads",
    "macs": "multiply-adds",
    "seconds": "seconds",
    "diverged": "share of runs that diverged",
    "grad/first_to_last": "gradient of the first block over the last's",
    "update/first_to_last": "update of the first block over the last's",
}


@dataclass(frozen=True)
class Reading:
    """A run's number."""

    value: float
    censored: int = 0
    """1 where it is a lower bound (past the budget, above the grid), -1 where an upper one (below the grid)"""


@dataclass(frozen=True)
class Metric:
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
    threshold: tuple[Metric, bool, float] | None = None
    """metric, whether at least or at most, and value: what is to be reached, where something is"""
    clock: str | None = None
    """the row's key that counts up to the target: a metric that is right-censored at the budget"""
    quotient: bool = False
    """one number of a run over another: right-censored where the upper one is, and then at no budget that arms share"""

    @property
    def share(self) -> bool:
        """whether it lies between 0 and 1; differences of shares are points too"""
        return self.unit == "points" and "gap/acc" not in self.text

    @property
    def factor(self) -> float:
        """what a value is multiplied with to be shown"""
        return 100.0 if self.unit == "points" else 1.0


def parse(text: str, *, target: float | None = None, ratio: bool = False) -> Metric:
    """The metric that `text` names; ValueError says what is wrong with it. `ratio`: compared as one."""
    text = " ".join(str(text).split())
    metric = _parsed(text, target)
    if ratio and not metric.log:
        metric = replace(metric, log=True, unit="", margin=1.1, resolution=0.0)
    return metric


def _parsed(text: str, target: float | None) -> Metric:
    if text == "diverged":
        return Metric(text, _WORDS[text], _diverged, unit="points", better=-1, resolution=0.0)
    if match := re.fullmatch(r"(epochs|steps|seconds) to target", text):
        if target is None:
            raise ValueError(f"{text!r} needs the study's target, a validation accuracy")
        text = f"{match[1]} to val/acc >= {target:g}"
    if match := re.fullmatch(r"(epochs|steps|seconds) to (\S+) ?(>=|<=) ?(\S+)", text):
        return _to_target(text, match[1], match[2], match[3] == ">=", _number(match[4]))
    if match := re.fullmatch(r"largest (\S+) with (.+?) ?(>=|<=) ?(\S+)", text):
        reached = (_of_a_run(match[2], target, "a threshold is held against"), match[3] == ">=", _number(match[4]))
        words = f"largest {match[1]} with {reached[0].words} {_sign(match[3])} {match[4]}"
        return Metric(
            text, words, lambda _: None, margin=1.1, better=1, log=True, collapses=match[1], threshold=reached
        )
    if " / " in text:
        over, _, under = text.rpartition(" / ")
        parts = (_of_a_run(part.strip(), target, "a quotient is made of") for part in (over, under))
        return _ratio(text, *parts)
    if text.startswith("layer/"):
        return _layer(text)
    reduction, colon, key = text.partition(":")
    if colon:
        if reduction not in REDUCE or not key:
            raise ValueError(f"there is no reduction {reduction!r} of the epochs' rows{near(reduction, REDUCE)}")
        return _of_rows(text, reduction, key)
    if not re.fullmatch(r"[\w./-]+", text):
        raise ValueError(
            f"{text!r} is no metric; examples: test/acc, 'epochs to val/acc >= 0.8', mean:train/loss, params"
        )
    return _recorded(text)


def _of_a_run(text: str, target: float | None, use: str) -> Metric:
    metric = _parsed(text, target)
    if metric.collapses:
        raise ValueError(f"{text!r} is no number of one run, which {use}")
    return metric


def unknown(metric: str, measured: Iterable[str]) -> str | None:
    """What is wrong with a recorded key that no run writes unless asked, as a sentence's end; None if nothing is."""
    measured = set(measured)
    if " / " in metric:
        return next(filter(None, (unknown(part, measured) for part in metric.split(" / "))), None)
    for key in re.findall(r"[\w.]+/[\w.]+|\b[a-z_]+\b", metric.partition(" with ")[2] or metric):
        for name, starts in MEASURED.items():
            if key.startswith(tuple(starts.split())) and name not in measured:
                return f"{key} is measured only where the study's metrics name {name}"
    plain = re.fullmatch(r"[\w./-]+", metric)
    known = (*RECORDED, "diverged")
    families = tuple(start for starts in MEASURED.values() for start in starts.split())
    if plain and metric not in known and not metric.startswith(("layer/", *families)):
        return f"no run records {metric!r}{near(metric, dict.fromkeys([*known, *_WORDS]))}"
    if match := re.match(r"(?:epochs|steps|seconds) to (\S+) ?[<>]|\w+:(\S+)$", metric):
        key = match[1] or match[2]
        if key not in ROWS and not key.startswith(families):
            return f"no epoch records {key!r}{near(key, ROWS)}"
    return None


def _recorded(key: str) -> Metric:
    share = _is_share(key)
    exact = key in ("params", "params_aux", "macs")
    better = 1 if key.endswith(("/acc", "_acc", "images_per_second")) or "agree" in key else 0
    if key.startswith("gap/acc") or key.endswith(("/loss", "memory_mb")) or key == "seconds" or exact:
        better = -1
    unit = "points" if share else "MiB" if key.endswith("memory_mb") else ""
    unit = {"seconds": "s", "best/epoch": "epochs"}.get(key, unit)
    margin = 0.01 if share else 1.0 if key == "best/epoch" else None
    resolution = 1.0 if key == "best/epoch" or exact else None
    return Metric(key, _said(key), _key(key), unit, margin, better, exact, resolution)


def _is_share(key: str) -> bool:
    return key.endswith(("/acc", "_acc")) or bool(re.match(r"shift/(acc|agree)", key))


def _said(key: str) -> str:
    if match := re.fullmatch(r"shift/(acc|agree)_(\d+)", key):
        pixels = f"{match[2]} pixel{'s' if match[2] != '1' else ''}"
        what = "test accuracy" if match[1] == "acc" else "share of predictions that stay"
        return f"{what} when images move by {pixels}"
    return _WORDS.get(key, key)


def _key(key: str) -> Callable[[Trial], Reading | None]:
    def read(trial: Trial) -> Reading | None:
        if trial.status != "ok" and key not in ("params", "params_aux", "macs"):
            return None  # the number of a run that did not end well is not comparable, whatever it wrote
        value = trial.result.get(key)
        if value is None and key in ("params", "macs"):
            value = trial.network.get(key)
        return Reading(float(value)) if is_number(value) else None

    return read


def _diverged(trial: Trial) -> Reading | None:
    return Reading(float(trial.status == "diverged")) if trial.status in ("ok", "diverged") else None


def _of_rows(text: str, reduction: str, key: str) -> Metric:
    def read(trial: Trial) -> Reading | None:
        values = [float(row[key]) for row in trial.rows if is_number(row.get(key))]
        return Reading(REDUCE[reduction](values)) if values and trial.status == "ok" else None

    said = {"mean": "mean over epochs of", "first": "first epoch's", "last": "last epoch's"}.get(reduction, reduction)
    share, better = _is_share(key), _recorded(key).better
    return Metric(text, f"{said} {_said(key)}", read, "points" if share else "", 0.01 if share else None, better)


def _to_target(text: str, clock: str, key: str, at_least: bool, value: float) -> Metric:
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

    sign = ">=" if at_least else "<="
    words = f"{clock} to {_said(key).replace('val/acc', 'validation accuracy')} {_sign(sign)} {value:g}"
    resolution = {"epochs": 1.0, "seconds": 0.0}.get(clock)
    reached = (_recorded(key), at_least, value)
    margin = 1.0 if clock == "epochs" else None
    unit = "s" if clock == "seconds" else clock
    return Metric(text, words, read, unit, margin, -1, resolution=resolution, threshold=reached, clock=clock)


def _ratio(text: str, over: Metric, under: Metric) -> Metric:
    if under.clock:  # the quotient would lie below what is counted, where every other number not seen lies above it
        raise ValueError(f"{text!r} divides by what a run may never reach; turn it round: '{under.text} / {over.text}'")

    def read(trial: Trial) -> Reading | None:
        above, below = over.read(trial), under.read(trial)
        if above is None or below is None or not below.value:
            return None
        return Reading(above.value / below.value, above.censored)

    exact = over.exact and under.exact
    return Metric(text, f"{over.words} over {under.words}", read, exact=exact, resolution=0.0, quotient=True)


def _layer(text: str) -> Metric:
    name, _, what = text.removeprefix("layer/").rpartition("/")
    if what not in WHAT or not name:
        raise ValueError(f"{text!r} should be layer/NAME/WHAT{near(what, WHAT)}")

    def read(trial: Trial) -> Reading | None:
        value = number(trial.network, name, what)
        return Reading(float(value)) if is_number(value) else None

    unit = "points" if what == "share" else ""
    words = f"{name}'s {what.replace('_', ' ').replace('params', 'parameters').replace('macs', 'multiply-adds')}"
    return Metric(text, words, read, unit, exact=True, resolution=0.0)


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
