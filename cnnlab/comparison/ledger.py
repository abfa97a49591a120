"""All runs of one or several sweeps, by arm and seed: what was asked for and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from cnnlab import dotted
from cnnlab.comparison.trial import Trial
from cnnlab.config.table import names_arm
from cnnlab.metrics.keys import ROW, KeyInfo, read_info
from cnnlab.override import Override
from cnnlab.tracking.checked import CheckedRun, checked_run
from cnnlab.untrusted.files import read_json

Cell = tuple[str, ...]
"""a value for each factor, in the factors' order"""

UNSAID = "—"
"""the value of a swept key that a job does not name"""


@dataclass(frozen=True)
class Ledger:
    """The runs, by arm and seed, and all that was found wrong with their records."""

    folder: Path
    """the first sweep's"""
    factors: Mapping[str, tuple[str, ...]]
    """swept key -> its values, first-listed first; without the seed, and without keys of one value"""
    trials: Mapping[Cell, Mapping[str, Trial]]
    """cell -> seed -> run"""
    fixed: tuple[str, ...] = ()
    """what all runs have in common, as typed"""
    study: Mapping[str, Any] = field(default_factory=dict)
    sweeps: tuple[Mapping[str, Any], ...] = ()
    """the manifests, as read"""
    problems: tuple[str, ...] = ()
    accepted: frozenset[str] = frozenset()
    """what may differ between runs all the same (`accept`)"""

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(self.trials)

    def all(self) -> list[Trial]:
        """Every run once, also one that stands for two arms."""
        return list({id(trial): trial for row in self.trials.values() for trial in row.values()}.values())

    @cached_property
    def seeds(self) -> tuple[str, ...]:
        """As the sweeps list them, else as their runs come."""
        listed = [seed for sweep in self.sweeps for seed in _listed_seeds(sweep)]
        used = dict.fromkeys(seed for row in self.trials.values() for seed in row)
        return tuple(seed for seed in dict.fromkeys((*listed, *used)) if seed in used)

    def of_seeds(self, count: int) -> Ledger:
        """The same with the runs of the first so many seeds alone."""
        if count >= len(self.seeds):
            return self
        kept = {*self.seeds[:count]}
        rows = {cell: {seed: t for seed, t in row.items() if seed in kept} for cell, row in self.trials.items()}
        return replace(self, trials={cell: row for cell, row in rows.items() if row})

    @cached_property
    def known(self) -> dict[str, KeyInfo]:
        """Keys that runs record besides this package's: as the records describe them, else by their names alone."""
        infos: dict[str, KeyInfo] = {}
        for trial in self.all():
            described = trial.result.get("described")
            for key, raw in described.items() if isinstance(described, dict) else ():
                if info := read_info(raw):
                    infos.setdefault(str(key), info)
        for key in sorted({str(key) for trial in self.all() for row in trial.rows for key in row} - ROW.keys()):
            if key.rpartition("/")[0] not in infos:
                infos.setdefault(key, KeyInfo(key))
        return infos

    @property
    def logs(self) -> bool:
        """Whether callbacks may record keys that no run has shown yet."""
        return any(trial.setting("callbacks") for trial in self.all())

    def twins(self) -> dict[Cell, Cell]:
        """Cells whose runs are those of an earlier cell -> that cell: two ways to write one experiment."""
        first: dict[str, Cell] = {}
        twins: dict[Cell, Cell] = {}
        for cell, row in self.trials.items():
            for trial in row.values():
                if trial.identity and first.setdefault(f"{trial.identity} {trial.seed}", cell) != cell:
                    twins[cell] = first[f"{trial.identity} {trial.seed}"]
        return twins


def _listed_seeds(sweep: Mapping[str, Any]) -> list[str]:
    keys = sweep.get("keys")
    seeds = keys.get("seed") if isinstance(keys, dict) else None
    return list(map(str, seeds)) if isinstance(seeds, list) else []


@dataclass(frozen=True)
class _ListedRun:
    folder: Path
    name: str
    overrides: Mapping[str, str]
    identity: str | None
    words: tuple[str, ...]
    fixed: Mapping[str, str]
    record: CheckedRun


