"""What several tests need: the command line in process, sweeps that start at once, W&B's server on the loopback."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from examples import FEW
from forked_cli import Server
from loopback import Loopback
from tiny_run import CONF

from cnnlab.cli.main import main


def pytest_configure(config: pytest.Config) -> None:
    if "not slow" in config.option.markexpr:
        os.environ[FEW] = "1"


# Of two workers with two threads each, on two cores, every one waits for the others
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Whoever runs the tests keeps the cache they have
CACHE, PID = tempfile.mkdtemp(prefix="cnnlab-cache-"), os.getpid()
os.environ["CNNLAB_CACHE_DIR"] = CACHE


@atexit.register
def remove_cache() -> None:
    if os.getpid() == PID:  # and not in a child, whose parent goes on with it
        shutil.rmtree(CACHE, ignore_errors=True)


@pytest.fixture
def warm_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweeps whose server starts at once; tests/sweep/test_sweep.py has one that starts as a user's does."""
    monkeypatch.setattr("cnnlab.sweep.pool.subprocess", SimpleNamespace(Popen=Server, DEVNULL=subprocess.DEVNULL))


@pytest.fixture
def cnnlab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, warm_server: None) -> Callable[..., int]:
    """run.py in this process, standing in an empty folder; the exit code."""
    monkeypatch.chdir(tmp_path)
    return lambda *argv: int(main(CONF, list(argv)))


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that draw nothing: most of so small a run's time, where nobody looks."""
    monkeypatch.setattr("cnnlab.experiment.train.draw", lambda *_: None)


@pytest.fixture
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user whom W&B does not know, and whose own account, if there is one, is out of reach."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith(("WANDB_", "XDG_")) or name == "NETRC"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")  # where nothing listens


@pytest.fixture
def server(no_account: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A server that stands in for W&B's, and credentials for it."""
    with Loopback() as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield found
