"""The one reader of a run's folder: each file once, when it is first asked for; what is damaged is named.

    run.json        `facts`         what was known before the first step
    config.yaml     `config`        the resolved configuration
    network.json    `network`       the layers with their shapes and costs
    data.json       `data`          the images that it was given; nothing in records of 0.2.0
    metrics.jsonl   `rows`          a row an epoch
    result.json     `result`        how it ended; None before its end
    provenance.json `provenance`    which file or override set each key; None where it was not recorded

`RunFolder` never raises. `run_in` (may a run be started here?) and `read_run` (a whole record) refuse what is damaged;
`tracking.checked` reads the rest of it and says what is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, TypeGuard

import yaml

from cnnlab.errors import Fault, UserError
from cnnlab.settings import digest
from cnnlab.tracking.durable import parse_lines
from cnnlab.tracking.lock import KEY
from cnnlab.untrusted.files import CONFIG, LINES, RECORD, bounded, parse_json, read_bytes
from cnnlab.untrusted.nodes import read_plain

RunEnd = Literal["ok", "failed", "diverged", "interrupted"]
"""how a run can end"""
RunStatus = Literal["ok", "failed", "diverged", "interrupted", "running", "waiting", "damaged"]
"""an end, or `running`: begun, not ended; `waiting`: no record yet; `damaged`: its end cannot be read"""

ENDS = ("ok", "failed", "diverged", "interrupted")
FINISHED = ("ok", "diverged")
"""ends of runs that would end the same way again"""

OURS = ("config.yaml", "network.json", "data.json", "metrics.jsonl", "result.json", "checkpoints")
"""what a run writes beside its `run.json`; without one they are somebody else's"""

WRITTEN = (*OURS, "run.json", "run.log", "run.lock")
"""what must not be a link to somewhere else"""

OF_ONE_OCCASION = (
    *("seconds", "images_per_second", "started", "finished", "resumed", "peak_memory_mb", "peak_gpu_memory_mb"),
    *("name", "tags", "overrides", "git"),
)
"""what of a result may differ between equal runs: when, how quickly, under which label and in which folder"""

LARGEST = 1e30
"""what lies beyond (infinity too) was never measured"""


def is_number(value: object) -> TypeGuard[float]:
    """Whether a record's value is a number that can be reckoned with, also where somebody has edited it."""
    return isinstance(value, float | int) and not isinstance(value, bool) and abs(value) < LARGEST


def best_row(rows: Iterable[Mapping[str, Any]], key: str, mode: Any = None) -> Mapping[str, Any] | None:
    """The row with the highest number under `key`, the lowest where `mode` is min; the first of equals, or of all.

    >>> best_row([{"epoch": 1, "val/loss": 2.0}, {"epoch": 2, "val/loss": 1.0}], "val/loss", "min")
    {'epoch': 2, 'val/loss': 1.0}
    """
    sign = -1 if mode == "min" else 1
    judged = [row for row in rows if is_number(row.get(key))]
    return max(judged, key=lambda row: sign * row[key], default=None)


class NotAMapping(ValueError):
    """The file can be read, but holds something else than names and values."""

    def __init__(self):
        super().__init__("it is not a mapping")


@dataclass(frozen=True)
class Damage:
    """What is wrong with a file of a record."""

    file: str
    error: Exception
    sound_rows: int | None = None
    """of metrics.jsonl: rows before the first broken one"""

    @property
    def reason(self) -> str:
        """Why the whole record is refused."""
        return f"{self.file}: {' '.join(str(self.error).split())}"

    @property
    def remark(self) -> str:
        """What is said beside that which is still read."""
        if isinstance(self.error, NotAMapping):
            return f"{self.file} is not a mapping"
        if self.sound_rows is not None:
            return f"{self.file}: line {self.sound_rows + 1} is broken; the {self.sound_rows} before it are read"
        reason = getattr(self.error, "strerror", None) or self.error
        return f"{self.file} cannot be read: {' '.join(str(reason).split())[:120]}"


