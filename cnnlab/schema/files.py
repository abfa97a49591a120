"""The schema's files: what they are made from, how they are written, and which one a YAML file belongs to."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from cnnlab.config import SHARED
from cnnlab.config.files import Unreadable, data, read
from cnnlab.config.recipe import FileKind
from cnnlab.schema.blocks import Written
from cnnlab.schema.fields import Node
from cnnlab.schema.groups import GLOBAL, schemas

FOLDER = "schema"
WIDTH = 120
MODELINE = re.compile(r"^# yaml-language-server: \$schema=(\S+)$", re.MULTILINE)


def made(confs: Sequence[Path], tasks: Sequence[str]) -> dict[str, str]:
    """The text of each schema file, by its name, for folders of configuration; the first one counts most.

    `tasks` are the words that `task=` may have.
    """
    options: dict[str, list[str]] = {}
    for conf in confs:
        for folder in sorted(path for path in conf.iterdir() if path.is_dir() and path.name != FOLDER):
            files = sorted(str(file.relative_to(folder).with_suffix("")) for file in folder.rglob("*.yaml"))
            options.setdefault(folder.name, []).extend(files)
    named = [Path(schema_for(file, conf)).stem for conf in confs for file in conf.rglob("*.yaml")]
    by_name = schemas(written(confs), options, sorted(named), tasks)
    return {f"{name}.json": text(schema) for name, schema in by_name.items()}


def text(schema: Node) -> str:
    """JSON in which what is short stands on one line.

    >>> text({"type": ["object", "null"]})
    '{"type": ["object", "null"]}\\n'
    """
    return _laid_out(schema, 0) + "\n"


def _laid_out(value: Any, depth: int) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + depth <= WIDTH or not isinstance(value, dict | list):
        return flat
    inner, outer = "\n" + " " * (depth + 1), "\n" + " " * depth
    if isinstance(value, dict):
        parts = (f"{json.dumps(key, ensure_ascii=False)}: {_laid_out(part, depth + 1)}" for key, part in value.items())
        return f"{{{inner}{f',{inner}'.join(parts)}{outer}}}"
    return f"[{inner}{f',{inner}'.join(_laid_out(part, depth + 1) for part in value)}{outer}]"


def write(folder: Path, texts: dict[str, str]) -> list[Path]:
    """Write those that are not there in this form; which ones were."""
    changed = []
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in texts.items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != content:
            file.write_text(content, encoding="utf-8")
            changed.append(file)
    return changed


def written(confs: Sequence[Path]) -> Written:
    """The blocks that YAML files define. A file that cannot be read defines none; composing it says why."""
    shared, comments, own = {}, {}, {}
    for conf in reversed(confs):
        for file in sorted((conf / SHARED).rglob("*.yaml")):
            defined = {name: settings for name, settings in _read(file).items() if isinstance(settings, dict)}
            shared |= defined
            comments |= dict.fromkeys(defined, comment(file))
        for file in sorted((conf / "model").rglob("*.yaml")):
            blocks = _read(file).get("blocks")
            own |= {
                str(k): settings for k, settings in (blocks if isinstance(blocks, dict) else {}).items() if settings
            }
    return Written(shared, comments, {name: settings for name, settings in own.items() if isinstance(settings, dict)})


def _read(file: Path) -> dict[str, Any]:
    try:
        document = read(file, FileKind(SHARED, own=False))
        content = {} if document.refused else data(document.node)
    except (OSError, ValueError, yaml.YAMLError, Unreadable):
        return {}
    return content if isinstance(content, dict) else {}


def comment(file: Path) -> str:
    """What a file says of itself at its top, without the commands."""

    def lines() -> Iterator[str]:
        for line in file.read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                return
            if not MODELINE.match(line) and not line.startswith("#   ") and not line.startswith("# @"):
                yield line.removeprefix("#").strip()

    return " ".join(lines())


def schema_for(file: Path, conf: Path) -> str:
    """The `$schema` of a YAML file below `conf`, relative to it.

    >>> schema_for(Path("conf/model/d2l/lenet.yaml"), Path("conf"))
    '../../schema/model.json'
    """
    parts = file.relative_to(conf).parts
    group = parts[0] if len(parts) > 1 and not _is_global(file) else GLOBAL
    return os.path.relpath(conf / FOLDER / f"{group}.json", file.parent).replace(os.sep, "/")


def _is_global(file: Path) -> bool:
    return file.exists() and re.match(r"#\s*@package _global_", file.read_text(encoding="utf-8")) is not None
