"""A job of a sweep done in this process, whose end never ends the sweep."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace

from cnnlab.blame import own_fault, own_lines
from cnnlab.cli.check import note
from cnnlab.cli.main import complain
from cnnlab.cli.tasks import perform, place
from cnnlab.config.composed import Composed
from cnnlab.config.run import Run
from cnnlab.errors import Exit, UserError


def attempted(run: Run, composed: Composed, folder: str) -> Exit:
    """Do its task in `folder`, and say what went wrong. SystemExit where the user ends it."""
    try:
        with place(run, composed, folder) as here:
            here.sweep = here.folder.resolve().parent.name
            end = perform(run, composed, here) if here.done is None else here.done
    except UserError as error:
        return complain((note(fault, composed) for fault in error.faults), error.code)
    except Exception as error:
        if fault := own_fault(error):
            return complain([replace(note(fault, composed), lines=tuple(own_lines(error)))])
        traceback.print_exc()
        return Exit.BUG
    if end in (Exit.INTERRUPTED, Exit.TERMINATED):
        raise SystemExit(int(end))
    return end


def told(ends: Sequence[Exit]) -> Exit:
    """The sweep's end."""
    failed = sum(end != Exit.DONE for end in ends)
    if failed:
        print(f"{failed} of {len(ends)} jobs did not end well", file=sys.stderr)
    return Exit.SWEEP if failed else Exit.DONE
