"""Equal terms: whether runs differ in what their command lines ask for, and in nothing else."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from cnnlab import dotted
from cnnlab.comparison.trial import Trial
from cnnlab.config import GLOBAL_GROUPS
from cnnlab.config.moved import MOVED, migrated
from cnnlab.config.table import may_differ, traits
from cnnlab.override import Override

VERSIONS = ("torch", "pytorch_lightning", "cnnlab")


CONTENT = "data.digest"
"""what the images are, wherever they lie"""
IMAGES = {
    "images.train": ("data.subset", "data.val_fraction"),
    "images.val": ("data.val_fraction",),
    "images.test": (),
}
"""numbers of images -> settings that change them besides those that choose the images"""


def unequal(trials: Sequence[Trial], accepted: Collection[str] = ()) -> list[str]:
    """What `trials` differ in although no word of theirs asked for it, each as a sentence's end that names two of them.

    `accepted` (`accept=code`) may differ all the same.

    >>> unequal([])
    []
    """
    known = [trial for trial in trials if trial.config or trial.facts]
    first_of_words: dict[frozenset[str], Trial] = {}
    sentences: dict[str, str] = {}
    for trial in known:  # beside the first run of all, and the first with the same words on its command line
        words = frozenset(word for word in trial.words if _setting(word))
        for first in (known[0], first_of_words.setdefault(words, trial)):
            for key, sentence in _differences(first, trial):
                if key not in accepted:
                    sentences.setdefault(key, sentence)
    return [sentences[key] for key in sorted(sentences)]


def _differences(a: Trial, b: Trial) -> Iterator[tuple[str, str]]:
    """(setting, sentence) for what two runs differ in though their words do not ask for it."""
    if a is b:
        return
    words = set(a.words) ^ set(b.words)
    asked_for = [setting for word in words if (setting := _setting(word))]
    if a.folder.parent == b.folder.parent and any(Override.read(word).path == "data.dir" for word in words):
        asked_for.append("data.dir")  # one sweep varies the folder; of two sweeps the images may just lie elsewhere
    terms_a, terms_b = _terms(a), _terms(b)
    keys = terms_a.keys() | terms_b.keys()
    if not (terms_a.keys() >= IMAGES.keys() <= terms_b.keys()):  # one ended before it had read any
        keys -= IMAGES.keys()
    for key in keys:
        if terms_a.get(key) != terms_b.get(key) and not _is_asked_for(key, asked_for):
            ours, others = (f"{_shown(terms.get(key))} in {t.name}" for terms, t in ((terms_a, a), (terms_b, b)))
            hint = "; accept=code compares them all the same" if key == "code" else ""
            yield key, f"{key} is {ours} and {others}{hint}"


def remarks(trials: Sequence[Trial]) -> list[str]:
    """Differences that make runs no less comparable by themselves, but that a reader should know of."""
    sentences = []
    if len(codes := {code for trial in trials if (code := _codes(trial))}) > 1:
        sentences.append(f"the runs were made by different code of cnnlab: {', '.join(sorted(codes))}")
    tested = {count for t in trials if isinstance(count := t.result.get("test/images"), int)}
    if len(tested) > 1:
        sentences.append(f"the runs were tested on different numbers of images: {', '.join(map(str, sorted(tested)))}")
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
    return {**known, **_content(trial), **settings(trial)}


def _content(trial: Trial) -> dict[str, Any]:
    """What a run was trained on and by which code; records of 0.2.0 do not say."""
    facts, images = trial.facts, trial.facts.get("images")
    known = {CONTENT: facts.get("data_digest"), "code": _codes(trial)}
    known |= {key: images.get(key.partition(".")[2]) for key in IMAGES} if isinstance(images, Mapping) else {}
    return known


def _codes(trial: Trial) -> str | None:
    """The code that trained a run; of one that was gone on with by other code, all of them."""
    accepted = trial.facts.get("accepted")
    earlier = accepted.get("code") if isinstance(accepted, Mapping) else None
    codes = [*(earlier if isinstance(earlier, list) else ()), trial.facts.get("code")]
    return "+".join(code for code in codes if isinstance(code, str)) or None


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
        if setting in GLOBAL_GROUPS and not traits(key).of_machine and not key.startswith(("versions.", "code")):
            return True
        if key in (CONTENT, *IMAGES) and (_chooses_images(setting) or setting in IMAGES.get(key, ())):
            return True
        if setting.endswith(".block"):  # another kind of block takes other settings with it
            setting = setting.rpartition(".")[0]
        if dotted.overlap(key, setting):
            return True
        if key == "data.size" and setting.partition(".")[0] == "model":  # the network says what size it takes
            return True
    return False


def _chooses_images(setting: str) -> bool:
    return setting.partition(".")[0] == "data" and not traits(setting).after_reading


def _shown(value: Any) -> str:
    text = "not set" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"
