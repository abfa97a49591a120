"""Equal terms: whether runs differ in what their command lines ask for, and in nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from cnnlab import dotted
from cnnlab.comparison.trial import Trial
from cnnlab.config import GLOBAL_GROUPS
from cnnlab.config.moved import MOVED, migrated
from cnnlab.config.table import may_differ, traits
from cnnlab.override import Override

VERSIONS = ("torch", "pytorch_lightning", "cnnlab")


def unequal(trials: Sequence[Trial]) -> list[str]:
    """What `trials` differ in although no word of theirs asked for it, each as a sentence's end that names two of them.

    >>> unequal([])
    []
    """
    known = [trial for trial in trials if trial.config or trial.facts]
    first_of_words: dict[frozenset[str], Trial] = {}
    sentences: dict[str, str] = {}
    for trial in known:  # beside the first run of all, and the first with the same words on its command line
        for first in (known[0], first_of_words.setdefault(frozenset(filter(_setting, trial.words)), trial)):
            for key, sentence in _differences(first, trial):
                sentences.setdefault(key, sentence)
    return [sentences[key] for key in sorted(sentences)]


def _differences(a: Trial, b: Trial) -> Iterator[tuple[str, str]]:
    """(setting, sentence) for what two runs differ in though their words do not ask for it."""
    if a is b:
        return
    asked_for = [setting for word in set(a.words) ^ set(b.words) if (setting := _setting(word))]
    terms_a, terms_b = _terms(a), _terms(b)
    for key in terms_a.keys() | terms_b.keys():
        if terms_a.get(key) != terms_b.get(key) and not _is_asked_for(key, asked_for):
            yield key, f"{key} is {_shown(terms_a.get(key))} in {a.name} and {_shown(terms_b.get(key))} in {b.name}"


def remarks(trials: Sequence[Trial]) -> list[str]:
    """Differences that make runs no less comparable by themselves, but that a reader should know of."""
    sentences = []
    commits = {
        str(git["commit"])[:9] for t in trials if isinstance(git := t.facts.get("git"), dict) and git.get("commit")
    }
    if len(commits) > 1:
        sentences.append(f"the runs were made by different revisions of cnnlab's source: {', '.join(sorted(commits))}")
    if len(devices := {str(t.result["device"]) for t in trials if t.result.get("device")}) > 1:
        sentences.append(f"the runs were made on different devices: {', '.join(sorted(devices))}")
    if any(isinstance(git := t.facts.get("git"), dict) and git.get("dirty") for t in trials):
        sentences.append("cnnlab's source had changes that no commit holds")
    return sentences


def _terms(trial: Trial) -> dict[str, Any]:
    versions = trial.facts.get("versions") or {}
    known = {f"versions.{name}": versions.get(name) for name in VERSIONS} if isinstance(versions, Mapping) else {}
    return {**known, **settings(trial)}


def settings(trial: Trial) -> dict[str, Any]:
    """The settings of a run's configuration that bear on its result, by dotted path; but the seed."""
    return _settings(json.dumps(migrated(trial.config), default=str))


@lru_cache(maxsize=4096)
def _settings(config: str) -> dict[str, Any]:
    return dict(_flat(json.loads(config), ""))


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if may_differ(path):
        return
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}".lstrip("."))
    else:
        yield path, value


def _setting(word: str) -> str | None:
    """The setting that a word of the command line sets; None where runs may differ in it."""
    path = Override.read(word).path
    path = MOVED.get(path, path)
    return None if may_differ(path) else path


def _is_asked_for(key: str, asked_for: Iterable[str]) -> bool:
    for setting in asked_for:
        if setting in GLOBAL_GROUPS and not traits(key).of_machine and not key.startswith("versions."):
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