def read_ledger(folders: Sequence[Path | str], accept: Collection[str] = ()) -> Ledger:
    """The runs of the sweeps in `folders`. Nothing in them raises: what cannot be read is named in `problems`.

    `accept`: what may differ between them all the same, besides what every one of the sweeps has accepted itself.
    """
    paths = [Path(folder) for folder in folders]
    problems: list[str] = []
    sweeps, jobs = [], []
    for path in paths:
        manifest = _manifest(path, problems)
        label = "" if len(paths) == 1 else f"{path.name}/"
        listed = list(_jobs(path, manifest, label, problems))
        if not listed:
            problems.append(f"{label or path.name + '/'}: no run lies here")
        sweeps.append(manifest)
        jobs += listed
    keys = _keys(sweeps, jobs)
    factors = {key: values for key, values in keys.items() if key != "seed" and len(values) > 1}
    trials = _trials(jobs, factors, problems)
    study = next((sweep["study"] for sweep in sweeps if isinstance(sweep.get("study"), dict)), {})
    of_all = [frozenset(_words(sweep.get("accepted"))) for sweep in sweeps]
    accepted = frozenset(accept).union(frozenset.intersection(*of_all))
    return Ledger(
        paths[0], factors, trials, _common(jobs), study, tuple(sweeps), tuple(dict.fromkeys(problems)), accepted
    )


