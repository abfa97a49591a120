"""What composing makes: one resolved configuration with the origin of every key, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cnnlab.config.origins import Origins
from cnnlab.errors import Fault
from cnnlab.origin import COMMAND_LINE

if TYPE_CHECKING:
    from omegaconf import DictConfig


@dataclass
class Composed:
    """A configuration as plain data, as far as it could be composed."""

    config: dict[str, Any] = field(default_factory=dict)
    """resolved, for running"""
    primary: str = "config"
    """the file it begins with"""
    frozen: dict[str, Any] = field(default_factory=dict)
    """resolved but for environment variables, for saving: their values belong into no file"""
    run_dir: str | None = None
    """the run's folder, where the command line names it"""
    sweep_dir: str | None = None
    """the sweep's folder, where the command line names it"""
    choices: dict[str, str] = field(default_factory=dict)
    """the file chosen from each group"""
    origins: Origins = field(default_factory=Origins)
    swept: dict[str, str] = field(default_factory=dict)
    """the sweep that a file asks for, in `hydra.sweeper.params`"""
    refers_to_seed: bool = False
    """whether some setting is made from the seed, by a `${seed}`"""
    overrides: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """keys that could not be composed; whatever else is wrong with them, or in them, follows from that"""

    shared_blocks: tuple[str, ...] = ()
    """the files of the group of blocks that any network may have: each brings the kind that it is called by"""
    failed: bool = False
    """whether not even the files by themselves compose"""
    hydra_config: DictConfig | None = None
    """Hydra's own form, with its settings of logging and folders, if the job is to be run by Hydra"""

    def refuse(self, fault: Fault) -> None:
        """Note what is wrong with an override, or with what it asks for."""
        if fault.path:
            self.origins.add(fault.path, COMMAND_LINE)
            self.broken.append(fault.path)
        self.faults.append(fault)
