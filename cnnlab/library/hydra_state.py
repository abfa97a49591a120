"""Hydra and OmegaConf have one state a process, which belongs to the caller: it is put back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_hydra() -> Iterator[None]:
    """Whatever is done with Hydra inside, its state and OmegaConf's resolvers are afterwards as they were before."""
    from hydra._internal.sources_registry import SourcesRegistry
    from hydra.core.config_store import ConfigStore
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.core.plugins import Plugins
    from hydra.version import VersionBase
    from omegaconf.basecontainer import BaseContainer

    Plugins.instance()  # registers Hydra's own readers of files, once a process
    engine, sources, store = GlobalHydra.instance(), SourcesRegistry.instance(), ConfigStore.instance()
    config, version = HydraConfig.instance(), VersionBase.instance()
    before = engine.hydra, dict(sources.types), dict(store.repo), config.cfg, version.version_base
    resolvers = dict(BaseContainer._resolvers)
    try:
        yield
    finally:
        engine.hydra, sources.types, store.repo, config.cfg, version.version_base = before
        BaseContainer._resolvers = resolvers
