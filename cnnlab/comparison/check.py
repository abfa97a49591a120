"""A study's claims, checked against what its sweep varies and measures before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnnlab.comparison.claims import Claim, JudgedStudy, margin_of, spelt
from cnnlab.comparison.layers import Network, lacking
from cnnlab.comparison.metrics import NOTHING, Known, parse, unknown
from cnnlab.errors import Fault, FaultKind, meant
from cnnlab.settings import read, shown

Arms = Sequence[tuple[Mapping[str, str], Network]]
"""each arm's labels, and its network on paper, as network.json will have it"""


def not_varied(path: str, factor: str, factors: Iterable[str]) -> Fault:
    """The fault of something at `path` that names a factor which the sweep does not have."""
    return Fault.unknown(FaultKind.NOT_VARIED, path, f"{factor!r} is not varied here", factor, factors)


def claim_faults(
    claims: Any,
    keys: Mapping[str, Sequence[str]],
    metrics: Iterable[Any] = (),
    path: str = "claims",
    *,
    margin: float | None = None,
    target: float | None = None,
    arms: Arms = (),
    known: Known = NOTHING,
    logs: bool = False,
) -> list[Fault]:
    """Everything wrong with a study's claims, given what its sweep varies and what its runs measure.

    In `keys` a factor whose values are not known has none. `arms` are those whose networks are known: a claim about a
    block needs it in each arm that it is about.
    """
    if not isinstance(claims, list | tuple):
        return [Fault(path, f"should be a list of claims, not {shown(claims)}")]
    faults, metrics = [], tuple(metrics)
    for number, raw in enumerate(claims):
        claim_path = f"{path}[{number}]"
        claim, wrong = read(Claim, raw, claim_path, "a claim")
        claim, left_out = (claim, set()) if claim else _sound(raw, wrong, claim_path)
        faults += wrong
        if claim:
            misfits = _misfits(claim, keys, _Measured(metrics, known, logs), claim_path, margin, target)
            faults += [fault for fault in misfits if not _follows(fault, left_out, claim_path)]
            if not misfits and not left_out:
                faults += _without_block(claim, keys, arms, claim_path)
    return faults


def _sound(raw: Any, wrong: Iterable[Fault], path: str) -> tuple[Claim | None, set[str]]:
    """A claim without its settings that are at fault, and these."""
    if not isinstance(raw, dict):
        return None, set()
    names = {fault.path.removeprefix(f"{path}.").split(".")[0] for fault in wrong}
    claim, _ = read(Claim, {key: value for key, value in raw.items() if str(key) not in names}, path, "a claim")
    return claim, {meant(name, list(Claim.model_fields)) or name for name in names}


FOLLOW = {"factor": ("arm", "reference"), "reference": ("arm",), "value": ("factor",), "scale": ("margin", "value")}
"""a setting of a claim -> others that are judged by it"""


def _follows(fault: Fault, left_out: Iterable[str], path: str) -> bool:
    """Whether a fault may be one only because other settings of its claim are left out."""
    about = {name for setting in left_out for name in (setting, *FOLLOW.get(setting, ()))}
    return fault.path.removeprefix(f"{path}.").split(".")[0] in about


def show_faults(
    show: Iterable[str],
    metrics: Iterable[Any] = (),
    path: str = "show",
    *,
    target: float | None = None,
    arms: Arms = (),
    known: Known = NOTHING,
    logs: bool = False,
) -> list[Fault]:
    """What is wrong with the metrics to plot besides: an arm that has none is left out, but one has to have it."""
    faults, metrics = [], tuple(metrics)
    for number, text in enumerate(show):
        try:
            reason = unknown(parse(text, target=target, known=known).text, metrics, known, logs)
        except ValueError as error:
            reason = str(error)
        lacks = [lacking(text, network) for _, network in arms]
        if reason := reason or (lacks[0] if lacks and all(lacks) else None):
            faults.append(Fault(f"{path}[{number}]", reason))
    return faults


