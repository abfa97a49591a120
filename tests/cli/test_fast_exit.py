"""A process ends with its code and all of its output, and is not taken apart."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import atexit, sys
from cnnlab.cli.fast_exit import exiting_fast

class Kept:
    def __del__(self):
        print("taken apart", flush=True)

kept = Kept()

def main():
    atexit.register(print, "exit function")
    print("said", end=" ")
    if sys.argv[1] == "fails":
        raise ValueError("ours")
    return int(sys.argv[1])

sys.exit(exiting_fast(main))
"""


def ended(word: str) -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, "-c", SCRIPT, word], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_what_was_said_arrives_and_exit_functions_run() -> None:
    assert ended("0") == (0, "said exit function\n", "")
    assert ended("143") == (143, "said exit function\n", "")


def test_an_error_of_our_own_ends_as_any() -> None:
    code, said, trace = ended("fails")
    assert (code, said) == (1, "said exit function\ntaken apart\n")
    assert trace.endswith("ValueError: ours\n")