class RunFolder:
    """A run's folder as it lies on disk. Nothing raises: a file that is missing or damaged has nothing in it."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        self.damages: dict[str, Damage] = {}
        """file -> what is wrong with it, of the files read so far"""

    @property
    def facts(self) -> dict[str, Any]:
        return self._facts or {}

    @cached_property
    def _facts(self) -> dict[str, Any] | None:
        return self._read("run.json", RECORD, _json)

    @cached_property
    def config(self) -> dict[str, Any]:
        return self._read("config.yaml", CONFIG, _yaml) or {}

    @cached_property
    def network(self) -> dict[str, Any]:
        return self._read("network.json", RECORD, _json) or {}

    @cached_property
    def data(self) -> dict[str, Any]:
        return self._read("data.json", RECORD, _json) or {}

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The rows before the first broken one."""
        raw = self._read("metrics.jsonl", LINES, bytes)
        rows, error = parse_lines(raw or b"")
        sound = next((index for index, row in enumerate(rows) if not is_number(row.get("epoch"))), len(rows))
        if sound < len(rows):
            error = ValueError(f"line {sound + 1} has no number as its epoch")
        if error:
            self.damages["metrics.jsonl"] = Damage("metrics.jsonl", error, sound)
        return rows[:sound]

    @cached_property
    def result(self) -> dict[str, Any] | None:
        return self._read("result.json", RECORD, _json)

    @cached_property
    def provenance(self) -> dict[str, str] | None:
        return self._read("provenance.json", RECORD, _json)

    @property
    def identity(self) -> str | None:
        return self.facts.get("identity")

    @property
    def status(self) -> str | None:
        """How the run ended, as its record says; None where it has not."""
        return (self.result or {}).get("status")

    @property
    def links(self) -> list[str]:
        """Files of the run that lead elsewhere: a run writes into its own folder alone."""
        return [name for name in WRITTEN if os.path.islink(self.folder / name)]

    @cached_property
    def kind(self) -> Literal["empty", "unfinished", "finished", "foreign"]:
        """What a run that is started here would find.

        `empty`: no run. `unfinished`: a run that can go on, be it killed, interrupted, failed or damaged. `finished`: a
        run that would end the same way again. `foreign`: files with a run's names, but no run.
        """
        known, finished = self._facts, self.status in FINISHED
        if self.links or self.damages.keys() & {"run.json", "result.json"}:
            return "unfinished"
        if known is None:
            return "foreign" if any(os.path.exists(self.folder / name) for name in OURS) else "empty"
        return "finished" if finished else "unfinished"

    @property
    def begun(self) -> bool:
        return self._facts is not None or os.path.exists(self.folder / "run.json")

    def read_all(self) -> None:
        """Read every file now, as it lies there at this time."""
        _ = self.facts, self.result, self.rows, self.network, self.config, self.provenance

    def _read(self, name: str, most: int, parse: Callable[[bytes], Any]) -> Any:
        """A file's content; None where it is missing or damaged."""
        try:
            return parse(read_bytes(self.folder / name, most))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            self.damages[name] = Damage(name, error)
            return None


def _json(raw: bytes) -> dict[str, Any]:
    value = parse_json(raw)
    if not isinstance(value, dict):
        raise NotAMapping
    return value


@lru_cache(maxsize=4096)  # a sweep's page is rebuilt after each job, and YAML is the slowest of all that is read
def _yaml(raw: bytes) -> dict[str, Any]:
    value = bounded(read_plain(raw), (date,))
    if not isinstance(value, dict):
        raise ValueError("it is not a mapping")
    return value


def run_in(folder: Path | str, path: str = KEY) -> RunFolder:
    """The run in `folder`, to be started or gone on with there; UserError under `path` where its record is damaged."""
    run = RunFolder(folder)
    if links := run.links:
        message = (
            f"{folder}: {', '.join(links)} lead elsewhere (symbolic links); a run writes into its own folder alone"
        )
        raise UserError(Fault(path, message))
    _ = run.kind
    for name, damage in run.damages.items():
        file = run.folder / name
        if isinstance(damage.error, NotAMapping):
            raise UserError(Fault(path, f"{file} is not the record of a run"))
        raise UserError(Fault(path, f"{file} cannot be read ({damage.error})"))
    return run


def read_run(folder: Path | str, path: str = "ckpt_path") -> RunFolder:
    """The run in `folder`, all of it; UserError under `path` for a folder that holds none, or a damaged one."""
    run = RunFolder(folder)
    if not run.folder.is_dir():
        raise UserError(Fault(path, f"there is no folder {run.folder}"))
    missing = [name for name in ("config.yaml", "network.json") if not (run.folder / name).is_file()]
    if missing:
        raise UserError(Fault(path, f"{run.folder} is no run's folder: it has no {' and no '.join(missing)}"))
    run.read_all()
    for damage in run.damages.values():
        raise UserError(Fault(path, f"the record in {run.folder} is damaged: {damage.reason}"))
    return run


def checksums(result: Mapping[str, Any]) -> dict[str, str]:
    """Of all else in a result: who edits one, or damages it, shows. They prove nothing against those who mean to.

    Equal runs have an equal `checksum`; what differs between them all the same has one of its own.
    """
    facts = {key: value for key, value in result.items() if key not in ("checksum", "times_checksum")}
    return {
        "checksum": digest({key: value for key, value in facts.items() if key not in OF_ONE_OCCASION}),
        "times_checksum": digest({key: value for key, value in facts.items() if key in OF_ONE_OCCASION}),
    }


def is_as_written(result: Mapping[str, Any]) -> bool:
    """Whether a result's checksums hold, where it has some."""
    if "checksum" not in result:
        return True
    if "times_checksum" not in result:  # written by 0.2.0, with one over everything
        return result["checksum"] == digest({key: value for key, value in result.items() if key != "checksum"})
    return all(result[key] == value for key, value in checksums(result).items())
