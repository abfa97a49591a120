"""Hydra's engine over a folder of configuration: it composes, makes folders, sets up logging, runs a job or a sweep."""

from __future__ import annotations

from pathlib import Path

from hydra import version as hydra_version
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.hydra import Hydra
from hydra._internal.sources_registry import SourcesRegistry
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf

from cnnlab.config import GROUPS, SHARED
from cnnlab.config.files import FileConfigSource
from cnnlab.errors import Fault, UserError


def start(conf: Path, more: Path | None = None) -> Hydra:
    """An engine that finds configuration in `conf`, and before that in `more`. UserError for a missing folder."""
    for folder, flag in ((conf, "--config-path"), (more, "--config-dir")):
        if folder is not None and not folder.is_dir():
            raise UserError(Fault("", f"command line  {flag}: there is no folder {folder}"))
    register()
    hydra_version.setbase("1.3")
    path = create_config_search_path(str(conf.resolve()))
    if more is not None:
        first = SearchPathQuery(provider="main")
        path.prepend(provider="command-line", path=f"file://{more.resolve()}", anchor=first)
    SourcesRegistry.instance().types["file"] = FileConfigSource
    GlobalHydra.instance().clear()
    return Hydra.create_main_hydra2(task_name="run", config_search_path=path)


def register() -> None:
    """Store the node `cnnlab`, which conf/config.yaml lists before the groups.

    Hydra forbids keys that no file spells (OmegaConf's struct mode), which would make every block's unspelled setting
    need a `+`. Groups that start from an open node stay open through the merges; cnnlab checks their keys itself.
    """
    groups = (*GROUPS, SHARED)
    node = OmegaConf.create({group: {} for group in groups})
    for group in groups:
        OmegaConf.set_struct(node[group], False)
    ConfigStore.instance().store(name="cnnlab", node=node)


def jobs(hydra: Hydra, overrides: list[str]) -> list[list[str]]:
    """The overrides of each job of a sweep, in the order in which Hydra's own sweeper runs them.

    An override that does not parse, or a search space that only another sweeper understands, is left as it stands.
    """
    parser = OverridesParser.create(config_loader=hydra.config_loader)
    readable, rest = [], []
    for text in overrides:
        try:
            (override,) = parser.parse_overrides([text])
        except HydraException:
            rest.append(text)
            continue
        if override.is_sweep_override() and not override.is_discrete_sweep():
            continue
        readable.append(override)
    return [[*rest, *job] for job in BasicSweeper.split_arguments(readable, None)[0]]
