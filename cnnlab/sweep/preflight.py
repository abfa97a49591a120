"""What a sweep will cost, before anything trains: its arms with their sizes, times, and which of them are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.table import Table

from cnnlab.data.dataset import Dataset, open_dataset
from cnnlab.experiment.job import Job
from cnnlab.experiment.pilot import estimate, seconds_an_image
from cnnlab.settings import digest
from cnnlab.sweep.board import arm_title, span
from cnnlab.sweep.plan import SweepPlan


@dataclass(frozen=True)
class PreflightArm:
    """One arm of the sweep."""

    arm: str
    jobs: int
    """its seeds"""
    params: int
    macs: int
    seconds: float | None
    """of one job, estimated; None where nothing is trained"""
    same_as: str | None
    """the arm listed before whose jobs are the same ones"""


def preflight(plan: SweepPlan, trains: bool = True) -> list[PreflightArm]:
    """Every arm, after a short trial of each network on random images. UserError for data that are not there."""
    arms: dict[tuple, list[Job]] = {}
    for planned in plan.jobs:
        arms.setdefault(planned.arm, []).append(planned.job)
    datasets: dict[str, Dataset] = {}
    pace: dict[str, float] = {}
    owners: dict[object, str] = {}
    tried = []
    for arm, jobs in arms.items():
        job, name = jobs[0], arm_title(arm) or "all"
        facts = job.facts
        seconds = _seconds(job, datasets, pace) if trains else None
        same = owners.setdefault(frozenset(job.folder for job in jobs), name)
        tried.append(
            PreflightArm(name, len(jobs), facts["params"], facts["macs"], seconds, same if same != name else None)
        )
    return tried


def _seconds(job: Job, datasets: dict[str, Dataset], pace: dict[str, float]) -> float:
    run, facts = job.run, job.facts
    which = digest(run.data.model_dump(mode="json"))
    if which not in datasets:
        datasets[which] = open_dataset(run.data, run.top.seed)
    key = digest([facts["fingerprint"], run.data.batch_size, vars(job.hardware)])
    if key not in pace:
        pace[key] = seconds_an_image(run, job.hardware, facts["macs"])
    return estimate(run, datasets[which], pace[key])


def table(arms: Sequence[PreflightArm]) -> Table:
    shown = Table(box=None, header_style="dim", pad_edge=False)
    shown.add_column("arm", overflow="fold")
    for heading in ("jobs", "parameters", "MACs", "time a job"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("")
    for arm in arms:
        note = f"the same jobs as {arm.same_as}" if arm.same_as else ""
        time = "" if arm.seconds is None else span(arm.seconds)
        shown.add_row(arm.arm, str(arm.jobs), f"{arm.params:,}", f"{arm.macs:,}", time, note)
    return shown


def as_json(arms: Sequence[PreflightArm]) -> list[dict]:
    return [asdict(arm) for arm in arms]


def total(arms: Sequence[PreflightArm], waiting: Sequence[Job], plan: SweepPlan, places: int) -> float:
    """Seconds until all that is waiting has been trained, each process's start left out."""
    by_name = {arm.arm: arm.seconds or 0 for arm in arms}
    names = {planned.job.folder: arm_title(planned.arm) or "all" for planned in reversed(plan.jobs)}
    return sum(by_name[names[job.folder]] for job in waiting) / max(places, 1)
