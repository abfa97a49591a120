"""`task=export`: a network as a file for other programs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit, Fault, UserError

if TYPE_CHECKING:
    from cnnlab.config.composed import Composed
    from cnnlab.exporting.exportable import Exportable

FORMATS = ("onnx", "pt2", "safetensors", "python", "torchvision", "hub")


class Export(Task):
    """Task that writes a network, runs what it wrote, and deletes it where it differs."""

    name = "export"
    help = f"[ckpt_path=FOLDER_OR_FILE] format={'|'.join(FORMATS)}: a file for other programs, run and compared"
    formats = FORMATS

    def faults(self, composed: Composed, known: Collection[Fault]) -> Sequence[Fault]:
        return list(_faults(composed))

    def run(self, context: TaskContext) -> Exit:
        """Write the files into the task's folder and say how near they come."""
        from cnnlab.exporting.export import export, format_named
        from cnnlab.untrusted.terminal import Output

        chosen = format_named(context.run.top.format)
        folder = context.folder / "hub" if chosen.name == "hub" else context.folder  # as it is uploaded, without a log
        exported = export(_exportable(context), chosen, folder)
        lines = [f"compared on {exported.agreement.words}", *(f"  {file}" for file in exported.files)]
        for line in lines:
            Output().print(line, highlight=False, markup=False, soft_wrap=True)
        return Exit.DONE


def _faults(composed: Composed) -> Iterator[Fault]:
    if composed.config.get("format") not in FORMATS:
        yield Fault("format", f"task=export writes {', '.join(FORMATS)}; say which: format=onnx")
    if composed.config.get("format") == "hub" and composed.config.get("ckpt_path") is None:
        yield Fault("ckpt_path", "format=hub needs a trained network: ckpt_path=outputs/…")


def _exportable(context: TaskContext) -> Exportable:
    from cnnlab.cli.trained import restored
    from cnnlab.config.run import model_of
    from cnnlab.experiment.facts import image_shape
    from cnnlab.experiment.memory import unaffordable
    from cnnlab.exporting.exportable import of_network, of_run
    from cnnlab.network.build import build
    from cnnlab.network.graph import graph

    run, composed = context.run, context.composed
    if run.top.ckpt_path is not None:
        return of_run(restored(run, composed))
    shape = image_shape(run)
    paper = graph(run.network, shape)
    if wrong := paper.faults or unaffordable(paper, copies=1):
        raise UserError(*wrong)
    name = composed.choices.get("model", "network")
    return of_network(build(run.network, shape, run.top.seed), name, run.network, model_of(composed.config), shape)
