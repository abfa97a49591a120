"""Every job of a sweep, composed once and checked, and what its study claims of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from cnnlab.cli.check import check
from cnnlab.cli.grid import SweepRequest, check_claims
from cnnlab.config.compose import compose
from cnnlab.errors import Fault
from cnnlab.origin import COMMAND_LINE
from cnnlab.sweep.plan import CheckedCell, reseeded

if TYPE_CHECKING:
    from cnnlab.config.engine import HydraEngine

SAMPLES = 50
"""cells of a grid too large to be trained that are checked all the same, at a tenth of a second each"""


def check_jobs(hydra: HydraEngine, name: str, request: SweepRequest) -> tuple[list[CheckedCell], list[Fault]]:
    """Every job that can be trained, and everything wrong with any, or with what is claimed of them."""
    checked, faults = check_cells(hydra, name, request)
    return checked, [*request.located, *faults, *check_claims(request, checked, faults)]


def check_cells(hydra: HydraEngine, name: str, request: SweepRequest) -> tuple[list[CheckedCell], list[Fault]]:
    """Every cell, composed and checked; cells that differ in the seed alone are composed once.

    Where it is not known what a study holds fixed, nothing is known of its cells; of too many some are tried.
    """
    if request.study and "base" in request.study.unknown:
        return [], []
    cells = islice(request.grid.samples(), SAMPLES) if request.too_large else request.grid.cells()
    checked, faults = [], []
    twins: dict[tuple[str, ...], CheckedCell | None] = {}
    for cell in cells:
        if cell.is_plainly_seeded and cell.apart_from_seed in twins:
            if twin := twins[cell.apart_from_seed]:
                checked.append(reseeded(twin, cell))
            continue
        composed = compose(hydra.config_loader, name, cell.words)
        run, wrong = check(composed)
        for fault in wrong:
            from_command = fault.origin == COMMAND_LINE
            faults.append(replace(fault, origin=request.origin(fault.path)) if from_command else fault)
        if run:
            checked.append(CheckedCell(cell, composed, run))
        if cell.is_plainly_seeded and not composed.refers_to_seed:
            twins[cell.apart_from_seed] = checked[-1] if run else None
    return checked, faults
