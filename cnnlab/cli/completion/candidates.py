"""What may stand where the cursor is: flags, settings, blocks, and their values."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cnnlab.cli.completion.line import Candidate
from cnnlab.cli.completion.loose import composed
from cnnlab.cli.completion.schema_files import PART, ConfigNode, SchemaFiles
from cnnlab.config import GROUPS, KINDS, SHARED
from cnnlab.config.own_folder import own_folder
from cnnlab.override import Override

FILES = ("ckpt_path", "weights", "images", "dir", "data.dir", "hydra.run.dir", "hydra.sweep.dir")
"""settings that name a file or a folder"""
FLAGS = {
    "--multirun": "every combination of the values given",
    "--help": "tasks, groups and their options",
    "--cfg": "show the configuration: job, hydra or all",
    "--package": "show only this part of it",
    "--resolve": "with its interpolations resolved",
    "--info": "how it was composed",
    "--config-dir": "a folder of your own files, looked in first",
    "--config-path": "a folder of files in place of conf/",
    "--config-name": "another file than config.yaml",
    "--shell-completion": "install=SHELL, uninstall=SHELL or query=SHELL",
}
FLAG_VALUES = {
    ("-c", "--cfg"): ("job", "hydra", "all"),
    ("-i", "--info"): ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
    ("-sc", "--shell-completion"): tuple(f"{what}={shell}" for what in ("install", "uninstall", "query")
                                         for shell in ("bash", "zsh", "fish")),
}  # fmt: skip
ANCHORS = ("after", "before", "from")
"""settings that name another block of the same stack"""
OF_SWEEPS = {"study": "a question with its claims, in one file", "study.size": "how much of it"}


def candidates(conf: Path, words: Sequence[str], current: str) -> list[Candidate]:
    """Every continuation of `current`, the last of a command line's words; `conf` is the shipped configuration."""
    previous = words[-1] if words else ""
    for flags, values in FLAG_VALUES.items():
        if previous in flags:
            return [Candidate(value) for value in values if value.startswith(current)]
    if previous in (*CONFIG_DIR, *CONFIG_PATH):
        return list(_paths(current, ""))
    if current.startswith("-"):
        return [Candidate(flag, description) for flag, description in FLAGS.items() if flag.startswith(current)]
    typed, config = Override.read(current), _TypedConfig(conf, words)
    removing = "~" in typed.sign
    continuations = config.keys(typed.key, removing) if typed.value is None else config.values(typed.key, typed.value)
    return [
        Candidate(f"{typed.sign}{candidate.text}", candidate.description.split("\n")[0]) for candidate in continuations
    ]


CONFIG_DIR, CONFIG_PATH, CONFIG_NAME = ("-cd", "--config-dir"), ("-cp", "--config-path"), ("-cn", "--config-name")


def _flag(words: Sequence[str], names: Sequence[str]) -> str | None:
    """The value of a flag, behind it or behind its `=`."""
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in names:
            return value if equals else words[place + 1] if place + 1 < len(words) else None
    return None


