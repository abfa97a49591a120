"""Signals that ask a process to end, and what it then ends with."""

from __future__ import annotations

import signal

from cnnlab.errors import Exit

TERMINATING = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
"""what a scheduler ends a process with; `sbatch --signal=USR1@90` sends one of them before a time limit"""
STOPPING = (signal.SIGINT, *TERMINATING)
"""signals after which what runs is saved and ended"""
DUMP = signal.SIGQUIT
"""the signal after which a job's log tells where it is; nothing ends"""


def exit_code(number: int) -> Exit:
    """
    >>> exit_code(signal.SIGINT), exit_code(signal.SIGUSR1)
    (<Exit.INTERRUPTED: 130>, <Exit.TERMINATED: 143>)
    """
    return Exit.TERMINATED if number in TERMINATING else Exit.INTERRUPTED
