"""Where a run is shown besides its own record: the records of the group `logger`.

A logger follows the record on disk; it changes nothing about a run. One of one's own is a subclass of Logger in a
module that `plugins=` names: `logger.NAME={…}` chooses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, model_validator

from cnnlab.errors import Fault, UserError
from cnnlab.program import extra
from cnnlab.registry import Registered, Registry, kind_of, returned
from cnnlab.settings import Natural, Settings

Text = Annotated[str, Field(min_length=1)]


class RunListener(Protocol):
    """Hears of an epoch when its row is on disk, and of the end when result.json is; must neither raise nor block."""

    def epoch(self, row: dict[str, Any]) -> None: ...
    def end(self, code: int) -> None: ...


@dataclass(frozen=True)
class LoggedRun:
    """The run that a logger is to follow."""

    folder: Path
    """where its record is written"""
    tags: tuple[str, ...]
    sweep: str | None
    """the name of the sweep that it is a job of"""
    say: Callable[[str], None]
    """prints a line"""


class Logger(Registered):
    """Shows a run while it is written."""

    registry: ClassVar[Registry[Logger]] = Registry("logger", methods=("follow",))

    kind: str
    shown_images: ClassVar[int] = 0
    """wrong predictions whose images it shows, where it has no setting `images`"""

    def follow(self, run: LoggedRun) -> RunListener | None:
        """What hears of the run; None where it cannot be followed, which has then been said."""
        raise NotImplementedError

    def missing(self) -> str | None:
        """What is not installed that it needs, as the end of a sentence."""
        return None


class Wandb(Logger):
    """Weights & Biases: a mirror of the run's record."""

    kind: Literal["wandb"] = "wandb"  # type: ignore[assignment]
    project: Text | None = None
    """null: what WANDB_PROJECT says, else cnnlab"""
    entity: Text | None = None
    """a team or an account; null: the account's own default"""
    mode: Literal["auto", "online", "offline"] = "auto"
    """auto: online where credentials work, else offline; online: whatever WANDB_MODE says, too; never a prompt"""
    group: Text | None = None
    """what the run stands under; null: its sweep"""
    name: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """null: the run's variant and seed"""
    images: Natural = 64
    """of the worst predictions, in a table; 0: none"""
    artifact: bool = False
    """whether to upload the best checkpoint, as a model with the aliases best and latest"""
    code: bool = False
    """whether to upload the YAML and Python files below the folder that the run was started in"""

    def follow(self, run: LoggedRun) -> RunListener | None:
        from cnnlab.tracking.mirror.follower import Follower

        try:
            return Follower(run.folder, self.plain(), list(run.tags), run.sweep, run.say)
        except OSError as error:  # no process to be had
            run.say(f"W&B: nothing is sent: {error}")
            return None

    def plain(self) -> dict[str, Any]:
        """The settings as plain data, for the process that mirrors."""
        return self.model_dump(exclude={"kind"})


class Tensorboard(Logger):
    """Event files for TensorBoard, in the run's folder."""

    kind: Literal["tensorboard"] = "tensorboard"  # type: ignore[assignment]
    images: Natural = 16
    """of the worst predictions; 0: none"""

    def follow(self, run: LoggedRun) -> RunListener:
        from cnnlab.tracking.boards import Board

        return Board(run.folder, self.images)

    def missing(self) -> str | None:
        return None if find_spec("tensorboard") else extra("tensorboard")


class Csv(Logger):
    """The epochs as a table, metrics.csv in the run's folder."""

    kind: Literal["csv"] = "csv"  # type: ignore[assignment]

    def follow(self, run: LoggedRun) -> RunListener:
        from cnnlab.tracking.csv_rows import CsvRows

        return CsvRows(run.folder, run.say)