def read_study(
    raw: Any, keys: Mapping[str, Sequence[str]], path: str = "study", *, known: Known = NOTHING, logs: bool = False
) -> tuple[JudgedStudy, list[Fault]]:
    """The study and its faults. A claim that is at fault is left out; the others are still judged."""
    raw = dict(raw) if isinstance(raw, Mapping) else {}
    claims, metrics = raw.pop("claims", None) or (), raw.pop("metrics", None) or ()
    sound_settings = {key: value for key, value in raw.items() if key in JudgedStudy.model_fields and value is not None}
    faults: list[Fault] = []
    for key in list(sound_settings):
        _, wrong = read(JudgedStudy, {key: sound_settings[key]}, path, "a study")
        faults += wrong
        if wrong:
            del sound_settings[key]
    study = JudgedStudy.model_validate(sound_settings)
    metrics = metrics if isinstance(metrics, list | tuple) else ()
    sound = []
    for number, claim in enumerate(claims if isinstance(claims, list | tuple) else [claims]):
        wrong = claim_faults(
            [claim], keys, metrics, f"{path}.claims", margin=study.margin, target=study.target, known=known, logs=logs
        )
        faults += [replace(fault, path=fault.path.replace("claims[0]", f"claims[{number}]", 1)) for fault in wrong]
        if not wrong:
            sound.append(Claim.model_validate(claim))
    return study.model_copy(update={"claims": tuple(sound)}), faults


@dataclass(frozen=True)
class _Measured:
    """What a study's runs measure besides, keys known to be recorded, and whether callbacks may log others."""

    metrics: Sequence[Any]
    known: Known
    logs: bool


def _misfits(
    claim: Claim,
    keys: Mapping[str, Sequence[str]],
    measured: _Measured,
    path: str,
    margin: float | None,
    target: float | None,
) -> list[Fault]:
    faults = [*_metric_faults(claim, measured, path, margin, target), *_arm_faults(claim, keys, path)]
    if (over := _collapsed(claim)) and over not in keys:
        faults.append(not_varied(f"{path}.metric", over, (key for key in keys if key != "seed")))
    for key, value in claim.where.items():
        faults += _value_faults(key, (value,), keys, f"{path}.where.{key}")
        if claim.factor and key in claim.factor:
            faults.append(Fault(f"{path}.where.{key}", "is the claim's own factor; it cannot be held at one value too"))
    return faults


def _collapsed(claim: Claim) -> str | None:
    try:
        return claim.measure(0.0).collapses
    except ValueError:
        return None


def _metric_faults(claim: Claim, measured: _Measured, path: str, margin: float | None, target: float | None):
    try:
        metric = claim.measure(target, measured.known)
    except ValueError as error:
        return [Fault(f"{path}.metric", str(error))]
    if reason := unknown(claim.metric, measured.metrics, measured.known, measured.logs):
        return [Fault(f"{path}.metric", reason)]
    if metric.text == "diverged":
        return list(_rate_faults(claim, path))
    if metric.exact:
        return []
    faults = []
    if margin_of(claim, metric, margin) is None:
        message = f"{claim.metric} has no margin that goes without saying: the smallest difference that counts"
        faults.append(Fault(f"{path}.margin", message))
    if metric.log and claim.margin is not None and claim.margin <= 1:
        faults.append(Fault(f"{path}.margin", f"is a ratio here and should be above 1, not {claim.margin:g}"))
    if metric.log and claim.value is not None and claim.value <= 0:
        faults.append(Fault(f"{path}.value", f"is compared as a ratio and should be above 0, not {claim.value:g}"))
    return faults


def _rate_faults(claim: Claim, path: str) -> Iterator[Fault]:
    if claim.value is not None and not 0 <= claim.value <= 1:
        yield Fault(f"{path}.value", f"is a share of runs here and should be from 0 to 1, not {claim.value:g}")
    if claim.scale == "log":
        yield Fault(f"{path}.scale", "should be linear: shares of runs that diverged are not compared as a ratio")
    if claim.margin is not None:
        yield Fault(f"{path}.margin", "says nothing here: shares of runs that diverged are tested for any difference")