class _TypedConfig:
    """A configuration as far as it is typed."""

    def __init__(self, conf: Path, words: Sequence[str]):
        more, instead = _flag(words, CONFIG_DIR), _flag(words, CONFIG_PATH)
        beside = None if instead else own_folder()
        own = [Path(more).expanduser()] if more else []
        own += [beside.path] if beside and beside.is_ours else []
        self.confs = [*own, Path(instead).expanduser() if instead else conf]
        settings = [word for word in words if "=" in word and not word.startswith("-")]
        files = SchemaFiles([folder / "schema" for folder in (*self.confs, conf)])
        value = composed(self.confs, settings, _flag(words, CONFIG_NAME) or "config")
        self.root = ConfigNode((files.at(f"global.json#/definitions/{PART}", ""),), value)

    # -- names

    def keys(self, typed: str, removing: bool = False) -> Iterator[Candidate]:
        above, dot, _ = typed.rpartition(".")
        for name, place in self.names(above).items():
            text = f"{above}{dot}{name}"
            if text.startswith(typed) and name != "defaults":
                for end in self.suffixes(above, name, place) if not removing else [""]:
                    yield Candidate(text + end, place.description)
        if not above:
            for name in sorted({*self.groups(), "study"} - {*GROUPS, SHARED, "defaults"}):
                if name.startswith(typed):
                    yield Candidate(f"{name}=", OF_SWEEPS.get(name, ""))
        if "study.size".startswith(typed) and "." in typed:
            yield Candidate("study.size=", OF_SWEEPS["study.size"])
        for name in ("hydra.run.dir=", "hydra.sweep.dir="):
            if name.startswith(typed) and typed.startswith("h"):
                yield Candidate(name, "where the run or the sweep lies")

    def suffixes(self, above: str, name: str, place: ConfigNode) -> list[str]:
        """What follows a name: a dot before more of it, an equals sign before its value."""
        if not above and name in GROUPS:
            return ["=", "."]
        if not above and name == SHARED:
            return ["="]
        return ["."] if place.is_mapping or isinstance(place.value, dict) else ["="]

    def names(self, path: str) -> dict[str, ConfigNode]:
        """What may be said at a dotted name; nothing where it leads nowhere."""
        place = self.place(path)
        made = self.composite(place.value)
        if made is None:
            return place.names()
        inner = ConfigNode(place.schemas, {**place.value, "block": made.get("block")}).names()
        return {**{str(name): ConfigNode(()) for name in made.get("params") or {}}, **inner}

    def place(self, path: str) -> ConfigNode:
        place = self.root
        for name in filter(None, path.split(".")):
            place = place.names().get(name, ConfigNode(()))
        return place

    def composite(self, block: Any) -> dict[str, Any] | None:
        """What a block is made of whose kind the network itself defines, and so no schema."""
        own = self.place("model.blocks").value
        kind = block.get("block") if isinstance(block, dict) else None
        made = own.get(kind) if isinstance(own, dict) and isinstance(kind, str) else None
        return made if isinstance(made, dict) and kind not in self.place("blocks").names() else None

    # -- values

    def values(self, key: str, typed: str) -> Iterator[Candidate]:
        """Values; of several with commas between them, or in a list, the last one."""
        before = re.sub(r"[^,\[]*$", "", typed)
        if key in FILES:
            yield from _paths(typed, f"{key}=")
            return
        if key == "key":  # names a block or a setting
            yield from (
                Candidate(f"key={candidate.text.rstrip('=.')}", candidate.description) for candidate in self.keys(typed)
            )
            return
        for word, description in self.words(key).items():
            if word.startswith(typed[len(before) :]):
                yield Candidate(f"{key}={before}{word}", description)

    def words(self, key: str) -> dict[str, str]:
        above, _, name = key.rpartition(".")
        if key == "study.size":
            return dict.fromkeys(("cpu", "full"), "")
        if key in self.groups():
            kinds = self.place(f"{key}.kind").choices() if key in KINDS else {}
            return {**dict.fromkeys(self.options(key), ""), **kinds}
        words = self.place(key).choices()
        if name in ANCHORS:
            stack = self.place(above.rpartition(".")[0]).value
            own = above.rpartition(".")[2]
            blocks = stack if isinstance(stack, dict) else {}
            words = {**{other: "" for other in map(str, blocks) if other != own}, **words}
            words |= {"input": "what the stack itself takes in"} if name == "from" else {}
        if name == "block":
            words |= dict.fromkeys(map(str, self.composites()), "a block written in YAML")
        return words

    def composites(self) -> list[Any]:
        own, shared = self.place("model.blocks").value, self.place(SHARED).value
        return [name for some in (own, shared) if isinstance(some, dict) for name in some]

    # -- files

    def groups(self) -> list[str]:
        return sorted({folder.name for conf in self.confs if conf.is_dir() for folder in conf.iterdir()
                       if folder.is_dir() and folder.name != "schema"})  # fmt: skip

    def options(self, group: str) -> list[str]:
        folders = [conf / group for conf in self.confs]
        return sorted({str(file.relative_to(folder).with_suffix("")) for folder in folders
                       for file in folder.rglob("*.yaml")})  # fmt: skip


def _paths(typed: str, before: str) -> Iterator[Candidate]:
    """Files and folders that begin so."""
    for path in sorted(glob.glob(glob.escape(os.path.expanduser(typed)) + "*")):
        shown = typed[: len(typed) - len(os.path.basename(typed))] + os.path.basename(path)
        yield Candidate(f"{before}{shown}{'/' if os.path.isdir(path) else ''}")