class Mlflow(Logger):
    """A run of an MLflow experiment: settings, epochs and the test's numbers."""

    kind: Literal["mlflow"] = "mlflow"  # type: ignore[assignment]
    uri: Text | None = None
    """where MLflow keeps its runs; null: what MLFLOW_TRACKING_URI says, else its own default"""
    experiment: Text = "cnnlab"
    """made where it is not there"""

    def follow(self, run: LoggedRun) -> RunListener | None:
        return _tracker("mlflow", self, run)

    def missing(self) -> str | None:
        return None if find_spec("mlflow") else extra("mlflow")


class Trackio(Logger):
    """A run of a Trackio project: settings, epochs and the test's numbers."""

    kind: Literal["trackio"] = "trackio"  # type: ignore[assignment]
    project: Text = "cnnlab"
    """made where it is not there"""
    space: Text | None = None
    """a Space to send it to, as in user/space; null: it stays on this machine"""

    def follow(self, run: LoggedRun) -> RunListener | None:
        return _tracker("trackio", self, run)

    def missing(self) -> str | None:
        return None if find_spec("trackio") else extra("trackio")


def _tracker(name: str, settings: Logger, run: LoggedRun) -> RunListener | None:
    """A tracker's process; None where there is no process to be had."""
    from cnnlab.tracking.trackers.follower import TrackerFollower

    try:
        return TrackerFollower(name, run.folder, settings.model_dump(exclude={"kind"}), run.say)
    except OSError as error:
        run.say(f"{name}: nothing is sent: {error}")
        return None


LOGGERS = Logger.registry.ship(Wandb, Tensorboard, Csv, Mlflow, Trackio)


class LoggerSettings(Settings):
    """Each by its name; none is the default."""

    wandb: Wandb | None = None
    """Weights & Biases"""
    tensorboard: Tensorboard | None = None
    """TensorBoard"""
    csv: Csv | None = None
    """metrics.csv in the run's folder"""
    mlflow: Mlflow | None = None
    """MLflow"""
    trackio: Trackio | None = None
    """Trackio"""
    _brought: dict[str, Logger] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _with_brought(cls, raw: Any, handler: ModelWrapValidatorHandler[LoggerSettings]) -> LoggerSettings:
        """Plugins' loggers, by the names of their kinds."""
        if not isinstance(raw, Mapping):
            return handler(raw)
        named = {name: value for name, value in raw.items() if name in LOGGERS.brought and value is not None}
        settings = handler({name: value for name, value in raw.items() if name not in LOGGERS.brought})
        for name, value in named.items():
            logger, faults = LOGGERS.read({**value, "kind": name} if isinstance(value, dict) else value, name)
            if faults or logger is None:
                raise ValueError("; ".join(map(str, faults)))
            settings._brought[name] = logger
        return settings

    def chosen(self) -> list[Logger]:
        """The loggers, in the order they are told of a run."""
        return [
            logger
            for logger in (self.csv, self.tensorboard, self.wandb, self.mlflow, self.trackio, *self._brought.values())
            if logger
        ]

    @property
    def images(self) -> int:
        """The most images of bad predictions that one of them shows."""
        return max((getattr(logger, "images", logger.shown_images) for logger in self.chosen()), default=0)

    def missing(self) -> list[Fault]:
        """What is wrong with choosing loggers whose packages are not installed."""
        lacking = [(kind_of(type(logger)), logger.missing()) for logger in self.chosen()]
        message = "needs a package that is not installed: {}"
        return [Fault(f"logger.{kind}", message.format(remedy)) for kind, remedy in lacking if remedy]


def follow(logger: Logger, run: LoggedRun) -> RunListener | None:
    """What hears of the run. UserError where a plugin's logger returns something else."""
    listener = logger.follow(run)
    if listener is not None and not (callable(getattr(listener, "epoch", None)) and hasattr(listener, "end")):
        message = returned(logger, "follow", listener, "an object with epoch(row) and end(code)")
        raise UserError(Fault(f"logger.{kind_of(type(logger))}", message))
    return listener