def _arm_faults(claim: Claim, keys: Mapping[str, Sequence[str]], path: str) -> list[Fault]:
    if claim.factor is None:
        if claim.value is None:
            return [Fault(f"{path}.factor", "a claim needs a factor and an arm, or a value to compare with")]
        extra = [name for name in ("arm", "reference") if getattr(claim, name)]
        return [Fault(f"{path}.{name}", "says nothing without a factor; the arm stands in where") for name in extra]
    faults = []
    if claim.arm is None:
        faults.append(Fault(f"{path}.arm", f"a claim about {' and '.join(claim.factor)} needs the arm it is about"))
    if claim.value is not None and (claim.reference or len(claim.factor) > 1):
        faults.append(Fault(f"{path}.value", "stands in place of a reference; a claim has one of the two"))
    if len(set(claim.factor)) < len(claim.factor):
        faults.append(Fault(f"{path}.factor", "an interaction is of two factors"))
    for name in ("arm", "reference"):
        labels = getattr(claim, name)
        if labels and len(labels) != len(claim.factor):
            faults.append(Fault(f"{path}.{name}", f"should name a value for each of {' and '.join(claim.factor)}"))
        elif labels:
            for key, value in zip(claim.factor, labels, strict=True):
                faults += _value_faults(key, (value,), keys, f"{path}.{name}", f"{path}.factor")
    for key, arm, reference in _pairs(claim, keys):
        if reference is not None and arm == reference:
            remedy = "" if claim.reference else ", the first-listed: name a reference"
            faults.append(Fault(f"{path}.arm", f"{key} {arm} is compared with itself{remedy}"))
    return list(dict.fromkeys(faults))


def _pairs(claim: Claim, keys: Mapping[str, Sequence[str]]):
    if claim.factor is None or claim.arm is None or claim.value is not None or len(claim.arm) != len(claim.factor):
        return
    for place, key in enumerate(claim.factor):
        if keys.get(key):
            named = claim.reference[place] if claim.reference and len(claim.reference) > place else None
            arm = spelt(claim.arm[place], keys[key])
            yield key, arm, spelt(named, keys[key]) if named else keys[key][0]


def _value_faults(
    key: str, values: Iterable[str], keys: Mapping[str, Sequence[str]], path: str, key_path: str | None = None
) -> list[Fault]:
    factors = [name for name in keys if name != "seed"]
    if key not in factors:
        return [not_varied(key_path or path, key, factors)]
    return [
        Fault.unknown(FaultKind.UNKNOWN_LEVEL, path, f"{key} has no value {value!r}", value, keys[key], factor=key)
        for value in values
        if keys[key] and spelt(value, keys[key]) is None
    ]


def _without_block(claim: Claim, keys: Mapping[str, Sequence[str]], arms: Arms, path: str) -> list[Fault]:
    """Whether the block that the claim's metric is of is missing in an arm that the claim is about."""
    if not all(keys[key] for key in (*claim.where, *(claim.factor or ()))):
        return []
    about = _about(claim, keys)
    concerned = [arm for arm in arms if all(arm[0].get(key) in values for key, values in about.items())]
    lacks = [(labels, reason) for labels, network in concerned if (reason := lacking(claim.metric, network))]
    if not lacks:
        return []
    reason = lacks[0][1]
    if len(lacks) < len(concerned):
        key, condition = _where([labels for labels, _ in lacks], [labels for labels, _ in concerned])
        need = "a claim needs it in all arms that it is about"
        if key and key not in about:
            need = f"hold {key!r} at a value that has it (the claim's `where`)"
        reason = f"{reason.partition(';')[0]} where {condition}; {need}"
    return [Fault(f"{path}.metric", reason)]


def _about(claim: Claim, keys: Mapping[str, Sequence[str]]) -> dict[str, tuple[str | None, ...]]:
    """Factor -> those of its values that the claim is about, for the factors that it does not average over."""
    held: dict[str, tuple[str | None, ...]] = {key: (spelt(value, keys[key]),) for key, value in claim.where.items()}
    for place, key in enumerate(claim.factor or ()):
        reference = claim.reference[place] if claim.reference else keys[key][0]
        named = [*(claim.arm or ())[place : place + 1], *([reference] if claim.value is None else [])]
        held[key] = tuple(spelt(value, keys[key]) for value in named)
    return held


def _where(some: Sequence[Mapping[str, str]], of: Sequence[Mapping[str, str]]) -> tuple[str | None, str]:
    """What tells `some` arms from the others `of` which they are: a factor and its values, or one arm as an example."""
    for key in some[0]:
        values = dict.fromkeys(labels[key] for labels in some)
        if len(some) == sum(labels[key] in values for labels in of):
            return key, f"{key}={','.join(values)}"
    return None, " ".join(f"{key}={value}" for key, value in some[0].items())
