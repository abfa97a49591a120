"""What each tracker is told, in its own words. Its package is imported here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_hex
from typing import Any, Protocol

from cnnlab import dotted

LONGEST = 500
"""characters of a value that MLflow takes"""
MOST = 100
"""parameters that it takes at once"""


class Target(Protocol):
    """A run at a tracker."""

    def __init__(self, settings: dict[str, Any]): ...

    def open(self, name: str, config: Mapping[str, Any], known: str | None) -> str:
        """Begin the run, or go on with the one that is `known`; what it is known by."""
        ...

    def log(self, numbers: Mapping[str, float], epoch: int) -> None: ...

    def end(self, numbers: Mapping[str, float], epoch: int, well: bool) -> None:
        """The test's numbers; `well`: whether the run ended so."""
        ...


class MlflowTarget:
    """A run of an MLflow experiment, by its client: nothing of the process is global."""

    def __init__(self, settings: dict[str, Any]):
        from mlflow import MlflowClient  # pyright: ignore[reportMissingImports]

        self.client, self.experiment = MlflowClient(tracking_uri=settings["uri"]), settings["experiment"]
        self.run = ""

    def open(self, name: str, config: Mapping[str, Any], known: str | None) -> str:
        if known:
            self.client.update_run(known, status="RUNNING")
            self.run = known
            return known
        found = self.client.get_experiment_by_name(self.experiment)
        experiment = found.experiment_id if found else self.client.create_experiment(self.experiment)
        self.run = self.client.create_run(experiment, run_name=name).info.run_id
        from mlflow.entities import Param  # pyright: ignore[reportMissingImports]

        flat = dotted.flat({key: value for key, value in config.items() if value is not None})
        params = [Param(_key(key), str(value)[:LONGEST]) for key, value in flat.items()]
        for first in range(0, len(params), MOST):
            self.client.log_batch(self.run, params=params[first : first + MOST])
        return self.run

    def log(self, numbers: Mapping[str, float], epoch: int) -> None:
        import time

        from mlflow.entities import Metric  # pyright: ignore[reportMissingImports]

        now = int(time.time() * 1000)
        metrics = [Metric(_key(key), value, now, epoch) for key, value in numbers.items()]
        self.client.log_batch(self.run, metrics=metrics)

    def end(self, numbers: Mapping[str, float], epoch: int, well: bool) -> None:
        self.log(numbers, epoch)
        self.client.set_terminated(self.run, "FINISHED" if well else "FAILED")


class TrackioTarget:
    """A run of a Trackio project, on this machine or in a Space."""

    def __init__(self, settings: dict[str, Any]):
        self.settings = settings

    def open(self, name: str, config: Mapping[str, Any], known: str | None) -> str:
        import trackio  # pyright: ignore[reportMissingImports]

        known = known or f"{name}-{token_hex(3)}"  # it knows runs by their names alone
        trackio.init(
            project=self.settings["project"],
            name=known,
            space_id=self.settings["space"],
            config={key: value for key, value in dotted.flat(dict(config)).items() if value is not None},
            resume="allow",
            embed=False,
        )
        return known

    def log(self, numbers: Mapping[str, float], epoch: int) -> None:
        import trackio  # pyright: ignore[reportMissingImports]

        trackio.log({key: value for key, value in numbers.items() if key != "step"}, step=epoch)

    def end(self, numbers: Mapping[str, float], epoch: int, well: bool) -> None:
        import trackio  # pyright: ignore[reportMissingImports]

        trackio.log({**numbers, "ended_well": float(well)}, step=epoch)
        trackio.finish()


TARGETS: dict[str, type[Target]] = {"mlflow": MlflowTarget, "trackio": TrackioTarget}


def _key(name: str) -> str:
    """A name that MLflow takes.

    >>> _key("cfg.model.blocks.a*b")
    'cfg.model.blocks.a_b'
    """
    return "".join(char if char.isalnum() or char in "_-. /" else "_" for char in name)[:250]
