"""`task=inspect`: a page about what a trained network has learned."""

from __future__ import annotations

import json

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit


class Inspect(Task):
    """Task that looks into a trained network."""

    name = "inspect"
    help = "ckpt_path=FOLDER_OR_FILE [images=…]: a page about what a trained network has learned"
    of_trained = True

    def run(self, context: TaskContext) -> Exit:
        """Write inspect.html, and its numbers as inspect.json."""
        from cnnlab.cli.trained import image_files, print_left_out, restored
        from cnnlab.inspection.look import look
        from cnnlab.inspection.page import page
        from cnnlab.inspection.summary import lines, record
        from cnnlab.tracking.durable import write, write_json
        from cnnlab.untrusted.terminal import Output

        run, folder = context.run, context.folder
        trained = restored(run, context.composed)
        files, skipped = image_files(run.top.images) if run.top.images is not None else ([], [])
        print_left_out(skipped)
        seen = look(trained, run.trainer, run.top.threads, files)
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
