"""Options of a group that no file has: each kind of its registry is one, such as optimizer=rmsprop, or a plugin's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from omegaconf import OmegaConf

from cnnlab.config import KINDS

if TYPE_CHECKING:
    from cnnlab.registry import Registered, Registry


@cache
def registries() -> Mapping[str, Registry[Any]]:
    """The registries of the groups whose kinds are options, file or no file."""
    # They bring pydantic, which composing does without as long as every option is a file
    from cnnlab.training.losses import LOSSES
    from cnnlab.training.optimizers import OPTIMIZERS
    from cnnlab.training.schedules import SCHEDULES

    return dict(zip(KINDS, (OPTIMIZERS, SCHEDULES, LOSSES), strict=True))


class KindsSource(ConfigSource):
    """Hydra's way to what a registry holds: it looks here last, so that files of the same names count."""

    @staticmethod
    def scheme() -> str:
        return "kinds"

    def load_config(self, config_path: str) -> ConfigResult:
        group, _, kind = config_path.removesuffix(".yaml").partition("/")
        if not self.is_config(config_path):
            raise ConfigLoadError(f"Config not found : {config_path}")
        node = OmegaConf.create(spelled_out(registries()[group][kind], kind))
        header: dict[str, str | None] = {"package": None}
        return ConfigResult(config=node, path=f"{self.scheme()}://{group}", provider=self.provider, header=header)

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return config_path.strip("/") in KINDS

    def is_config(self, config_path: str) -> bool:
        group, _, kind = config_path.removesuffix(".yaml").partition("/")
        return group in KINDS and kind in registries()[group]

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        if results_filter == ObjectType.GROUP:
            return []
        return sorted(registries()[config_path.strip("/")]) if self.is_group(config_path) else []


def spelled_out(cls: type[Registered], kind: str) -> dict[str, Any]:
    """What a file of this kind would say: its name, and all defaults that are plain."""
    fields = {info.alias or name: info for name, info in cls.model_fields.items() if not info.default_factory}
    defaults = {name: info.default for name, info in fields.items() if not info.is_required()}
    return {name: value for name, value in defaults.items() if _is_plain(value)} | {cls.registry.key: kind}


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
