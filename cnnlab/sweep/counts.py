"""Jobs of a study that trains nothing: their record is the network on paper."""

from __future__ import annotations

from cnnlab.experiment.facts import image_shape
from cnnlab.experiment.job import Job
from cnnlab.network.outline import network_record
from cnnlab.sweep.ends import write_end
from cnnlab.tracking.durable import write_json


def count(job: Job) -> None:
    """Write network.json and a result with parameters and multiply-adds."""
    job.folder.mkdir(parents=True, exist_ok=True)
    write_json(job.folder / "network.json", network_record(job.run.network, image_shape(job.run)))
    write_end(job.folder, job.facts, "ok")
