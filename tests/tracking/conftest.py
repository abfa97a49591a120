import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

Start = Callable[..., subprocess.Popen]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python source with arguments in a process of its own; each is killed at the end of the test."""
    running = []

    def begin(source: str, *arguments: object) -> subprocess.Popen:
        command = [sys.executable, "-c", source, *map(str, arguments)]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def said() -> Callable[[subprocess.Popen], str]:
    """The next line that a process prints."""
    return lambda process: process.stdout.readline().strip()
