"""What a benchmark runs, and on what: settings composed as the command line composes them, and the machine's name."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import torch

from cnnlab.cli.arguments import read_arguments
from cnnlab.cli.check import check
from cnnlab.config.compose import compose
from cnnlab.config.engine import start
from cnnlab.config.run import Run
from cnnlab.errors import Fault, UserError
from cnnlab.experiment.hardware import Hardware
from cnnlab.tracking.machine import revision

ROOT = Path(__file__).parents[1]
CONF = ROOT / "conf"


def run_of(words: Sequence[str]) -> Run:
    """The run that overrides describe. UserError for settings that are at fault."""
    run, noted = check(compose(start(CONF).config_loader, "config", read_arguments(list(words)).overrides))
    if run is None:
        raise UserError(*(Fault("", str(one)) for one in noted))
    return run


def heading(module: str, argv: Sequence[str], hardware: Hardware) -> str:
    """The command, and what its figures were measured with, and on."""
    device = torch.cuda.get_device_name() if hardware.accelerator == "gpu" else processor()
    source = revision(ROOT)
    at = f", revision {source['commit'][:7]}{' with changes' if source['dirty'] else ''}" if source else ""
    return (
        f"{shlex.join(['python', '-m', module, *argv])}\n"
        f"{device}, {os.cpu_count()} cores, threads={hardware.threads}, {hardware.precision}; "
        f"Python {platform.python_version()}, torch {torch.__version__}; {date.today()}{at}\n"
    )


def processor() -> str:
    """The CPU's name; Python itself knows it on some systems only."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)
    return named or platform.processor() or platform.machine()
