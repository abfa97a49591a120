"""On equal terms: whether runs differ in what they were asked to differ in, and in nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from cnnlab import dotted
from cnnlab.compare.trial import Trial
from cnnlab.override import Override

COSMETIC = {
    *("seed", "name", "tags", "task", "format", "ckpt_path", "images", "hydra", "dir", "jobs", "retry", "timeout"),
    *("logger", "callbacks", "study", "metrics", "checkpoint", "key", "against", "draw"),
    *("trainer.progress", "data.download", "data.names", "data.dir"),
}
"""settings that bear on no result, or on nothing but where things lie"""

WHOLE = ("experiment", "variant", "debug")
"""groups whose files may set anything"""

MACHINE = ("threads", "trainer.precision", "trainer.accelerator", "trainer.devices")
"""settings that no arm is about unless its own words name them"""

VERSIONS = ("torch", "pytorch_lightning", "cnnlab")


def unequal(trials: Sequence[Trial]) -> list[str]:
    """What `trials` differ in although no word of theirs asked for it, each as a sentence's end that names two of them.

    >>> unequal([])
    []
    """
    known = [trial for trial in trials if trial.config or trial.facts]
    alike: dict[frozenset[str], Trial] = {}
    found: dict[str, str] = {}
    for other in known:  # beside the first run of all, and the first that was asked for in the same words
        for one in (known[0], alike.setdefault(frozenset(filter(_setting, other.words)), other)):
            for key, said in _differences(one, other):
                found.setdefault(key, said)
    return [found[key] for key in sorted(found)]


def _differences(one: Trial, other: Trial) -> Iterator[tuple[str, str]]:
    if one is other:
        return
    asked = [setting for word in set(one.words) ^ set(other.words) if (setting := _setting(word))]
    mine, theirs = _terms(one), _terms(other)
    for key in mine.keys() | theirs.keys():
        if mine.get(key) != theirs.get(key) and not _is_asked(key, asked):
            yield key, f"{key} is {_shown(mine.get(key))} in {one.name} and {_shown(theirs.get(key))} in {other.name}"


def remarks(trials: Sequence[Trial]) -> list[str]:
    """Differences that make runs no less comparable by themselves, but that a reader should know of."""
    said = []
    commits = {
        str(git["commit"])[:9] for t in trials if isinstance(git := t.facts.get("git"), dict) and git.get("commit")
    }
    if len(commits) > 1:
        said.append(f"the runs were made by different revisions of cnnlab's source: {', '.join(sorted(commits))}")
    if len(devices := {str(t.result["device"]) for t in trials if t.result.get("device")}) > 1:
        said.append(f"the runs were made on different devices: {', '.join(sorted(devices))}")
    if any(isinstance(git := t.facts.get("git"), dict) and git.get("dirty") for t in trials):
        said.append("cnnlab's source had changes that no commit holds")
    return said


def _terms(trial: Trial) -> dict[str, Any]:
    versions = trial.facts.get("versions") or {}
    found = {f"versions.{name}": versions.get(name) for name in VERSIONS} if isinstance(versions, Mapping) else {}
    return {**found, **settings(trial)}


def settings(trial: Trial) -> dict[str, Any]:
    """The settings of a run's configuration that bear on its result, by dotted path; but the seed."""
    return _settings(json.dumps(trial.config, default=str))


@lru_cache(maxsize=4096)
def _settings(config: str) -> dict[str, Any]:
    return dict(_flat(json.loads(config), ""))


def _flat(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    if at in COSMETIC:
        return
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{at}.{key}".lstrip("."))
    else:
        yield at, value


def _setting(word: str) -> str | None:
    """The setting that a word of the command line sets; None where it bears on no result."""
    setting = Override.read(word).setting
    return None if setting in COSMETIC else setting


def _is_asked(key: str, asked: Iterable[str]) -> bool:
    for setting in asked:
        if setting in WHOLE and key not in MACHINE and not key.startswith("versions."):
            return True
        if setting.endswith(".block"):  # another kind of block takes other settings with it
            setting = setting.rpartition(".")[0]
        if dotted.overlap(key, setting):
            return True
        if key == "data.size" and setting.partition(".")[0] == "model":  # the network says what size it takes
            return True
    return False


def _shown(value: Any) -> str:
    text = "not set" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"
