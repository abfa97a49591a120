"""The record of a run as it is written: the files that pages, comparisons and dashboards are made from.

    run.json        what is known before the first step: identity, fingerprint, seed, versions, git, start
    config.yaml     the resolved configuration
    network.json    the layers with their shapes and costs
    data.json       the images: their digest, classes with counts, what was left out
    metrics.jsonl   a row an epoch
    result.json     how it ended; there from its end on only
    provenance.json which file or override set each key, where it was handed in

JSON has no NaN: a value that is not finite is null, and `not_finite` beside it says what it was.
"""

import json
import re
import statistics
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from cnnlab.errors import Fault, UserError
from cnnlab.program import command
from cnnlab.text import timestamp
from cnnlab.tracking import machine
from cnnlab.tracking.durable import append_line, make_folder, write, write_json
from cnnlab.tracking.lock import KEY
from cnnlab.tracking.plain import finite, plain
from cnnlab.tracking.reader import RunEnd, RunFolder, best_row, checksums

HEADER = """\
# The resolved configuration of one run, written before its first step; it refers to no other file.
# It came from   {command}
# Its network    {test} ckpt_path=<this folder>
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
        data: Mapping[str, Any] | None = None,
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
        self.rows = _rows(RunFolder(self.folder))
        self._seconds_before = sum(row.get("seconds") or 0 for row in self.rows)
        self._begin(finite(facts))
        write(self.folder / "config.yaml", _header(facts.get("overrides")) + _yaml(config))
        write_json(self.folder / "network.json", finite(network))
        if data is not None:
            write_json(self.folder / "data.json", finite(data))
        if provenance is not None:
            write_json(self.folder / "provenance.json", plain(provenance))

    def _begin(self, facts: dict[str, Any]) -> None:
        # first of all files: from here on the folder is this run's, and without it no file in it counts
        known = _known(RunFolder(self.folder))
        started = {"started": known.get("started") or timestamp(), "resumed": known.get("resumed", 0) + bool(known)}
        environment = {"versions": machine.versions(), "git": machine.revision()}
        write_json(self.folder / "run.json", {**environment, **facts, **started})

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

    def finish(self, status: RunEnd, **facts: Any) -> dict[str, Any]:
        """Write result.json, once more if need be, and return it; `facts` are further keys, `test/acc` and the like."""
        seconds = round(self._seconds_before + time.monotonic() - self._clock, 3)
        here = {"seconds": seconds, **machine.memory(), "device": machine.device(), "threads": machine.threads()}
        return settle(self.folder, status, {**here, "warnings": self.warnings, **facts})


def settle(folder: Path | str, status: RunEnd, facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Write result.json from what lies in `folder` and `facts`, and return it.

    Also for a sweep, for a job that could not do it itself: killed, out of memory, or failed before its first step.
    """
    folder = Path(folder)
    run = RunFolder(folder)
    rows = _rows(run)
    spent = round(sum(row.get("seconds") or 0 for row in rows), 3)
    known = _known(run)
    of_rows = summary(rows, known.get("monitor"), known.get("monitor_mode"))
    usual = {"status": status, "warnings": [], "seconds": spent, **of_rows, "finished": timestamp()}
    result = finite({**usual, **known, **(facts or {}), "status": status})
    result |= checksums(result)
    write_json(folder / "result.json", result)
    return result


def summary(rows: Iterable[Mapping[str, Any]], monitor: Any = None, mode: Any = None) -> dict[str, Any]:
    """The best epoch (the first of equals), its validation accuracy and its monitor's value; the median throughput.

    The best is the one with the highest `monitor`, or the lowest where `mode` is min; null without validation.
    """
    rows = list(rows)
    key = monitor if isinstance(monitor, str) else "val/acc"
    best = best_row(rows, key, mode) or {}
    speeds = [row["images_per_second"] for row in rows if row.get("images_per_second") is not None]
    return {
        "best/epoch": best.get("epoch"),
        "best/val_acc": best.get("val/acc"),
        "best/monitor": best.get(key),
        "images_per_second": round(statistics.median(speeds), 1) if speeds else None,
    }


def _known(run: RunFolder) -> dict[str, Any]:
    """What an earlier attempt has written into run.json."""
    facts = run.facts
    if damage := run.damages.get("run.json"):
        raise damage.error if isinstance(damage.error, OSError) else ValueError(damage.reason)
    return facts


def _rows(run: RunFolder) -> list[dict[str, Any]]:
    rows = run.rows
    if damage := run.damages.get("metrics.jsonl"):
        raise UserError(Fault(KEY, f"{run.folder / 'metrics.jsonl'} is damaged: {damage.error}"))
    return rows


def _header(overrides: Any) -> str:
    words = [str(word) for word in overrides] if isinstance(overrides, list | tuple) else []
    again = " ".join(command(*words).split())  # a newline would end the comment
    return HEADER.format(command=again, test=command("task=test"))


class _Dumper(yaml.SafeDumper):
    """PyYAML takes 1e-3 for text and OmegaConf for a number: text that could be a number stands in quotes."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "'" if re.fullmatch(r"[-+]?[\d._]+([eE][-+]?\d+)?", text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def _yaml(config: Mapping[str, Any]) -> str:
    return yaml.dump(plain(config), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
