"""What a run starts from is looked at before it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tiny_run import CONF


@pytest.mark.slow
def test_a_summary_does_not_wait_for_torchs_compiler(tmp_path: Path) -> None:
    """Its import takes a second, a third of the time that a summary takes."""
    program = f"""
import sys
from pathlib import Path
from cnnlab.cli.main import main
assert main(Path({str(CONF)!r}), ["model=lenet", "task=summary"]) == 0
assert "torch" in sys.modules and "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
