"""The record of a run: the files of its folder that pages, comparisons and dashboards are made from.

    run.json        what is known before the first step: identity, fingerprint, seed, versions, git, start
    config.yaml     the resolved configuration
    network.json    the layers with their shapes and costs
    metrics.jsonl   a row an epoch
    result.json     how it ended; there from its end on only
    provenance.json which file or override set each key, where it was handed in

JSON has no NaN: a value that is not finite is null, and `not_finite` beside it says what it was.
"""

import json
import re
import shlex
import statistics
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from cnnlab.door.files import CONFIG, parse_json, read_bytes
from cnnlab.door.nodes import read_plain
from cnnlab.errors import Fault, UserError
from cnnlab.settings import digest
from cnnlab.text import timestamp
from cnnlab.tracking import machine
from cnnlab.tracking.durable import append_line, make_folder, read_lines, write, write_json
from cnnlab.tracking.folder import KEY
from cnnlab.tracking.plain import finite, plain

Status = Literal["ok", "failed", "diverged", "interrupted"]

HEADER = """\
# The resolved configuration of one run, written before its first step; it refers to no other file.
# It came from   {command}
# Its network    python run.py task=test ckpt_path=<this folder>
"""


class RunRecord:
    """A run's folder while it runs. Made again in the folder of an interrupted run, it goes on with that record."""

    def __init__(
        self,
        folder: Path | str,
        *,
        config: Mapping[str, Any],
        network: Mapping[str, Any],
        facts: Mapping[str, Any],
        provenance: Mapping[str, str] | None = None,
    ):
        """Write what is known before the first step.

        `config` is resolved; `facts` go into result.json as they are (seed, model, data, variant, overrides, identity,
        fingerprint, params, params_aux, macs …). The folder should be held (`folder.enter`): nothing is checked here.
        """
        self.folder = Path(folder)
        make_folder(self.folder)
        self.warnings: list[str] = []
        self._clock = time.monotonic()
        (self.folder / "result.json").unlink(missing_ok=True)  # of an earlier attempt, which this one goes on with
        self.rows = _rows(self.folder)
        self._seconds_before = sum(row.get("seconds") or 0 for row in self.rows)
        self._begin(finite(facts))
        write(self.folder / "config.yaml", _header(facts.get("overrides")) + _yaml(config))
        write_json(self.folder / "network.json", finite(network))
        if provenance is not None:
            write_json(self.folder / "provenance.json", plain(provenance))

    def _begin(self, facts: dict[str, Any]) -> None:
        # first of all files: from here on the folder is this run's, and without it no file in it counts
        known = _json(self.folder / "run.json") or {}
        started = {"started": known.get("started") or timestamp(), "resumed": known.get("resumed", 0) + bool(known)}
        where = {"versions": machine.versions(), "git": machine.revision()}
        write_json(self.folder / "run.json", {**where, **facts, **started})

    def rewind(self, epoch: int) -> None:
        """Forget the rows after `epoch`, the last one that the checkpoint gone on from knows of."""
        self.rows = [row for row in self.rows if row["epoch"] <= epoch]
        self._seconds_before = sum(row.get("seconds") or 0 for row in self.rows)
        lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in self.rows)
        write(self.folder / "metrics.jsonl", "".join(lines))

    def epoch(self, row: Mapping[str, Any]) -> None:
        """Append one epoch's row: `epoch`, `train/loss`, `train/acc`, `val/loss`, `val/acc`, `lr`, `seconds` …"""
        clean = finite(row)
        append_line(self.folder / "metrics.jsonl", clean)
        self.rows.append(clean)

    def warn(self, message: str) -> None:
        """Keep `message` for the result's `warnings`, once."""
        if message not in self.warnings:
            self.warnings.append(message)

    def finish(self, status: Status, **facts: Any) -> dict[str, Any]:
        """Write result.json, once more if need be, and return it; `facts` are further keys, `test/acc` and the like."""
        seconds = round(self._seconds_before + time.monotonic() - self._clock, 3)
        here = {"seconds": seconds, **machine.memory(), "device": machine.device(), "threads": machine.threads()}
        return settle(self.folder, status, {**here, "warnings": self.warnings, **facts})


