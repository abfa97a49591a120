"""What a job's process does: hold the folder, train. Whatever it needs is imported here, once, before it is forked."""

from __future__ import annotations

import pickle
import time

from cnnlab.errors import Exit, UserError
from cnnlab.experiment.job import Job
from cnnlab.experiment.train import train
from cnnlab.network.spec import RESERVED
from cnnlab.plugins import load_plugins
from cnnlab.sweep.outcome import write_end
from cnnlab.tracking.folder import enter
from cnnlab.tracking.lock import InUse, Lock
from cnnlab.tracking.reader import RunFolder
from cnnlab.untrusted.terminal import Output

PATIENCE = 30.0
"""seconds to wait for a folder that a job of a killed sweep is still saving in"""


def work(payload: bytes) -> int:
    """Train the pickled Job; the exit code.

    What the user wrote wrong shows no traceback, also in a job's log; but what a plugin raised has one there.
    """
    job: Job = pickle.loads(payload)
    try:
        if faults := load_plugins(job.run.top.plugins, RESERVED):
            raise UserError(*faults)
        lock, run = _hold(job)
        with lock:
            if run.kind == "finished":
                return Exit.DONE
            return train(job, Output(width=120))
    except InUse as error:  # its record is another process's
        print(error)
        return error.code
    except UserError as error:
        print(error)
        write_end(job.folder, job.facts, "failed", "; ".join(map(str, error.faults)))
        return error.code


def _hold(job: Job) -> tuple[Lock, RunFolder]:
    until, said = time.monotonic() + PATIENCE, False
    while True:
        try:
            return enter(job.folder, job.facts["identity"], "hydra.sweep.dir")
        except InUse as error:
            if time.monotonic() > until:
                raise
            if not said:
                print(f"waiting for at most {PATIENCE:.0f} s: {error.holder} is at this run", flush=True)
            said = True
            time.sleep(0.1)
