"""Lightning's Trainer on one device in one process, whatever the machine's environment says."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.utilities.rank_zero import rank_zero_only
from pytorch_lightning.trainer.connectors.checkpoint_connector import _CheckpointConnector


class OneProcess(ClusterEnvironment):
    """Cluster environment of one process.

    Lightning looks for SLURM, torchrun, LSF and MPI by their variables where it is given none. Inside an allocation it
    then refuses to train without srun, has signal handlers that write checkpoints of its own and start `scontrol`, and
    takes ranks from variables.
    """

    @property
    def creates_processes_externally(self) -> bool:  # so that no strategy would start any
        return True

    @property
    def main_address(self) -> str:
        return "127.0.0.1"

    @property
    def main_port(self) -> int:
        return 0

    @staticmethod
    def detect() -> bool:
        return True

    def world_size(self) -> int:
        return 1

    def set_world_size(self, size: int) -> None: ...

    def global_rank(self) -> int:
        return 0

    def set_global_rank(self, rank: int) -> None: ...

    def local_rank(self) -> int:
        return 0

    def node_rank(self) -> int:
        return 0


class OurCheckpoints(_CheckpointConnector):
    """Lightning's way to checkpoints, without the `hpc_ckpt_…` that it would resume from inside SLURM."""

    _hpc_resume_path = None  # type: ignore[assignment]


class OneDeviceTrainer(pl.Trainer):
    """Trainer on one device in this process.

    Lightning reads defaults of a Trainer from PL_TRAINER_…, by the name of its class: this one has another.
    """

    def __init__(self, plugins: list[Any], **settings: Any):
        rank_zero_only.rank = 0  # read from RANK, SLURM_PROCID and the like when Lightning was imported
        super().__init__(devices=1, num_nodes=1, plugins=[*plugins, OneProcess()], **settings)
        self._checkpoint_connector = OurCheckpoints(self)
