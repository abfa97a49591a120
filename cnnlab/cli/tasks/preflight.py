"""`task=preflight`: what a sweep would take, without training."""

from __future__ import annotations

from cnnlab.cli.tasks import SweepContext, SweepTask, TaskContext
from cnnlab.errors import Exit, Fault, UserError


class Preflight(SweepTask):
    """Task that shows a sweep's arms with sizes, times and duplicates."""

    name = "preflight"
    help = "of a sweep or study: its arms with sizes, times and duplicates; trains nothing"
    needs = ("data", "shapes")
    trains = True
    of_sweeps_only = True

    def run(self, context: TaskContext) -> Exit:
        raise UserError(Fault("task", "preflight is of a whole sweep, and no job of one that has other tasks"))

    def run_sweep(self, sweep: SweepContext) -> Exit:
        from cnnlab.sweep.board import opening, span
        from cnnlab.sweep.engine import SilentListener, SweepEngine
        from cnnlab.sweep.grid import trains
        from cnnlab.sweep.preflight import as_json, preflight, table, total
        from cnnlab.tracking.reader import RunFolder
        from cnnlab.untrusted.terminal import Output
        from cnnlab.untrusted.words import json_text

        plan, top = sweep.plan(), sweep.jobs[0].run.top
        engine = SweepEngine(plan, SilentListener(), top.retry == "failed", top.jobs)
        waiting, trained = engine.waiting(), trains(plan.manifest.study)
        arms, places = preflight(plan, trained), engine.places(len(waiting))
        if top.format == "json":
            print(json_text({"folder": str(plan.folder), "waiting": len(waiting), "arms": as_json(arms)}, indent=2))
            return Exit.DONE
        console = Output()
        console.print(table(arms), highlight=False)
        finished = {job.folder: RunFolder(job.folder).result or {} for job in plan.unique() if job not in waiting}
        start = opening(plan, finished, waiting, places) if trained else f"{plan.folder}: nothing is trained"
        rest = f"; about {span(total(arms, waiting, plan, places))}" if waiting and trained else ""
        console.print(f"{start}{rest}", highlight=False, soft_wrap=True)
        return Exit.DONE
