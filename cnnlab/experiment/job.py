"""A run that is to be trained, frozen: plain records that can be sent to the process that trains it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnlab.config.composed import Composed
from cnnlab.config.run import Run
from cnnlab.experiment.code_digest import code_digest
from cnnlab.experiment.facts import config_to_keep, variant

if TYPE_CHECKING:
    from cnnlab.experiment.hardware import Hardware


@dataclass(frozen=True)
class Job:
    """Its settings, what it runs on, its folder, and what to write down about it."""

    run: Run
    hardware: Hardware
    folder: Path
    config: dict[str, Any]
    """the resolved configuration to save"""
    facts: dict[str, Any]
    """identity, variant, overrides … as result.json has them"""
    origins: dict[str, str]
    """where each setting came from"""
    pictures: bool = True
    """whether to draw its curves and mistakes: a second, which a sweep's many jobs are spared"""
    sweep: str | None = None
    """the name of the sweep that it is a job of, whose folder its own lies in"""


def job(
    run: Run,
    composed: Composed,
    hardware: Hardware,
    folder: Path,
    identity: str,
    data_digest: str | None,
    pictures: bool = True,
    sweep: str | None = None,
) -> Job:
    """The run that was composed and checked, on `hardware`, in `folder`."""
    names = {name: composed.choices.get(name) for name in ("model", "data")}
    facts = {**names, "seed": run.top.seed, "variant": variant(composed.overrides), "overrides": composed.overrides}
    facts |= {"identity": identity, "name": composed.frozen.get("name"), "tags": composed.frozen.get("tags")}
    facts |= {"data_digest": data_digest, "code": code_digest()}
    if hardware.threads_reason:
        facts["threads_reason"] = hardware.threads_reason
    config = config_to_keep(run, composed.frozen, hardware.threads, hardware.precision, hardware.accelerator)
    return Job(run, hardware, folder, config, facts, composed.origins.last(), pictures, sweep)
