"""One run as its folder tells it, read leniently: what is damaged is named and the rest is still read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeGuard

import yaml

from cnnlab.door.files import CONFIG, LINES, bounded, parse_json, read_bytes, read_json
from cnnlab.door.nodes import read_plain
from cnnlab.tracking.folder import left
from cnnlab.tracking.record import checksum

Status = Literal["ok", "failed", "diverged", "interrupted", "running", "waiting", "damaged"]
"""the four ends of a run; `running`: begun, not ended; `waiting`: no record yet; `damaged`: its end cannot be read"""

LARGEST = 1e30
"""what lies beyond (infinity too) was never measured"""
ACCURACIES = ("test/acc", "best/val_acc")
ENDS = ("ok", "failed", "diverged", "interrupted")


@dataclass(frozen=True)
class Trial:
    """A run of a sweep: what was asked for and what its folder says."""

    folder: Path
    name: str
    """the folder as the page names it"""
    at: Mapping[str, str]
    """the value of every swept key but the seed"""
    seed: str
    status: Status
    words: tuple[str, ...] = ()
    """what to type after `python run.py` to repeat it"""
    identity: str | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[Mapping[str, Any], ...] = ()
    network: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> str:
        """Why it did not end well, in one line."""
        return " ".join(str(self.result.get("error") or "").split())

    def setting(self, key: str) -> Any:
        """A setting of its configuration by its dotted path; None where there is none."""
        value: Any = self.config
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value


@dataclass(frozen=True)
class Record:
    """The files of a run's folder, and what is wrong with them."""

    status: Status
    result: Mapping[str, Any]
    facts: Mapping[str, Any]
    rows: tuple[Mapping[str, Any], ...]
    network: Mapping[str, Any]
    config: Mapping[str, Any]
    problems: tuple[str, ...]


def read_record(folder: Path) -> Record:
    """What lies in `folder`; nothing in it raises."""
    problems: list[str] = []
    facts = _json(folder / "run.json", problems)
    result = _json(folder / "result.json", problems)
    rows = _rows(folder / "metrics.jsonl", problems)
    network = _json(folder / "network.json", problems)
    config = _config(folder / "config.yaml", problems)
    if result is not None and "checksum" in result and result["checksum"] != checksum(result):
        problems.append("result.json: was changed after the run had ended (its checksum does not hold); not used")
        result = None
    result = dict(_sound(result, rows, problems)) if result is not None else None
    status = _status(folder, facts, result, problems)
    return Record(status, result or {}, facts or {}, rows, network or {}, config, tuple(problems))


def _status(folder: Path, facts: Any, result: Mapping[str, Any] | None, problems: list[str]) -> Status:
    if result is None:
        if os.path.exists(folder / "result.json"):
            return "damaged"
        if facts is None and not os.path.exists(folder / "run.json"):
            return "waiting"
        return "interrupted" if left(folder) else "running"
    status = result.get("status")
    if status not in ENDS:
        problems.append(f"result.json: status is {json.dumps(status)[:40]}, not one of {', '.join(ENDS)}")
        return "damaged"
    return status


def _sound(result: Mapping[str, Any], rows: tuple[Mapping[str, Any], ...], problems: list[str]) -> Iterator[Any]:
    """The items of a result that can be true: an accuracy lies in [0, 1], and a number is one."""
    for key, value in result.items():
        seen = _best(rows) if key == "best/val_acc" else None
        if seen is not None and is_number(value) and abs(value - seen) > 1e-9:
            problems.append(f"result.json: best/val_acc is {value:g}, but metrics.jsonl has {seen:g}; one was edited")
        if key in ACCURACIES and value is not None and not (is_number(value) and 0 <= value <= 1):
            problems.append(f"result.json: {key} is {json.dumps(value)[:40]}, which is no accuracy; not used")
            continue
        yield key, value


def _best(rows: tuple[Mapping[str, Any], ...]) -> float | None:
    return max((row["val/acc"] for row in rows if is_number(row.get("val/acc"))), default=None)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a record's value is a number that can be reckoned with, also where somebody has edited it."""
    return isinstance(value, float | int) and not isinstance(value, bool) and abs(value) < LARGEST


def _json(file: Path, problems: list[str]) -> dict[str, Any] | None:
    try:
        value = read_json(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        problems.append(f"{file.name} cannot be read: {_reason(error)}")
        return None
    if not isinstance(value, dict):
        problems.append(f"{file.name} is not a mapping")
        return None
    return value


def _rows(file: Path, problems: list[str]) -> tuple[Mapping[str, Any], ...]:
    """The rows before the first broken one; a last line without its newline was never finished and does not count."""
    try:
        lines = read_bytes(file, LINES).split(b"\n")[:-1]
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, ValueError) as error:
        problems.append(f"{file.name} cannot be read: {_reason(error)}")
        return ()
    rows: list[Mapping[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        try:
            row = parse_json(line)
        except ValueError:
            row = None
        if not isinstance(row, dict) or not is_number(row.get("epoch")):
            problems.append(f"{file.name}: line {number} is broken; the {number - 1} before it are read")
            break
        rows.append(row)
    return tuple(rows)


def _config(file: Path, problems: list[str]) -> Mapping[str, Any]:
    try:
        return _parsed(read_bytes(file, CONFIG))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        problems.append(f"{file.name} cannot be read: {_reason(error)}")
        return {}


@lru_cache(maxsize=4096)  # a sweep's page is rebuilt after each job, and YAML is the slowest of all that is read
def _parsed(raw: bytes) -> Mapping[str, Any]:
    value = bounded(read_plain(raw), (date,))
    if not isinstance(value, dict):
        raise ValueError("it is not a mapping")
    return value


def _reason(error: BaseException) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split())[:120]
