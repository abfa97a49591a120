"""Where a run ran: versions, source revision, device, threads, memory. No names of hosts or users, no environment.

Nothing here raises, and nothing imports torch: it is asked only if the run has loaded it already.
"""

import os
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "pytorch_lightning", "hydra", "omegaconf", "numpy", "cnnlab")
_DISTRIBUTIONS = {"pytorch_lightning": "pytorch-lightning", "hydra": "hydra-core"}


@cache
def _versions() -> dict[str, str | None]:
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(_DISTRIBUTIONS.get(package, package))
        except PackageNotFoundError:
            versions[package] = None
    return versions


def versions() -> dict[str, str | None]:
    """Python's and the packages' versions as installed; null for one that is not (a checkout on the path)."""
    return dict(_versions())


def revision(folder: Path | None = None) -> dict[str, Any] | None:
    """`{commit, dirty}` of the git checkout around `folder` (cnnlab's own source); None where there is none.

    Dirty: a file that git knows differs from the commit; files it does not know (outputs, notes) do not count.
    """
    folder = folder or Path(__file__).parent
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return None if commit is None or changes is None else {"commit": commit, "dirty": bool(changes)}


def _git(folder: Path, *arguments: str) -> str | None:
    # GIT_DIR and its like, set inside a git hook, would point to another checkout
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    # no locks: `status` must not get in the way of a commit made at the same moment; no hook of the checkout's config
    command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=2, env=environment, stdin=subprocess.DEVNULL, check=True
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return done.stdout.strip()


def device() -> str:
    """The name of the GPU this process has used, else "cpu"."""
    cuda = _cuda()
    return cuda.get_device_name() if cuda else "cpu"


def threads() -> int | None:
    """The number of threads torch computes with; None without torch."""
    torch = sys.modules.get("torch")
    return torch.get_num_threads() if torch else None


def memory() -> dict[str, float]:
    """The most memory this process has held so far, in MiB, and the most that torch held on the GPU, if it used one."""
    peak = {"peak_memory_mb": round(_peak_bytes() / 2**20, 1)}
    if cuda := _cuda():
        peak["peak_gpu_memory_mb"] = round(cuda.max_memory_allocated() / 2**20, 1)
    return peak


def _peak_bytes() -> int:
    # Linux: getrusage's figure survives exec, so a job would report the size of the process that started it
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # bytes there, KiB elsewhere


def _cuda() -> Any:
    torch = sys.modules.get("torch")
    return torch.cuda if torch and torch.cuda.is_initialized() else None
