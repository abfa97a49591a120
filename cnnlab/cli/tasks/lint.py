"""`task=lint`: what in a network's design looks like a mistake, why, and what helps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cnnlab.cli.tasks import Task, TaskContext
from cnnlab.errors import Exit
from cnnlab.text import dims, plural

if TYPE_CHECKING:
    from cnnlab.lint.finding import Design, Finding


class Lint(Task):
    """Task that looks a network's design through."""

    name = "lint"
    help = "what in the network's design looks like a mistake, with the reason and the figure"
    needs = ("shapes",)
    has_folder = False

    def run(self, context: TaskContext) -> Exit:
        """Show the findings. They are no faults: the exit code is 0."""
        from cnnlab.config.run import model_of
        from cnnlab.experiment.design import design
        from cnnlab.lint.check import find_smells, what_helps
        from cnnlab.untrusted.terminal import Output
        from cnnlab.untrusted.words import json_text

        run, composed = context.run, context.composed
        checked_design = design(run, model_of(composed.config))
        findings = [(finding, what_helps(checked_design, finding)) for finding in find_smells(checked_design)]
        network = composed.choices["model"]
        if run.top.format == "json":
            print(json_text(record(network, checked_design, findings), indent=2))
            return Exit.DONE
        console = Output()
        for line in lines(network, checked_design, findings):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        return Exit.DONE


def record(network: str, design: Design, findings: list[tuple[Finding, list[str]]]) -> dict[str, Any]:
    entries = [
        {"smell": finding.smell, "where": list(finding.where), "said": finding.message, "figures": finding.figures}
        | {"reason": finding.reason, "instead": helps}
        for finding, helps in findings
    ]
    about = {"input": list(design.graph.input), "classes": design.network.classes, "batch_size": design.batch_size}
    return {"network": network, **about, "findings": entries}


def lines(network: str, design: Design, findings: list[tuple[Finding, list[str]]]) -> Iterator[str]:
    from cnnlab.explain.words import wrapped
    from cnnlab.override import for_shell

    count = plural(len(findings), "smell") if findings else "nothing to remark"
    heading = (
        f"{network} at {dims(design.graph.input)}, {design.network.classes} classes, batches of {design.batch_size}"
    )
    yield from wrapped(f"{heading}: {count}")
    for finding, helps in findings:
        yield ""
        yield from wrapped(f"{finding.smell} · {finding.places(6)}", 0, 2)
        yield from wrapped(f"{finding.message}.", 2)
        yield from wrapped(f"Why: {finding.reason}", 2, 2)
        if helps:
            yield from wrapped(f"Helps: {'  |  '.join(map(for_shell, helps))}", 2, 2)