def settle(folder: Path | str, status: Status, facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Write result.json from what lies in `folder` and `facts`, and return it.

    Also for a sweep, for a job that could not do it itself: killed, out of memory, or failed before its first step.
    """
    folder = Path(folder)
    rows = _rows(folder)
    spent = round(sum(row.get("seconds") or 0 for row in rows), 3)
    ends = {"status": status, "warnings": [], "seconds": spent, **summary(rows), "finished": timestamp()}
    known = _json(folder / "run.json") or {}
    result = finite({**ends, **known, **(facts or {}), "status": status})
    result |= {"checksum": checksum(result)}
    write_json(folder / "result.json", result)
    return result


def checksum(result: Mapping[str, Any]) -> str:
    """Of all else in a result: who edits one, or damages it, shows. It proves nothing against those who mean to."""
    return digest({key: value for key, value in result.items() if key != "checksum"})


def summary(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`best/epoch` and `best/val_acc` (the first of equals; null without validation), and the median throughput."""
    rows = list(rows)
    judged = [row for row in rows if row.get("val/acc") is not None]
    best = max(judged, key=lambda row: row["val/acc"], default={})
    speeds = [row["images_per_second"] for row in rows if row.get("images_per_second") is not None]
    return {
        "best/epoch": best.get("epoch"),
        "best/val_acc": best.get("val/acc"),
        "images_per_second": round(statistics.median(speeds), 1) if speeds else None,
    }


@dataclass(frozen=True)
class Run:
    """A run's folder read back; `result` is None while it runs, and where it was killed."""

    folder: Path
    facts: dict[str, Any]
    config: dict[str, Any]
    network: dict[str, Any]
    rows: list[dict[str, Any]]
    result: dict[str, Any] | None
    provenance: dict[str, str] | None


def read_run(folder: Path | str, path: str = "ckpt_path") -> Run:
    """The run in `folder`; UserError under `path` for a folder that holds none, or a damaged one."""
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(Fault(path, f"there is no folder {folder}"))
    missing = [name for name in ("config.yaml", "network.json") if not (folder / name).is_file()]
    if missing:
        raise UserError(Fault(path, f"{folder} is no run's folder: it has no {' and no '.join(missing)}"))
    try:
        return Run(
            folder,
            _json(folder / "run.json") or {},
            _mapping(read_plain(read_bytes(folder / "config.yaml", CONFIG)), "config.yaml"),
            _json(folder / "network.json") or {},
            read_lines(folder / "metrics.jsonl"),
            _json(folder / "result.json"),
            _json(folder / "provenance.json"),
        )
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UserError(Fault(path, f"the record in {folder} is damaged: {reason}")) from None


def _rows(folder: Path) -> list[dict[str, Any]]:
    try:
        return read_lines(folder / "metrics.jsonl")
    except ValueError as error:
        raise UserError(Fault(KEY, f"{folder / 'metrics.jsonl'} is damaged: {error}")) from None


def _json(file: Path) -> dict[str, Any] | None:
    try:
        raw = read_bytes(file)
    except FileNotFoundError:
        return None
    try:
        return _mapping(parse_json(raw), file.name)
    except ValueError as error:
        raise ValueError(f"{file.name}: {error}") from None


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not a mapping")
    return value


def _header(overrides: Any) -> str:
    words = [str(word) for word in overrides] if isinstance(overrides, list | tuple) else []
    command = shlex.join(["python", "run.py", *words])
    return HEADER.format(command=" ".join(command.split()))  # a newline would end the comment


class _Dumper(yaml.SafeDumper):
    """PyYAML takes 1e-3 for text and OmegaConf for a number: text that could be a number stands in quotes."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "'" if re.fullmatch(r"[-+]?[\d._]+([eE][-+]?\d+)?", text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def _yaml(config: Mapping[str, Any]) -> str:
    return yaml.dump(plain(config), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
