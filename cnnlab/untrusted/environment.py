"""What the environment that a process inherits may not decide.

A command is started from notebooks, by schedulers and from shells in which something was exported long ago. Lightning
and matplotlib read variables of these while they are imported, and some values make that import fail.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping

RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")
"""variables that Lightning reads as numbers while it is imported"""
LAUNCHERS = {
    "torchrun": ("RANK", "WORLD_SIZE"),
    "srun": ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
    "mpirun": ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    "jsrun": ("JSM_NAMESPACE_RANK", "JSM_NAMESPACE_SIZE"),
}
"""program -> the variables by which it says which of how many processes this one is"""
BACKEND = "MPLBACKEND"


def prepare_environment() -> None:
    """Make imports of what reads the environment safe, whatever stands in it.

    A notebook's kernel exports its own way to show pictures, which another environment need not have. cnnlab draws
    into files alone.
    """
    for name in RANKS:
        if name in os.environ and not os.environ[name].strip().isdecimal():
            del os.environ[name]
    if os.environ.get(BACKEND, "").startswith("module://") and not _is_installed(os.environ[BACKEND][9:]):
        os.environ[BACKEND] = "agg"


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def sibling_processes(environment: Mapping[str, str]) -> str | None:
    """What to tell who has started several processes of one command: each is a run of its own.

    >>> sibling_processes({"RANK": "1", "WORLD_SIZE": "4"})
    'torchrun has started 4 such processes, and each of them trains on its own; start one'
    >>> sibling_processes({"SLURM_NTASKS": "4"})
    """
    for program, (rank, size) in LAUNCHERS.items():
        number, count = environment.get(rank, ""), environment.get(size, "")
        if number.isdecimal() and count.isdecimal() and int(count) > 1:
            return f"{program} has started {count} such processes, and each of them trains on its own; start one"
    return None
