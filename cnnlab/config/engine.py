"""Hydra's engine over a folder of configuration: it composes, makes folders, sets up logging, runs a job or a sweep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

from hydra import version as hydra_version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository, IConfigRepository
from hydra._internal.core_plugins.importlib_resources_config_source import ImportlibResourcesConfigSource
from hydra._internal.hydra import Hydra
from hydra._internal.sources_registry import SourcesRegistry
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.config_store import ConfigStore
from hydra.core.default_element import ResultDefault
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn
from hydra.plugins.config_source import ConfigResult
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from cnnlab.config import GROUPS, LOGGER, SHARED
from cnnlab.config.files import FileConfigSource, endless
from cnnlab.config.kinds import KindsSource
from cnnlab.errors import Fault, UserError
from cnnlab.origin import COMMAND_LINE

MOST_FILES = 100
"""that one configuration is made of; the largest that ship are made of 20"""


class BoundedRepository(CachingConfigRepository):
    """Hydra's files while one configuration is composed, which end where `defaults` lead on and on.

    Three files that each list the next one twenty times make 8,000, and a file that lists itself never ends.
    """

    visits = 0
    lists = ""
    """the latest file with defaults of its own"""

    def load_config(self, config_path: str) -> ConfigResult | None:
        self.visits += 1
        if self.visits > 2 * MOST_FILES:  # Hydra asks twice for each: for its package, and for what it lists
            source = self.delegate._find_object_source(self.lists, ObjectType.CONFIG)  # type: ignore[attr-defined]
            raise endless(self.lists, source, MOST_FILES)
        found = super().load_config(config_path)
        if found and found.defaults_list:
            self.lists = config_path
        return found


class PackagedFiles(ImportlibResourcesConfigSource):
    """Hydra's reader of the files in its own package, which reads each once a process: every configuration has ten."""

    kept: ClassVar[dict[tuple[str, str], ConfigResult]] = {}

    def load_config(self, config_path: str) -> ConfigResult:
        key = (self.path, config_path)
        if key not in self.kept:
            self.kept[key] = super().load_config(config_path)
        return deepcopy(self.kept[key])


class Loader(ConfigLoaderImpl):
    """Hydra's, which remembers the files of its latest configuration: to find them again takes a third of the time."""

    files: Sequence[ResultDefault] = ()
    """in the order in which they count"""
    composed: DictConfig | None = None
    """a configuration that Hydra gets, once, in the place of the one that it would compose"""

    def load_configuration(self, *args: Any, **how: Any) -> DictConfig:
        config, self.composed = self.composed, None
        return super().load_configuration(*args, **how) if config is None else config

    def _parse_overrides_and_create_caching_repo(
        self, config_name: str | None, overrides: list[str]
    ) -> tuple[list[Override], CachingConfigRepository]:
        parsed = OverridesParser.create().parse_overrides(overrides=overrides)
        repository = BoundedRepository(self.repository)
        self._process_config_searchpath(config_name, parsed, repository)
        return parsed, repository

    def _compose_config_from_defaults_list(self, defaults: list[ResultDefault], repo: IConfigRepository) -> DictConfig:
        self.files = tuple(defaults)
        if isinstance(repo, BoundedRepository):
            repo.visits = 0  # from here on it is asked once for each of them
        return super()._compose_config_from_defaults_list(defaults, repo)


class HydraEngine(Hydra):
    """Hydra with that loader."""

    config_loader: Loader

    @property
    def folders(self) -> list[Path]:
        """Where configuration is looked for, the first one first."""
        return [Path(source.path) for source in self.config_loader.get_sources() if source.scheme() == "file"]

    def run_composed(
        self, config: DictConfig, words: list[str], folder: Path, task: Callable[[DictConfig], object]
    ) -> JobReturn:
        """Run a job as Hydra does, with its log and callbacks, but from a configuration that is composed already.

        `words` are its overrides, and one more that names the folder.
        """
        config.hydra.mode = RunMode.RUN
        config.hydra.run.dir = str(folder)
        config.hydra.overrides.hydra.append(words[-1])
        self.config_loader.composed = config
        return self.run(config.hydra.job.config_name, task, words)


def start(conf: Path, *own: Path) -> HydraEngine:
    """An engine that finds configuration in `conf`, and before that in the user's `own` folders, the first one first.

    UserError for a missing folder.
    """
    for folder, flag in ((conf, "--config-path"), *((folder, "--config-dir") for folder in own)):
        if not folder.is_dir():
            raise UserError(Fault(flag, f"there is no folder {folder}", origin=COMMAND_LINE))
    register()
    hydra_version.setbase("1.3")
    path = create_config_search_path(str(conf.resolve()))
    for folder in own:
        before = SearchPathQuery(provider="main")
        path.prepend(provider="command-line", path=f"file://{folder.resolve()}", anchor=before)
    path.prepend(provider="cnnlab", path="kinds://", anchor=SearchPathQuery(provider="schema"))
    SourcesRegistry.instance().types |= {"file": FileConfigSource, "kinds": KindsSource, "pkg": PackagedFiles}
    GlobalHydra.instance().clear()
    engine = HydraEngine("run", Loader(path))
    GlobalHydra.instance().initialize(engine)
    return engine


def register() -> None:
    """Store the node `cnnlab`, which conf/config.yaml lists before the groups.

    Hydra forbids keys that no file spells (OmegaConf's struct mode), which would make every block's unspelled setting
    need a `+`. Groups that start from an open node stay open through the merges; cnnlab checks their keys itself.
    """
    groups = (*GROUPS, SHARED, LOGGER)
    node = OmegaConf.create({group: {} for group in groups})
    for group in groups:
        OmegaConf.set_struct(node[group], False)
    ConfigStore.instance().store(name="cnnlab", node=node)
