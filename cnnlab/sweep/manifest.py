"""Manifest of a sweep, sweep.json: what it compares, and where each job lies. Runs are looked up by identity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnnlab.config import GLOBAL_GROUPS
from cnnlab.config.table import affects_result, traits
from cnnlab.data.content import Contents
from cnnlab.data.source import Source
from cnnlab.errors import Fault, UserError
from cnnlab.experiment.facts import variant
from cnnlab.override import Override, last_value
from cnnlab.settings import digest
from cnnlab.sweep.grid import SEED, Cell, Grid, trains
from cnnlab.text import timestamp
from cnnlab.tracking.durable import write_json
from cnnlab.tracking.folder import cut, slug
from cnnlab.tracking.reader import RunFolder
from cnnlab.untrusted.files import read_json

FILE = "sweep.json"
VERSION = 1
SINCE_0_3 = ("data", "code", "accepted", "looked", "looks")
"""keys that records of 0.2.0 do not have"""
KEY = "hydra.sweep.dir"


@dataclass
class SweepManifest:
    """Content of sweep.json."""

    command: list[str]
    fixed: list[str]
    keys: dict[str, list[str]]
    study: dict[str, Any] | None = None
    threads: int | None = None
    precision: str | None = None
    data: str | None = None
    """digest of the images that all jobs have in common; None where they may differ, or are not read"""
    code: str | None = None
    """digest of the code that trained its jobs last; None in records of 0.2.0"""
    accepted: list[str] = field(default_factory=list)
    """what may differ between its jobs all the same (`accept`)"""
    looks: list[int] = field(default_factory=list)
    """numbers of seeds after which it was declared to be looked at"""
    looked: list[int] = field(default_factory=list)
    """how many seeds it had each time that it was finished and judged"""
    created: str = field(default_factory=timestamp)
    jobs: list[dict[str, Any]] = field(default_factory=list)

    def compares(self) -> list[Any]:
        """What tells one sweep from another: what its jobs share, and the names of what differs, whatever the order."""
        return what_is_compared(self.fixed, self.keys, self.data)

    def declare(self, looks: Iterable[int], old: SweepManifest | None) -> None:
        """When it is to be looked at; looks that were taken before, or declared, stay looks."""
        earlier = (*old.looks, *old.looked) if old else ()
        self.looked = list(old.looked) if old else []
        if looks := tuple(looks):
            self.looks = sorted({*looks, *earlier})
        elif old and old.looks:
            self.looks = sorted({*old.looks, len(self.keys[SEED])})

    def note_look(self) -> None:
        """Of a finished sweep: that its verdicts were seen, where nobody has declared when that is to be."""
        if self.looks:
            return
        seeds = len({job["overrides"].get(SEED) for job in self.jobs})
        self.looked = sorted({*self.looked, seeds})

    def write(self, folder: Path) -> None:
        write_json(folder / FILE, {"version": VERSION, **vars(self), "updated": timestamp()})


def what_is_compared(fixed: Iterable[str], names: Iterable[str], data: str | None) -> list[Any]:
    """Plain data that are equal for commands of one sweep; `data` is the digest of the images that all jobs have.

    Where those are known it does not matter where they lie.
    """
    words = [word for word in fixed if variant([word]) and not (data and Override.read(word).path == "data.dir")]
    return [sorted(words), sorted({*names} - {SEED}), data]


def shared_digest(grid: Grid, data: Source, contents: Contents) -> str | None:
    """Digest of the images that all jobs of a sweep have in common; None where they may differ, or none are read.

    UserError where the images are missing.
    """
    if not trains(grid.study) or any(_chooses_images(factor.name) for factor in grid.factors):
        return None
    return contents.of(data).digest


def _chooses_images(factor: str) -> bool:
    path = factor.lstrip("+")
    group = path.partition(".")[0]
    return group in GLOBAL_GROUPS or (group == "data" and affects_result(path) and not traits(path).after_reading)


def default_folder(root: Path, grid: Grid, data: str | None = None) -> Path:
    """Where the sweep lies unless told otherwise: the same for more arms, more seeds, `retry=failed`.

    >>> from cnnlab.sweep.grid import setting
    >>> small = Grid(("model=lenet", "jobs=2"), (setting("model.norm", ["none"]),))
    >>> large = Grid(("model=lenet",), (setting("seed", "012"), setting("model.norm", ["none", "batch"])))
    >>> default_folder(Path("out"), small) == default_folder(Path("out"), large)
    True
    """
    names = [factor.name for factor in grid.factors]
    hashed = digest([what_is_compared(grid.fixed, names, data), (grid.study or {}).get("name")])[:6]
    if grid.study:
        size = grid.study.get("size")
        return root / slug(f"study_{grid.study['name']}{f'-{size}' if size != 'cpu' else ''}_{hashed}")
    swept = "+".join(sorted(_short(name) for name in names if name != SEED)) or SEED
    model = last_value(grid.fixed, "model") or ""
    return root / f"sweep_{slug('_'.join(filter(None, (swept, model))))}_{hashed}"


def read_manifest(folder: Path) -> SweepManifest | None:
    """The manifest in `folder`, None where there is none. UserError where it cannot be read."""
    file = folder / FILE
    try:
        raw = read_json(file)
        if not isinstance(raw, dict) or raw.get("version") != VERSION:
            raise ValueError(f"it is not version {VERSION} of the record of a sweep")
        known = {name: raw[name] for name in SweepManifest.__dataclass_fields__ if name in raw or name not in SINCE_0_3}
        if not isinstance(known["keys"], dict) or not isinstance(known["jobs"], list):
            raise ValueError("its keys or jobs are missing")
        return SweepManifest(**known)
    except FileNotFoundError:
        return None
    except KeyError as error:
        reason = f"it has no {error}"
    except (OSError, ValueError) as error:
        reason = str(error)
    message = f"{file} cannot be read ({reason}); move it away, and the same command writes it anew: the runs stay"
    raise UserError(Fault(KEY, message))


def seems_finished(folder: Path, grid: Grid) -> bool:
    """Whether every cell stands in the manifest with a run that ended; a guess, for what files say now may differ."""
    try:
        manifest = read_manifest(folder)
    except UserError:
        return False
    ended = [
        entry.get("overrides", {})
        for entry in (manifest.jobs if manifest else ())
        if (folder / str(entry.get("folder")) / "result.json").exists()
    ]
    return all(any(cell.labels.items() <= labels.items() for labels in ended) for cell in grid.cells())


def job_folder_name(cell: Cell, seed: int) -> str:
    """What a job's folder is called.

    >>> job_folder_name(Cell({"model.norm": "none", "optimizer.lr": "0.1", "seed": "3"}, []), 3)
    'norm=none,lr=0.1-s3'
    """
    labels = {name: label for name, label in cell.labels.items() if name != SEED}
    shorts = [_short(name) for name in labels]
    unique = len(set(shorts)) == len(shorts)
    parts = (
        f"{short if unique else name}={label}" for short, (name, label) in zip(shorts, labels.items(), strict=True)
    )
    arm = cut("".join(c if c.isalnum() or c in "_.,=+-" else "-" for c in ",".join(parts))[:100], 200)
    return f"{arm}-s{seed}" if arm else f"s{seed}"


def _short(name: str) -> str:
    return name.rpartition(".")[2].rpartition("/")[2] or name


def identities(folder: Path) -> dict[str, Path]:
    """The runs right under `folder`, by their identity; of several the one that ended last."""
    runs: dict[str, Path] = {}
    for file in sorted(folder.glob("*/run.json"), key=lambda file: file.stat().st_mtime_ns):
        if file.parent.is_symlink() or file.is_symlink():  # a run that lies elsewhere is not this sweep's to write in
            continue
        identity = RunFolder(file.parent).identity
        if isinstance(identity, str):
            runs[identity] = file.parent
    return runs


def free_folder(folder: Path, name: str, identity: str, taken: Mapping[str, Path]) -> Path:
    """Where the job goes: a folder named for it, with its identity where that name is another run's."""
    path = folder / name
    others = {other for key, other in taken.items() if key != identity}
    return folder / f"{name}-{identity[:6]}" if path in others or (path / "run.json").exists() else path


def merged_values(old: Mapping[str, list[str]], new: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The swept values of an earlier command and of this one, those listed first coming first; the seed is last.

    >>> merged_values({"model.norm": ["none"], "seed": ["0"]}, {"model.norm": ["batch", "none"], "seed": ["1"]})
    {'model.norm': ['none', 'batch'], 'seed': ['0', '1']}
    """
    keys = dict.fromkeys((*(key for key in (*old, *new) if key != SEED), SEED))
    return {key: list(dict.fromkeys((*old.get(key, ()), *new.get(key, ())))) for key in keys}
