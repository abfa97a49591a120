"""`task=data`: what a data set holds, before anything learns from it."""

from __future__ import annotations

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit


class Data(Task):
    """Task that reads a data set as training would, and shows what it holds and what is odd about it."""

    name = "data"
    help = "data=… [format=html]: classes and parts, what is left out and why, copies, samples; trains nothing"
    needs = ("data",)
    formats = ("html",)

    def run(self, context: TaskContext) -> Exit:
        """Write data.json and samples.png, as a page data.html, and show them."""
        from cnnlab.cli.data_page import page
        from cnnlab.cli.data_text import lines
        from cnnlab.data.content import content
        from cnnlab.data.dataset import open_dataset
        from cnnlab.data.overview import overview
        from cnnlab.tracking.durable import write, write_json
        from cnnlab.tracking.pictures import samples
        from cnnlab.untrusted.terminal import Output
        from cnnlab.untrusted.words import json_text

        run, folder = context.run, context.folder
        dataset = open_dataset(run.data, run.top.seed)
        found = overview(dataset, run.data, content(run.data).digest)
        write_json(folder / "data.json", found.plain())
        title, subtitle = found.title, ", ".join(found.counts)
        samples(folder / "samples.png", found.samples, title=title, subtitle=subtitle)
        files = [folder / "data.json", folder / "samples.png"]
        if run.top.format == "html":
            files = [*files, folder / "data.html"]
            write(folder / "data.html", page(found, run.top.draw.theme))
        if run.top.format == "json":
            print(json_text(found.plain(), indent=2))
            return Exit.DONE
        console = Output()
        for line in lines(found):
            console.print(line, highlight=False, soft_wrap=isinstance(line, str))
        for file in files:
            console.print(f"  {file}", highlight=False, soft_wrap=True)
        return Exit.DONE
