"""What of a run's record W&B is given. Nothing here knows W&B, and no name of a user, host or home folder passes."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cnnlab.tracking.reader import RunFolder
from cnnlab.untrusted.files import read_json

FLAT = ("model", "data", "seed", "params", "params_aux", "macs", "identity", "fingerprint")
"""facts that are config keys of their own, so that W&B can group by them: it groups by one flat key only"""
PRIVATE = (
    *("dir", "ckpt_path", "images", "format", "task", "jobs", "retry", "timeout", "logger", "name", "tags", "hydra"),
)
"""settings that say nothing about the run, or are where its user's files lie"""
ELSEWHERE = (*FLAT, "variant", "overrides", "name", "tags", "versions", "git", "threads", "started", "resumed")
"""keys of result.json that stand in the config, or stay at home"""
LARGEST = 4096
"""pixels of a side of a picture in a record"""


def arm(facts: Mapping[str, Any]) -> str:
    """What runs that differ in the seed alone have in common: the variant, or the network's name where it is empty."""
    return str(facts.get("variant") or facts.get("model") or "run")


def name(facts: Mapping[str, Any]) -> str:
    """`<variant>-s<seed>`, the last 128 characters of it: W&B allows no more, and what is swept mostly stands last.

    >>> name({"variant": "model=lenet model.norm=batch", "seed": 3})
    'model=lenet model.norm=batch-s3'
    """
    full = f"{tilde(arm(facts))}-s{facts.get('seed')}"
    return full if len(full) <= 128 else f"…{full[-127:]}"


def config(run: RunFolder, group: str | None) -> dict[str, Any]:
    """Flat keys for grouping and columns, and the whole resolved configuration under `cfg`."""
    facts, settings = run.facts, run.config
    versions, git = facts.get("versions") or {}, facts.get("git") or {}
    flat = {key: facts.get(key) for key in FLAT}
    flat |= {"variant": arm(facts), "sweep": group, "commit": git.get("commit")}
    flat |= {"batch_size": _at(settings, "data", "batch_size"), "optimizer": _at(settings, "optimizer", "kind")}
    flat |= {"lr": _at(settings, "optimizer", "lr"), "scheduler": _at(settings, "scheduler", "kind")}
    flat |= {"max_epochs": _at(settings, "trainer", "max_epochs"), "precision": _at(settings, "trainer", "precision")}
    flat |= {"threads": settings.get("threads"), "torch": versions.get("torch"), "cnnlab": versions.get("cnnlab")}
    return tilde({**flat, "cfg": {key: value for key, value in settings.items() if key not in PRIVATE}})


def _at(config: Mapping[str, Any], group: str, key: str) -> Any:
    inner = config.get(group)
    return inner.get(key) if isinstance(inner, dict) else None


def history(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of metrics.jsonl with what is not finite as it was, and the best validation accuracy so far."""
    best, points = -math.inf, []
    for row in rows:
        strange = {key: float(value) for key, value in (row.get("not_finite") or {}).items()}
        clean = {key: value for key, value in row.items() if key != "not_finite" and value is not None}
        if row.get("val/acc") is not None:
            best = max(best, row["val/acc"])
        points.append({**clean, **strange, **({"best/val_acc": best} if best >= 0 else {})})
    return points


def summary(result: Mapping[str, Any]) -> dict[str, Any]:
    """The single values of result.json under their own names; warnings as one text."""
    single = {key: value for key, value in result.items() if isinstance(value, str | int | float | bool)}
    warnings = "; ".join(map(str, result.get("warnings") or ()))
    kept = {key: value for key, value in single.items() if key not in ELSEWHERE}
    return tilde({**kept, **({"warnings": warnings} if warnings else {})})


def tags(facts: Mapping[str, Any], more: Iterable[str]) -> list[str]:
    """The user's, the network's and the data's; W&B allows 1 to 64 characters."""
    words = (*more, facts.get("model"), facts.get("data"))
    return list(dict.fromkeys(tilde(str(word))[:64] for word in words if word))


def tested(folder: Path) -> dict[str, Any] | None:
    """tested.json: the confusion matrix and the worst predictions; None where there is none."""
    try:
        return read_json(folder / "tested.json")
    except (OSError, ValueError):
        return None


def picture(encoded: str) -> Any:
    """A PNG in base64 as an image of PIL's. Raises what PIL raises, and ValueError."""
    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(encoded)), formats=["PNG"])
    if max(image.size) > LARGEST:  # its pixels are not decoded yet
        raise ValueError(f"a picture of {image.width}×{image.height} pixels")
    return image


def tilde(value: Any) -> Any:
    """Plain data whose texts say ~ for the home folder, which holds its user's name."""
    match value:
        case str():
            home = str(Path.home())
            return value.replace(home, "~") if len(home) > 1 else value
        case dict():
            return {key: tilde(inner) for key, inner in value.items()}
        case list() | tuple():
            return [tilde(inner) for inner in value]
    return value
