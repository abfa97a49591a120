"""`task=inspect ckpt_path=…`: a page about what a trained network has learned."""

from __future__ import annotations

import json
from pathlib import Path

from cnnlab.cli.output import Output
from cnnlab.config.composed import Composed
from cnnlab.config.run import Run
from cnnlab.errors import Exit


def inspect(run: Run, composed: Composed, folder: Path) -> Exit:
    """Write `inspect.html`, and its numbers as `inspect.json`, into `folder`."""
    from cnnlab.cli.tasks import image_files, restored
    from cnnlab.inspection.look import look
    from cnnlab.inspection.page import page
    from cnnlab.inspection.summary import lines, record
    from cnnlab.tracking.durable import write, write_json

    found = restored(run, composed)
    files = image_files(run.top.images) if run.top.images is not None else []
    seen = look(found, run.trainer, run.top.threads, files)
    numbers = record(seen)
    write(folder / "inspect.html", page(seen))
    write_json(folder / "inspect.json", numbers)
    if run.top.format == "json":
        print(json.dumps(numbers, ensure_ascii=False))
        return Exit.DONE
    console = Output()
    for line in [*lines(seen), f"  {folder / 'inspect.html'}"]:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return Exit.DONE
