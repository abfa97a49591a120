"""docs/python.md runs as it stands, in the order in which it is read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_run import CONF

PAGE = CONF.parent / "docs" / "python.md"


@pytest.mark.slow
def test_the_blocks_of_the_page_run_one_after_the_other(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    script = tmp_path / "page.py"
    noisy = {"body": {"n": {"block": "noise"}}, "head": {"f": {"block": "flatten"}}}
    checks = (
        "assert len(cmp.verdicts) == 1 and cmp.page.exists() and len(cmp.frame) == 4\n"
        "assert run.model(torch.zeros(1, 1, 28, 28, dtype=torch.uint8)).shape == (1, 10)\n"
        f"cnnlab.build({noisy!r}, classes=4, shape=(1, 2, 2))\n"
    )
    script.write_text("\n".join([*blocks, checks]), encoding="utf-8")
    environment = {
        "PYTHONPATH": str(CONF.parent),
        "PATH": "/usr/bin:/bin",
        "OMP_NUM_THREADS": "1",
        "HOME": str(tmp_path),
    }
    ended = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
