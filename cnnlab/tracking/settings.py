"""Where a run is shown besides its own record: the settings of the group `logger`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cnnlab.settings import Natural, Settings

Text = Annotated[str, Field(min_length=1)]


class WandbSettings(Settings):
    """Weights & Biases: a mirror of the run's record."""

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


class TensorboardSettings(Settings):
    """Event files for TensorBoard, in the run's folder."""

    images: Natural = 16
    """of the worst predictions; 0: none"""


class LoggerSettings(Settings):
    """Each by its name; none is the default."""

    wandb: WandbSettings | None = None
    """Weights & Biases"""
    tensorboard: TensorboardSettings | None = None
    """TensorBoard"""

    @property
    def images(self) -> int:
        """The most images of bad predictions that one of them shows."""
        return max((one.images for one in (self.wandb, self.tensorboard) if one), default=0)