def _manifest(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        manifest = read_json(path / "sweep.json")
        if not isinstance(manifest, dict) or not isinstance(manifest.get("jobs"), list):
            raise ValueError("it lists no jobs")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        problems.append(f"{path.name}/sweep.json cannot be read ({error}); the runs are taken as the folder has them")
        return {}
    if manifest.get("version") != 1:
        problems.append(f"{path.name}/sweep.json is of version {manifest.get('version')!r}; read as version 1")
    return manifest


def _jobs(path: Path, manifest: Mapping[str, Any], label: str, problems: list[str]) -> Iterable[_ListedRun]:
    if not manifest:
        yield from _unlisted(path, label, problems)
        return
    fixed, root = _assignments(manifest.get("fixed")), path.resolve()
    for number, job in enumerate(manifest["jobs"]):
        overrides, folder = (job.get("overrides"), job.get("folder")) if isinstance(job, dict) else (None, None)
        if not isinstance(overrides, dict) or not isinstance(folder, str):
            problems.append(f"{label}sweep.json: job {number} has no folder or no overrides; left out")
            continue
        home = path / folder
        if not _inside(root, home):
            problems.append(f"{label}sweep.json: job {number} lies outside the sweep's folder; left out")
            continue
        values = {str(key): str(value) for key, value in overrides.items()}
        record = checked_run(home)
        words = _words(job.get("words")) or _words(record.facts.get("overrides"))
        identity = job.get("identity") or record.facts.get("identity")
        yield _checked(_ListedRun(home, f"{label}{folder}", values, identity, words, fixed, record), problems)


def _inside(root: Path, home: Path) -> bool:
    try:
        return root in home.resolve().parents
    except (OSError, ValueError):  # a name that no file can have
        return False


def _unlisted(path: Path, label: str, problems: list[str]) -> Iterable[_ListedRun]:
    """Runs of a folder without a manifest (another launcher's sweep, a single run): their own records say it all."""
    homes = [path] if (path / "run.json").exists() else sorted(file.parent for file in path.glob("*/run.json"))
    for home in homes:
        record = checked_run(home)
        words = _words(record.facts.get("overrides"))
        values = {**_assignments(words), "seed": str(record.facts.get("seed", UNSAID))}
        values = {key: value for key, value in values.items() if _tells_apart(key)}
        name = f"{label}{home.name}"
        yield _checked(_ListedRun(home, name, values, record.facts.get("identity"), words, {}, record), problems)


def _checked(job: _ListedRun, problems: list[str]) -> _ListedRun:
    """The job, its damages noted; where its folder holds another experiment, without a result."""
    problems += [f"{job.name}/{text}" for text in job.record.problems]
    record = job.record.result or job.record.facts
    wrong = None
    if job.identity and record.get("identity") not in (None, job.identity):
        wrong = f"holds another experiment ({record['identity']}; the sweep asked for {job.identity})"
    elif (seed := job.overrides.get("seed")) is not None and "seed" in record and str(record["seed"]) != seed:
        wrong = f"has seed {record['seed']}, the sweep asked for seed {seed}"
    if wrong is None:
        return job
    problems.append(f"{job.name} {wrong}; left out")
    emptied = CheckedRun("damaged", {"error": wrong}, {}, (), {}, {}, ())
    return _ListedRun(job.folder, job.name, job.overrides, job.identity, job.words, job.fixed, emptied)


def _keys(sweeps: Sequence[Mapping[str, Any]], jobs: Sequence[_ListedRun]) -> dict[str, tuple[str, ...]]:
    """Swept keys -> values, in listed order; with them what is fixed in each sweep but not the same in all."""
    keys: dict[str, dict[str, None]] = {}
    for manifest in sweeps:
        listed = manifest.get("keys")
        for key, values in listed.items() if isinstance(listed, dict) else ():
            keys.setdefault(str(key), {}).update(dict.fromkeys(map(str, values if isinstance(values, list) else ())))
    for key in dict.fromkeys(key for job in jobs for key in (*job.overrides, *job.fixed)):
        if key in keys or any(key in job.overrides for job in jobs) or len({_value(job, key) for job in jobs}) > 1:
            keys.setdefault(key, {}).update(dict.fromkeys(_value(job, key) for job in jobs))
    return {key: tuple(values) for key, values in keys.items()}


def _value(job: _ListedRun, key: str) -> str:
    """The value of a swept key for `job`, also where only another sweep sweeps it."""
    if key in job.overrides or key in job.fixed:
        return job.overrides.get(key, job.fixed.get(key, UNSAID))
    value = dotted.get(job.record.config, key)
    if isinstance(value, Mapping | list):
        value = None
    value = job.record.facts.get(key) if value is None else value
    return UNSAID if value is None or isinstance(value, Mapping | list) else _text(value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _trials(jobs: Sequence[_ListedRun], factors: Iterable[str], problems: list[str]) -> dict[Cell, dict[str, Trial]]:
    factors = tuple(factors)
    trials: dict[Cell, dict[str, Trial]] = {}
    known: dict[Path, Trial] = {}
    for job in jobs:
        levels = {key: _value(job, key) for key in factors}
        seed = _value(job, "seed")
        record = job.record
        trial = known.get(job.folder) or Trial(
            job.folder, job.name, levels, seed, record.status, job.words, job.identity,
            record.result, record.facts, record.rows, record.network, record.config,
        )  # fmt: skip
        known[job.folder] = trial
        row = trials.setdefault(tuple(levels.values()), {})
        row[seed] = _better(row[seed], trial, problems) if seed in row else trial
    return trials


def _better(old: Trial, new: Trial, problems: list[str]) -> Trial:
    """Of two runs of one cell and seed the one that ended well, the first of equals."""
    if old is new:
        return old
    if old.status == new.status == "ok" and old.result.get("test/acc") != new.result.get("test/acc"):
        same = "the same experiment" if old.identity == new.identity else "not the same experiment"
        problems.append(f"{old.name} and {new.name} are one arm and seed with two results ({same}); the first is used")
    return new if new.status == "ok" and old.status != "ok" else old


def _common(jobs: Sequence[_ListedRun]) -> tuple[str, ...]:
    fixed = [job.fixed for job in jobs]
    shared = [key for key in fixed[0] if all(words.get(key) == fixed[0][key] for words in fixed)] if fixed else []
    return tuple(f"{key}={fixed[0][key]}" for key in shared)


def _words(raw: Any) -> tuple[str, ...]:
    return tuple(map(str, raw)) if isinstance(raw, list | tuple) else ()


def _assignments(words: Any) -> dict[str, str]:
    """`key=value` words as a mapping; those that only name, place or label a run are left out."""
    overrides = map(Override.read, _words(words))
    values = {override.key: override.value for override in overrides if override.value is not None}
    return {key: value for key, value in values.items() if _tells_apart(key)}


def _tells_apart(key: str) -> bool:
    """Whether runs that differ in a setting are of different arms, or seeds of one."""
    return key == "seed" or names_arm(key)
